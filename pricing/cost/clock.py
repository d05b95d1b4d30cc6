"""Clocks of a rollout: seconds as recorded, and seconds on an API under a scenario.

A batch share changes the clock: every round of calls then waits for the turnaround of a batch. Another model, tier or
use of the cache answers at another speed, which no trace tells: there the time is not known.
"""

from typing import Final

import polars as pl

from pricing.cost.rounds import begins_round
from pricing.scenario import Scenario
from pricing.scenario.model import Batch

RECORDED: Final = ("recorded_s", "recorded_low_s", "recorded_high_s")
API: Final = ("api_s", "api_low_s", "api_high_s")


def recorded_clock() -> list[pl.Expr]:
    """Seconds as recorded: one figure where measured, else the bound the stamps give."""
    wall, basis = pl.col("wall_s"), pl.col("time_basis")
    return [
        pl.when(basis == "measured").then(wall).alias("recorded_s"),
        pl.when(basis.is_in(["measured", "lower_bound"])).then(wall).alias("recorded_low_s"),
        pl.when(basis.is_in(["measured", "upper_bound"])).then(wall).alias("recorded_high_s"),
    ]


def with_api_clock(rollouts: pl.LazyFrame, calls: pl.LazyFrame, scenario: Scenario) -> pl.LazyFrame:
    """Add api_s, api_low_s and api_high_s to rollouts with a recorded clock; null: not known.

    Args:
        rollouts: ROLLOUTS with recorded_s and its bounds.
        calls: CALLS of all roles.
        scenario: How they would be sent.
    """
    if scenario.cache != "as_recorded" or scenario.service_tier is not None:
        return rollouts.with_columns(pl.lit(None, pl.Float64).alias(name) for name in API)
    clock = dict(zip(API, map(pl.col, RECORDED), strict=True))
    if scenario.batch is not None and scenario.batch.share_frac > 0:
        rollouts = rollouts.join(_rounds(calls), on="rollout_id", how="left", maintain_order="left")
        clock = _in_batches(scenario.batch)
    if scenario.substitute:
        replaced = _replaced(calls, scenario).select("rollout_id", _is_replaced=pl.lit(value=True)).unique()
        rollouts = rollouts.join(replaced, on="rollout_id", how="left", maintain_order="left")
        clock = {name: pl.when(pl.col("_is_replaced").is_null()).then(seconds) for name, seconds in clock.items()}
    return rollouts.with_columns(**clock).drop("_n_rounds", "_in_model_s", "_is_replaced", strict=False)


def _replaced(calls: pl.LazyFrame, scenario: Scenario) -> pl.LazyFrame:
    """Calls that are priced as another model."""
    pairs = calls.select("provider", "model").unique().collect(engine="streaming")
    others = [scenario.substitute_of(*pair) is not None for pair in pairs.iter_rows()]
    return calls.join(
        pairs.filter(pl.Series(others, dtype=pl.Boolean)).lazy(), on=["provider", "model"], how="semi", nulls_equal=True
    )


def _rounds(calls: pl.LazyFrame) -> pl.LazyFrame:
    """Rounds of calls by rollout: calls that were seen to overlap are one round, any other waits for the one before.

    Returns:
        rollout_id, _n_rounds, and _in_model_s, the seconds in which some call was under way; null: not measured.
    """
    timed = calls.filter(pl.col("rollout_id").is_not_null(), pl.col("is_billed")).sort("rollout_id", "started_at")
    is_new = begins_round(pl.col("started_at"), pl.col("ended_at"), "rollout_id")
    timed = timed.with_columns(_is_new=is_new)
    timed = timed.with_columns(_round=pl.col("_is_new").cum_sum().over("rollout_id"))
    is_timed = pl.col("started_at").is_not_null() & pl.col("ended_at").is_not_null()
    is_measured = is_timed & (pl.col("time_basis").cast(pl.String) == "measured")
    span = (pl.col("ended_at").max() - pl.col("started_at").min()).dt.total_microseconds() / 1_000_000
    of_rounds = timed.group_by("rollout_id", "_round").agg(
        _n=pl.col("n_requests").fill_null(1).sum(), _is_timed=is_timed.all(), _is_measured=is_measured.all(), _s=span
    )
    n_stages, n_calls = pl.len(), pl.col("_n").sum()
    return of_rounds.group_by("rollout_id").agg(
        _n_rounds=pl.when(pl.col("_is_timed").all()).then(n_stages).otherwise(n_calls).cast(pl.Int64),
        _in_model_s=pl.when(pl.col("_is_measured").all()).then(pl.col("_s").sum()),
    )


def _in_batches(batch: Batch) -> dict[str, pl.Expr]:
    """Seconds with a share of the calls in batches: the mean over both kinds of sending them.

    What is not spent in model calls stays. Where it is not told apart it may be nothing, or all of the time.
    """
    if batch.turnaround_s is None:
        return {name: pl.lit(None, pl.Float64) for name in API}
    share = batch.share_frac
    waits_s = share * pl.col("_n_rounds").fill_null(0) * batch.turnaround_s
    in_model_s = pl.coalesce("model_s", "_in_model_s")
    seconds, low, high = (pl.col(name) for name in RECORDED)
    return {
        "api_s": seconds - share * in_model_s + waits_s,
        "api_low_s": pl.coalesce(low - share * in_model_s, (1 - share) * low) + waits_s,
        "api_high_s": pl.coalesce(high - share * in_model_s, high) + waits_s,
    }
