"""The same run, or the same attempt, in several inputs: counted once, the copies listed, what they contradict named.

A run is told by its id, an attempt by the id its source gave it, at one task of one benchmark in one format.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import polars as pl

from traces.differing import differences
from traces.previous import keep_part
from traces.registry import Source
from traces.rejects import RejectLog
from traces.schema import TABLES
from traces.store import write_parquet
from traces.written import SHARD, Written

_RUN: Final = (SHARD, "run_id")
_ROLLOUT: Final = (*_RUN, "rollout_id")
_ATTEMPT: Final = ("source_format", "benchmark", "task_id", "native_id")
_KEPT: Final = {name: f"kept_{name}" for name in _ROLLOUT}


def drop_copies(folder: Path, sources: Mapping[str, Source], log: RejectLog) -> None:
    """Keep each run once, where most of its calls are listed, and each attempt once, in the run that has most.

    Args:
        folder: Store being built.
        sources: Units by shard.
        log: Where copies, and what they say otherwise than what is kept, are listed.
    """
    written = Written(folder, list(sources))
    runs = written.scan("runs", ["run_id", "source_format"]).collect()
    whole = _copied_runs(written, runs)
    attempts = _copied_attempts(written, runs.join(whole, on=_RUN, how="anti"))
    if whole.is_empty() and attempts.is_empty():
        return
    names = {shard: source.name for shard, source in sources.items()}
    emptied = _emptied(written, attempts)
    for row in whole.sort(_RUN).iter_rows(named=True):
        reason = f"the same run as in {names[row['kept_shard']]}"
        log.duplicate(names[row[SHARD]], "", row["run_id"], reason)
    for row in attempts.sort(_ROLLOUT).iter_rows(named=True):
        reason = f"the same attempt, {row['native_id']}, as in {names[row['kept_shard']]}"
        log.duplicate(names[row[SHARD]], row["rollout_id"], row["kept_rollout_id"], reason)
    pairs = pl.concat([_paired(written, whole), attempts.select(*_ROLLOUT, *_KEPT.values())])
    for shard, rollout_id, said in differences(written, pairs, names):
        log.contradiction(names[shard], rollout_id, said)
    _drop(written, pl.concat([whole.select(_RUN), emptied]), attempts)


def _copied_runs(written: Written, runs: pl.DataFrame) -> pl.DataFrame:
    """Runs that are kept in another shard, ``kept_shard``."""
    several = runs.filter(pl.len().over("run_id") > 1)
    shards = several[SHARD].unique().to_list()
    calls = written.scan("calls", ["run_id", "granularity"], shards).filter(pl.col("run_id").is_in(several["run_id"]))
    is_call = pl.col("granularity") == "call"
    counted = calls.group_by(_RUN).agg(calls=is_call.sum(), totals=(~is_call).sum()).collect()
    order = pl.DataFrame({SHARD: written.shards}).with_row_index("order")
    held = several.join(counted, on=_RUN, how="left").join(order, on=SHARD).fill_null(0)
    ranked = held.sort("calls", "totals", "order", descending=[True, True, False])
    kept = pl.col(SHARD).first().over("run_id").alias("kept_shard")
    return ranked.select(*_RUN, kept).filter(pl.col(SHARD) != pl.col("kept_shard"))


def _copied_attempts(written: Written, runs: pl.DataFrame) -> pl.DataFrame:
    """Attempts that are kept in another run: of the runs that have one, in that which has most of them scored."""
    columns = ["run_id", "rollout_id", "benchmark", "task_id", "native_id", "score"]
    rollouts = written.scan("rollouts", columns).join(runs.lazy(), on=_RUN, nulls_equal=True)
    named = rollouts.filter(pl.col("native_id").is_not_null())
    shared = named.filter(pl.col("run_id").n_unique().over(_ATTEMPT) > 1).collect()
    if shared.is_empty():
        return pl.DataFrame(schema=dict.fromkeys((*_ROLLOUT, "native_id", *_KEPT.values()), pl.String))
    sizes = rollouts.group_by("run_id").agg(scored=pl.col("score").count(), all=pl.len()).collect()
    ranked = shared.join(sizes, on="run_id").sort(
        "scored", "all", "run_id", "rollout_id", descending=[True, True, False, False]
    )
    kept = [pl.col(name).first().over(_ATTEMPT).alias(alias) for name, alias in _KEPT.items()]
    return (
        ranked.with_columns(kept)
        .filter(pl.col("run_id") != pl.col("kept_run_id"))
        .select(*_ROLLOUT, "native_id", *_KEPT.values())
    )


def _emptied(written: Written, attempts: pl.DataFrame) -> pl.DataFrame:
    """Runs of which nothing is left without these attempts; one with spending of its own besides them stays."""
    shards = attempts[SHARD].unique().to_list()
    rollouts = written.scan("rollouts", ["run_id", "rollout_id"], shards).collect()
    rest = written.scan("calls", ["run_id", "is_residual", "rollout_id"], shards)
    spending = rest.filter(pl.col("is_residual") & pl.col("rollout_id").is_null()).select(_RUN).collect()
    left = pl.concat([rollouts.join(attempts, on=_ROLLOUT, how="anti").select(_RUN), spending])
    return attempts.select(_RUN).unique().join(left, on=_RUN, how="anti")


def _paired(written: Written, whole: pl.DataFrame) -> pl.DataFrame:
    """Rollouts of copied runs beside those that are kept: the same by their own id, where they have one."""
    shards = sorted({*whole[SHARD], *whole["kept_shard"]})
    native_id = pl.coalesce("native_id", "rollout_id")
    rollouts = written.scan("rollouts", ["run_id", "rollout_id", "native_id"], shards).with_columns(native_id).collect()
    kept = rollouts.rename({SHARD: "kept_shard", "rollout_id": "kept_rollout_id"})
    pairs = whole.join(rollouts, on=_RUN).join(kept, on=["kept_shard", "run_id", "native_id"])
    return pairs.with_columns(kept_run_id="run_id").select(*_ROLLOUT, *_KEPT.values())


def _drop(written: Written, runs: pl.DataFrame, attempts: pl.DataFrame) -> None:
    for shard in sorted({*runs[SHARD], *attempts[SHARD]}):
        gone_runs = runs.filter(pl.col(SHARD) == shard)["run_id"].to_list()
        gone = attempts.filter(pl.col(SHARD) == shard).select(_ROLLOUT[1:]).lazy()
        for name, table in TABLES.items():
            path = written.path(name, shard)
            if "run_id" not in table.schema or not path.is_file():
                continue
            rows = pl.scan_parquet(keep_part(path, written.folder)).filter(~pl.col("run_id").is_in(gone_runs))
            if "rollout_id" in table.schema:
                rows = rows.join(gone, on=_ROLLOUT[1:], how="anti", maintain_order="left")
            left = rows.collect()
            if left.height:
                write_parquet(left, path, table)
