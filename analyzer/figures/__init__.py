"""A curve as a print-ready figure: one panel per benchmark, direct labels, and its assumptions printed under it."""

from pathlib import Path
from typing import Any, Final

import matplotlib.style
import polars as pl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from analyzer.curves.registry import CurveResult
from analyzer.figures.notes import MARGIN_IN, WIDTH_IN, notes_in, wrapped, write_notes
from analyzer.figures.panels import Panel, draw_points, draw_steps
from analyzer.figures.styles import GREY, RC, drawable
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
        notes = wrapped((*result.notes, *_not_drawn(frame, shown, result)))
        figure = _sheet(len(panels), notes)
        left_out = [name for number, rows in enumerate(panels) for name in _panel(figure, number, rows, result)]
        notes += [f"No room to name {len(left_out)} of them: see the table."] if left_out else []
        if not panels:
            _say_why_empty(figure, frame)
        write_notes(figure, notes)
    return figure


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


def _sheet(n_panels: int, notes: list[str]) -> Figure:
    height = notes_in(notes) + (n_panels * (_HEAD_IN + _PANEL_IN + _FOOT_IN) or _EMPTY_IN)
    figure = Figure(figsize=(WIDTH_IN, height), facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def _panel(figure: Figure, number: int, rows: pl.DataFrame, result: CurveResult) -> list[str]:
    """Draw one benchmark; the names that found no room."""
    is_steps = result.form == "steps"
    height, strip = figure.get_figheight(), _STRIP_IN if is_steps else 0.0
    top = height - number * (_HEAD_IN + _PANEL_IN + _FOOT_IN) - _HEAD_IN
    width = WIDTH_IN - _LEFT_IN - 2 * MARGIN_IN - strip
    axes = figure.add_axes((_LEFT_IN / WIDTH_IN, (top - _PANEL_IN) / height, width / WIDTH_IN, _PANEL_IN / height))
    axes.set_xlabel(result.x_label, parse_math=False)
    direction = "" if rows["is_higher_better"].all() else " (lower is better)"
    axes.set_ylabel(f"{result.y_label}{direction}", parse_math=False)
    _head(figure, rows, result, top / height)
    agents = result.agents or sorted(set(result.frame["agent"]))
    return (draw_steps if is_steps else draw_points)(Panel(figure, axes, rows, strip * figure.dpi, agents))


def _head(figure: Figure, rows: pl.DataFrame, result: CurveResult, top: float) -> None:
    title = drawable(f"{result.title}: {rows['benchmark'][0] or 'unnamed benchmark'}")
    left, line, has_frontier = _LEFT_IN / WIDTH_IN, _LINE_IN / figure.get_figheight(), "frontier" in rows.columns
    place = left, top + (1.7 if has_frontier else 0.7) * line
    figure.text(*place, title, fontsize=10, fontweight="bold", va="bottom", parse_math=False)
    if has_frontier:
        named = f"Frontier, filled markers: {KINDS[rows['frontier'][0]]}"
        figure.text(left, top + 0.6 * line, named, fontsize=7, color=GREY, va="bottom", parse_math=False)


def _say_why_empty(figure: Figure, frame: pl.DataFrame) -> None:
    why = "there are no rollouts" if frame.is_empty() else "no group has a known place"
    figure.text(0.5, 0.65, f"nothing to draw: {why}", ha="center", fontsize=11, color=GREY)
