"""Step lines through time: each value holds from its moment to the next; what is only bounded is dotted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import isnan
from typing import Final

import polars as pl
from matplotlib.axes import Axes

from analyzer.figures.history.scales import number
from analyzer.figures.styles import LineStyle
from analyzer.history.tables import COSTS

_NAN: Final = float("nan")


@dataclass(frozen=True, slots=True)
class Look:
    """How a line looks."""

    ink: str
    dash: LineStyle = "-"
    width: float = 1.3
    has_band: bool = True


@dataclass(frozen=True, slots=True)
class Steps:
    """Values from the rows of a table of changes, up to a last moment.

    Args:
        xs: Moments, with the last one at the end.
        y: Figures; nan: none.
        low: Lowest they can be.
        high: Highest they can be.
    """

    xs: Sequence[float]
    y: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]

    def start(self) -> tuple[float, float] | None:
        """Where the line begins, or its low bound where there is no line; null: nothing above 0 is known of it."""
        return next(((self.xs[place], y) for place, y in self._known()), None)

    def end(self) -> tuple[float, float] | None:
        """Where the line ends, or its low bound where there is no line; null: nothing above 0 is known of it."""
        return next(((self.xs[place + 1], y) for place, y in reversed(self._known())), None)

    def _known(self) -> list[tuple[int, float]]:
        """Places and figures that are known, or the low bounds above 0 where no figure is."""
        figures, bounds = ([*enumerate(values[:-1])] for values in (self.y, self.low))
        known = [(place, y) for place, y in figures if not isnan(y)]
        return known or [(place, low) for place, low in bounds if low > 0]

    @property
    def is_bounded_only(self) -> bool:
        """Whether no figure is known at all."""
        return all(map(isnan, self.y))


def steps_of(rows: pl.DataFrame, end: datetime, columns: Sequence[str] = COSTS) -> Steps:
    """Take the values of rows, in order of time."""
    xs = [*(number(moment) for moment in rows["priced_at"]), number(end)]
    y, low, high = ([_NAN if value is None else value for value in [*rows[name], *rows[name][-1:]]] for name in columns)
    return Steps(xs, y, low, high)


def draw_steps(axes: Axes, steps: Steps, look: Look) -> None:
    """Draw the line, its band, and the edges of the band where there is no line."""
    if look.has_band:
        axes.fill_between(steps.xs, steps.low, steps.high, step="post", color=look.ink, alpha=0.12, linewidth=0)
    axes.step(steps.xs, steps.y, where="post", color=look.ink, linestyle=look.dash, linewidth=look.width)
    for edge in (steps.low, steps.high):
        open_edge = [value if isnan(figure) else _NAN for value, figure in zip(edge, steps.y, strict=True)]
        axes.step(steps.xs, open_edge, where="post", color=look.ink, linestyle=":", linewidth=0.7)


def stretches(rows: pl.DataFrame, names: Sequence[str], end: datetime) -> Iterator[tuple[pl.DataFrame, datetime]]:
    """Consecutive rows with the same values, each with the moment the next ones begin."""
    if rows.is_empty():
        return
    parts = rows.with_columns(_part=pl.struct(names).rle_id()).partition_by("_part", maintain_order=True)
    for part, following in pairwise([*parts, None]):
        if part is not None:
            yield part.drop("_part"), end if following is None else following["priced_at"][0]
