"""A curve to the terminal and, if asked for, to figures."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from analyzer.cli.printing import emit, say, say_notes, to_json

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl
    from matplotlib.figure import Figure

    from analyzer.curves.registry import CurveResult


_GLANCE_ROWS: Final = 8
_GLANCE_COLUMNS: Final = (
    "benchmark", "agent", "n_tasks", "x", "x_low", "x_high", "y", "y_low", "y_high", "known_frac", "is_on_frontier",
    "is_frontier_certain",
)  # fmt: skip


def present(
    result: "CurveResult",
    style: str | None,
    figure: Path | None,
    *,
    marked: "pl.DataFrame | None" = None,
    is_faceted: bool = False,
) -> None:
    """Print a curve and its notes; draw it, and once per benchmark if faceted."""
    import click

    frame = result.frame if marked is None else marked
    drawn = [] if figure is None else _draw(result, figure, marked, is_faceted=is_faceted)
    if style == "json":
        notes = {"curve": result.curve, "x": result.x_label, "y": result.y_label, "notes": list(result.notes)}
        click.echo(to_json({**notes, "rows": frame.to_dicts()}))
    else:
        title = f"{result.title}\nx: {result.x_label}; y: {result.y_label}\n"
        emit(_glance(frame) if style is None else frame, style, title)
        say_notes(result.notes)
    for place in drawn:
        say(f"drawn: {place}")


def draw_to(figure: Path, make: "Callable[[], Figure]") -> "Figure":
    """Draw what imports matplotlib, once it has a folder, and write it."""
    prepare_drawing()
    figure.parent.mkdir(parents=True, exist_ok=True)
    from analyzer.figures import save

    drawing = make()
    save(drawing, figure)
    return drawing


def prepare_drawing() -> None:
    """Give matplotlib a folder it can write to, before it is imported, so that it has nothing to warn of."""
    import logging
    import os

    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    own = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser()
    if "MPLCONFIGDIR" in os.environ or os.access(own, os.W_OK):
        return
    from analyzer.session import cache_folder

    place = cache_folder() / "matplotlib"
    with contextlib.suppress(OSError):
        place.mkdir(parents=True, exist_ok=True)
        os.environ["MPLCONFIGDIR"] = str(place)


def _glance(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Take what fits a terminal: some rows per agent, evenly by rank, and the columns that are read first."""
    import polars as pl

    group = ["benchmark", "agent", "run_id"]
    n, rank = pl.len().over(group), pl.int_range(pl.len()).over(group)
    is_kept = (rank * (_GLANCE_ROWS - 1) % (n - 1).clip(lower_bound=1) < _GLANCE_ROWS - 1) | (rank == n - 1)
    kept = frame.filter(is_kept)
    if kept.height < frame.height:
        say(f"{kept.height:,} of {frame.height:,} rows shown: --csv or --json prints all, with every column")
    shown = kept.select(name for name in _GLANCE_COLUMNS if name in frame.columns)
    is_exact = shown["x_low"].equals(shown["x"]) and shown["x_high"].equals(shown["x"])
    return shown.drop("x_low", "x_high") if is_exact else shown


def _draw(result: "CurveResult", figure: Path, marked: "pl.DataFrame | None", *, is_faceted: bool) -> list[Path]:
    from dataclasses import replace
    from functools import partial

    prepare_drawing()
    from analyzer.figures import draw

    if not draw_to(figure, partial(draw, result, marked)).axes:
        say("nothing to draw: no point or line has a known place; the notes say why")
    drawn = [figure]
    names = result.frame["benchmark"].unique(maintain_order=True).to_list() if is_faceted else []
    for number, name in enumerate(names):
        keep = result.frame["benchmark"].eq_missing(name)
        part = replace(result, frame=result.frame.filter(keep))
        place = figure.with_stem(f"{figure.stem}-{number + 1}-{_slug(name)}")
        marks = None if marked is None else marked.filter(keep)
        draw_to(place, partial(draw, part, marks))
        drawn.append(place)
    return drawn


def _slug(name: str | None) -> str:
    import re

    return re.sub(r"[^A-Za-z0-9]+", "-", name or "unnamed").strip("-")
