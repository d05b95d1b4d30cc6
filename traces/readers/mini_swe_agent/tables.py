"""One mini-SWE-agent run folder to canonical tables: its calls some thousand at a time, the rest with the last."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import UndecodableError, decode, whole
from traces.errors import TraceError
from traces.files import content, content_hash, printable
from traces.private import public
from traces.readers.mini_swe_agent.calls import CallRow, call_frame, gather, models
from traces.readers.mini_swe_agent.file import Config, Info, Trajectory
from traces.readers.mini_swe_agent.verdicts import Verdicts, read_verdicts
from traces.registry import Batch, Source, SourceFile
from traces.rejects import RejectLog
from traces.rows import known_usd

_CALLS_PER_BATCH: Final = 20_000
_ROLLOUT_SCHEMA: Final = {
    "rollout_id": pl.String, "task_id": pl.String, "attempt": pl.Int64, "score": pl.Float64, "is_success": pl.Boolean,
    "stop_reason": pl.String, "started_at": pl.Int64, "ended_at": pl.Int64, "n_calls": pl.Int64,
    "recorded_cost_usd": pl.Float64, PATH_COLUMN: pl.String,
}  # fmt: skip
_STOP_REASONS: Final = {
    "Submitted": "submitted",
    "ContextWindowExceededError": "limit_context",
    "TimeExceeded": "limit_time",
    **dict.fromkeys(
        (
            "APIError", "APIConnectionError", "AuthenticationError", "BadGatewayError", "InternalServerError",
            "PermissionDeniedError", "RateLimitError", "ServiceUnavailableError", "Timeout", "TimeoutExpired",
            "CalledProcessError",
        ),
        "error_infra",
    ),
}  # fmt: skip


@dataclass(slots=True)
class _Run:
    """What is gathered over the files of a run."""

    run_id: str
    verdicts: Verdicts
    calls: list[CallRow] = field(default_factory=list)
    rollouts: list[tuple[Any, ...]] = field(default_factory=list)
    attempts: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    info: Info = field(default_factory=Info)
    benchmark: str | None = None


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map a run folder to batches; rollouts and the run itself come with the last one."""
    hashes = _hashes(source.files, log)
    run = _Run(f"mini-swe-agent-{_digest(sorted(hashes))}", read_verdicts(source.companions, log))
    for file in hashes.values():
        _add_file(run, file, log)
        if len(run.calls) >= _CALLS_PER_BATCH:
            yield {"calls": _call_frame(run)}
    if run.rollouts:
        calls = _call_frame(run)
        yield {"calls": calls, "rollouts": _rollout_frame(run), "runs": _run_frame(run, source), "tasks": _tasks(run)}


def _hashes(files: Sequence[SourceFile], log: RejectLog) -> dict[str, SourceFile]:
    """Files by the hash of their content; a second copy of one is listed and left out."""
    by_hash: dict[str, SourceFile] = {}
    for file in files:
        try:
            first = by_hash.setdefault(content_hash(file.path), file)
        except TraceError as error:
            log.malformed(file.name, "file", error.problem.removeprefix(f"{file.path}: "))
            continue
        if first is not file:
            log.duplicate(file.name, "", first.name)
    return by_hash


def _digest(parts: list[str]) -> str:
    import xxhash

    return xxhash.xxh3_128("\n".join(parts).encode()).hexdigest()[:12]


def _add_file(run: _Run, file: SourceFile, log: RejectLog) -> None:
    try:
        with content(file.path) as raw:
            trajectory, problems = decode(raw, Trajectory)
    except (UndecodableError, TraceError) as error:
        log.malformed(file.name, "document", str(error).removeprefix(f"{file.path}: "))
        return
    for problem in problems:
        place, _, reason = problem.partition(": ")
        log.malformed(file.name, place, reason)
    _add_rollout(run, file, trajectory)


def _add_rollout(run: _Run, file: SourceFile, trajectory: Trajectory) -> None:
    task_id = printable(trajectory.instance_id or file.path.name.split(".traj")[0])
    run.info = run.info if run.info.config.model.model_name else trajectory.info
    run.benchmark = run.benchmark or _benchmark(trajectory)
    calls = gather(trajectory, len(run.rollouts))
    run.calls += calls.rows
    run.models.update(models(calls.rows))
    attempt = run.attempts[task_id]
    run.attempts[task_id] += 1
    stats, resolved = trajectory.info.model_stats, run.verdicts.by_task.get(task_id)
    run.rollouts.append((
        f"{run.run_id}/{task_id}/{attempt}", task_id, attempt, None if resolved is None else float(resolved), resolved,
        _stop_reason(trajectory.info), calls.first_us, calls.last_us, whole(stats.api_calls),
        known_usd(stats.instance_cost, stats.api_calls), file.name,
    ))  # fmt: skip


def _stop_reason(info: Info) -> str:
    status = info.exit_status or ""
    if status != "LimitsExceeded":
        return _STOP_REASONS.get(status, "error" if status else "unknown")
    limits, stats = info.config.agent, info.model_stats
    if limits.cost_limit and (stats.instance_cost or 0) >= limits.cost_limit:
        return "limit_cost"
    return "limit_turns" if limits.step_limit and (stats.api_calls or 0) >= limits.step_limit else "limit_other"


def _benchmark(trajectory: Trajectory) -> str | None:
    return "swe-bench" if "swebench/sweb.eval" in (trajectory.info.config.environment.image or "") else None


def _call_frame(run: _Run) -> pl.DataFrame:
    ids, paths = [row[0] for row in run.rollouts], [row[-1] for row in run.rollouts]
    frame = call_frame(run.calls, ids, paths, run.run_id)
    run.calls = []
    return frame


def _rollout_frame(run: _Run) -> pl.DataFrame:
    has_time = pl.col("started_at").is_not_null()
    return pl.DataFrame(run.rollouts, schema=_ROLLOUT_SCHEMA, orient="row").with_columns(
        pl.lit("info.model_stats").alias(PLACE_COLUMN),
        run_id=pl.lit(run.run_id),
        benchmark=pl.lit(run.benchmark, pl.String),
        wall_s=(pl.col("ended_at") - pl.col("started_at")) / 1e6,
        time_basis=pl.when(has_time).then(pl.lit("lower_bound")),
    )


def _run_frame(run: _Run, source: Source) -> pl.DataFrame:
    info, config = run.info, run.info.config
    model = run.models.most_common(1)[0][0] if run.models else config.model.model_name
    effort = _effort(config.model.model_kwargs or {})
    scaffold = f"mini-SWE-agent {info.mini_version or ''}".strip()
    stamps = pl.DataFrame(run.rollouts, schema=_ROLLOUT_SCHEMA, orient="row").select("started_at", "ended_at")
    row = {
        "run_id": run.run_id, "benchmark": run.benchmark, "scaffold": scaffold, "model": model,
        "reasoning_effort": effort, "agent": " + ".join(filter(None, (scaffold, model, effort))),
        "settings": json.dumps(_settings(config), sort_keys=True), "limit_usd": known_usd(config.agent.cost_limit),
        "limit_turns": whole(config.agent.step_limit) or None,
        "limit_s": float(config.agent.wall_time_limit_seconds or 0) or None, "submissions_allowed": 1,
        "score_metric": "resolved", "score_min": 0.0, "score_max": 1.0, "success_rule": "all tests of the task pass",
        "started_at": stamps["started_at"].min(), "ended_at": stamps["ended_at"].max(),
        "source_format": "mini_swe_agent", "source_path": source.name,
        "recorded_score": run.verdicts.recorded_score, "recorded_n_rollouts": run.verdicts.n_scored,
    }  # fmt: skip
    shown = {name: printable(value) if isinstance(value, str) else value for name, value in row.items()}
    return pl.DataFrame([shown], infer_schema_length=None)


def _tasks(run: _Run) -> pl.DataFrame:
    task_ids = sorted({*run.attempts, *run.verdicts.by_task})
    return pl.DataFrame({"task_id": task_ids}).with_columns(benchmark=pl.lit(run.benchmark, pl.String))


def _effort(model_kwargs: Mapping[str, Any]) -> str | None:
    nested = model_kwargs.get("extra_body") or {}
    reasoning = model_kwargs.get("reasoning") or (nested.get("reasoning") if isinstance(nested, dict) else None)
    effort = model_kwargs.get("reasoning_effort") or (reasoning.get("effort") if isinstance(reasoning, dict) else None)
    return None if effort is None else str(effort)


def _settings(config: Config) -> dict[str, Any]:
    kwargs = public(config.model.model_kwargs or {})
    return {"agent_type": config.agent_type, "model_type": config.model_type, "model_kwargs": kwargs}
