"""A history along an attribute in the place of time: cost of every agent at last, and the cheapest cost of a score."""

from collections.abc import Sequence
from typing import Any, Final

import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from analyzer.curves.parts.attempts import GROUP
from analyzer.figures.history.lines import Look, Steps, draw_steps
from analyzer.figures.history.panels import LEFT_IN, SMALL, Block, say_if_empty, shades
from analyzer.figures.history.scales import in_dollars, tick_dates
from analyzer.figures.labels import Box
from analyzer.figures.naming import Named, Plot, print_around, print_stacked
from analyzer.figures.sheet import MARGIN_IN, WIDE_IN, Place
from analyzer.figures.styles import GREY
from analyzer.history.along import with_axis
from analyzer.history.tables import COSTS
from analyzer.words import beside

ALONG_IN: Final = 3.4
_STRIP_IN: Final = 1.72
_LOG_FROM: Final = 20.0
_PAD_FRAC: Final = 0.06
_BAR_PX: Final = 2.0


def draw_along(block: Block, top: float) -> list[str]:
    """Draw both panels of a benchmark; names that found no room."""
    width = (WIDE_IN - 2 * LEFT_IN - _STRIP_IN - MARGIN_IN) / 2
    left_out = _draw_points(block, Place(LEFT_IN, top, width, ALONG_IN))
    right = 2 * LEFT_IN + width
    return left_out + _draw_cheapest(block, Place(right, top, width, ALONG_IN, _STRIP_IN))


def _points(block: Block) -> pl.DataFrame:
    """Agents with a value of the attribute and a cost at the last moment."""
    last = block.rows("runs").unique(GROUP, keep="last", maintain_order=True)
    valued = with_axis(block.rows("agents"), str(block.result.options.axis)).select(*GROUP, x=_X)
    rows = last.join(valued, on=GROUP, how="left", nulls_equal=True, maintain_order="left")
    return rows.filter(pl.col("x").is_not_null(), pl.col("mean_cost_usd").is_not_null())


_X: Final = pl.coalesce("attribute_value", pl.col("attribute_date").cast(pl.Int32).cast(pl.Float64))
"""Numbers as they are, dates as days since 1970, which is how matplotlib counts them."""


def _draw_points(block: Block, place: Place) -> list[str]:
    axes, rows = block.sheet.axes(place), _points(block)
    block.sheet.head(place, f"Cost of every agent at the prices of {block.result.end:%Y-%m-%d}")
    in_dollars(axes, rows[COSTS[0]], [*rows[COSTS[1]], *rows[COSTS[2]]])
    _along(axes, block, rows["x"].to_list())
    names = [_point(axes, block, row) for row in rows.iter_rows(named=True)]
    say_if_empty(axes, names, "no agent has both the attribute and one cost")
    bars = [_bar(axes, row) for row in rows.iter_rows(named=True)]
    return print_around(Plot(block.sheet.figure, axes, 0.0, SMALL), names, bars) if names else []


def _point(axes: Axes, block: Block, row: dict[str, Any]) -> Named:
    who = row["benchmark"], row["agent"], row["run_id"]
    ink, x, y = block.inks.inks[who], row["x"], row["mean_cost_usd"]
    axes.plot([x, x], [row["mean_cost_low_usd"], row["mean_cost_high_usd"]], color=ink, linewidth=0.8, alpha=0.6)
    face = "white" if row["is_retired"] else ink
    axes.plot([x], [y], block.inks.marker(who), color=ink, markerfacecolor=face, markersize=5, zorder=3)
    state = " (retired)" if row["is_retired"] else ""
    return Named(f"{block.inks.names[who]}{state}", x, y, GREY if row["is_retired"] else "black", GREY)


def _bar(axes: Axes, row: dict[str, Any]) -> Box:
    ends = [(row["x"], row["mean_cost_low_usd"]), (row["x"], row["mean_cost_high_usd"])]
    (x0, y0), (x1, y1) = axes.transData.transform(ends)
    return Box(x0 - _BAR_PX, y0, x1 + _BAR_PX, y1)


def _draw_cheapest(block: Block, place: Place) -> list[str]:
    axes, rows = block.sheet.axes(place), block.rows("along").with_columns(x=_X)
    block.sheet.head(place, f"Cheapest cost of reaching a score, up to a value of {block.result.options.axis}")
    points = _points(block)
    in_dollars(axes, points[COSTS[0]], [*points[COSTS[1]], *points[COSTS[2]]])
    _along(axes, block, points["x"].to_list())
    right, names = axes.get_xlim()[1], []
    wanted = rows.partition_by("score_threshold", maintain_order=True)
    for one, ink in zip(wanted, shades(len(wanted)), strict=True):
        figures = [*one["mean_cost_usd"], one["mean_cost_usd"][-1]]
        draw_steps(axes, Steps([*one["x"], right], figures, figures, figures), Look(ink, has_band=False))
        axes.plot(one["x"].to_list(), one["mean_cost_usd"].to_list(), "o", color=ink, markersize=3.2)
        last = one.row(-1, named=True)
        who = block.inks.names[last["benchmark"], last["agent"], last["run_id"]]
        names.append(
            Named(f"{block.sign} {last['score_threshold']:.4g}: {who}", right, figures[-1], "black", ink, "-", 0.8)
        )
    say_if_empty(axes, names, "no cost of reaching a score is known")
    return print_stacked(block.plot(place, axes), sorted(names, key=lambda named: -named.y))


def _along(axes: Axes, block: Block, values: Sequence[float]) -> None:
    """Run x along the attribute."""
    axes.set_xlabel(str(block.result.options.axis), parse_math=False)
    if not values:
        axes.set_xticks([])
        axes.set_yticks([])
        return
    low, high = min(values), max(values)
    pad = _PAD_FRAC * (high - low) or 1.0
    if block.rows("along")["attribute_date"].count():
        tick_dates(axes)
    elif low > 0 and high / low >= _LOG_FROM:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator())
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        axes.set_xlabel(beside(axes.get_xlabel(), "log scale"), parse_math=False)
        spread = (high / low) ** _PAD_FRAC
        axes.set_xlim(low / spread, high * spread)
        return
    axes.set_xlim(low - pad, high + pad)
