"""Writing one source unit: batches are checked, sorted by key and written as one Parquet file per table.

Batches beyond the first few are set aside on disk, so that memory does not grow with the size of a unit.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from traces.checks import checked
from traces.registry import Batch
from traces.rejects import RejectLog
from traces.schema import TABLES
from traces.store import ROWS_PER_GROUP, write_parquet
from traces.usage import output_high, outside_reasoning_groups

_ROWS_IN_MEMORY: Final = 200_000


@dataclass(slots=True)
class _Pile:
    """Frames of one table: the latest in memory, earlier ones set aside on disk."""

    folder: Path
    frames: list[pl.DataFrame] = field(default_factory=list)
    aside: list[Path] = field(default_factory=list)
    n_rows: int = 0

    def add(self, frame: pl.DataFrame) -> None:
        self.frames.append(frame)
        self.n_rows += frame.height
        if sum(part.height for part in self.frames) > _ROWS_IN_MEMORY:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / f"{len(self.aside):06}.parquet"
            pl.concat(self.frames).write_parquet(path, compression="lz4")
            self.aside.append(path)
            self.frames = []

    def lazy(self) -> pl.LazyFrame:
        parts = [pl.scan_parquet(self.aside)] if self.aside else []
        return pl.concat([*parts, *(frame.lazy() for frame in self.frames)])


def write_shard(batches: Iterable[Batch], folder: Path, shard: str, log: RejectLog) -> dict[str, int]:
    """Write all batches of a unit under ``folder/<table>/<shard>.parquet``; return the rows written by table.

    Raises:
        MalformedTraceError: if the log stops on errors and a rule is broken.
    """
    piles: dict[str, _Pile] = {}
    groups: set[tuple[str | None, str | None]] = set()
    for batch in batches:
        tables = checked(batch, log)
        groups |= outside_reasoning_groups(tables["calls"]) if "calls" in tables else set()
        for name, frame in tables.items():
            piles.setdefault(name, _Pile(folder / ".aside" / f"{shard}.{name}")).add(frame)
    counts = {name: _write(name, pile, folder, shard, groups) for name, pile in piles.items() if pile.n_rows}
    rejects = log.frame()
    if rejects.height:
        _to_file(rejects, folder / "rejects" / f"{shard}.parquet")
    return {**counts, "rejects": rejects.height}


def _write(name: str, pile: _Pile, folder: Path, shard: str, groups: set[tuple[str | None, str | None]]) -> int:
    rows = pile.lazy()
    if name == "calls" and groups:
        rows = rows.with_columns(output_high(groups))
    key = TABLES[name].key
    target = folder / name / f"{shard}.parquet"
    if pile.aside:
        target.parent.mkdir(parents=True, exist_ok=True)
        rows.sort(key, maintain_order=True).sink_parquet(
            target, compression="zstd", compression_level=3, row_group_size=ROWS_PER_GROUP
        )
        for path in pile.aside:
            path.unlink()
    else:
        _to_file(TABLES[name].sort(rows.collect()), target)
    return pile.n_rows


def _to_file(frame: pl.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_parquet(frame, path)
