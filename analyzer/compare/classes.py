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
from traces.sums import known_total, total

CLASS: Final = ("provider", "model", "kind")
_PRICE_KEYS: Final = ("as_of", "books", "prices", "catalogue")
"""Keys of a scenario that say which prices; all others say how they apply."""


@dataclass(frozen=True, slots=True)
class Side:
    """A trace and how it is priced."""

    tables: Mapping[str, pl.DataFrame]
    scenario: Scenario


def hybrid(prices: Scenario, policy: Scenario) -> Scenario:
    """Apply the prices of one scenario under the policies of another."""
    return policy.model_copy(update={name: getattr(prices, name) for name in _PRICE_KEYS})


def class_costs(side: Side, scenarios: Sequence[Scenario]) -> list[pl.DataFrame]:
    """Quantities and costs of a trace by class under each scenario.

    Returns:
        For each scenario: CLASS, quantity (tokens, requests, or what a charge counts), tokens (0 for what is none) and
        cost_usd. What has no one price is left out.
    """
    plan = plan_of(side.tables, scenarios, ("run_id",))
    return [pl.concat([_of_calls(plan, scenario), _of_charges(side.tables, scenario)]) for scenario in scenarios]


def _of_calls(plan: Plan, scenario: Scenario) -> pl.DataFrame:
    rows = costs_by_name(plan, scenario)
    priced = rows.with_columns(quantity=pl.col("tokens") - pl.col("unpriced_tokens")).filter(pl.col("quantity") > 0)
    tokens = pl.when(pl.col("kind") == "request").then(0.0).otherwise("quantity").alias("tokens")
    chosen = priced.with_columns(tokens).group_by(CLASS).agg(total("quantity"), total("tokens"), total("cost_usd"))
    return chosen.select(*CLASS, "quantity", "tokens", "cost_usd")


def _of_charges(tables: Mapping[str, pl.DataFrame], scenario: Scenario) -> pl.DataFrame:
    priced = price_charges(tables, scenario, books_of(scenario)["effective"][0]).filter(pl.col("cost_pusd").is_not_null())
    sums = priced.group_by(CLASS).agg(total("quantity"), total("cost_pusd"))
    usd = pl.col("cost_pusd").cast(pl.Float64) / PUSD_PER_USD
    return sums.select(*CLASS, "quantity", tokens=pl.lit(0.0), cost_usd=usd)
