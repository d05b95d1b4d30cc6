"""Usage and cost of a trace by class: what the trace calls a model, and the kind of usage it was billed for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from pricing.cost.charges import price_charges
from pricing.prepare import books_of
from pricing.scenario import Scenario
from pricing.schema import PUSD_PER_USD
from pricing.sweep.plan import Plan, plan_of
from pricing.sweep.shares import costs_by_name
from traces.schema import TABLES
from traces.sums import total

CLASS: Final = ("provider", "model", "kind")
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
    """Quantities and costs of a trace by class under each scenario.

    Returns:
        For each scenario: CLASS, quantity (tokens, requests, or what a charge counts) and tokens (0 for what is none)
        of what has one price, cost_usd of it, and is_unpriced: the class is used, and nothing of it has one price.
    """
    plan = plan_of(side.tables, scenarios, ("run_id",))
    return [pl.concat([_of_calls(plan, scenario), _of_charges(side.tables, scenario)]) for scenario in scenarios]


def _of_calls(plan: Plan, scenario: Scenario) -> pl.DataFrame:
    rows = costs_by_name(plan, scenario)
    priced = rows.with_columns(quantity=pl.col("tokens") - pl.col("unpriced_tokens"))
    tokens = pl.when(pl.col("kind") == "request").then(0.0).otherwise("quantity").alias("tokens")
    sums = priced.with_columns(tokens).group_by(CLASS).agg(total("quantity"), total("tokens"), total("cost_usd"))
    return _columns(sums)


def _of_charges(tables: Mapping[str, pl.DataFrame], scenario: Scenario) -> pl.DataFrame:
    book = books_of(scenario)["effective"][0]
    priced = price_charges(tables, scenario, book)
    counted = pl.when(pl.col("cost_pusd").is_not_null()).then("quantity").otherwise(0.0)
    usd = pl.col("cost_pusd").fill_null(0).cast(pl.Float64) / PUSD_PER_USD
    sums = priced.group_by(CLASS).agg(quantity=total(counted), cost_usd=total(usd))
    return _columns(sums.with_columns(tokens=pl.lit(0.0)))


def _columns(sums: pl.DataFrame) -> pl.DataFrame:
    return sums.select(*CLASS, "quantity", "tokens", "cost_usd", is_unpriced=pl.col("quantity") <= 0)
