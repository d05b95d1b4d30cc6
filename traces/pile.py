"""Rows of one table on their way into a shard: few in memory, the others on disk, and in order at the end."""

from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

import polars as pl

from traces.table import Table

_ROWS_IN_MEMORY: Final = 40_000
_RANGE: Final = ("run_id", "rollout_id")

Bound = tuple[str, str] | None
"""Run and rollout a range ends with ("" for the totals of a run); None: no bound."""


@dataclass(slots=True)
class Pile:
    """Frames of one table: the latest in memory, earlier ones set aside on disk."""

    table: Table
    folder: Path
    frames: list[pl.DataFrame] = field(default_factory=list)
    aside: list[Path] = field(default_factory=list)
    n_rows: int = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Add a conformed frame."""
        self.frames.append(frame)
        self.n_rows += frame.height
        if sum(part.height for part in self.frames) > _ROWS_IN_MEMORY:
            self._set_aside()

    def in_order(self) -> pl.LazyFrame:
        """All rows sorted by key, those of one key as they came."""
        if not self.aside:
            return self.in_memory().lazy()
        self._set_aside()
        rows = pl.scan_parquet(self.aside)
        if not set(_RANGE) <= set(self.table.key):
            return _sorted(rows, self.table)
        paths = []
        for number, (after, until) in enumerate(pairwise(_bounds(rows))):
            paths.append(self.folder / f"sorted-{number:06}.parquet")
            _sorted(rows.filter(_within(after, until)), self.table).collect().write_parquet(
                paths[-1], compression="lz4"
            )
        return pl.scan_parquet(paths)

    def in_memory(self) -> pl.DataFrame:
        """All rows as ``in_order``, where none are set aside."""
        return self.table.sort(pl.concat(self.frames))

    def _set_aside(self) -> None:
        if self.frames:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / f"{len(self.aside):06}.parquet"
            pl.concat(self.frames).write_parquet(path, compression="lz4")
            self.aside.append(path)
            self.frames = []


def _sorted(rows: pl.LazyFrame, table: Table) -> pl.LazyFrame:
    return rows.sort(table.key, nulls_last=False, maintain_order=True)


def _bounds(rows: pl.LazyFrame) -> list[Bound]:
    """Where to cut the rows, so that each range fits in memory; a rollout is not cut."""
    sizes = rows.group_by(run_id="run_id", rollout_id=_rollout()).len().collect(engine="streaming").sort(_RANGE)
    number = sizes["len"].cum_sum() // _ROWS_IN_MEMORY
    ends = sizes.with_columns(_number=number).group_by("_number", maintain_order=True).agg(pl.col(_RANGE).last())
    return [None, *ends.select(_RANGE).rows()[:-1], None]


def _rollout() -> pl.Expr:
    return pl.col("rollout_id").fill_null("")


def _within(after: Bound, until: Bound) -> pl.Expr:
    conditions = [pl.lit(value=True), *([_is_after(after)] if after else []), *([~_is_after(until)] if until else [])]
    return pl.all_horizontal(conditions)


def _is_after(bound: tuple[str, str]) -> pl.Expr:
    run_id, rollout_id = bound
    return (pl.col("run_id") > run_id) | ((pl.col("run_id") == run_id) & (_rollout() > rollout_id))
