"""The resources a score is set against: for each, its point value per rollout and the bounds beside it."""

from dataclasses import dataclass
from typing import Final

import polars as pl


@dataclass(frozen=True, slots=True)
class Axis:
    """A resource of a rollout.

    Args:
        name: Its name as an option.
        unit: Unit in words, for labels.
        point: Its value; null: not known.
        low: Lowest it can be.
        high: Highest it can be; null: unbounded.
    """

    name: str
    unit: str
    point: pl.Expr
    low: pl.Expr
    high: pl.Expr

    @property
    def is_tokens(self) -> bool:
        """Whether the unit depends on the model's tokenizer."""
        return "token" in self.name

    def columns(self) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
        """Columns x, x_low and x_high; the bounds hold the point, x_low is 0 and x_high null where nothing is known."""
        point = self.point.cast(pl.Float64)
        low = pl.min_horizontal(pl.coalesce(self.low.cast(pl.Float64), point, pl.lit(0.0)), point)
        high = pl.max_horizontal(pl.coalesce(self.high.cast(pl.Float64), point), point)
        return point.alias("x"), low.alias("x_low"), high.alias("x_high")


def _known(column: str) -> pl.Expr:
    return pl.col(column).fill_null(0)


_INPUT, _UNCACHED, _OUTPUT = (pl.col(f"{part}_tokens") for part in ("input", "uncached_input", "output"))
_NOTHING: Final = pl.lit(None, dtype=pl.Float64)

_ALL: Final = (
    Axis("dollars", "US dollars", pl.col("cost_usd"), pl.col("cost_low_usd"), pl.col("cost_high_usd")),
    Axis("seconds", "seconds", pl.col("recorded_s"), pl.col("recorded_low_s"), pl.col("recorded_high_s")),
    Axis(
        "tokens",
        "input and output tokens",
        _INPUT + _OUTPUT,
        _known("input_tokens") + _known("output_tokens"),
        _NOTHING,
    ),
    Axis("output_tokens", "output tokens", _OUTPUT, _known("output_tokens"), _NOTHING),
    Axis(
        "uncached_tokens",
        "uncached input and output tokens",
        _UNCACHED + _OUTPUT,
        _known("uncached_input_tokens") + _known("output_tokens"),
        pl.coalesce(_UNCACHED, _INPUT) + _OUTPUT,
    ),
    Axis("turns", "turns", pl.col("n_turns"), pl.col("n_turns"), pl.col("n_turns")),
)
AXES: Final = {axis.name: axis for axis in _ALL}
