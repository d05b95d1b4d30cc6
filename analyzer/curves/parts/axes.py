"""The resources a score is set against: for each, its point value per rollout and the bounds beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from analyzer.curves.registry import Option
from traces.errors import UsageError


@dataclass(frozen=True, slots=True)
class Axis:
    """A resource of a rollout.

    Args:
        name: Its name as an option.
        unit: Unit in words, for labels.
        point: Its value; null: not known.
        low: Lowest it can be.
        high: Highest it can be; null: unbounded.
        origin: Where the figures come from, for labels; empty: recomputed or measured.
    """

    name: str
    unit: str
    point: pl.Expr
    low: pl.Expr
    high: pl.Expr
    origin: str = ""

    @property
    def noun(self) -> str:
        """Name in words."""
        return self.name.replace("_", " ")

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


def _at_least(known: str, seen: str) -> pl.Expr:
    """Low bound of a count: all of it where it is known, else what was seen."""
    return pl.max_horizontal(known, seen)


def _in_full(dollars: str) -> pl.Expr:
    """Dollars of all calls: what a book leaves out of its sums costs something, so that they are only a low bound."""
    is_cut = (pl.col("coverage_frac") < 1) & pl.col("cost_usd").is_not_null()
    return pl.when(~is_cut.fill_null(value=False)).then(pl.col(dollars))


_INPUT, _UNCACHED = pl.col("input_tokens"), pl.col("uncached_input_tokens")
_INPUT_LOW = _at_least("input_tokens", "input_low_tokens")
_UNCACHED_LOW = _at_least("uncached_input_tokens", "uncached_input_low_tokens")
_OUTPUT_LOW = _at_least("output_tokens", "output_low_tokens")
_OUTPUT_HIGH = pl.coalesce("output_high_tokens", "output_tokens")
_OUTPUT = pl.when(pl.col("output_tokens").is_not_null()).then(_OUTPUT_HIGH)
"""The highest output a known count allows, as dollars stand at their highest: reasoning may lie outside the count."""

_ALL: Final = (
    Axis("dollars", "US dollars", _in_full("cost_usd"), pl.col("cost_low_usd"), _in_full("cost_high_usd")),
    Axis("seconds", "seconds", pl.col("api_s"), pl.col("api_low_s"), pl.col("api_high_s")),
    Axis("api_seconds", "seconds on the API", pl.col("api_s"), pl.col("api_low_s"), pl.col("api_high_s")),
    Axis(
        "recorded_seconds",
        "seconds as recorded",
        pl.col("recorded_s"),
        pl.col("recorded_low_s"),
        pl.col("recorded_high_s"),
    ),
    Axis(
        "hardware_seconds",
        "seconds on accelerators",
        pl.col("hardware_s"),
        pl.col("hardware_low_s"),
        pl.col("hardware_high_s"),
    ),
    Axis("tokens", "input and output tokens", _INPUT + _OUTPUT, _INPUT_LOW + _OUTPUT_LOW, _INPUT + _OUTPUT_HIGH),
    Axis("output_tokens", "output tokens", _OUTPUT, _OUTPUT_LOW, _OUTPUT_HIGH),
    Axis(
        "uncached_tokens",
        "uncached input and output tokens",
        _UNCACHED + _OUTPUT,
        _UNCACHED_LOW + _OUTPUT_LOW,
        pl.coalesce(_UNCACHED, _INPUT) + _OUTPUT_HIGH,
    ),
    Axis("turns", "turns", pl.col("n_turns"), _at_least("n_turns", "n_turns_low"), pl.col("n_turns")),
)
AXES: Final = {axis.name: axis for axis in _ALL}
_STATED = pl.col("recorded_cost_usd")
RECORDED: Final = Axis(
    "recorded_dollars", "recorded US dollars", _STATED, _STATED, _STATED, "as the source states them"
)  # fmt: skip

COST: Final = Option(
    "cost",
    ("recomputed", "recorded"),
    "Dollars: recomputed from tokens and prices, or as the source states them (recorded_cost_usd).",
)


SECONDS: Final = Option(
    "seconds",
    ("api", "recorded", "hardware"),
    "Seconds: on the API under the scenario (batches wait; another model's speed is not known), as recorded, or on "
    "accelerators.",
)


def chosen_axis(axis: Axis, chosen: Mapping[str, str]) -> Axis:
    """Return the axis, or recorded dollars or seconds in its place where those are chosen.

    Raises:
        UsageError: if recorded dollars are chosen for an axis that is not dollars.
    """
    if chosen.get(SECONDS.name) in {"recorded", "hardware"} and axis.name == "seconds":
        return AXES[f"{chosen[SECONDS.name]}_seconds"]
    if chosen.get(COST.name, COST.default) == COST.default:
        return axis
    if axis.name != "dollars":
        raise UsageError(f"cost=recorded: {axis.noun} have no dollars", "leave it out, or choose the axis dollars")
    return RECORDED
