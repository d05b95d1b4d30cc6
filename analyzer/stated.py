"""Dollars a source states: of a run as a whole, else the sum of its rollouts, else of its calls and charges."""

import polars as pl

from analyzer.words import at_least, usd
from traces.store import Store
from traces.sums import known_total, total


def stated_costs(store: Store) -> pl.DataFrame:
    """One row per run: run_id, stated_cost_usd (null: not stated, or not of all parts), stated_low_usd (of some)."""
    runs = store.scan("runs").select("run_id", whole_run="recorded_cost_usd")
    rollouts = _sums(store.scan("rollouts"), "rollouts")
    parts = pl.concat([store.scan(name).select("run_id", "recorded_cost_usd") for name in ("calls", "charges")])
    joined = runs.join(rollouts, on="run_id", how="left").join(_sums(parts, "parts"), on="run_id", how="left")
    return joined.select(
        "run_id",
        stated_cost_usd=pl.coalesce("whole_run", "rollouts", "parts"),
        stated_low_usd=pl.max_horizontal("rollouts_low", "parts_low"),
    ).collect()


def stated(cost_usd: float | None, low_usd: float | None) -> str | None:
    """Write what a source states; null: nothing."""
    if cost_usd is not None:
        return usd(cost_usd)
    return at_least(usd, low_usd) if low_usd else None


def _sums(rows: pl.LazyFrame, name: str) -> pl.LazyFrame:
    return rows.group_by("run_id").agg(
        total("recorded_cost_usd").alias(name), known_total("recorded_cost_usd").alias(f"{name}_low")
    )
