"""How the report writes figures: money, counts, shares and ranges, with what is not known said in words."""

import math
from collections.abc import Callable
from typing import Any, Final

from analyzer.words import at_least, beside, percent

_SAME_FRAC: Final = 0.005
_MINUS: Final = "\N{MINUS SIGN}"
_ROUNDING_USD: Final = 1e-9
_CENTS: Final = 3
_WHOLE_FROM: Final = 100
_DIGITS_FROM: Final = 10_000
_SUFFIXES: Final = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def usd(value: float) -> str:
    """Dollars to the cent; small sums to three digits; below a billionth, which is rounding, $0.00."""
    digits = 2 if abs(value) < _ROUNDING_USD else 2 - math.floor(math.log10(abs(value)))
    text = f"{abs(value):,.{max(digits, 2)}f}"
    kept = text if digits <= _CENTS else text.rstrip("0")
    return f"{_MINUS if value <= -_ROUNDING_USD else ''}${kept}"


def count(value: float) -> str:
    """Give a whole number, or three digits of a small fraction."""
    is_whole = float(value).is_integer() or abs(value) >= _WHOLE_FROM
    return f"{value:,.0f}" if is_whole else f"{value:.3g}"


def short(value: float) -> str:
    """Give a tick label: 20k, 1.5M, 0.25."""
    for size, suffix in _SUFFIXES:
        if abs(value) >= max(size, _DIGITS_FROM):
            return f"{value / size:.10g}{suffix}"
    return f"{value:,.10g}"


def span(show: Callable[[float], str], point: float | None, low: float | None, high: float | None) -> str:
    """Figure with its range where that is wide; a range; a lower bound; or not known."""
    if point is not None:
        is_wide = _differs(low, point) or _differs(high, point)
        ends = f" ({show(point if low is None else low)} to {show(point if high is None else high)})"
        return f"{show(point)}{ends if is_wide else ''}"
    if high is not None:
        return f"{show(low or 0)} to {show(high)}"
    return at_least(show, low)


def cost(row: dict[str, Any]) -> str:
    """Dollars of a row with cost_usd, its bounds and coverage_frac; the share priced where it is not all."""
    text = span(usd, row["cost_usd"], row["cost_low_usd"], row["cost_high_usd"])
    share = row["coverage_frac"]
    if share in (None, 1):
        return text
    return beside(text, f"{percent(share)} priced", "; ")


def _differs(bound: float | None, point: float) -> bool:
    return bound is not None and abs(bound - point) > _SAME_FRAC * abs(point)
