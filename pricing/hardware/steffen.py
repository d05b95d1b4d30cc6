"""Monotone interpolation between points: no overshoot, so that between two measured values none is outside them.

Steffen, A simple method for monotonic interpolation in one dimension, Astronomy and Astrophysics 239 (1990) 443.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from math import copysign


def interpolated(xs: Sequence[float], ys: Sequence[float], x: float) -> float | None:
    """Value between points.

    The slope at a point depends on its neighbours alone: a row that is added changes the curve beside it only.

    Args:
        xs: Places of the points, rising.
        ys: Their values.
        x: Where.

    Returns:
        The value; null: before the first point or after the last one.
    """
    if not xs or not xs[0] <= x <= xs[-1]:
        return None
    if x == xs[-1]:
        return ys[-1]
    first = min(bisect_right(xs, x) - 1, len(xs) - 2)
    width, rise = xs[first + 1] - xs[first], ys[first + 1] - ys[first]
    share = (x - xs[first]) / width
    start, end = _slope(xs, ys, first) * width, _slope(xs, ys, first + 1) * width
    return ys[first] + share * (start + share * (3 * rise - 2 * start - end + share * (start + end - 2 * rise)))


def _slope(xs: Sequence[float], ys: Sequence[float], place: int) -> float:
    start = min(max(place - 1, 0), max(len(xs) - 3, 0))
    near_xs, near_ys = xs[start : start + 3], ys[start : start + 3]
    widths = [b - a for a, b in pairwise(near_xs)]
    rises = [(b - a) / width for (a, b), width in zip(pairwise(near_ys), widths, strict=True)]
    if len(rises) == 1:
        return rises[0]
    if place == 0:
        return _at_an_end(*rises, *widths)
    if place == len(xs) - 1:
        return _at_an_end(*reversed(rises), *reversed(widths))
    return _inside(*rises, *widths)


def _inside(before: float, after: float, width_before: float, width_after: float) -> float:
    """Slope of the parabola through three points, in its middle; level at a turn, never so steep as to overshoot."""
    if before * after <= 0:
        return 0.0
    parabola = (before * width_after + after * width_before) / (width_before + width_after)
    return copysign(min(2 * abs(before), 2 * abs(after), abs(parabola)), before)


def _at_an_end(near: float, far: float, width_near: float, width_far: float) -> float:
    """Slope of the parabola through three points, at its end."""
    share = width_near / (width_near + width_far)
    parabola = near * (1 + share) - far * share
    if parabola * near <= 0:
        return 0.0
    return copysign(min(2 * abs(near), abs(parabola)), near)
