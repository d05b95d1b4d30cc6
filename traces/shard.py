"""Writing one source unit: batches are checked, sorted by key and written as one Parquet file per table.

Batches beyond the first few are set aside on disk, so that memory does not grow with the size of a unit.
"""

from collections.abc import Iterable
from pathlib import Path
from shutil import rmtree

import polars as pl

from traces.checks import checked
from traces.pile import Pile
from traces.registry import Batch
from traces.rejects import RejectLog
from traces.repeats import RepeatLog, has_repeats, without
from traces.schema import CALLS, REJECTS, TABLES
from traces.store import sink_parquet, write_parquet
from traces.usage import output_high, outside_reasoning_groups

Pair = tuple[str | None, str | None]
"""A provider and a model."""


def write_shard(batches: Iterable[Batch], folder: Path, shard: str, unit: str, log: RejectLog) -> dict[str, int]:
    """Write all batches of a unit under ``folder/<table>/<shard>.parquet``; return the rows written by table.

    Of rows that repeat a key the first is kept, the others go to the log.

    Args:
        batches: Partial canonical tables.
        folder: Store being built.
        shard: Name of the files.
        unit: Name of the unit in the log.
        log: Where rows that break a rule are reported.

    Raises:
        MalformedTraceError: if the log stops on errors and a rule is broken.
    """
    piles: dict[str, Pile] = {}
    groups: set[Pair] = set()
    for batch in batches:
        tables = checked(batch, log)
        groups |= outside_reasoning_groups(tables["calls"]) if "calls" in tables else set()
        for name, frame in tables.items():
            piles.setdefault(name, Pile(TABLES[name], folder / ".aside" / f"{shard}.{name}")).add(frame)
    target = f"{shard}.parquet"
    counts = {
        name: _write(pile, groups, folder / name / target, RepeatLog(unit, log))
        for name, pile in piles.items()
        if pile.n_rows
    }
    if log.rows:
        write_parquet(log.frame(), folder / "rejects" / target, REJECTS)
    return {**counts, "rejects": len(log.rows)}


def _write(pile: Pile, groups: set[Pair], target: Path, log: RepeatLog) -> int:
    if not pile.aside:
        return _write_frame(pile, groups, target, log)
    table, rows = pile.table, pile.in_order()
    if table is CALLS and groups:
        rows = rows.with_columns(output_high(groups))
    sink_parquet(rows, target, table)
    repeated = log.repeated(pl.scan_parquet(target), table)
    if repeated:
        whole = target.rename(pile.folder / "whole.parquet")
        sink_parquet(without(pl.scan_parquet(whole), repeated), target, table)
    rmtree(pile.folder)
    return pile.n_rows - len(repeated)


def _write_frame(pile: Pile, groups: set[Pair], target: Path, log: RepeatLog) -> int:
    """Write few rows without the plan of a query: it takes longer than the rows do."""
    table, frame = pile.table, pile.in_memory()
    if table is CALLS and groups:
        frame = frame.with_columns(output_high(groups))
    if has_repeats(frame, table):
        frame = without(frame.lazy(), log.repeated(frame.lazy(), table)).collect()
    write_parquet(frame, target, table)
    return frame.height
