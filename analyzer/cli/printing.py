"""Results to stdout: a table for people, JSON or CSV for programs. Messages and progress to stderr."""

import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    import polars as pl

    from traces.store import Store

Progress = Callable[[str, int, int], None]
_QUIET_S: Final = 1.0
_MOST_ROWS: Final = 60
_MOST_COLUMNS: Final = 8
_PLAIN_WIDTH: Final = 200
_WHOLE_FROM: Final = 1e6
_NOISE: Final = 1e-12  # a pico-dollar: less is the rounding of sums of floats


def emit(frame: "pl.DataFrame", style: str | None, title: str | None = None) -> None:
    """Print a table in the style asked for."""
    if style == "json":
        click.echo(to_json(frame.to_dicts()))
    elif style == "csv":
        click.echo(_flat(frame).write_csv(), nl=False)
    else:
        _print_table(frame, title)


def to_json(document: Any) -> str:
    """Write JSON with null for what is not known and ISO times."""
    import json
    import math

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [plain(part) for part in value]
        if isinstance(value, float) and not math.isfinite(value):
            return None
        return value if isinstance(value, str | int | float | bool | None) else str(value)

    return json.dumps(plain(document), indent=1, ensure_ascii=False)


def _flat(frame: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl

    nested = [name for name, dtype in frame.schema.items() if dtype.is_nested()]
    return frame.with_columns(pl.col(name).map_elements(str, return_dtype=pl.String) for name in nested)


def _print_table(frame: "pl.DataFrame", title: str | None) -> None:
    """Print a table, or, where its columns would not fit side by side, a paragraph a row."""
    from analyzer.words import counted

    if title:
        click.echo(title)
    cells = [[cell(value) for value in row] for row in frame.head(_MOST_ROWS).iter_rows()]
    widths = [max(map(len, column)) for column in zip(frame.columns, *cells, strict=True)]
    width = shutil.get_terminal_size((_PLAIN_WIDTH, 0)).columns if sys.stdout.isatty() else _PLAIN_WIDTH
    if len(widths) > _MOST_COLUMNS and sum(widths) > 2 * width:
        _print_paragraphs(frame.columns, cells)
    else:
        _print_grid(frame, cells, width)
    if frame.height > _MOST_ROWS:
        click.echo(f"... and {counted(frame.height - _MOST_ROWS, 'more row')}: --csv or --json prints all")


def _print_grid(frame: "pl.DataFrame", cells: list[list[str]], width: int) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(header_style="bold", box=None, pad_edge=False)
    for name, dtype in frame.schema.items():
        table.add_column(name, justify="right" if dtype.is_numeric() else "left", overflow="fold")
    for row in cells:
        table.add_row(*row)
    console = Console(width=width, highlight=False, markup=False)
    with console.capture() as captured:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _print_paragraphs(names: list[str], cells: list[list[str]]) -> None:
    wide = max(map(len, names))
    for row in cells:
        click.echo("\n".join(f"{name:<{wide}}  {text}" for name, text in zip(names, row, strict=True)) + "\n")


def cell(value: Any) -> str:
    """Write a value for people; a dash for what is not known."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return str(value)


def _number(value: float) -> str:
    if abs(value) < _NOISE:
        return "0"
    return f"{value:,.6g}" if abs(value) < _WHOLE_FROM else f"{value:,.0f}"


def say(message: str) -> None:
    """Write a message for people."""
    click.echo(message, err=True)


def say_warnings(store: "Store") -> None:
    """Write for people what a store was read with that did not fit its inputs."""
    for warning in store.manifest.get("warnings", ()):
        say(f"warning: {warning}")


def say_notes(notes: Iterable[str]) -> None:
    """Write the notes of a result for people."""
    for note in notes:
        say(f"note: {note}")


@contextmanager
def progress_bar() -> Iterator[Progress | None]:
    """Show a bar on a terminal once something takes longer than a second; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task, started = bar.add_task("", visible=False, total=None), time.monotonic()

        def show(what: str, done: int, total: int) -> None:
            is_long = time.monotonic() - started > _QUIET_S
            bar.update(task, description=what, completed=done, total=total, visible=is_long)

        yield show
