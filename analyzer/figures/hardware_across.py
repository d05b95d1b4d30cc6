"""Dollars against time of the same rollouts on accelerators at several loads and on their API, as a figure."""

from typing import Any, Final

import matplotlib.style
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from analyzer.figures.sheet import MARGIN_IN, WIDTH_IN, Place, Sheet, blank, wrapped
from analyzer.figures.styles import GREY, RC, colour, dash, marker
from analyzer.hardware.across import API, Across

_PANEL_IN: Final = 4.4
_HEAD_IN: Final = 0.6
_FOOT_IN: Final = 0.45
_LEFT_IN: Final = 0.8
_STRIP_IN: Final = 1.35
_SPAN_LABELLED: Final = 1000.0
_SPREAD: Final = 1.25
_BLACK: Final = 4
"""Place of black among the colours, which is the API's here."""
_BESIDE: Final = ((5, 4), (-5, -10))
"""Points from a marker to its number, in turn: those of close accelerators do not overlap."""
_X: Final = {
    "rollout": "Seconds of a rollout, mean (log scale)",
    "elapsed": "Seconds from the first start to the last end (log scale)",
}
_MARKS: Final = (
    "Numbers beside points: requests at a time on an engine. Filled: no other point is both cheaper and faster; the "
    "line joins those. Triangle to the right: at least that."
)


def draw_across(found: Across) -> Figure:
    """Draw one point per accelerator and load, the API's own, and the staircase of those no other beats."""
    lines = wrapped((*found.notes, _MARKS), WIDTH_IN)
    rows = found.frame.with_columns(
        x=pl.coalesce("x", "x_low"), y=pl.coalesce("cost_usd", "cost_low_usd"), is_open=pl.col("x").is_null()
    )
    shown = rows.filter(pl.col("x") > 0, pl.col("y") > 0)
    n_left_out = rows.height - shown.height
    lines += [f"{n_left_out} without time or cost not drawn."] * (n_left_out > 0)
    with matplotlib.style.context(["default", RC]):
        sheet = blank(WIDTH_IN, _HEAD_IN + _PANEL_IN + _FOOT_IN + MARGIN_IN, lines)
        _panel(sheet, shown, _X[found.over])
        sheet.notes(lines)
    return sheet.figure


def _panel(sheet: Sheet, rows: pl.DataFrame, x_label: str) -> None:
    axes = sheet.axes(Place(_LEFT_IN, _HEAD_IN, WIDTH_IN - _LEFT_IN - _STRIP_IN - MARGIN_IN, _PANEL_IN))
    sheet.title(_LEFT_IN, _HEAD_IN - 0.12, "What the rollouts cost, and how long they take")
    _scale(axes, rows)
    axes.set_xlabel(x_label)
    axes.set_ylabel("US dollars, all rollouts (log scale)")
    _staircase(axes, rows)
    names = [API, *(name for name in rows["on"].unique(maintain_order=True) if name != API)]
    for number, name in enumerate(names):
        _points(axes, rows.filter(pl.col("on") == name), number)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=7.5)


def _points(axes: Axes, rows: pl.DataFrame, number: int) -> None:
    """Draw the points of one accelerator or the API, joined in the order of their load."""
    if rows.is_empty():
        return
    ink = "black" if rows["on"][0] == API else colour(number - 1 + (number > _BLACK))
    shape = "*" if rows["on"][0] == API else marker(number - 1)
    axes.plot(rows["x"], rows["y"], color=ink, linestyle=dash(number), linewidth=0.8, alpha=0.6, zorder=2)
    for row in rows.iter_rows(named=True):
        _bars(axes, row, ink)
        face = ink if row["is_on_frontier"] else "white"
        axes.plot(
            [row["x"]], [row["y"]], ">" if row["is_open"] else shape, color=ink, markerfacecolor=face, markersize=6,
            zorder=3,
        )  # fmt: skip
        if row["concurrency"] is not None:
            _number(axes, row, number, ink)
    first = rows.row(0, named=True)
    mark = ">" if first["is_open"] else shape
    words = "API, as recorded" if first["on"] == API else f"{first['on']} ({first['evidence']})"
    axes.plot([], [], mark, color=ink, markersize=6, linestyle=dash(number), linewidth=0.8, label=words)


def _number(axes: Axes, row: dict[str, Any], number: int, ink: str) -> None:
    dx, dy = _BESIDE[number % 2]
    axes.annotate(
        str(row["concurrency"]), (row["x"], row["y"]), (dx, dy), textcoords="offset points", fontsize=6.5, color=ink,
        ha="left" if dx > 0 else "right",
    )  # fmt: skip


def _bars(axes: Axes, row: dict[str, Any], ink: str) -> None:
    """Bars from the lowest to the highest a figure can be; to the edge where it is not bounded."""
    edges = axes.get_xlim()[1], axes.get_ylim()[1]
    style: dict[str, Any] = {"color": ink, "linewidth": 0.7, "alpha": 0.3, "zorder": 1}
    high = row["x_high"] if row["x_high"] is not None else edges[0]
    axes.plot([row["x_low"], high], [row["y"]] * 2, **style)
    high = row["cost_high_usd"] if row["cost_high_usd"] is not None else edges[1]
    axes.plot([row["x"]] * 2, [row["cost_low_usd"], high], **style)


def _staircase(axes: Axes, rows: pl.DataFrame) -> None:
    """Join the points no other beats: from the fastest down to the cheapest."""
    on = rows.filter(pl.col("is_on_frontier").fill_null(value=False)).sort("x", "y")
    if on.is_empty():
        return
    right, top = axes.get_xlim()[1], axes.get_ylim()[1]
    xs, ys = [on["x"][0], *on["x"], right], [top, *on["y"], on["y"][-1]]
    axes.step(xs, ys, where="post", color=GREY, linewidth=1.0, zorder=0)


def _scale(axes: Axes, rows: pl.DataFrame) -> None:
    """Log scales that hold every bar."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    for names, limits, axis in (
        (("x", "x_low", "x_high"), axes.set_xlim, axes.xaxis),
        (("y", "cost_low_usd", "cost_high_usd"), axes.set_ylim, axes.yaxis),
    ):
        values = [value for name in names for value in rows[name].drop_nulls() if value > 0] or [1.0]
        low, high = min(values), max(values)
        limits(low / _SPREAD, high * _SPREAD)
        if high / low < _SPAN_LABELLED:
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        axis.set_minor_formatter(NullFormatter())
