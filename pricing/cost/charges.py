"""Charges priced: quantity times the price per unit in force, for everything that bills and is not a text token."""

from datetime import UTC
from typing import Any

import polars as pl

from pricing.book import PriceBook
from pricing.scenario import Scenario

_PRICED = {"cost_pusd": pl.Int64, "cost_low_pusd": pl.Int64, "cost_high_pusd": pl.Int64, "cost_basis": pl.String}


def price_charges(
    charges: pl.DataFrame, rollouts: pl.DataFrame, runs: pl.DataFrame, scenario: Scenario, book: PriceBook
) -> pl.DataFrame:
    """Add cost_pusd, its bounds and cost_basis to CHARGES.

    A charge without a price, a quantity or a moment, or of more than nine million dollars, has no cost and no upper
    bound; its low bound is 0.
    """
    if charges.is_empty():
        return charges.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in _PRICED.items())
    timed = _with_moment(charges, rollouts, runs, scenario)
    wanted = timed.select("provider", "model", "kind", "unit", "_at").unique()
    prices = [_price(book, row) for row in wanted.iter_rows(named=True)]
    priced = wanted.with_columns(pl.Series("_price", prices, dtype=pl.Int64))
    joined = timed.join(priced, on=wanted.columns, how="left", nulls_equal=True, maintain_order="left")
    cost = (pl.col("quantity") * pl.col("_price")).round().cast(pl.Int64, strict=False)
    basis = pl.when(pl.col("quantity").is_null()).then(pl.lit("tokens_unknown")).otherwise(pl.lit("price_unknown"))
    return joined.with_columns(
        cost_pusd=cost,
        cost_low_pusd=cost.fill_null(0),
        cost_high_pusd=cost,
        cost_basis=pl.when(cost.is_not_null()).then(pl.lit("exact")).otherwise(basis),
    ).drop("_at", "_price")


def _with_moment(charges: pl.DataFrame, rollouts: pl.DataFrame, runs: pl.DataFrame, scenario: Scenario) -> pl.DataFrame:
    if scenario.moment is not None:
        return charges.with_columns(_at=pl.lit(scenario.moment))
    of_rollouts = rollouts.select("rollout_id", _rollout_at="started_at")
    of_runs = runs.select("run_id", _run_at="started_at")
    joined = charges.join(of_rollouts, on="rollout_id", how="left", maintain_order="left")
    joined = joined.join(of_runs, on="run_id", how="left", maintain_order="left")
    return joined.with_columns(_at=pl.coalesce("started_at", "_rollout_at", "_run_at")).drop("_rollout_at", "_run_at")


def _price(book: PriceBook, wanted: dict[str, Any]) -> int | None:
    """Pico-dollars per unit; null: no such price, no moment, or more than one price in force."""
    if wanted["_at"] is None or wanted["model"] is None:
        return None
    rows = book.on(wanted["model"], wanted["_at"].astimezone(UTC), wanted["provider"])
    rows = rows.filter(pl.col("kind") == wanted["kind"], pl.col("unit") == wanted["unit"])
    standard = rows.filter(pl.col("service_tier") == "standard", ~pl.col("is_batch"), pl.col("region").is_null())
    prices = standard["price_pusd"].unique().to_list()
    return int(prices[0]) if len(prices) == 1 else None
