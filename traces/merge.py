"""What only shows over all units of a store: the same run twice, tasks named by several, calls that runs share."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import polars as pl

from traces.previous import PARTS
from traces.registry import Source
from traces.rejects import RejectLog
from traces.schema import TABLES, TASKS
from traces.store import write_parquet


def drop_copies(folder: Path, sources: Mapping[str, Source], log: RejectLog) -> None:
    """Keep each run once, where most of its calls are listed: elsewhere it is left out and listed as a copy.

    Args:
        folder: Store being built.
        sources: Units by shard.
        log: Where copies are listed.
    """
    shards: dict[str, list[str]] = {}
    for shard, run_id in _runs(folder, sources):
        shards.setdefault(run_id, []).append(shard)
    copies: dict[str, list[str]] = {}
    for run_id, found in shards.items():
        owner = max(found, key=lambda shard: _held(folder, shard, run_id)) if len(found) > 1 else found[0]
        for shard in (shard for shard in found if shard != owner):
            log.duplicate(sources[shard].name, "", run_id, f"the same run as in {sources[owner].name}")
            copies.setdefault(shard, []).append(run_id)
    for shard, run_ids in copies.items():
        _drop_runs(folder, shard, run_ids)


def _runs(folder: Path, shards: Iterable[str]) -> list[tuple[str, str]]:
    """Shards and the runs in them, in the order of the shards."""
    paths = [path for shard in shards if (path := folder / "runs" / f"{shard}.parquet").is_file()]
    if not paths:
        return []
    runs = pl.scan_parquet(paths, include_file_paths="_path", glob=False).select("_path", "run_id").collect()
    return [(Path(path).stem, run_id) for path, run_id in runs.rows()]


def _held(folder: Path, shard: str, run_id: str) -> tuple[int, int]:
    """Calls of a run in a shard, and rows of its totals, which an unfinished copy lacks."""
    path = folder / "calls" / f"{shard}.parquet"
    if not path.is_file():
        return 0, 0
    is_call = pl.col("granularity") == "call"
    rows = pl.scan_parquet(path).filter(pl.col("run_id") == run_id)
    counted = rows.select(calls=is_call.sum(), totals=(~is_call).sum()).collect()
    return int(counted["calls"].item()), int(counted["totals"].item())


def _drop_runs(folder: Path, shard: str, run_ids: Sequence[str]) -> None:
    for name, table in TABLES.items():
        path = folder / name / f"{shard}.parquet"
        if "run_id" in table.schema and path.is_file():
            rows = pl.scan_parquet(_keep(path, folder)).filter(~pl.col("run_id").is_in(run_ids)).collect()
            if rows.height:
                write_parquet(rows, path, table)


def merge_tasks(folder: Path, log: RejectLog) -> None:
    """Make one table of the tasks all units name; what they say differently of one becomes unknown and is listed."""
    parts = sorted((folder / "tasks").glob("*.parquet"))
    if not parts:
        return
    named = pl.read_parquet(parts, glob=False)
    said = [name for name in named.columns if name not in TASKS.key]
    values = {name: pl.col(name).drop_nulls().unique(maintain_order=True) for name in said}
    by_task = named.group_by(TASKS.key, maintain_order=True).agg(**values)
    for name in said:
        for benchmark, task_id in by_task.filter(pl.col(name).list.len() > 1).select(TASKS.key).sort(TASKS.key).rows():
            log.contradiction("tasks", f"{benchmark or '?'}/{task_id}", f"inputs name more than one {name}")
    only = (pl.when(pl.col(name).list.len() == 1).then(pl.col(name).list.first()).alias(name) for name in said)
    merged = by_task.with_columns(only)
    for path in parts:
        _keep(path, folder)
    write_parquet(TASKS.sort(TASKS.conform(merged)), folder / "tasks" / "tasks.parquet", TASKS)


def _keep(path: Path, folder: Path) -> Path:
    """Move a shard to where the next reading finds it as it was read."""
    kept = folder / PARTS / path.parent.name / path.name
    kept.parent.mkdir(parents=True, exist_ok=True)
    return path.rename(kept)


def n_calls_in_several_runs(folder: Path) -> int:
    """Count the ids of calls that appear in more than one run: rollouts that were copied from run to run."""
    shards = sorted((folder / "calls").glob("*.parquet"))
    runs = sorted((folder / "runs").glob("*.parquet"))
    if not shards or pl.scan_parquet(runs).select(pl.len()).collect().item() == 1:
        return 0
    run, call = pl.col("run_id").hash(), pl.col("call_id").hash()
    by_call = pl.scan_parquet(shards).select(run=run, call=call).group_by("call").agg(
        first=pl.col("run").min(), last=pl.col("run").max()
    )  # fmt: skip
    several = by_call.filter(pl.col("first") != pl.col("last")).select(pl.len())
    return int(several.collect(engine="streaming").item())
