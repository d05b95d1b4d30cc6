"""Seconds of a rollout on any clock of its calls: the critical path over its stages, and the tool time between them."""

from typing import Final

import numpy as np
import polars as pl

from pricing.hardware.hosted import HARDWARE
from pricing.hardware.replay.gaps import longest_of
from pricing.hardware.replay.grouping import FloatArray, floats
from pricing.hardware.replay.stages import Stages, stages_of

_MICROSECOND: Final = 1e-6


def rollout_seconds(
    calls: pl.LazyFrame, rollouts: pl.LazyFrame, clock: tuple[str, str, str] = HARDWARE
) -> pl.DataFrame:
    """Seconds of every rollout, given those of its calls.

    Args:
        calls: CALLS of all roles, with the clock's three columns (seconds; null: not known, of the last: unbounded).
        rollouts: ROLLOUTS.
        clock: Names of the seconds, what they are at least and at most; those of the rollouts are named alike.

    Returns:
        One row per rollout, in the order of their key: rollout_id, the clock (null: calls without seconds or missing,
        or tool time not told apart; at least: of what is known; at most null: unbounded), tool_low_s and tool_high_s,
        n_unknown (calls without seconds) and the counts and flags of ``Stages.rollouts``.
    """
    stages = stages_of(calls, rollouts, clock)
    seconds, low, high = (floats(stages.calls[name]) for name in clock)
    in_model_s = _per_rollout(stages, longest_of(seconds, stages.first_call))
    at_least_s = _per_rollout(stages, longest_of(np.nan_to_num(low), stages.first_call))
    at_most_s = _per_rollout(stages, _at_most(stages, high))
    tool_low_s, tool_high_s = tool_seconds(stages)
    is_whole = stages.rollouts["n_missing"].to_numpy() == 0
    is_serial = stages.rollouts["n_chained"].to_numpy() == 0
    is_told = is_whole & is_serial & np.isclose(tool_low_s, tool_high_s, rtol=0, atol=_MICROSECOND)
    values = {
        clock[0]: np.where(is_told, in_model_s + tool_low_s, np.nan),
        clock[1]: at_least_s + tool_low_s,
        clock[2]: np.where(is_whole, at_most_s + tool_high_s, np.nan),
        "tool_low_s": tool_low_s,
        "tool_high_s": tool_high_s,
    }
    n_unknown = np.bincount(stages.calls["row"], np.isnan(seconds), stages.rollouts.height).astype(np.int64)
    columns = [pl.Series(name, array).fill_nan(None) for name, array in values.items()]
    return stages.rollouts.drop("started_at").with_columns(*columns, n_unknown=n_unknown).select(
        "rollout_id", *values, "n_unknown", pl.exclude("rollout_id", *values, "n_unknown")
    )  # fmt: skip


def tool_seconds(stages: Stages) -> tuple[FloatArray, FloatArray]:
    """Tool time of each rollout at least and at most; not a number: not bounded."""
    gaps = stages.gaps
    low_s = _per_rollout(stages, gaps.tool_low_s) + gaps.lead_low_s
    return low_s, _per_rollout(stages, gaps.tool_high_s) + gaps.lead_high_s


def _at_most(stages: Stages, seconds: FloatArray) -> FloatArray:
    """Longest call of a stage; where one began after another had ended, they may all have waited for each other."""
    longest = longest_of(seconds, stages.first_call)
    if not stages.is_chained.any():
        return longest
    return np.where(stages.is_chained, np.add.reduceat(seconds, stages.first_call), longest)


def _per_rollout(stages: Stages, seconds: FloatArray) -> FloatArray:
    return np.asarray(np.bincount(stages.stage_row, seconds, stages.rollouts.height), dtype=np.float64)
