"""Staircases as SVG paths: thinned to what a screen can show, broken where nothing is known."""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Final

_PER_PX: Final = 1.5
_APART_PX: Final = 0.3
Step = tuple[float, float, float | None, float | None, float | None]
"""From x to the next step: left, right, y, y_low, y_high, in pixels; null: not known."""


def thinned(rows: Sequence[tuple[float, float | None, float | None, float | None]], right: float) -> list[Step]:
    """Keep the last of the rows (x, y, y_low, y_high) that share a pixel, and say where each step ends."""
    kept = {round(row[0] * _PER_PX): row for row in rows}
    corners = [*kept.values(), (right, None, None, None)]
    return [(x, following[0], *ys) for (x, *ys), following in pairwise(corners)]  # type: ignore[misc]


def line(steps: Sequence[Step], column: int) -> str:
    """Path along one column of the steps."""
    parts: list[str] = []
    for is_known, run in groupby(steps, key=lambda step: step[column] is not None):
        if is_known:
            parts += _forward(list(run), column)
    return "".join(parts)


def band(steps: Sequence[Step], low: int, high: int) -> str:
    """Outline of what lies between two columns, where both are known and apart."""
    parts: list[str] = []
    for is_open, run in groupby(steps, key=lambda step: _are_apart(step[low], step[high])):
        if is_open:
            across = list(run)
            back = (f"V{step[high]:.1f}H{step[0]:.1f}" for step in reversed(across))
            parts += [*_forward(across, low), *back, "Z"]
    return "".join(parts)


def _forward(steps: Sequence[Step], column: int) -> Iterator[str]:
    yield f"M{steps[0][0]:.1f} {steps[0][column]:.1f}H{steps[0][1]:.1f}"
    for before, step in pairwise(steps):
        is_level = before[column] == step[column]
        yield f"H{step[1]:.1f}" if is_level else f"V{step[column]:.1f}H{step[1]:.1f}"


def _are_apart(low: float | None, high: float | None) -> bool:
    return low is not None and high is not None and abs(low - high) > _APART_PX
