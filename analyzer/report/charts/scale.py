"""Axes of a chart: from values to pixels, and where the ticks stand."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_LOG_FROM: Final = 20.0
_PAD_FRAC: Final = 0.06
_NICE: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_LEAPS: Final = ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,))


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from low to high on pixels from start to end."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def at(self, value: float) -> float:
        """Pixel of a value; what lies outside stands on the edge."""
        inside = min(max(value, self.low), self.high)
        low, high, here = (math.log10(v) if self.is_log else v for v in (self.low, self.high, inside))
        return self.start + (here - low) / (high - low) * (self.end - self.start)

    def ticks(self, most: int) -> list[float]:
        """Round values within the axis, at most this many."""
        return _log_ticks(self.low, self.high, most) if self.is_log else _even_ticks(self.low, self.high, most)


def across(values: Iterable[float], start: float, end: float) -> Scale:
    """Scale of a resource: from 0, or logarithmic where the values spread widely; room at the right."""
    known = sorted(value for value in values if math.isfinite(value))
    low, high = (known[0], known[-1]) if known else (0.0, 1.0)
    if low > 0 and high / low >= _LOG_FROM:
        spread = (high / low) ** _PAD_FRAC
        return Scale(low / spread, high * spread, start, end, is_log=True)
    bottom = min(0.0, low)
    return Scale(bottom, high + _PAD_FRAC * (high - bottom) or 1.0, start, end)


def up(values: Iterable[float], start: float, end: float) -> Scale:
    """Scale of a score: from 0 where no value is below, with a little room around."""
    known = sorted(value for value in values if math.isfinite(value))
    low, high = (known[0], known[-1]) if known else (0.0, 1.0)
    bottom = min(0.0, low)
    pad = _PAD_FRAC * ((high - bottom) or 1.0)
    return Scale(bottom - (pad if bottom < 0 else 0.0), high + pad, start, end)


def _even_ticks(low: float, high: float, most: int) -> list[float]:
    rough = (high - low) / most
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * nice for nice in _NICE if size * nice >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def _log_ticks(low: float, high: float, most: int) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for leaps in _LEAPS:
        ticks = [leap * 10.0**decade for decade in decades for leap in leaps if low <= leap * 10.0**decade <= high]
        if len(ticks) <= most:
            return ticks
    return ticks[:: math.ceil(len(ticks) / most)]
