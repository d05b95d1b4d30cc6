"""Finding each call's rates: its place in the grid as one number, and one join on it. No as-of join on raw rows."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl

from pricing.cost.facts import Facts
from pricing.rates.grid import KEY_COLUMNS, Grid

_MINUTES_OF_WEEK: Final = (
    (pl.col("_at").dt.weekday().cast(pl.Int32) - 1) * 1440
    + pl.col("_at").dt.hour().cast(pl.Int32) * 60
    + pl.col("_at").dt.minute().cast(pl.Int32)
)
_FEW: Final = 8
"""Edges up to which it is faster to compare with each than to search among them."""
_IS_TOTAL: Final = (pl.col("granularity").cast(pl.String) != "call") | pl.col("n_requests").ne_missing(1)


@dataclass(frozen=True, slots=True)
class Times:
    """Where the moment of a price comes from.

    Args:
        moment: One moment for all calls; null: each call's own.
        of_rollouts: rollout_id, _rollout_at: used for calls without a time of their own.
        of_runs: run_id, _run_at: used where the rollout has none either.
    """

    moment: datetime | None
    of_rollouts: pl.LazyFrame
    of_runs: pl.LazyFrame


def with_rates(calls: pl.LazyFrame, grid: Grid, facts: Facts, times: Times, *, is_ordered: bool) -> pl.LazyFrame:
    """Add the rates of each call, price_from, and price_time_basis; null where no price is in force.

    Args:
        calls: Rows of CALLS; key columns may be String or Categorical.
        grid: Rates by place.
        facts: Facts of the calls.
        times: Where the moment comes from.
        is_ordered: Keep the order of rows (slower).
    """
    timed = _with_time(calls, facts, times)
    sizes = _sizes(grid)
    place = pl.lit(0, pl.UInt64)
    for number, size in zip(_key_numbers(grid, sizes, facts) + _grid_numbers(grid, facts, times), sizes, strict=True):
        place = place * size + number.cast(pl.UInt64)
    rates = _numbered(grid, sizes)
    joined = timed.with_columns(_place=place).join(
        rates.lazy(), on="_place", how="left", maintain_order="left" if is_ordered else "none"
    )
    return joined.drop("_place", "_at")


def _with_time(calls: pl.LazyFrame, facts: Facts, times: Times) -> pl.LazyFrame:
    if "started_at" in facts.known:
        whose = pl.lit("call" if times.moment is None else "as_of")
        return calls.with_columns(_at=pl.col("started_at"), price_time_basis=whose)
    own = pl.coalesce("started_at", "ended_at")
    joined = calls.join(times.of_rollouts, on="rollout_id", how="left", maintain_order="left")
    joined = joined.join(times.of_runs, on="run_id", how="left", maintain_order="left")
    basis = (
        pl.when(own.is_not_null()).then(pl.lit("call"))
        .when(pl.col("_rollout_at").is_not_null()).then(pl.lit("rollout"))
        .when(pl.col("_run_at").is_not_null()).then(pl.lit("run"))
        .otherwise(pl.lit("unknown"))
    )  # fmt: skip
    return joined.with_columns(
        _at=pl.coalesce(own, "_rollout_at", "_run_at"),
        price_time_basis=basis if times.moment is None else pl.lit("as_of"),
    ).drop("_rollout_at", "_run_at")


def _sizes(grid: Grid) -> list[int]:
    """Count the numbers a place is made of: one more than the highest of each key column, and one for null."""
    highest = [grid.keys.select(pl.col(name).to_physical().max()).item() for name in KEY_COLUMNS[:3]]
    of_keys = [(-1 if number is None else number) + 2 for number in highest]
    return [*of_keys, 3, grid.no_interval + 1, grid.any_bucket + 1, grid.any_slot + 1]


def _key_numbers(grid: Grid, sizes: Sequence[int], facts: Facts | None = None) -> list[pl.Expr]:
    """Numbers of the key columns; the last one of each stands for null."""
    schema = grid.keys.schema
    numbers = [pl.col(name).cast(schema[name]).to_physical() for name in KEY_COLUMNS[:3]] + [pl.col(KEY_COLUMNS[3])]
    return [
        number if facts is not None and name in facts.known else number.cast(pl.UInt64).fill_null(size - 1)
        for name, number, size in zip(KEY_COLUMNS, numbers, sizes, strict=False)
    ]


def _grid_numbers(grid: Grid, facts: Facts, times: Times) -> list[pl.Expr]:
    interval = _binned(pl.col("_at"), grid.breaks)
    if "started_at" not in facts.known:
        interval = pl.when(pl.col("_at").is_null()).then(grid.no_interval).otherwise(interval)
    if times.moment is not None:
        interval = pl.lit(bisect_right(grid.breaks, times.moment))
    return [interval, _bucket(grid, facts), _slot(grid, facts)]


def _bucket(grid: Grid, facts: Facts) -> pl.Expr:
    """Context bucket by all input of the request, cached included; a total may hold requests of any up to its own."""
    if not grid.thresholds:
        return pl.lit(0)
    bucket = _binned(pl.col("input_tokens"), grid.thresholds, right_closed=True)
    if "input_tokens" not in facts.known:
        bucket = bucket.fill_null(grid.any_bucket)
    if _has_totals(facts):
        bucket = (
            pl.when(_IS_TOTAL & (bucket > 0) & pl.col("input_tokens").is_not_null())
            .then(bucket + len(grid.thresholds))
            .otherwise(bucket)
        )
    return bucket


def _slot(grid: Grid, facts: Facts) -> pl.Expr:
    if not grid.slots:
        return pl.lit(0)
    slot = _binned(_MINUTES_OF_WEEK, grid.slots).fill_null(grid.any_slot)
    if _has_totals(facts):
        slot = pl.when(_IS_TOTAL).then(grid.any_slot).otherwise(slot)
    return slot


def _has_totals(facts: Facts) -> bool:
    return not (facts.is_always("granularity", "call") and facts.is_always("n_requests", 1))


def _binned(values: pl.Expr, edges: Sequence[Any], *, right_closed: bool = False) -> pl.Expr:
    """Number of edges at or below a value (below, if right-closed); element by element, so that it streams."""
    if not edges:
        return pl.lit(0, pl.UInt32)
    if len(edges) > _FEW:
        return values.bin_intervals(pl.Series(edges), labels=False, right_closed=right_closed)
    above = [(values > edge if right_closed else values >= edge).cast(pl.UInt32) for edge in edges]
    return pl.sum_horizontal(above, ignore_nulls=False)


def _numbered(grid: Grid, sizes: Sequence[int]) -> pl.DataFrame:
    """Cells by the number of their place."""
    place = pl.lit(0, pl.UInt64)
    for number, size in zip(_key_numbers(grid, sizes), sizes, strict=False):
        place = place * size + number
    numbered = grid.cells.join(grid.keys.select("key", "price_model", _place=place), on="key", how="inner")
    cell = pl.col("_place")
    for column, size in zip(("interval", "bucket", "slot"), sizes[4:], strict=True):
        cell = cell * size + pl.col(column).cast(pl.UInt64)
    return numbered.with_columns(_place=cell).drop("key", "interval", "bucket", "slot")
