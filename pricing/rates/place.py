"""Finding each call's rates: its place in the grid as one number, and one join on it. No as-of join on raw rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import polars as pl

from pricing.cost.facts import Facts
from pricing.rates.grid import PLACE, Grid, RateTable
from pricing.rates.keys import KEY_COLUMNS
from pricing.rates.lattice import Lattice

_MINUTES_OF_WEEK: Final = (
    (pl.col("_at").dt.weekday().cast(pl.Int32) - 1) * 1440
    + pl.col("_at").dt.hour().cast(pl.Int32) * 60
    + pl.col("_at").dt.minute().cast(pl.Int32)
)
_MANY: Final = 4
"""Cells to a row of rates from which it is faster to look rows up apart."""
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


def placed(calls: pl.LazyFrame, grid: Grid, facts: Facts, times: Times) -> pl.LazyFrame:
    """Add _place, the number of the cell a call lies in, _at, its moment (whose hour counts), and price_time_basis.

    Args:
        calls: Rows of CALLS; key columns may be String or Categorical.
        grid: Where calls are priced.
        facts: Facts of the calls.
        times: Where the moment comes from.
    """
    timed = _with_time(calls, facts, times)
    sizes = _sizes(grid)
    numbers = _key_numbers(grid.keys, sizes, facts) + _lattice_numbers(grid.lattice, facts, times)
    return timed.with_columns(_place=_number(numbers, sizes))


def cells_of(places: pl.Series, grid: Grid) -> pl.DataFrame:
    """Cells (key, interval, bucket, slot) of distinct numbers of places."""
    sizes = _sizes(grid)
    rest = pl.DataFrame({"_place": places})
    for name, size in zip(reversed((*KEY_COLUMNS, *PLACE[1:])), reversed(sizes), strict=True):
        rest = rest.with_columns(_place=pl.col("_place") // size, **{f"_{name}": pl.col("_place") % size})
    numbered = grid.keys.select("key", **{f"_{name}": number for name, number in _own_numbers(grid, sizes).items()})
    found = rest.join(numbered, on=[f"_{name}" for name in KEY_COLUMNS], how="inner", maintain_order="left")
    return found.select("key", **{name: pl.col(f"_{name}") for name in PLACE[1:]}).cast(dict.fromkeys(PLACE, pl.UInt32))


def with_rates(calls: pl.LazyFrame, rates: RateTable, grid: Grid, *, is_ordered: bool) -> pl.LazyFrame:
    """Add rates to calls that have a ``_place``; null where no price is in force.

    Where many cells share few rows of rates a call finds the row first: wide rows then stay in the processor's
    cache.

    Args:
        calls: Calls, placed.
        rates: Rates of cells, with further columns to add.
        grid: The grid of both.
        is_ordered: Keep the order of rows (slower).
    """
    order: Literal["left", "none"] = "left" if is_ordered else "none"
    cells, rows = _numbered(rates.cells, grid), rates.rows.join(grid.keys.select("key", "price_model"), on="key")
    rows = rows.drop("key")
    if rows.height * _MANY > cells.height:
        cells, rows = cells.join(rows, on="row"), rows.select("row")
    found = calls.join(cells.lazy(), on="_place", how="left", maintain_order=order)
    if rows.width > 1:
        found = found.join(rows.lazy(), on="row", how="left", maintain_order=order)
    return found.drop("_place", "row")


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
    lattice = grid.lattice
    of_keys = [3 if name == "is_batch" else _highest(grid.keys, name) + 2 for name in KEY_COLUMNS]
    return [*of_keys, lattice.no_interval + 1, lattice.any_bucket + 1, lattice.any_slot + 1]


def _highest(keys: pl.DataFrame, name: str) -> int:
    number = keys.select(pl.col(name).to_physical().max()).item()
    return -1 if number is None else number


def _number(numbers: Sequence[pl.Expr], sizes: Sequence[int]) -> pl.Expr:
    place = pl.lit(0, pl.UInt64)
    for number, size in zip(numbers, sizes, strict=True):
        place = place * size + number.cast(pl.UInt64)
    return place


def _key_numbers(keys: pl.DataFrame, sizes: Sequence[int], facts: Facts | None = None) -> list[pl.Expr]:
    """Numbers of the key columns; the last one of each stands for null."""
    known = facts.known if facts is not None else frozenset()
    absent = facts.absent if facts is not None else frozenset()
    numbers = []
    for name, size in zip(KEY_COLUMNS, sizes, strict=False):
        number = pl.col(name) if name == "is_batch" else pl.col(name).cast(keys.schema[name]).to_physical()
        number = number if name in known else number.cast(pl.UInt64).fill_null(size - 1)
        numbers.append(pl.lit(size - 1) if name in absent else number)
    return numbers


def _own_numbers(grid: Grid, sizes: Sequence[int]) -> dict[str, pl.Expr]:
    numbers = _key_numbers(grid.keys, sizes)
    return {name: number.cast(pl.UInt64) for name, number in zip(KEY_COLUMNS, numbers, strict=True)}


def _lattice_numbers(lattice: Lattice, facts: Facts, times: Times) -> list[pl.Expr]:
    interval = _binned(pl.col("_at"), lattice.breaks)
    if "started_at" not in facts.known:
        interval = pl.when(pl.col("_at").is_null()).then(lattice.no_interval).otherwise(interval)
    if times.moment is not None:
        interval = pl.lit(lattice.interval(times.moment))
    return [interval, _bucket(lattice, facts), _slot(lattice, facts)]


def _bucket(lattice: Lattice, facts: Facts) -> pl.Expr:
    """Context bucket by all input of the request, cached included; a total may hold requests of any up to its own."""
    if not lattice.thresholds:
        return pl.lit(0)
    bucket = _binned(pl.col("input_tokens"), lattice.thresholds, right_closed=True)
    if "input_tokens" not in facts.known:
        bucket = bucket.fill_null(lattice.any_bucket)
    if facts.has_totals:
        bucket = (
            pl.when(_IS_TOTAL & (bucket > 0) & pl.col("input_tokens").is_not_null())
            .then(bucket + len(lattice.thresholds))
            .otherwise(bucket)
        )
    return bucket


def _slot(lattice: Lattice, facts: Facts) -> pl.Expr:
    if not lattice.slots:
        return pl.lit(0)
    slot = _binned(_MINUTES_OF_WEEK, lattice.slots).fill_null(lattice.any_slot)
    if facts.has_totals:
        slot = pl.when(_IS_TOTAL).then(lattice.any_slot).otherwise(slot)
    return slot


def _binned(values: pl.Expr, edges: Sequence[Any], *, right_closed: bool = False) -> pl.Expr:
    """Number of edges at or below a value (below, if right-closed); element by element, so that it streams."""
    if not edges:
        return pl.lit(0, pl.UInt32)
    if len(edges) > _FEW:
        return values.bin_intervals(pl.Series(edges), labels=False, right_closed=right_closed)
    above = [(values > edge if right_closed else values >= edge).cast(pl.UInt32) for edge in edges]
    return pl.sum_horizontal(above, ignore_nulls=False)


def _numbered(cells: pl.DataFrame, grid: Grid) -> pl.DataFrame:
    """Cells by the number of their place."""
    sizes = _sizes(grid)
    numbered = {f"_{name}": number for name, number in _own_numbers(grid, sizes).items()}
    keyed = cells.join(grid.keys.select("key", **numbered), on="key", how="inner")
    numbers = [pl.col(f"_{name}") for name in KEY_COLUMNS] + [pl.col(name) for name in PLACE[1:]]
    return keyed.with_columns(_place=_number(numbers, sizes)).drop(*PLACE, *(f"_{name}" for name in KEY_COLUMNS))
