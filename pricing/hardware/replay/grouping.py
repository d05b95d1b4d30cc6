"""Calls in the order of their rollouts, and which of them begin a stage: calls that overlap in the trace are one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pricing.cost.rounds import begins_round

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_READ: Final = (
    "rollout_id", "call_id", "call_index", "parent_call_id", "started_at", "ended_at", "latency_s", "time_basis",
    "n_requests", "is_billed", "granularity", "is_residual",
)  # fmt: skip
_ORDER: Final = ("row", "is_aggregate", "start_us", "call_index")


@dataclass(frozen=True)
class Grouped:
    """Calls by rollout.

    Args:
        sent: One row per call sent to a model, in order: row (of its rollout), call_index, is_aggregate, start_us and
            end_us (microseconds; null: not known), low_s and high_s (seconds recorded; null: unbounded), is_new
            (begins a stage), and whatever else was asked for.
        n_seen: Requests by rollout, those answered from a local cache included.
        n_unplaced: Rows of calls of none of the rollouts, such as totals of a run.
    """

    sent: pl.DataFrame
    n_seen: IntArray
    n_unplaced: int


def grouped(calls: pl.LazyFrame, rollout_ids: pl.Series, keep: Sequence[str]) -> Grouped:
    """Give the calls in order, with what begins a stage.

    A total of several calls (granularity other than call, or is_residual) is a stage of its own, after the others. So
    is a call without a stamp, unless the call before it contains it (parent_call_id): then it is of that call's stage.

    Args:
        calls: CALLS of all roles.
        rollout_ids: Rollouts to place them in.
        keep: Further columns of calls to give.
    """
    read = calls.select(*_READ, *keep).collect(engine="streaming")
    read = read if read["rollout_id"].is_sorted() else read.sort("rollout_id", maintain_order=True)
    placed = read.with_columns(row=_rows(read["rollout_id"], rollout_ids)).filter(pl.col("row").is_not_null())
    n_seen = np.bincount(placed["row"], placed["n_requests"].fill_null(1), len(rollout_ids)).astype(np.int64)
    sent = placed.filter("is_billed").select("row", "call_id", "parent_call_id", "call_index", *_times(), *keep)
    sent = sent.sort(_ORDER, nulls_last=False, maintain_order=True)
    return Grouped(_with_new(sent).drop("call_id", "parent_call_id"), n_seen, read.height - placed.height)


def floats(values: pl.Series) -> FloatArray:
    """Values as an array; not a number: not known."""
    return values.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _rows(ids: pl.Series, rollout_ids: pl.Series) -> pl.Series:
    """Row of the rollout of each call; null: none."""
    known = pl.DataFrame({"value": rollout_ids, "row": np.arange(len(rollout_ids))})
    runs = ids.rle().struct.unnest().join(known, on="value", how="left", maintain_order="left")
    return runs["row"].gather(ids.rle_id())


def _times() -> list[pl.Expr]:
    """Stamps, and the least and most seconds a call can have lasted: a stamp alone tells neither."""
    basis = pl.col("time_basis").cast(pl.String)
    started, ended = (pl.col(name).dt.epoch("us") for name in ("started_at", "ended_at"))
    latency_s = pl.coalesce("latency_s", (ended - started) / 1e6)
    return [
        ((pl.col("granularity").cast(pl.String) != "call") | pl.col("is_residual")).alias("is_aggregate"),
        started.alias("start_us"),
        pl.coalesce(ended, started + (pl.col("latency_s") * 1e6).round().cast(pl.Int64)).alias("end_us"),
        pl.when(basis == "measured").then(latency_s).fill_null(0.0).alias("low_s"),
        pl.when(basis != "lower_bound").then(latency_s).alias("high_s"),
    ]


def _with_new(sent: pl.DataFrame) -> pl.DataFrame:
    """Add is_new. Sorted by start, whatever overlaps an earlier call also overlaps the one before it."""
    ended, row = pl.coalesce("end_us", "start_us"), pl.col("row")
    overlaps = (pl.col("start_us") < ended.shift(1)) & (row == row.shift(1))
    is_alone = pl.col("is_aggregate") | pl.col("start_us").is_null()
    is_new = pl.lit(value=True)
    if sent.select(overlaps.any()).item():
        is_new = is_alone | begins_round(pl.col("start_us"), pl.when(~is_alone).then(ended), "row")
    if sent["parent_call_id"].null_count() < sent.height:
        is_new = is_new & ~(pl.col("start_us").is_null() & _is_contained())
    return sent.with_columns(is_new=is_new)


def _is_contained() -> pl.Expr:
    """Whether the call before, or one that contains it too, contains the call."""
    parent, row = pl.col("parent_call_id"), pl.col("row")
    inside = (parent == pl.col("call_id").shift(1)) | (parent == parent.shift(1))
    return (inside & (row == row.shift(1)) & ~pl.col("is_aggregate")).fill_null(value=False)
