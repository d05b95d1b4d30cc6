"""A curve as a print-ready figure: one panel per benchmark, direct labels, and its assumptions printed under it."""

from pathlib import Path
from typing import Any, Final

import matplotlib.style
import polars as pl
from matplotlib.figure import Figure

from analyzer.curves.registry import CurveResult
from analyzer.figures.panels import Panel, draw_points, draw_steps
from analyzer.figures.sheet import MARGIN_IN, WIDTH_IN, Place, Sheet, blank, wrapped
from analyzer.figures.styles import RC
from analyzer.frontier_kinds import KINDS
from analyzer.words import listed
from traces.errors import UsageError

_PANEL_IN: Final = 4.4
_HEAD_IN: Final = 0.6
_FOOT_IN: Final = 0.42
_LEFT_IN: Final = 0.65
_STRIP_IN: Final = 2.05
_LINE_IN: Final = 0.17
_EMPTY_IN: Final = 1.2
_DATELESS: Final[dict[str, dict[str, Any]]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def draw(result: CurveResult, frontier: pl.DataFrame | None = None) -> Figure:
    """Draw a curve, each benchmark in a panel of its own.

    Args:
        result: Any curve.
        frontier: What ``frontier()`` says of the frame of a points curve; its kind is named in each panel.

    Raises:
        UsageError: if a frontier is given for a curve that has no points.
    """
    if frontier is not None and result.form != "points":
        raise UsageError(f"{result.curve} has no points for a frontier", "draw it without, or draw score_vs_cost")
    with matplotlib.style.context(["default", RC]):
        frame = result.frame if frontier is None else frontier
        shown = frame.filter(_is_drawable(result))
        panels = shown.partition_by("benchmark", maintain_order=True)
        notes = wrapped((*result.notes, *_not_drawn(frame, shown, result)), WIDTH_IN)
        content_in = len(panels) * (_HEAD_IN + _PANEL_IN + _FOOT_IN) or _EMPTY_IN
        sheet = blank(WIDTH_IN, content_in + MARGIN_IN, notes)
        left_out = [name for number, rows in enumerate(panels) for name in _panel(sheet, number, rows, result)]
        notes += [f"No room to name {len(left_out)} of them: see the table."] if left_out else []
        if not panels:
            why = "there are no rollouts" if frame.is_empty() else "no group has a known place"
            sheet.say_empty(0.35 * sheet.height_in, f"nothing to draw: {why}", va="baseline")
        sheet.notes(notes)
    return sheet.figure


def save(figure: Figure, path: Path | str) -> None:
    """Write a figure as PNG, SVG or PDF, by suffix; the same figure gives the same bytes.

    Raises:
        UsageError: on another suffix.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _DATELESS:
        raise UsageError(f"{path}: no figures of type {suffix or 'without suffix'}", f"use {', '.join(_DATELESS)}")
    with matplotlib.style.context(["default", RC]):
        figure.savefig(path, format=suffix[1:], metadata=_DATELESS[suffix])


def _is_drawable(result: CurveResult) -> pl.Expr:
    if result.form == "points":
        return pl.col("x").is_not_null() & pl.col("y").is_not_null()
    is_placed = (pl.col("y").is_not_null() | (pl.col("x") > 0)).any().over("benchmark", "agent", "run_id")
    return is_placed & pl.any_horizontal(pl.col(name).is_not_null() for name in ("y", "y_low", "y_high"))


def _not_drawn(frame: pl.DataFrame, shown: pl.DataFrame, result: CurveResult) -> tuple[str, ...]:
    """Name the groups a steps curve has no place for, as a points curve does in its notes, and empty benchmarks."""
    words: list[str] = []
    missing = frame.join(shown, on=["benchmark", "agent"], how="anti", nulls_equal=True)
    if result.form == "steps" and missing.height:
        words += [f"Not drawn, as nothing is known: {listed(missing['agent'].unique().sort().to_list())}."]
    empty = frame.join(shown, on="benchmark", how="anti", nulls_equal=True)["benchmark"].unique(maintain_order=True)
    if shown.height and empty.len():
        words += [f"Nothing to draw for {listed([name or 'the unnamed benchmark' for name in empty])}."]
    return tuple(words)


def _panel(sheet: Sheet, number: int, rows: pl.DataFrame, result: CurveResult) -> list[str]:
    """Draw one benchmark; the names that found no room."""
    is_steps = result.form == "steps"
    strip = _STRIP_IN if is_steps else 0.0
    top = number * (_HEAD_IN + _PANEL_IN + _FOOT_IN) + _HEAD_IN
    axes = sheet.axes(Place(_LEFT_IN, top, WIDTH_IN - _LEFT_IN - 2 * MARGIN_IN - strip, _PANEL_IN))
    axes.set_xlabel(result.x_label, parse_math=False)
    direction = "" if rows["is_higher_better"].all() else " (lower is better)"
    axes.set_ylabel(f"{result.y_label}{direction}", parse_math=False)
    _head(sheet, rows, result, top)
    agents = result.agents or sorted(set(result.frame["agent"]))
    return (draw_steps if is_steps else draw_points)(Panel(sheet.figure, axes, rows, strip * sheet.figure.dpi, agents))


def _head(sheet: Sheet, rows: pl.DataFrame, result: CurveResult, top: float) -> None:
    has_frontier = "frontier" in rows.columns
    title = f"{result.title}: {rows['benchmark'][0] or 'unnamed benchmark'}"
    sheet.title(_LEFT_IN, top - (1.7 if has_frontier else 0.7) * _LINE_IN, title)
    if has_frontier:
        named = f"Frontier, filled markers: {KINDS[rows['frontier'][0]]}"
        sheet.words(_LEFT_IN, top - 0.6 * _LINE_IN, named, size=7)
