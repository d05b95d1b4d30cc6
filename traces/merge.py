"""What only shows over all units of a store: tasks named by several, calls that runs share."""

from pathlib import Path

import polars as pl

from traces.previous import keep_part
from traces.rejects import RejectLog
from traces.schema import TASKS
from traces.store import write_parquet


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
        keep_part(path, folder)
    write_parquet(TASKS.sort(TASKS.conform(merged)), folder / "tasks" / "tasks.parquet", TASKS)


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
