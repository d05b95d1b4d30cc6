"""Which run, task and attempt each row of mapped tables belongs to: native ids, content ids, numbered attempts."""

from typing import Final

import polars as pl
import xxhash

from traces.errors import TraceError
from traces.plain.cells import PLACE
from traces.rejects import RejectLog

Parts = dict[str, list[pl.DataFrame]]
"""Converted frames by table; ``runs.facts`` and ``rollouts.facts`` hold what narrower tables say about wider ones."""

_ROLLOUT_KEYED: Final = ("rollouts", "rollouts.facts", "calls", "scores", "charges")
_NEEDS_ROLLOUT: Final = ("rollouts", "rollouts.facts", "scores")
_SLICE_ROWS: Final = 100_000


def with_keys(parts: Parts, run: pl.DataFrame, log: RejectLog) -> dict[str, pl.DataFrame]:
    """Give every row its run_id, and its task_id, attempt and rollout_id where it has a rollout.

    A ``rollout_id`` the source gives joins its tables and numbers the attempts at a task. Without a run_id all rows
    are one run, named after their content. Rows that lack the id they need go to the log.

    Raises:
        TraceError: if some rows name one of several runs and others none.
    """
    tables = {name: pl.concat(frames, how="diagonal_relaxed").sort("_path", "_row") for name, frames in parts.items()}
    read, tables = tables, _joined_on_native({name: _keyed(name, rows) for name, rows in tables.items()})
    tables = _with_run_ids(tables, run["run_id"].item() if "run_id" in run else None, read)
    tables = {name: _complete_rows(name, rows, log) for name, rows in tables.items()}
    attempts = _attempts(tables)
    return {name: _with_rollout_ids(name, rows, attempts) for name, rows in tables.items()}


def _content_id(tables: dict[str, pl.DataFrame]) -> str:
    """Name the content, whatever its order and wherever it lies."""
    digest = xxhash.xxh3_128()
    for name, rows in sorted(tables.items()):
        columns = sorted(set(rows.columns) - {*PLACE, "_is_keyed"})
        digest.update(f"{name} {columns}\n".encode())
        ordered = rows.select(columns).unique().sort(columns)
        for piece in ordered.iter_slices(_SLICE_ROWS):
            digest.update(piece.write_csv(include_header=False).encode())
    return f"table-{digest.hexdigest()[:12]}"


def _keyed(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Every key column, null where the source does not give it; the source's own rollout id as ``_native``."""
    keys = {"run_id": pl.String, "task_id": pl.String, "rollout_id": pl.String, "attempt": pl.Int64}
    if name not in _ROLLOUT_KEYED:
        keys = {"run_id": pl.String}
    absent = [pl.lit(None, dtype).alias(key) for key, dtype in keys.items() if key not in rows.columns]
    return rows.with_columns(absent).rename({"rollout_id": "_native"}, strict=False)


def _joined_on_native(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Where only the source's rollout id is given, take run, task and attempt from the rollouts that have it."""
    if "rollouts" not in tables:
        return tables
    known = tables["rollouts"].filter(pl.col("_native").is_not_null()).select("_native", "run_id", "task_id", "attempt")
    known = known.unique("_native", keep="none")
    keys = ("run_id", "task_id", "attempt")
    joined = {}
    for name, rows in tables.items():
        if name in _ROLLOUT_KEYED and name != "rollouts":
            found = rows.join(known, on="_native", how="left", suffix="_known", maintain_order="left")
            filled = found.with_columns(pl.coalesce(key, f"{key}_known").alias(key) for key in keys)
            joined[name] = filled.drop(f"{key}_known" for key in keys)
    return tables | joined


def _with_run_ids(
    tables: dict[str, pl.DataFrame], constant: str | None, read: dict[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    runs = {name: rows for name, rows in tables.items() if "run_id" in rows.columns and name != "tasks"}
    known = sorted({run_id for rows in runs.values() for run_id in rows["run_id"].drop_nulls().unique()})
    is_open = any(rows["run_id"].null_count() for rows in runs.values())
    if is_open and constant is None and len(known) > 1:
        problem = f"some rows name one of {len(known)} runs ({known[0]!r}, {known[1]!r} ...), others name none"
        raise TraceError(f"mapping: {problem}", "map run_id in every [[table]], or rollout_id in those that share it")
    run_id = constant or (known[0] if known else _content_id(read))
    return tables | {name: rows.with_columns(pl.col("run_id").fill_null(run_id)) for name, rows in runs.items()}


def _complete_rows(name: str, rows: pl.DataFrame, log: RejectLog) -> pl.DataFrame:
    """Rows that say which task they belong to, where they must."""
    if name == "tasks":
        is_lost = pl.col("task_id").is_null()
    elif name in _ROLLOUT_KEYED:
        must = pl.col("_is_keyed") if name == "calls" else pl.lit(value=name in _NEEDS_ROLLOUT)
        is_lost = must & pl.coalesce("task_id", "_native").is_null()
    else:
        return rows
    lost = rows.filter(is_lost)
    if name != "rollouts.facts":
        for path, place in lost.select("_path", "_place").iter_rows():
            log.malformed(path, place, "no task_id: it cannot be told which task the row belongs to")
    return rows.filter(~is_lost)


def _attempts(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Number the source's rollouts of a task, by start and then by id, from 0."""
    schema = {"run_id": pl.String, "_native": pl.String, "_number": pl.Int64}
    seen = [
        rows.filter(pl.col("_native").is_not_null()).select(
            "run_id",
            pl.coalesce("task_id", "_native").alias("task_id"),
            "_native",
            (pl.col("started_at") if "started_at" in rows.columns else pl.lit(None))
            .cast(pl.Datetime("us", "UTC"))
            .alias("started_at"),
        )
        for name, rows in tables.items()
        if name in _ROLLOUT_KEYED
    ]
    if not seen:
        return pl.DataFrame(schema=schema)
    natives = pl.concat(seen).group_by("run_id", "task_id", "_native").agg(pl.col("started_at").min())
    ordered = natives.sort("run_id", "task_id", "started_at", "_native", nulls_last=True)
    numbered = ordered.with_columns(_number=pl.int_range(pl.len()).over("run_id", "task_id").cast(pl.Int64))
    return numbered.select("run_id", "task_id", "_native", "_number")


def _with_rollout_ids(name: str, rows: pl.DataFrame, attempts: pl.DataFrame) -> pl.DataFrame:
    if name not in _ROLLOUT_KEYED:
        return rows
    named = rows.with_columns(task_id=pl.coalesce("task_id", "_native"))
    if attempts.height:
        named = named.join(attempts, on=["run_id", "task_id", "_native"], how="left", maintain_order="left")
    numbers = [pl.col("_number")] if attempts.height else []
    attempt = pl.coalesce("attempt", *numbers, pl.lit(0, pl.Int64))
    numbered = named.with_columns(attempt=pl.when(pl.col("task_id").is_not_null()).then(attempt))
    rollout_id = pl.concat_str("run_id", "task_id", "attempt", separator="/")
    return numbered.with_columns(rollout_id=rollout_id).drop("_native", "_number", "_is_keyed", strict=False)
