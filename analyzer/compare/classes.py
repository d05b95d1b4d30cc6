"""Usage and cost of a trace by class: what the trace calls a model, and the kind of usage it was billed for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from pricing.cost.charges import counted_charges, price_charges
from pricing.prepare import books_of
from pricing.rates.grid import PLACE
from pricing.scenario import Scenario
from pricing.schema import PUSD_PER_USD
from pricing.sweep.plan import Plan, plan_of
from pricing.sweep.shares import cell_costs
from traces.schema import TABLES
from traces.sums import known_total, total

CLASS: Final = ("provider", "model", "kind")
_KEY: Final = (*CLASS, "is_compared")
_CELL: Final = ("run_id", "role", *PLACE)
_CHARGE: Final = ("_charge",)
_PRICE_KEYS: Final = ("as_of", "books", "prices", "catalogue")
"""Keys of a scenario that say which prices; all others say how they apply."""


@dataclass(frozen=True, slots=True)
class Side:
    """A priced trace: its priced tables, and the scenario they were priced under."""

    priced: Mapping[str, pl.DataFrame]
    scenario: Scenario

    @property
    def tables(self) -> dict[str, pl.DataFrame]:
        """Canonical tables, without what pricing added."""
        return {name: self.priced[name].select(table.schema.names()) for name, table in TABLES.items()}


def hybrid(prices: Scenario, policy: Scenario) -> Scenario:
    """Apply the prices of one scenario under the policies of another."""
    return policy.model_copy(update={name: getattr(prices, name) for name in _PRICE_KEYS})


def class_costs(side: Side, scenarios: Sequence[Scenario]) -> list[pl.DataFrame]:
    """Quantities and costs of a trace by class under each scenario, like for like.

    Returns:
        For each scenario: CLASS, is_compared (the calls have one price under the first and the last scenario),
        quantity (tokens, requests, or what a charge counts), tokens (0 for what is none), priced_quantity, which has
        one price under the scenario, and its cost_usd (null: nothing has).
    """
    plan = plan_of(side.tables, scenarios, ("run_id",))
    calls = _parted([_call_costs(plan, scenario) for scenario in scenarios], _CELL)
    charges = _parted([_charge_costs(side.tables, scenario) for scenario in scenarios], _CHARGE)
    return [_summed(calls[number], charges[number]) for number in range(len(scenarios))]


def _parted(frames: Sequence[pl.DataFrame], key: Sequence[str]) -> list[pl.DataFrame]:
    """Add is_compared: what the key names has one price in the first frame and in the last."""
    is_unpriced = pl.col("cost_usd").is_null() & (pl.col("quantity") != 0).fill_null(value=True)
    unpriced = [frame.filter(is_unpriced).select(key) for frame in (frames[0], frames[-1])]
    left_out = pl.concat(unpriced).unique().with_columns(is_compared=pl.lit(value=False))
    joined = (frame.join(left_out, on=key, how="left", nulls_equal=True) for frame in frames)
    return [frame.with_columns(pl.col("is_compared").fill_null(value=True)) for frame in joined]


def _summed(calls: pl.DataFrame, charges: pl.DataFrame) -> pl.DataFrame:
    rows = pl.concat([frame.select(*_KEY, "quantity", "tokens", "cost_usd") for frame in (calls, charges)])
    is_priced = pl.col("cost_usd").is_not_null()
    return rows.group_by(_KEY).agg(
        total("quantity"),
        total("tokens"),
        priced_quantity=total(pl.when(is_priced).then("quantity").otherwise(0.0)),
        cost_usd=known_total("cost_usd"),
    )


def _call_costs(plan: Plan, scenario: Scenario) -> pl.DataFrame:
    """One row per cell of the trace and kind: quantity, tokens and cost_usd (null: no one price)."""
    is_fee = pl.col("kind") == "request"
    costs = cell_costs(plan, scenario).with_columns(quantity="tokens")
    return costs.with_columns(tokens=pl.when(is_fee).then(0.0).otherwise("tokens"))


def _charge_costs(tables: Mapping[str, pl.DataFrame], scenario: Scenario) -> pl.DataFrame:
    """One row per charge, numbered: quantity, tokens (none) and cost_usd (null: not known)."""
    priced = price_charges(tables, scenario, books_of(scenario)["effective"][0]).with_row_index("_charge")
    priced = counted_charges(priced, tables["calls"], scenario)
    usd = pl.col("cost_pusd").cast(pl.Float64) / PUSD_PER_USD
    return priced.select(*_CHARGE, *CLASS, "quantity", tokens=pl.lit(0.0), cost_usd=usd)
