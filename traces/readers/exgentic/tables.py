"""One Exgentic run to canonical tables: its sessions as rollouts, each side's calls or dollars, the run itself."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import polars as pl
import xxhash

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import whole
from traces.document import read_document
from traces.files import printable
from traces.readers.exgentic.calls import Row, as_json, call_frame, known_usd
from traces.readers.exgentic.facts import benchmark_name, cost_basis
from traces.readers.exgentic.file import Beside, Details, RunResult
from traces.readers.exgentic.layout import RunFiles, files_of_run
from traces.readers.exgentic.sessions import Session, find_sessions, stop_reason
from traces.readers.exgentic.sides import Names, only_run_tells_tokens, run_rows, session_rows
from traces.readers.exgentic.spans import Attributes
from traces.registry import Batch, Source
from traces.rejects import RejectLog
from traces.rows import series
from traces.schema import ROLLOUTS, RUNS, SCORES

_SESSIONS_PER_BATCH: Final = 200
_FASTEST_CALL_S: Final = 0.1
"""No hosted model answers faster; a session in which each paid step took less was replayed from a cache."""
_STAMPED: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d--\d\d--\d\d\.\d+")


@dataclass(slots=True)
class _Run:
    names: Names
    scorer: str | None
    result: RunResult
    beside: Beside
    own_id: str | None
    is_total: bool = False
    started_at: datetime | None = None
    ended_at: datetime | None = None


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map a run to batches of sessions; the run itself comes last."""
    files = files_of_run(source)
    result = _run_result(files, log)
    sessions = find_sessions(files, result, log)
    run = _run(files, result, sessions, log)
    run.scorer = source.choices.scorer
    run.is_total = only_run_tells_tokens(result, sessions)
    for start in range(0, len(sessions), _SESSIONS_PER_BATCH):
        part = sessions[start : start + _SESSIONS_PER_BATCH]
        yield _batch(part, run, log)
    rest = run_rows(files, run.result, run.names, log, has_totals=run.is_total)
    if sessions or rest or files.by_kind["run"]:
        yield {"runs": _run_frame(run, sessions, source), "calls": call_frame(rest)}


def _run_result(files: RunFiles, log: RejectLog) -> RunResult:
    documents = [read_document(file, RunResult, log) for file in files.by_kind["run"]]
    return next((document for document in documents if document is not None), RunResult())


def _run(files: RunFiles, result: RunResult, sessions: Sequence[Session], log: RejectLog) -> _Run:
    beside = _merged(files, log)
    spans = [span.attributes for session in sessions for _, _, span in session.spans if span.attributes]
    root = next((attributes for attributes in spans if attributes.benchmark), Attributes())
    benchmark = result.benchmark_slug_name or beside.benchmark or root.benchmark or result.benchmark_name
    subset = result.subset_name or beside.subset or root.subset
    reports = [s.result.cost_reports.agent for s in sessions if s.result.cost_reports and s.result.cost_reports.agent]
    models = Counter(report.model_name for report in reports if report.model_name)
    model = result.model_name or beside.model or root.request_model or next(iter(dict(models.most_common(1))), None)
    agent = result.agent_slug_name or beside.agent or root.agent or result.agent_name
    digest = xxhash.xxh3_128_hexdigest(repr([session.content for session in sessions]).encode("utf-8", "replace"))
    run_id = "-".join(filter(None, ("exgentic", files.run_id, digest[:8])))
    names = Names(printable(run_id), benchmark_name(benchmark, subset), agent, model)
    return _Run(names, None, result, beside, files.run_id)


def _merged(files: RunFiles, log: RejectLog) -> Beside:
    """Merge the configurations: the run's own first, then those of its sessions, which repeat it."""
    merged = Beside()
    kinds = [files.by_kind, *(session.by_kind for session in files.sessions)]
    for by_kind in kinds:
        for file in (file for kind in ("config", "recording", "aggregate") for file in by_kind[kind]):
            document = read_document(file, Beside, log) or Beside()
            for name in Beside.__struct_fields__:
                if getattr(merged, name) is None:
                    setattr(merged, name, getattr(document, name))
    return merged


def _batch(sessions: Sequence[Session], run: _Run, log: RejectLog) -> Batch:
    rollouts: list[Row] = []
    scores: list[Row] = []
    calls: list[Row] = []
    for session in sessions:
        own = [] if run.is_total else session_rows(session, run.names, log)
        rollouts.append(_rollout(session, own, run, log))
        scores += _scores(session, run)
        calls += own
    tasks = sorted({session.task_id for session in sessions})
    return {
        "rollouts": _frame(rollouts, ROLLOUTS.schema), "scores": _frame(scores, SCORES.schema),
        "calls": call_frame(calls),
        "tasks": pl.DataFrame({"task_id": series("task_id", tasks, pl.String)}).with_columns(
            benchmark=pl.lit(run.names.benchmark, pl.String)
        ),
    }  # fmt: skip


def _rollout(session: Session, calls: Sequence[Row], run: _Run, log: RejectLog) -> Row:
    result = session.result
    stamps = [stamp for row in calls for stamp in (row.get("started_at"), row.get("ended_at")) if stamp]
    started_at, ended_at = min(stamps, default=None), max(stamps, default=None)
    wall_s = _wall_s(session, calls, log)
    span_s = (ended_at - started_at).total_seconds() if started_at and ended_at else None
    _widen(run, started_at, ended_at)
    chosen = _metrics(session).get(run.scorer or "")
    return {
        "run_id": run.names.run_id, "rollout_id": session.rollout_id(run.names.run_id),
        "benchmark": run.names.benchmark, "task_id": session.task_id,
        "attempt": session.attempt, "score": result.score if chosen is None else chosen,
        "is_success": result.success, "stop_reason": stop_reason(result) if session.has_result else "unknown",
        "started_at": started_at, "ended_at": ended_at, "wall_s": span_s if wall_s is None else wall_s,
        "model_s": result.llm_time or None,
        "time_basis": "measured" if wall_s is not None else "lower_bound" if span_s is not None else None,
        "n_calls": whole(result.llm_call_count) or None, "recorded_cost_usd": _cost_usd(session),
        "is_tz_assumed": any(row["is_tz_assumed"] for row in calls),
        PATH_COLUMN: session.path, PLACE_COLUMN: session.place,
    }  # fmt: skip


def _wall_s(session: Session, calls: Sequence[Row], log: RejectLog) -> float | None:
    """Seconds a session took; not known of one whose calls were given again by a cache."""
    wall_s, n_paid = session.result.execution_time, sum(bool(row.get("recorded_cost_usd")) for row in calls)
    if wall_s is not None and math.isfinite(wall_s) and 0 <= wall_s < n_paid * _FASTEST_CALL_S:
        reason = f"{n_paid} paid steps within {wall_s:.2f} s: replayed from a cache, so the time is not known"
        log.contradiction(session.path, session.place, reason)
        return None
    return wall_s


def _widen(run: _Run, started_at: datetime | None, ended_at: datetime | None) -> None:
    run.started_at = min(filter(None, (run.started_at, started_at)), default=None)
    run.ended_at = max(filter(None, (run.ended_at, ended_at)), default=None)


def _cost_usd(session: Session) -> float | None:
    """Dollars of both sides; the agent's 0 is known only where it took no step."""
    result = session.result
    agent = known_usd(result.agent_cost, is_used=whole(result.steps) != 0)
    return None if agent is None or result.benchmark_cost is None else agent + result.benchmark_cost


def _scores(session: Session, run: _Run) -> Iterator[Row]:
    rollout_id = session.rollout_id(run.names.run_id)
    shared = {
        "run_id": run.names.run_id,
        "rollout_id": rollout_id,
        PATH_COLUMN: session.path,
        PLACE_COLUMN: session.place,
    }
    result = session.result
    if result.score is not None:
        yield {**shared, "metric": "score", "value": result.score, "is_success": result.success}
    for name, value in _metrics(session).items():
        yield {**shared, "metric": f"metric.{name}", "value": value, "is_success": None}


def _metrics(session: Session) -> dict[str, float]:
    """Numbers among what the benchmark measured."""
    metrics = (session.result.details or Details()).session_metrics or {}
    return {name: float(value) for name, value in metrics.items() if isinstance(value, int | float | bool)}


def _metric(run: _Run, sessions: Sequence[Session]) -> str:
    """Name the score that counts: the chosen measurement, where any session has it."""
    is_there = any(run.scorer in _metrics(session) for session in sessions)
    return run.scorer if run.scorer is not None and is_there else "score"


def _run_frame(run: _Run, sessions: Sequence[Session], source: Source) -> pl.DataFrame:
    names, result = run.names, run.result
    score = result.benchmark_score if result.benchmark_score is not None else run.beside.score
    row = {
        "run_id": run.names.run_id, "benchmark": names.benchmark, "scaffold": names.agent, "model": names.model,
        "agent": " + ".join(filter(None, (result.agent_name or names.agent, names.model))) or "unknown",
        "settings": as_json(_settings(run)), "limit_turns": whole(run.beside.max_steps), "submissions_allowed": 1,
        "score_metric": _metric(run, sessions), "success_rule": "as the benchmark defines success",
        "started_at": run.started_at or _stamped(run.own_id), "ended_at": run.ended_at, "source_format": "exgentic",
        "source_path": source.name, "recorded_score": score,
        "recorded_cost_usd": known_usd(result.total_run_cost),
        "recorded_n_rollouts": whole(result.total_sessions),
        PATH_COLUMN: source.name, PLACE_COLUMN: f"run {run.own_id or len(sessions)}",
    }  # fmt: skip
    return _frame([row], RUNS.schema)


def _settings(run: _Run) -> dict[str, Any]:
    return {
        "run_id": run.own_id, "exgentic_version": run.result.exgentic_version, "max_actions": run.beside.max_actions,
        "agent_cost_basis": cost_basis(run.names.agent), "skipped_sessions": run.result.skipped_session_ids,
        "total_agent_cost_usd": run.result.total_agent_cost,
        "total_benchmark_cost_usd": run.result.total_benchmark_cost,
    }  # fmt: skip


def _stamped(run_id: str | None) -> datetime | None:
    """Start of a run whose id is the moment it began, as before 0.3; it carries no zone and is taken as UTC."""
    if run_id is None or not _STAMPED.fullmatch(run_id):
        return None
    try:
        return datetime.strptime(run_id, "%Y-%m-%dT%H--%M--%S.%f").replace(tzinfo=UTC)
    except ValueError:
        return None


def _frame(rows: Sequence[Row], schema: pl.Schema) -> pl.DataFrame:
    dtypes = {**schema, PATH_COLUMN: pl.String, PLACE_COLUMN: pl.String}
    names = rows[0] if rows else dtypes
    return pl.DataFrame([series(name, [row[name] for row in rows], dtypes[name]) for name in names])
