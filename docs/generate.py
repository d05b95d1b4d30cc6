"""The generated parts of the docs: functions from declarations, registries and commands to Markdown.

cog calls them from the pages (``make docs``); run as a script it draws the figures of ``docs/images`` again.
"""

import atexit
import contextlib
import io
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from traces.errors import ReplayError
    from traces.schema import Column, Table

ROOT: Final = Path(__file__).resolve().parents[1]
IMAGES: Final = ROOT / "docs" / "images"
FIGURES: Final = {
    "score_at_budget.png": "evalreplay curve score_at_budget store/ --benchmark tau2-bench/airline --figure",
    "frontier.png": "evalreplay frontier store/ --benchmark tau2-bench/airline --figure",
    "compare.png": "evalreplay compare store/ --cache upper_bound --figure",
    "tornado.png": "evalreplay tornado store/ --benchmark swe-bench --per agent --figure",
    "history.png": (
        "evalreplay history store/ --from 2024-06-01 --to 2026-11-01 --benchmark tau2-bench/airline --figure"
    ),
}
_FILE: Final = re.compile(
    r"`([\w.-]+\.(?:toml|csv|tsv|jsonl))`[^`\n]*:\n\n```(?:toml|csv|tsv|jsonl)\n(.*?)^```", re.DOTALL | re.MULTILINE
)
"""A file shown on a page: its name, a colon, its content."""
_HELP_WIDTH: Final = 100
_COLOURS: Final = 256


def console(page: str, *commands: str, lines: int | None = None) -> str:
    """Run commands beside a copy of the bundled store and show them with what they print.

    Args:
        page: Page they stand on; its commands run one after the other in one folder.
        commands: Calls of evalreplay.
        lines: Lines of output to show of each; null: all.
    """
    return "```console\n" + "\n".join(_shown(command, _playground(page), lines) for command in commands) + "```"


def page_files(text: str) -> dict[str, str]:
    """Files a page shows, by name: blocks below a line that ends with the name of a file and a colon."""
    return dict(_FILE.findall(text))


def run_command(command: str, folder: Path) -> tuple[int, str]:
    """Run one call of evalreplay in a folder; exit code, and standard output and error as they come."""
    from analyzer.cli.main import run

    name, *arguments = shlex.split(command)
    if name != "evalreplay":
        raise click.UsageError(f"not a call of evalreplay: {command}")
    with _inside(folder), contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
        try:
            run(arguments)
        except SystemExit as leaving:
            return int(leaving.code or 0), out.getvalue()
    return 0, out.getvalue()


def tables(declared: Mapping[str, "Table"], known: Mapping[str, "Table"] | None = None) -> str:
    """Document tables: what a row is, the key, every column with type and null.

    Args:
        declared: Tables by name.
        known: Tables documented elsewhere: of theirs only the added columns are listed.
    """
    return "\n\n".join(_table(table, (known or {}).get(name)) for name, table in declared.items())


def commands() -> str:
    """Give the help of every command."""
    from analyzer.cli.main import COMMANDS, main

    names = main.context_settings["help_option_names"]
    context = click.Context(main, info_name="evalreplay", terminal_width=_HELP_WIDTH, help_option_names=names)
    pages = [
        f"## evalreplay {name}\n\n```text\n{text}\n```" for name in COMMANDS for name, text in _helps(context, name)
    ]
    return "\n\n".join(pages)


def formats() -> str:
    """Describe every reader: what it recognises, its token convention, what it cannot tell."""
    from traces.registry import discover

    return "\n\n".join(
        "\n".join((
            f"## {reader.name}",
            "",
            reader.summary,
            "",
            f"- **Written against** {'; '.join(reader.upstream)}",
            f"- **Tokens**: {reader.token_convention}",
            *(f"- **Blind spot**: {spot}" for spot in reader.blind_spots),
        ))
        for reader in discover().values()
    )  # fmt: skip


def curves() -> str:
    """Describe every curve: what it shows, where the definition comes from, its options."""
    from analyzer.curves.registry import discover

    pages = []
    for curve in discover().values():
        rows = [(f"`{option.name}`", _choices(option.choices), option.doc) for option in curve.options]
        options = _markdown_table(("option", "choices (the first is the default)", "meaning"), rows)
        pages.append(f"## {curve.name}\n\n{curve.summary}\n\nSource: {curve.source}\n\n{options}")
    return "\n\n".join(pages)


def frontiers() -> str:
    """List the definitions of the frontier."""
    from analyzer.frontier_kinds import KINDS

    return _markdown_table(("kind", "definition"), [(f"`{name}`", words) for name, words in KINDS.items()])


def price_files() -> str:
    """List the price files of the package: provider, models, rows, until when each was checked."""
    from pricing.book.price_file import read_price_file

    rows = []
    for path in sorted((ROOT / "pricing" / "data" / "prices").glob("*.toml")):
        file = read_price_file(path, "history")
        checked = "-" if file.checked_through is None else f"{file.checked_through:%Y-%m-%d}"
        counts = str(file.rows["model"].n_unique()), str(file.rows.height)
        rows.append((f"`{path.relative_to(ROOT)}`", file.provider, *counts, checked))
    return _markdown_table(("file", "provider", "models", "rows", "checked through"), rows)


def names(*written: str) -> str:
    """Show what names resolve to without a stated provider; the latest meaning of one that moved."""
    import polars as pl

    from pricing.book import load_book
    from pricing.names.resolve import resolve

    asked = pl.DataFrame(
        {"provider": [None] * len(written), "model": written}, schema_overrides={"provider": pl.String}
    )
    found = {row["model"]: row for row in resolve(asked, load_book().directory).iter_rows(named=True)}
    columns = ("price_provider", "price_model", "identity", "region")
    rows = [(f"`{name}`", *(found[name][column] or "" for column in columns)) for name in written]
    return _markdown_table(("written", "prices of", "model", "open model", "region"), rows)


def named_books() -> str:
    """List the books of the package: what each is, its models, how names match, what an unlisted model costs."""
    from pricing.book.named import BOOKS_FOLDER, book_files, load_named_book

    rows = []
    for name, path in book_files().items():
        book = load_named_book(path)
        place = f"`{(BOOKS_FOLDER / path.name).relative_to(ROOT)}`"
        rows.append((f"`{name}`", book.title, str(book.n_models), book.names, book.unlisted, place))
    return _markdown_table(("book", "what it is", "models", "names", "unlisted", "file"), rows)


def price_importers() -> str:
    """Describe every importer of price tables: what it recognises, how names match, what it cannot express."""
    from pricing.book.importer import discover

    return "\n\n".join(
        "\n".join((
            f"### {importer.name}",
            "",
            f"Recognises {importer.summary}. Names match `{importer.names}`.",
            "",
            f"- **Written against** {'; '.join(importer.upstream)} (licence: {importer.licence})",
            *(f"- **Blind spot**: {spot}" for spot in importer.blind_spots),
        ))
        for importer in discover().values()
    )  # fmt: skip


def price_bases() -> str:
    """List what a cost can rest on and how the day of a price can be known."""
    from pricing.schema import COST_BASES, DATE_BASES, PRICE_TIME_BASES, TOKEN_KINDS

    named = {"kind (tokens)": TOKEN_KINDS, "date_basis": DATE_BASES, "cost_basis": COST_BASES,
             "price_time_basis": PRICE_TIME_BASES}  # fmt: skip
    return _markdown_table(("column", "values"), [(f"`{name}`", _choices(values)) for name, values in named.items()])


def errors() -> str:
    """Draw the tree of errors with their exit codes and meaning."""
    from traces.errors import ReplayError

    rows = [(f"{'&emsp;' * depth}`{kind.__name__}`", str(kind.exit_code), _first_line(kind)) for depth, kind in
            _descend(ReplayError, 0)]  # fmt: skip
    return _markdown_table(("error", "exit code", "meaning"), rows)


def scenario_keys() -> str:
    """List the keys of a scenario file, with their defaults."""
    from pricing.scenario import Scenario
    from pricing.scenario.model import Batch, Currency, Discount, Substitute

    tables = {"": Scenario, "batch": Batch, "substitute": Substitute, "discount": Discount, "currency": Currency}
    rows = [
        (f"`{table}.{name}`" if table else f"`{name}`", _default(field), docs[name])
        for table, model in tables.items()
        for docs in [_documented(model)]
        for name, field in model.model_fields.items()
    ]
    return _markdown_table(("key", "default", "meaning"), rows)


def price_file_keys() -> str:
    """List the keys of every table of a price file: type, default, meaning."""
    from pricing.book.price_keys import TABLES, Document, Rates

    nested = {"tier": "price.tier", "charge": "price.charge"}
    tables = {
        "The file": Document,
        "Rates": Rates,
        **{f"[[{nested.get(name, name)}]]": TABLES[name] for name in TABLES},
    }
    pages = []
    for title, model in tables.items():
        inherited = set() if model is Rates else set(Rates.model_fields)
        own = {name: field for name, field in model.model_fields.items() if name not in inherited}
        docs = _documented(model)
        rows = [(f"`{name}`", _given(field), docs[name]) for name, field in own.items()]
        grid = _markdown_table(("key", "needed", "meaning"), rows)
        pages.append(f"### {title}\n\n{_first_line(model)}\n\n{grid}")
    return "\n\n".join(pages)


def _given(field: Any) -> str:
    if field.is_required():
        return "yes"
    return "" if field.default in (None, []) else f"`{str(field.default).lower()}` by default"


def price_units() -> str:
    """List the units a charge can have."""
    from pricing.schema import UNITS

    return _choices(UNITS)


def date_bases() -> str:
    """List how the day of a price can be known."""
    from pricing.schema import DATE_BASES

    return _choices(DATE_BASES)


def _documented(model: type) -> dict[str, str]:
    """Meaning of each key of a model, from the Args of its docstring."""
    entries = (model.__doc__ or "").split("Args:")[1].split("Returns:")[0]
    joined = re.sub(r"\n {12}", " ", entries.replace("``", "`"))
    return dict(line.strip().split(": ", 1) for line in joined.strip().splitlines())


def _default(field: Any) -> str:
    return "required" if field.is_required() else _value(field.default)


def draw_images() -> None:
    """Draw the figures of the docs again, with few colours so that they stay small."""
    from PIL import Image

    for name, command in FIGURES.items():
        run_command(f"{command} {name}", _playground("images"))
        IMAGES.mkdir(exist_ok=True)
        with Image.open(_playground("images") / name) as picture:
            picture.convert("RGB").quantize(_COLOURS, kmeans=3).save(IMAGES / name, optimize=True)


@cache
def _playground(page: str) -> Path:
    """Folder for the commands of a page, with the bundled store and the page's files; gone when Python ends."""
    from analyzer.tour import BUNDLED

    folder = Path(tempfile.mkdtemp(prefix=f"evalreplay-{Path(page).stem}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(BUNDLED, folder / "store")
    shown = page_files(Path(page).read_text(encoding="utf-8")) if Path(page).is_file() else {}
    for name, content in shown.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    own = {"EVALREPLAY_CACHE": str(folder / ".cache"), "EVALREPLAY_BOOKS": "books"}
    before = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            os.environ.update({name: value} if value is not None else {})


def _shown(command: str, folder: Path, lines: int | None) -> str:
    code, output = run_command(command, folder)
    if code:
        raise click.ClickException(f"{command}: {output}")
    return f"$ {command}\n{_cut(output, lines)}"


def _cut(output: str, lines: int | None) -> str:
    shown = output.splitlines()
    if lines is not None and len(shown) > lines:
        shown = [*shown[:lines], "..."]
    return "".join(f"{line.rstrip()}\n" for line in shown)


def _helps(context: click.Context, name: str) -> Iterator[tuple[str, str]]:
    """Give the help of a command and of its own commands, by what to type."""
    group = context.command
    command = group.get_command(context, name) if isinstance(group, click.Group) else None
    if command is None:
        raise click.UsageError(f"no command {name}")
    inner = click.Context(command, info_name=name, parent=context, terminal_width=_HELP_WIDTH)
    yield inner.command_path.removeprefix("evalreplay "), command.get_help(inner)
    for own in command.list_commands(inner) if isinstance(command, click.Group) else ():
        yield from _helps(inner, own)


def _table(table: "Table", known: "Table | None") -> str:
    inherited = {column.name for column in known.columns} if known else set()
    rows = [_row(column) for column in table.columns if column.name not in inherited]
    if not rows:
        return f"### priced {table.name}\n\nAs [{table.name}](#{table.name}): nothing is added."
    grid = _markdown_table(("column", "type", "null", "meaning"), rows)
    if known:
        return f"### priced {table.name}\n\nThe columns of [{table.name}](#{table.name}), and:\n\n{grid}"
    key = f" Key: {', '.join(f'`{name}`' for name in table.key)}." if table.key else ""
    return f"### {table.name}\n\n{table.doc}{key}\n\n{grid}"


def _row(column: "Column") -> tuple[str, str, str, str]:
    values = "" if column.values is None else f" One of {_choices(column.values)}."
    return f"`{column.name}`", _type(column.dtype), "" if column.nullable else "no", f"{column.doc}{values}"


def _choices(values: Iterable[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _type(dtype: object) -> str:
    return str(dtype).replace("Datetime(time_unit='us', time_zone='UTC')", "UTC time")


def _value(value: object) -> str:
    if value in (None, (), {}):
        return "none"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0]


def _descend(kind: "type[ReplayError]", depth: int) -> Iterator[tuple[int, "type[ReplayError]"]]:
    yield depth, kind
    for child in kind.__subclasses__():
        yield from _descend(child, depth + 1)


def _markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lines = [header, ["---"] * len(header), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    draw_images()
