"""Stages of rollouts: which calls run side by side, and the tool time between one stage and the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from pricing.hardware.replay.gaps import Gaps, Trace, gaps_of
from pricing.hardware.replay.grouping import BoolArray, Grouped, IntArray, floats, grouped

_OF_ROLLOUT: Final = (
    "rollout_id",
    "started_at",
    "ended_at",
    "wall_s",
    "model_s",
    "tool_s",
    "wait_s",
    "time_basis",
    "n_calls",
)

_KEY: Final = ("run_id", "rollout_id")


@dataclass(frozen=True)
class Stages:
    """Rollouts as stages one after the other, each of calls side by side.

    Args:
        calls: One row per call sent to a model, in order: row (of its rollout), call_index, and what else was kept.
        rollouts: One row per rollout, in the order of their key: rollout_id, started_at (null: not known), n_calls,
            n_missing (requests the source counts and the trace does not hold), n_aggregate (calls that are totals),
            n_chained (stages in which a call began after another had ended: the longest call is a low bound, the sum
            of all a high one), n_stages, and is_open (what came after the last stamp is not in its seconds).
        first_call: Row of the first call, by stage.
        stage_row: Row of the rollout, by stage.
        is_chained: Whether a call of the stage began after another had ended, by stage.
        gaps: Recorded seconds of calls, stages, and between them.
        n_unplaced: Rows of calls of none of the rollouts, which are in no stage.
    """

    calls: pl.DataFrame
    rollouts: pl.DataFrame
    first_call: IntArray
    stage_row: IntArray
    is_chained: BoolArray
    gaps: Gaps
    n_unplaced: int


def stages_of(calls: pl.LazyFrame, rollouts: pl.LazyFrame, keep: Sequence[str] = ()) -> Stages:
    """Group the calls of rollouts into stages.

    Calls whose recorded times overlap form one stage, stages are serial. Time between stages is tool time where stamps
    tell it apart, else rollouts.tool_s or wall_s - model_s - wait_s do; else it is none at least, and all of wall_s
    that is not in model calls at most, and not bounded where wall_s is unknown. Waiting for limits is no tool time
    where it lies between the stamps of a call or the rollout counts it; between calls it cannot be told from tools.

    Args:
        calls: CALLS of all roles; those answered from a local cache take no part.
        rollouts: ROLLOUTS.
        keep: Further columns of calls to keep, such as their seconds on another clock.
    """
    table = rollouts.select("run_id", *_OF_ROLLOUT).collect(engine="streaming").sort(_KEY)
    group = grouped(calls, table["rollout_id"], keep)
    trace = _trace(group, table)
    kept = group.sent.select("row", "call_index", *keep)
    return Stages(
        calls=kept,
        rollouts=_rollouts(trace, table),
        first_call=trace.first_call,
        stage_row=trace.stage_row,
        is_chained=trace.is_chained,
        gaps=gaps_of(trace),
        n_unplaced=group.n_unplaced,
    )


def _trace(group: Grouped, table: pl.DataFrame) -> Trace:
    """Take the columns apart into arrays; not a number: not known."""
    sent = group.sent
    first_call = np.flatnonzero(sent["is_new"].to_numpy()).astype(np.int64)
    call_row = sent["row"].to_numpy().astype(np.int64)
    started = pl.col("started_at").dt.epoch("us")
    ended = pl.coalesce(pl.col("ended_at").dt.epoch("us"), started + pl.col("wall_s") * 1e6)
    times = table.select(started.alias("start_us"), ended.alias("end_us"), "wall_s", "model_s", "tool_s", "wait_s")
    n_seen = pl.Series(group.n_seen)
    n_missing = (table["n_calls"] - n_seen).fill_null((n_seen == 0).cast(pl.Int64)).clip(0)
    return Trace(
        call_row=call_row,
        first_call=first_call,
        stage_row=call_row[first_call],
        is_aggregate=sent["is_aggregate"].to_numpy(),
        calls={name: floats(sent[name]) for name in ("start_us", "end_us", "low_s", "high_s")},
        rollouts={name: floats(times[name]) for name in times.columns},
        basis=table["time_basis"].cast(pl.String).fill_null("").to_numpy(),
        n_missing=n_missing.to_numpy(),
    )


def _rollouts(trace: Trace, table: pl.DataFrame) -> pl.DataFrame:
    first_us = np.full(table.height, np.nan)
    np.fmin.at(first_us, trace.call_row, trace.calls["start_us"])
    first = pl.Series(first_us).fill_nan(None).cast(pl.Int64).cast(pl.Datetime("us", "UTC"))
    return table.select(
        "rollout_id",
        pl.coalesce("started_at", first),
        n_calls=np.bincount(trace.call_row, minlength=table.height),
        n_missing=trace.n_missing,
        n_aggregate=trace.n_aggregate,
        n_chained=np.bincount(trace.stage_row, trace.is_chained, table.height).astype(np.int64),
        n_stages=np.bincount(trace.stage_row, minlength=table.height),
        is_open=~np.isin(trace.basis, ("measured", "upper_bound")),
    )
