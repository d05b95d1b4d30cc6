"""At which prices two agents cost the same: the prices that changed, on the straight line between both sides."""

from typing import Final

import polars as pl

from analyzer.compare.classes import Side
from pricing.sweep.plan import plan_of
from pricing.sweep.shares import contributions
from traces.sums import total

_CLASS: Final = ("agent", "price_model", "kind")
_LEAST_CHANGE: Final = 1e-9
_USD_PER_MTOK: Final = 1e6


def crossing_prices(before: Side, after: Side, flips: pl.DataFrame) -> pl.DataFrame:
    """Prices of both agents of each flip that changed, and what they are where the costs cross.

    Args:
        before: Trace and scenario A.
        after: Trace and scenario B.
        flips: What ``orders.flips`` returns.

    Returns:
        benchmark, agent_a, agent_b, agent, price_model, kind, before_usd_per_mtok, after_usd_per_mtok,
        crossing_usd_per_mtok; prices are means over the usage, those that move the two costs apart most come first.
    """
    one, other = _rates(before, "before"), _rates(after, "after")
    both = one.join(other, on=["benchmark", *_CLASS], how="inner", nulls_equal=True)
    start, end = pl.col("before_usd_per_mtok"), pl.col("after_usd_per_mtok")
    changed = both.filter(((end - start) / start).abs() > _LEAST_CHANGE)
    pairs = pl.concat(flips.with_columns(agent=name) for name in ("agent_a", "agent_b"))
    met = pairs.join(changed, on=["benchmark", "agent"], how="inner", nulls_equal=True)
    ordered = met.with_columns(
        crossing_usd_per_mtok=start + pl.col("crossing_frac") * (end - start),
        _moved=((end - start) * pl.col("tokens")).abs(),
    ).sort("benchmark", "agent_a", "agent_b", "_moved", descending=[False, False, False, True])
    return ordered.select(
        "benchmark", "agent_a", "agent_b", "agent", "price_model", "kind", "before_usd_per_mtok",
        "after_usd_per_mtok", "crossing_usd_per_mtok",
    )  # fmt: skip


def _rates(side: Side, end: str) -> pl.DataFrame:
    """Mean dollars per million tokens of each agent's usage, by model and kind."""
    parts = contributions(plan_of(side.tables, [side.scenario], ("run_id",)), side.scenario)
    named = parts.filter("is_priced", pl.col("tokens") > 0, pl.col("kind") != "request").join(
        side.tables["runs"].select("run_id", "benchmark", "agent"), on="run_id"
    )
    sums = named.group_by("benchmark", *_CLASS).agg(total("cost_usd"), total("tokens"))
    rate = (pl.col("cost_usd") / pl.col("tokens") * _USD_PER_MTOK).alias(f"{end}_usd_per_mtok")
    return sums.select("benchmark", *_CLASS, rate, *(["tokens"] if end == "before" else []))
