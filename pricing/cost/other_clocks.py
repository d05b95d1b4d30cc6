"""Clocks of a rollout that no trace recorded: on accelerators, and on an API of a stated speed.

Both give every call its seconds; a rollout takes the critical path over its calls, and the tool time kept of the trace.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from pricing.cost.clock import API
from pricing.hardware.hosted import HARDWARE, hosted_seconds
from pricing.hardware.point import Point
from pricing.hardware.replay.clock import rollout_seconds
from pricing.scenario.model import Speed


def with_hardware_clock(rollouts: pl.LazyFrame, calls: pl.LazyFrame, points: Sequence[Point]) -> pl.LazyFrame:
    """Add hardware_s, hardware_low_s and hardware_high_s to rollouts; a rollout on accelerators has no time on an API.

    Null: some call of it is of no deployed model, or the tool time is not told apart; high null: unbounded.

    Args:
        rollouts: ROLLOUTS with their clock on the API.
        calls: CALLS of all roles.
        points: Deployed models.
    """
    if not points:
        return rollouts.with_columns(pl.lit(None, pl.Float64).alias(name) for name in HARDWARE)
    timed = hosted_seconds(calls, points)
    seconds = rollout_seconds(timed, rollouts, HARDWARE).lazy().select("rollout_id", *HARDWARE)
    seconds = seconds.join(_with(timed, "hardware_s"), on="rollout_id", how="semi")
    is_hosted = pl.any_horizontal(pl.col(name).is_not_null() for name in HARDWARE)
    joined = rollouts.join(seconds, on="rollout_id", how="left", maintain_order="left")
    return joined.with_columns(pl.when(~is_hosted).then(pl.col(name)).alias(name) for name in API)


def with_stated_speed(rollouts: pl.LazyFrame, calls: pl.LazyFrame, speeds: Mapping[str, Speed]) -> pl.LazyFrame:
    """Put the seconds at stated speeds in place of api_s and its bounds, for rollouts of which every call has one.

    Args:
        rollouts: ROLLOUTS with their clock on the API.
        calls: CALLS of all roles.
        speeds: Speed of the API by model, as the trace writes it; "*": any other.
    """
    if not speeds:
        return rollouts
    models = calls.select(pl.col("model").cast(pl.String).unique()).collect(engine="streaming")["model"].drop_nulls()
    stated = {model: speeds.get(model, speeds.get("*")) for model in models}
    table = pl.LazyFrame(
        [(model, each.ttft_s, each.tokens_s) for model, each in stated.items() if each is not None],
        schema={"_model": pl.String, "_first_s": pl.Float64, "_tokens_s": pl.Float64},
        orient="row",
    )
    named = calls.with_columns(_model=pl.col("model").cast(pl.String))
    timed = named.join(table, on="_model", how="left", maintain_order="left")
    call_s = pl.col("_first_s") + pl.col("output_tokens") / pl.col("_tokens_s")
    timed = timed.with_columns(**dict.fromkeys(API, call_s))
    stated_s = rollout_seconds(timed, rollouts, API).lazy().filter(n_unknown=0)
    renamed = stated_s.select("rollout_id", **{f"_{name}": name for name in API})
    joined = rollouts.join(renamed, on="rollout_id", how="left", maintain_order="left")
    is_stated = pl.col("_api_low_s").is_not_null()
    return joined.with_columns(
        pl.when(is_stated).then(pl.col(f"_{name}")).otherwise(pl.col(name)).alias(name) for name in API
    ).drop(f"_{name}" for name in API)


def _with(calls: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """Rollouts with a call that has a value."""
    return calls.filter(pl.col(name).is_not_null()).select("rollout_id").unique()
