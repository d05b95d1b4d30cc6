"""A break-even as a figure: cost of a call against how busy the accelerators are, and the API's price beside it."""

from collections.abc import Sequence
from typing import Final

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from analyzer.figures.sheet import MARGIN_IN, WIDTH_IN, Place, blank, wrapped
from analyzer.figures.styles import RC, colour, dash, marker
from analyzer.hardware.breakeven import BreakEven, Sides

_PANEL_IN: Final = 3.8
_HEAD_IN: Final = 0.62
_FOOT_IN: Final = 0.5
_LEFT_IN: Final = 0.9
_LEAST_FRAC: Final = 0.01
_STEPS: Final = 100
_API: Final = "#000000"
_PERCENT: Final = 100


def draw_breakeven(found: BreakEven) -> Figure:
    """Draw what a call costs by how busy the accelerators are, with bands, and where that is what the API asks.

    Args:
        found: One or more deployments of one model.
    """
    notes = (*(side for side in found.frame["verdict"].to_list()), *found.notes)
    lines = wrapped((f"{note.removesuffix('.')}." for note in notes), WIDTH_IN)
    with matplotlib.style.context(["default", RC]):
        sheet = blank(WIDTH_IN, _HEAD_IN + _PANEL_IN + _FOOT_IN + MARGIN_IN, lines)
        model = found.sides[0].point.model
        sheet.title(_LEFT_IN, 0.34, f"Self-hosting against the API: {model}")
        axes = sheet.axes(Place(_LEFT_IN, _HEAD_IN, WIDTH_IN - _LEFT_IN - 2 * MARGIN_IN, _PANEL_IN))
        _draw(axes, found.sides)
        sheet.notes(lines)
    return sheet.figure


def _draw(axes: Axes, sides: Sequence[Sides]) -> None:
    shares = [_LEAST_FRAC ** (1 - step / _STEPS) for step in range(_STEPS + 1)]
    percents = [_PERCENT * share for share in shares]
    for number, each in enumerate(sides):
        hosted = [usd / each.n_calls for usd in each.hosted_usd]
        ink, name = colour(number), f"{each.n_gpus} x {each.point.deployment.accelerator}: {_crossing(each)}"
        low, middle, high = ([usd / share for share in shares] for usd in hosted)
        axes.fill_between(percents, low, high, color=ink, alpha=0.13, linewidth=0)
        axes.plot(percents, middle, color=ink, linestyle=dash(number), linewidth=1.2, label=name)
        _cross(axes, each, number)
    _api(axes, sides[0], percents)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(percents[0], percents[-1])
    axes.set_xlabel("Share of the rented time the accelerators are busy, % (log scale)")
    axes.set_ylabel("USD per call (log scale)")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.10f}".rstrip("0").rstrip(".")))
        axis.set_minor_formatter(NullFormatter())
    axes.legend(loc="upper right", frameon=False, fontsize=7)


def _api(axes: Axes, side: Sides, percents: Sequence[float]) -> None:
    low, middle, high = (usd / side.n_calls for usd in side.api_usd)
    axes.axhline(middle, color=_API, linewidth=1.0, linestyle=":", label="API")
    axes.fill_between([percents[0], percents[-1]], [low] * 2, [high] * 2, color=_API, alpha=0.08, linewidth=0)


def _cross(axes: Axes, side: Sides, number: int) -> None:
    """Mark where the two cost the same, if they ever do."""
    over = side.hosted_over_api
    if over is None or not _LEAST_FRAC <= over.value <= 1:
        return
    at = _PERCENT * over.value, side.api_usd.value / side.n_calls
    axes.plot(*at, marker(number), color=colour(number), markersize=6, zorder=3)


def _crossing(side: Sides) -> str:
    """Where a line meets the API's price, for its entry in the legend."""
    over = side.hosted_over_api
    if over is None or over.value > 1:
        return "never as cheap as the API"
    return f"the API's price at {_PERCENT * over.value:.3g} % busy"
