"""Fronts of a model as a figure: throughput, and USD per million tokens, against the speed of a request."""

from collections.abc import Sequence
from typing import Final

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from analyzer.figures.sheet import MARGIN_IN, WIDE_IN, Place, Sheet, blank, wrapped
from analyzer.figures.styles import RC, colour, dash, marker
from analyzer.hardware.frontiers import Frontiers
from pricing.hardware.front import Front

_PANEL_IN: Final = 2.7
_HEAD_IN: Final = 0.72
_FOOT_IN: Final = 0.5
_LEFT_IN: Final = 0.8
_GAP_IN: Final = 0.95
_MOST_SHAPES: Final = 4
_STEPS: Final = 200
_FAINT: Final = 0.25
_SPAN_LABELLED: Final = 1000.0


def draw_fronts(found: Frontiers) -> Figure:
    """Draw the fronts of a model, one row of two panels for each shape of requests.

    Args:
        found: Its fronts; of many shapes those with the most measured loads are drawn.
    """
    shapes = sorted(
        {(front.isl, front.osl) for front in found.fronts}, key=lambda shape: (-_n_loads(found, shape), shape)
    )
    shown = sorted(shapes[:_MOST_SHAPES])
    rest = [f"{len(shapes) - len(shown)} shapes of fewer measured loads are not drawn."] * (len(shapes) > len(shown))
    marks = "Faint points: measured loads that another beats; line: interpolated between those that none beats."
    lines = wrapped((*found.notes, marks, *rest), WIDE_IN)
    with matplotlib.style.context(["default", RC]):
        sheet = blank(WIDE_IN, len(shown) * (_HEAD_IN + _PANEL_IN + _FOOT_IN) + MARGIN_IN, lines)
        for number, shape in enumerate(shown):
            _row(sheet, found, shape, number * (_HEAD_IN + _PANEL_IN + _FOOT_IN) + _HEAD_IN)
        sheet.notes(lines)
    return sheet.figure


def _n_loads(found: Frontiers, shape: tuple[int, int]) -> int:
    return sum(len(front.measured) for front in found.fronts if (front.isl, front.osl) == shape)


def _row(sheet: Sheet, found: Frontiers, shape: tuple[int, int], top: float) -> None:
    width = (WIDE_IN - _LEFT_IN - _GAP_IN - 2 * MARGIN_IN) / 2
    fronts = [front for front in found.fronts if (front.isl, front.osl) == shape]
    precision = fronts[0].precision or "whichever precision is best"
    sheet.title(_LEFT_IN, top - 0.3, f"{found.model}: {shape[0]:,} input and {shape[1]:,} output tokens, {precision}")
    names = sorted({front.accelerator for front in found.fronts})
    left = sheet.axes(Place(_LEFT_IN, top, width, _PANEL_IN))
    _throughput(left, fronts, names)
    right = sheet.axes(Place(_LEFT_IN + width + _GAP_IN, top, width, _PANEL_IN))
    _dollars(right, found, fronts, names)


def _throughput(axes: Axes, fronts: Sequence[Front], names: Sequence[str]) -> None:
    for front in fronts:
        number = names.index(front.accelerator)
        xs, ys = zip(*front.measured, strict=True)
        axes.plot(xs, ys, marker(number), color=colour(number), alpha=_FAINT, markersize=3, markeredgewidth=0)
        _line(axes, _along(front), number, [point.tokens_per_gpu_s for point in front.points], front)
    _label(axes, "Tokens per second and GPU (log scale)")
    axes.legend(loc="best", frameon=False, fontsize=7)


def _dollars(axes: Axes, found: Frontiers, fronts: Sequence[Front], names: Sequence[str]) -> None:
    for front in fronts:
        hour = found.hours.get(front.accelerator)
        if hour is None:
            continue
        number = names.index(front.accelerator)
        curve = [(x, usd.total) for x, _ in _along(front) if (usd := front.usd_per_mtok(x, hour.usd)) is not None]
        ends = [usd.total for x, _ in front.points if (usd := front.usd_per_mtok(x, hour.usd)) is not None]
        low, high = hour.low_usd / hour.usd / found.band, hour.high_usd / hour.usd * found.band
        xs, ys = [x for x, _ in curve], [y for _, y in curve]
        axes.fill_between(
            xs, [y * low for y in ys], [y * high for y in ys], color=colour(number), alpha=0.12, linewidth=0
        )
        _line(axes, curve, number, ends, front)
    _label(axes, "USD per million tokens (log scale)")


def _line(axes: Axes, curve: Sequence[tuple[float, float]], number: int, ends: Sequence[float], front: Front) -> None:
    xs, ys = zip(*curve, strict=True)
    axes.plot(xs, ys, color=colour(number), linestyle=dash(number), linewidth=1.2)
    places = [point.tokens_per_s for point in front.points]
    axes.plot(places, ends, marker(number), color=colour(number), markersize=4, label=front.accelerator)


def _along(front: Front) -> list[tuple[float, float]]:
    """The front, finely enough spaced to be drawn as a curve."""
    span = front.fastest - front.slowest
    xs = [front.slowest + span * step / _STEPS for step in range(_STEPS)] + [front.fastest]
    return [(x, y) for x in xs if (y := front.tokens_per_gpu_s(x)) is not None]


def _label(axes: Axes, words: str) -> None:
    axes.set_xlabel("Output tokens per second of each request (interactivity)")
    axes.set_ylabel(words)
    axes.set_yscale("log")
    axes.set_xlim(left=0)
    low, high = axes.get_ylim()
    if high / low < _SPAN_LABELLED:
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
