"""Exgentic's datasets of agent traces on Hugging Face: Parquet, a row a session with the spans of its model calls."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final

import msgspec
import polars as pl
import xxhash

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import UndecodableError, convert_leniently
from traces.errors import UnreadableError
from traces.files import printable
from traces.parquet import arrow_rows, has_columns
from traces.readers.exgentic.calls import Row, call_frame, call_row, known_usd
from traces.readers.exgentic.facts import benchmark_name, benchmark_role, cost_basis, makes_calls
from traces.readers.exgentic.file import SessionResult
from traces.readers.exgentic.sessions import stop_reason
from traces.readers.exgentic.spans import Attributes, Span, call_values
from traces.registry import Batch, Peek, Reader, Source, SourceFile
from traces.rejects import RejectLog
from traces.rows import series
from traces.schema import ROLLOUTS, RUNS

_MARKS: Final = ("session_id", "harness", "benchmark", "models", "spans", "collected_at", "gen_ai.usage.input_tokens")
_SESSIONS_PER_BATCH: Final = 100
_FASTEST_CALL_S: Final = 0.1
"""No hosted model answers faster; a session in which each call took less was replayed from a cache."""
_ATTRIBUTES: Final = tuple(each.encode_name for each in msgspec.structs.fields(Attributes))


class _Row(msgspec.Struct):
    """A session. The first edition has the names, ``total_tokens`` and the spans alone."""

    session_id: str
    run_id: str | None = None
    harness: str | None = None
    benchmark: str | None = None
    benchmark_subset: str | None = None
    models: list[str] | None = None
    schema_version: str | None = None
    score: float | None = None
    success: bool | None = None
    status: str | None = None
    steps: float | None = None
    agent_cost: float | None = None
    benchmark_cost: float | None = None
    execution_time: float | None = None
    total_tokens: float | None = None
    spans: list[Any] | None = None

    @property
    def run_name(self) -> str:
        """Its run: named, or the first part of the id of the session."""
        return self.run_id or self.session_id.partition("_")[0]


_LIGHT: Final = tuple(each for each in _Row.__struct_fields__ if each != "spans")


@dataclass(slots=True)
class _Run:
    """What all sessions of a run say, and what is found on the way."""

    run_id: str
    first: _Row
    session_ids: list[str] = field(default_factory=list)
    n_other_totals: int = 0

    @property
    def benchmark(self) -> str | None:
        return benchmark_name(self.first.benchmark, self.first.benchmark_subset)

    @property
    def model(self) -> str | None:
        return next(iter(self.first.models or ()), None)


def sniff(peek: Peek) -> bool:
    """Recognise the columns of either edition in the footer of a Parquet file."""
    return has_columns(peek, _MARKS)


def group(files: Sequence[SourceFile], _companions: Sequence[SourceFile]) -> Iterable[Source]:
    """Make a unit of the files of a folder: a dataset is cut into files, and runs go on from one to the next."""
    folders: dict[str, list[SourceFile]] = defaultdict(list)
    for file in files:
        folders[str(PurePosixPath(file.name).parent)].append(file)
    for folder, found in folders.items():
        yield Source(found[0].name if len(found) == 1 else f"{folder}/*.parquet", tuple(found))


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map every session to a rollout and its spans to calls; the runs come last."""
    runs, seen = _runs(source), set[str]()
    for file in source.files:
        batch: list[tuple[_Row, str]] = []
        for row, place in _sessions(file, (*_LIGHT, "spans"), log):
            if row.session_id in seen:
                log.duplicate(file.name, place, row.session_id, "same session")
                continue
            seen.add(row.session_id)
            batch.append((row, place))
            if len(batch) == _SESSIONS_PER_BATCH:
                yield _batch(batch, runs, file, log)
                batch = []
        yield _batch(batch, runs, file, log)
    for run in runs.values():
        if run.n_other_totals:
            reason = f"{run.n_other_totals:,} of {len(run.session_ids):,} sessions state other total_tokens than their"
            log.contradiction(source.name, run.run_id, f"{reason} calls add up to: the calls are kept")
    yield {"runs": _frame([_run_row(run, source) for run in runs.values()], RUNS.schema)}


def _runs(source: Source) -> dict[str, _Run]:
    """Runs by name, from the columns without spans; a part of a run is told from the whole by its sessions."""
    quiet, found = RejectLog(None, "skip"), dict[str, _Run]()
    for file in source.files:
        for row, _ in _sessions(file, _LIGHT, quiet):
            found.setdefault(row.run_name, _Run("", row)).session_ids.append(row.session_id)
    for name, run in found.items():
        run.session_ids = sorted(set(run.session_ids))
        digest = xxhash.xxh3_128_hexdigest(repr((run.first.models, run.session_ids)).encode("utf-8", "replace"))
        run.run_id = printable(f"exgentic-traces-{name}-{digest[:8]}")
    return found


def _sessions(file: SourceFile, columns: Sequence[str], log: RejectLog) -> Iterator[tuple[_Row, str]]:
    """Read the rows of a file a few at a time; of the spans only what calls are made of, never a message."""
    wanted = [*(name for name in columns if name != "spans")]
    wanted += [f"spans.*.{name}" for name in ("span_id", "start_time", "end_time")] if "spans" in columns else []
    wanted += [f"spans.*.attributes.{name}" for name in _ATTRIBUTES] if "spans" in columns else []
    try:
        for number, values in enumerate(arrow_rows(file, wanted)):
            place = f"row {number}"
            try:
                row, problems = convert_leniently(values, _Row)
            except UndecodableError as error:
                log.malformed(file.name, place, str(error))
                continue
            for problem in problems:
                log.malformed(file.name, place, problem)
            yield row, place
    except UnreadableError as error:
        log.malformed(file.name, "", error.problem.removeprefix(f"{file.path}: "))


def _batch(rows: Sequence[tuple[_Row, str]], runs: Mapping[str, _Run], file: SourceFile, log: RejectLog) -> Batch:
    rollouts: list[Row] = []
    calls: list[Row] = []
    for row, place in rows:
        run = runs[row.run_name]
        rollout_id = printable(f"{run.run_id}/{row.session_id}")
        shared = {"run_id": run.run_id, "rollout_id": rollout_id, PATH_COLUMN: file.name, PLACE_COLUMN: place}
        own = [{**each, **shared} for each in _calls(row, rollout_id, file.name, place, log)]
        known = [(each.get("input_tokens"), each.get("output_tokens")) for each in own]
        summed = sum((sent or 0) + (out or 0) for sent, out in known)
        run.n_other_totals += bool(row.total_tokens) and summed != row.total_tokens
        wall_s = _wall_s(row, len(own), log, (file.name, place))
        rollouts.append({**_rollout(row, run, own, wall_s), **shared})
        calls += [*own, *({**each, **shared} for each in _beside(row, run, rollout_id))]
    tasks = {"task_id": [rollout["task_id"] for rollout in rollouts]} | {
        "benchmark": [rollout["benchmark"] for rollout in rollouts]
    }
    return {
        "rollouts": _frame(rollouts, ROLLOUTS.schema), "calls": call_frame(calls),
        "tasks": pl.DataFrame({name: series(name, values, pl.String) for name, values in tasks.items()}),
    }  # fmt: skip


def _calls(row: _Row, rollout_id: str, path: str, place: str, log: RejectLog) -> Iterator[Row]:
    """Give the calls of a session in their order; spans of anything else are none."""
    spans: list[Span] = []
    for number, raw in enumerate(row.spans or ()):
        try:
            span, problems = convert_leniently(_as_exported(raw), Span)
        except UndecodableError as error:
            log.malformed(path, f"{place}: span {number}", str(error))
            continue
        for problem in problems:
            log.malformed(path, f"{place}: span {number}", problem)
        spans += [span] if span.is_call else []
    repeated = Counter(span.span_id for span in spans)
    for index, span in enumerate(sorted(spans, key=lambda span: span.start_time or "")):
        is_unique = bool(span.span_id) and repeated[span.span_id] == 1
        call_id = span.span_id if is_unique else f"{rollout_id}#{index}"
        yield call_row(call_id=printable(call_id), call_index=index, role="agent", **call_values(span))


def _as_exported(raw: Any) -> Any:
    """A span in the shape the OpenTelemetry SDK writes; what it does not carry is null in a table."""
    if not isinstance(raw, dict):
        return raw
    attributes = {name: value for name, value in (raw.get("attributes") or {}).items() if value is not None}
    times = {name: raw[name] for name in ("start_time", "end_time") if raw.get(name) is not None}
    stamps = {name: value if isinstance(value, str) else value.isoformat() for name, value in times.items()}
    return {**stamps, "context": {"span_id": raw.get("span_id")}, "attributes": attributes}


def _beside(row: _Row, run: _Run, rollout_id: str) -> Iterator[Row]:
    """What the benchmark itself spent on models: its calls are left out of the datasets, its dollars are not."""
    if row.benchmark_cost or (makes_calls(run.benchmark) and row.benchmark_cost is not None):
        yield call_row(
            call_id=printable(f"{rollout_id}#benchmark"), role=benchmark_role(run.benchmark), n_requests=None,
            granularity="rollout", recorded_cost_usd=known_usd(row.benchmark_cost),
        )  # fmt: skip


def _wall_s(row: _Row, n_calls: int, log: RejectLog, where: tuple[str, str]) -> float | None:
    """Seconds a session took; not known of one whose calls were given again by a cache."""
    wall_s = row.execution_time
    if wall_s is not None and 0 <= wall_s < n_calls * _FASTEST_CALL_S:
        log.contradiction(
            *where, f"{n_calls} calls within {wall_s:.2f} s: replayed from a cache, so its time is not known"
        )
        return None
    return wall_s


def _rollout(row: _Row, run: _Run, calls: Sequence[Row], wall_s: float | None) -> Row:
    stamps = [stamp for call in calls for stamp in (call["started_at"], call["ended_at"]) if stamp is not None]
    first, last = min(stamps, default=None), max(stamps, default=None)
    span_s = (last - first).total_seconds() if first and last else None
    agent_usd = known_usd(row.agent_cost, is_used=bool(calls))
    is_stated = agent_usd is not None and row.benchmark_cost is not None
    return {
        "benchmark": run.benchmark, "task_id": printable(row.session_id), "attempt": 0, "score": row.score,
        "is_success": row.success, "stop_reason": stop_reason(SessionResult(status=row.status)),
        "started_at": first, "ended_at": last, "wall_s": span_s if wall_s is None else wall_s,
        "time_basis": "measured" if wall_s is not None else "lower_bound" if span_s is not None else None,
        "n_calls": len(calls) or None,
        "recorded_cost_usd": (agent_usd or 0) + (row.benchmark_cost or 0) if is_stated else None,
        "is_tz_assumed": any(call["is_tz_assumed"] for call in calls),
    }  # fmt: skip


def _run_row(run: _Run, source: Source) -> Row:
    first, harness = run.first, run.first.harness
    settings = {
        "run_id": first.run_name, "schema_version": first.schema_version, "agent_cost_basis": cost_basis(harness),
    }  # fmt: skip
    return {
        "run_id": run.run_id, "benchmark": run.benchmark, "scaffold": harness, "model": run.model,
        "agent": printable(" + ".join(filter(None, (harness, run.model))) or "unknown"),
        "settings": json.dumps({name: value for name, value in settings.items() if value}, sort_keys=True),
        "submissions_allowed": 1, "score_metric": None if first.schema_version is None else "score",
        "success_rule": None if first.schema_version is None else "as the benchmark defines success",
        "source_format": READER.name, "source_path": source.name,
        PATH_COLUMN: source.name, PLACE_COLUMN: f"run {first.run_name}",
    }  # fmt: skip


def _frame(rows: Sequence[Row], schema: pl.Schema) -> pl.DataFrame:
    dtypes = {**schema, PATH_COLUMN: pl.String, PLACE_COLUMN: pl.String}
    return pl.DataFrame([series(name, [row[name] for row in rows], dtypes[name]) for name in (rows or [{}])[0]])


READER: Final = Reader(
    name="exgentic_traces",
    summary="Exgentic's datasets of agent traces on Hugging Face (Parquet): a session a row, with its model calls.",
    upstream=(
        "Exgentic/agent-llm-traces (2026-05): names and spans",
        "Exgentic/agent-llm-traces-v2, schema 1.2 (2026-07): score, status, dollars and seconds beside them",
    ),
    token_convention=(
        "OpenTelemetry's: the input includes cached tokens; the split is known only where a span tells it."
    ),
    blind_spots=(
        "The datasets do not say which task a session is of: each session is a task of its own, so agents share none.",
        "Only the calls of the agent under test: simulated users and judges were left out, their dollars were not.",
        "Repeated retries were collapsed upstream: what they cost is in the dollars, not in the calls.",
        "Dollars are not comparable across agents: some count caches, others price every token in full (settings).",
        "The first edition has neither score nor dollars; both editions hold some of the same sessions.",
    ),
    sniff=sniff,
    parse=parse,
    group=group,
    fills=(
        "runs.benchmark", "runs.scaffold", "runs.model", "runs.settings", "runs.submissions_allowed",
        "runs.score_metric", "runs.success_rule", "tasks.benchmark", "rollouts.benchmark", "rollouts.score",
        "rollouts.is_success", "rollouts.started_at", "rollouts.ended_at", "rollouts.wall_s", "rollouts.time_basis",
        "rollouts.n_calls", "rollouts.recorded_cost_usd", "calls.call_index", "calls.model", "calls.started_at",
        "calls.ended_at", "calls.latency_s", "calls.time_basis", "calls.input_tokens", "calls.uncached_input_tokens",
        "calls.cache_read_tokens", "calls.cache_write_5m_tokens", "calls.cache_write_1h_tokens",
        "calls.cache_write_unspecified_tokens", "calls.output_tokens", "calls.n_requests", "calls.recorded_cost_usd",
    ),
)  # fmt: skip
