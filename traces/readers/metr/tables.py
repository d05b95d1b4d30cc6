"""METR runs as canonical tables: an agent is a run, its runs at tasks are rollouts; humans are a run of their own."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import polars as pl
import xxhash

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import whole
from traces.files import printable
from traces.readers.metr.rows import Row, read_rows
from traces.registry import Batch, Source
from traces.rejects import RejectLog

_BENCHMARK: Final = "metr-time-horizon"
_HUMAN: Final = "human"
_ERRORS: Final = {
    "agent": "error", "server": "error_infra", "task": "error_infra", "serverortask": "error_infra",
    "user": "error_infra",
}  # fmt: skip
_LIMIT: Final = "usagelimits"
_EARLIEST: Final = datetime(2015, 1, 1, tzinfo=UTC).timestamp() * 1000
"""Stamps before that count from the start of the run: human baselines begin at 0."""
_SCHEMA: Final = pl.Schema({
    "alias": pl.String, "source_id": pl.String, "task_id": pl.String, "family": pl.String,
    "scaffold": pl.String, "score": pl.Float64, "is_success": pl.Boolean, "raw": pl.Float64, "stop_reason": pl.String,
    "limit_s": pl.Float64, "start_ms": pl.Float64, "end_ms": pl.Float64, "wall_s": pl.Float64, "human_s": pl.Float64,
    "human_cost_usd": pl.Float64, "recorded_cost_usd": pl.Float64, "n_tokens": pl.Int64, "n_actions": pl.Int64,
    "metric": pl.String, "native_id": pl.String, PLACE_COLUMN: pl.String,
})  # fmt: skip


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map a run table to a run per agent, one after the other."""
    file = source.files[0]
    by_binarized = source.choices.scorer not in {"score", "score_cont"}
    rows = [_values(row, place, file.name, log) for place, row in read_rows(file, log)]
    table = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    if not by_binarized:
        table = table.with_columns(score=pl.col("raw"))
    shared = pl.lit(file.name).alias(PATH_COLUMN)
    yield {"tasks": _tasks(table, file.name, log)}
    for _, agent in sorted(table.group_by("alias"), key=lambda group: str(group[0])):
        keyed = _keyed(_once(agent, file.name, log))
        frames = _frames(keyed)
        yield {"runs": _run(keyed, source.name, by_binarized=by_binarized)} | {
            name: frame.with_columns(shared) for name, frame in frames.items()
        }


def _values(row: Row, place: str, path: str, log: RejectLog) -> tuple[object, ...]:
    raw = row.score if row.score is not None else row.score_cont
    wall_s = _wall_s(row, place, path, log)
    is_human = _is_human(row)
    tokens = None if is_human else whole(row.tokens_count if row.tokens_count is not None else row.total_tokens)
    cost_usd = row.dollar_equivalent if is_human else row.generation_cost
    is_solved = None if row.score_binarized is None else row.score_binarized == 1
    return (
        printable(str(row.alias)), printable(str(row.run_id)), printable(str(row.task_id)),
        row.task_family and printable(row.task_family),
        row.scaffold and printable(row.scaffold.rpartition(",")[2]), row.score_binarized, is_solved, raw,
        _stop_reason(row, wall_s), row.time_limit or None, _stamp(row.started_at), _stamp(row.completed_at), wall_s,
        None if row.human_minutes is None else round(row.human_minutes * 60, 6), row.human_cost, cost_usd or None,
        tokens or None, whole(row.action_count), "score" if row.score is not None else "score_cont",
        None if row.cloned else printable(str(row.run_id)), place,
    )  # fmt: skip


def _is_human(row: Row) -> bool:
    return _HUMAN in {(row.alias or "").lower(), (row.model or "").lower()}


def _wall_s(row: Row, place: str, path: str, log: RejectLog) -> float | None:
    """Seconds from start to end; no time passes in none, and none before the start: such stamps say nothing."""
    if row.seconds is not None:
        return round(row.seconds, 6)
    if row.started_at is None or row.completed_at is None:
        return None
    wall_s = round((row.completed_at - row.started_at) / 1000, 6)
    if wall_s <= 0:
        log.contradiction(path, place, f"completed {-wall_s:g} s before it started" if wall_s else "took no time")
        return None
    return wall_s


def _stamp(moment_ms: float | None) -> float | None:
    return moment_ms if moment_ms is not None and moment_ms >= _EARLIEST else None


def _stop_reason(row: Row, wall_s: float | None) -> str:
    """Tell why a run ended; one without an error ended by itself, but of a human it is not known how."""
    source = (row.fatal_error_from or "").lower()
    if source == _LIMIT:
        return "limit_time" if row.time_limit and wall_s and wall_s >= row.time_limit else "limit_other"
    if source:
        return _ERRORS.get(source, "error")
    return "unknown" if _is_human(row) else "submitted"


def _once(agent: pl.DataFrame, path: str, log: RejectLog) -> pl.DataFrame:
    """Keep the first of the rows of one id: the others are copies, or contradict it."""
    copies = agent.filter(~pl.col("source_id").is_first_distinct())
    first = {row["source_id"]: row for row in agent.unique("source_id", keep="first").iter_rows(named=True)}
    for row in copies.iter_rows(named=True):
        place, kept = row.pop(PLACE_COLUMN), dict(first[row["source_id"]])
        kept.pop(PLACE_COLUMN)
        if row == kept:
            log.duplicate(path, place, row["source_id"])
        else:
            said = ", ".join(f"{name} {row[name]}, not {kept[name]}" for name in row if row[name] != kept[name])
            log.contradiction(path, place, f"another row of the run {row['source_id']}: {said}; the first one counts")
    return agent.filter(pl.col("source_id").is_first_distinct())


def _keyed(agent: pl.DataFrame) -> pl.DataFrame:
    """Name the run by the ids in it, and number the attempts at a task by their start."""
    digest = xxhash.xxh3_128("\n".join(agent["source_id"].sort()).encode()).hexdigest()[:12]
    run_id = f"metr-{agent['alias'][0]}-{digest}"
    ordered = agent.sort("task_id", "start_ms", "source_id", nulls_last=True)
    attempt = pl.int_range(pl.len()).over("task_id").alias("attempt")
    numbered = ordered.with_columns(attempt, pl.lit(run_id).alias("run_id"))
    rollout_id = pl.format("{}/{}/{}", "run_id", "task_id", "attempt").alias("rollout_id")
    return numbered.with_columns(rollout_id, started_at=_moment("start_ms"), ended_at=_moment("end_ms"))


def _moment(column: str) -> pl.Expr:
    within = pl.when(pl.col(column) < 10**13).then(column)
    return (within * 1000).cast(pl.Int64).cast(pl.Datetime("us", "UTC"))


def _frames(keyed: pl.DataFrame) -> dict[str, pl.DataFrame]:
    benchmark, basis = pl.lit(_BENCHMARK).alias("benchmark"), pl.when(pl.col("wall_s") > 0).then(pl.lit("measured"))
    rollouts = keyed.select(
        "run_id", "rollout_id", benchmark, "task_id", "attempt", "score", "is_success", "stop_reason", "started_at",
        "ended_at", "wall_s", basis.alias("time_basis"), "recorded_cost_usd", "native_id", PLACE_COLUMN,
    )  # fmt: skip
    return {"rollouts": rollouts, "scores": _scores(keyed), "charges": _charges(keyed)}


def _scores(keyed: pl.DataFrame) -> pl.DataFrame:
    key = ("run_id", "rollout_id", PLACE_COLUMN)
    success = pl.col("is_success").cast(pl.Float64)
    parts = [
        keyed.select(*key, pl.lit("score_binarized").alias("metric"), success.alias("value"), "is_success"),
        keyed.select(*key, "metric", pl.col("raw").alias("value"), pl.lit(None, pl.Boolean).alias("is_success")),
    ]
    return pl.concat(part.filter(pl.col("value").is_not_null()) for part in parts)


def _charges(keyed: pl.DataFrame) -> pl.DataFrame:
    """What a run used beside calls: tokens and actions as totals, and the time of a human."""
    key = ("run_id", "rollout_id", "started_at", PLACE_COLUMN)
    is_human = pl.col("alias").str.to_lowercase() == _HUMAN
    parts = [
        keyed.select(*key, quantity=pl.col("n_tokens"), kind=pl.lit("total_tokens"), unit=pl.lit("tokens")),
        keyed.select(*key, quantity=pl.col("n_actions"), kind=pl.lit("actions"), unit=pl.lit("actions")),
        keyed.filter(is_human).select(
            *key, quantity=pl.col("wall_s"), kind=pl.lit("human_s"), unit=pl.lit("s"),
            recorded_cost_usd=pl.col("recorded_cost_usd"),
        ),
    ]  # fmt: skip
    joined = pl.concat(parts, how="diagonal_relaxed")
    return joined.filter(pl.col("quantity").is_not_null())


def _tasks(table: pl.DataFrame, path: str, log: RejectLog) -> pl.DataFrame:
    """One row per task; what rows say differently of one is not known."""
    said = ("family", "human_s", "human_cost_usd")
    values = table.group_by("task_id").agg(pl.col(name).drop_nulls().unique() for name in said).sort("task_id")
    for name in said:
        for task_id in values.filter(pl.col(name).list.len() > 1)["task_id"]:
            log.contradiction(path, f"task {task_id}", f"rows give more than one {name}")
    only = (pl.when(pl.col(name).list.len() == 1).then(pl.col(name).list.first()).alias(name) for name in said)
    return values.with_columns(*only, pl.lit(_BENCHMARK).alias("benchmark"))


def _run(keyed: pl.DataFrame, source_path: str, *, by_binarized: bool) -> pl.DataFrame:
    """Describe the run of one agent; its program may differ from task to task, then the most frequent one is named."""
    alias, limits = keyed["alias"][0], keyed["limit_s"].unique().to_list()
    counted = (
        keyed["scaffold"].drop_nulls().value_counts(sort=False).sort("count", "scaffold", descending=[True, False])
    )
    scaffolds = dict(counted.iter_rows())
    row = {
        "run_id": keyed["run_id"][0], "benchmark": _BENCHMARK, "scaffold": next(iter(scaffolds), None),
        "model": None if alias.lower() == _HUMAN else alias, "agent": alias,
        "settings": json.dumps({"scaffolds": scaffolds}) if len(scaffolds) > 1 else None,
        "limit_s": limits[0] if len(limits) == 1 else None,
        "score_metric": "score_binarized" if by_binarized else keyed["metric"][0],
        "score_min": 0.0, "score_max": 1.0 if by_binarized else None, "success_rule": "score_binarized = 1",
        "started_at": keyed["started_at"].min(), "ended_at": keyed["ended_at"].max(), "source_format": "metr",
        "source_path": source_path,
    }  # fmt: skip
    return pl.DataFrame([row], infer_schema_length=None)
