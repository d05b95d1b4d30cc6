"""The axes of a history: time along x, dollars on a log scale along y, where they are not 0."""

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import matplotlib.dates as mdates
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

TIMES: Final = "\N{MULTIPLICATION SIGN}"
_LEAST_RATIO: Final = 6.5
"""Span of a log axis, at least: two of 1, 2, 5 lie in any such span."""
_PAD: Final = 1.15
_DECADES_LABELLED: Final = 2.5
_ZERO_DECADES: Final = 0.3
"""Room for 0 below a log scale."""


def number(moment: datetime) -> float:
    """Place of a moment on a time axis."""
    return float(mdates.date2num(moment))  # type: ignore[no-untyped-call]


def along_time(axes: Axes, span: tuple[datetime, datetime], *, is_labelled: bool = True) -> None:
    """Run x from the first to the last moment."""
    start, end = span
    axes.set_xlim(number(start), number(max(end, start + timedelta(days=1))))
    tick_dates(axes)
    if not is_labelled:
        axes.tick_params(labelbottom=False)


def tick_dates(axes: Axes) -> None:
    """Label x, in days since 1970, with dates."""
    locator = mdates.AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator, show_offset=False))  # type: ignore[no-untyped-call]


def in_dollars(axes: Axes, figures: Iterable[float | None], bounds: Iterable[float | None] = ()) -> None:
    """Scale y for dollars: a log scale, with room for 0 at its foot where a figure is 0; bounds of 0 leave no trace."""
    known = [value for value in figures if value is not None]
    positive = [value for value in (*known, *bounds) if value]
    _scale(axes, positive, lambda value, _: f"${value:,.10g}", has_zero=0 in known)
    words = "" if axes.get_yscale() == "linear" else " (log scale)"
    axes.set_ylabel(f"US dollars per attempt{words}", parse_math=False)


def in_multiples(axes: Axes, values: Iterable[float | None]) -> None:
    """Scale y for multiples of a first value."""
    _scale(axes, [value for value in values if value], lambda value, _: f"{value:,.10g} {TIMES}", has_zero=False)
    axes.set_ylabel(f"{TIMES} the first (log scale)", parse_math=False)


def _scale(axes: Axes, positive: Sequence[float], label: Callable[[float, int], str], *, has_zero: bool) -> None:
    axes.yaxis.set_major_formatter(FuncFormatter(label))
    if not positive:
        axes.set_ylim(0.0, 1.0)
        axes.set_yticks([0.0])
        return
    low, high = _spread(min(positive), max(positive))
    subs: Sequence[float] = (1.0, 2.0, 5.0) if math.log10(high / low) <= _DECADES_LABELLED else (1.0,)
    if has_zero:
        axes.set_yscale("symlog", linthresh=low, linscale=_ZERO_DECADES)
        ticks = (sub * 10.0**power for power in _powers(low, high) for sub in subs)
        axes.set_yticks([0.0, *(tick for tick in ticks if low <= tick <= high)])
    else:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=subs))
    axes.set_ylim(0.0 if has_zero else low, high)
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(FuncFormatter(label))


def _powers(low: float, high: float) -> range:
    return range(math.floor(math.log10(low)), math.ceil(math.log10(high)))


def _spread(low: float, high: float) -> tuple[float, float]:
    """Limits that leave a margin and span enough to hold two ticks."""
    extra = max(_PAD, math.sqrt(_LEAST_RATIO / (high / low)))
    return low / extra, high * extra
