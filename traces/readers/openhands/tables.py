"""OpenHands evaluation records to canonical tables: a line is a rollout, a folder of them a unit."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import whole
from traces.lines import read_lines
from traces.readers.mini_swe_agent.verdicts import Verdicts, read_verdicts
from traces.readers.openhands.calls import CALL_SCHEMA, call_rows, events
from traces.readers.openhands.file import Metadata, Metrics, Model, Record, total_usd
from traces.registry import Batch, Source, SourceFile
from traces.rejects import RejectLog
from traces.rows import digest, first_and_last, frame_of, frame_of_tuples, known_usd, microseconds
from traces.schema import ROLLOUTS, RUNS, TASKS
from traces.spool import Spool

Row = dict[str, Any]
Key = tuple[str, ...]
_CALLS_PER_BATCH: Final = 5_000
_MICRO: Final = 1_000_000
_VERDICTS: Final = (
    ("report", "resolved"), ("resolved",), ("correct",), ("score",), ("passed",), ("success",), ("result",),
    ("eval_result", "passed"), ("final_result", "success"),
)  # fmt: skip
"""Where benchmarks write their verdict in test_result."""
_STOP_REASONS: Final = (
    ("maximum iteration", "limit_turns"), ("max iterations", "limit_turns"), ("maxiterations", "limit_turns"),
    ("budget", "limit_cost"), ("contextwindow", "limit_context"), ("context window", "limit_context"),
    ("timed out", "limit_time"), ("timeout", "limit_time"), ("runtime", "error_infra"), ("connection", "error_infra"),
    ("ratelimit", "error_infra"),
)  # fmt: skip


class _Placed(msgspec.Struct):
    """A record, where it stands, and what is told by parts of it that are then left out."""

    record: Record
    file: int
    place: str
    content: str
    verdict: float | None
    first_us: int | None
    last_us: int | None
    is_tz_assumed: bool


@dataclass(slots=True)
class _Run:
    """What is gathered of a run over its files."""

    run_id: str
    metadata: Metadata
    rollouts: list[Row] = field(default_factory=list)
    attempts: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))


@dataclass(slots=True)
class _Reading:
    """Runs of a unit by their settings, and the records seen, by content: where each stands, and in which file."""

    runs: dict[Key, _Run] = field(default_factory=dict)
    seen: dict[str, tuple[Row, str]] = field(default_factory=dict)
    calls: list[tuple[Any, ...]] = field(default_factory=list)


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map a folder of records to its runs; calls some thousand at a time, the rest with the last."""
    with Spool(_Placed) as spool:
        names = _run_ids(source, spool, log)
        verdicts, reading = read_verdicts(source.companions, log), _Reading()
        for placed in spool:
            _add(reading, names, placed, source.files[placed.file], log)
            if len(reading.calls) >= _CALLS_PER_BATCH:
                yield {"calls": frame_of_tuples(reading.calls, CALL_SCHEMA)}
                reading.calls = []
    if reading.runs:
        yield _last(reading, verdicts, source)


def _run_ids(source: Source, spool: Spool[_Placed], log: RejectLog) -> dict[Key, str]:
    """Name runs by their settings and the content of their records, which are set aside until all are known."""
    parts: dict[Key, set[str]] = defaultdict(set)
    for number, file in enumerate(source.files):
        for place, record in read_lines(file, Record, log):
            placed = _placed(record, number, place)
            spool.add(placed)
            if record.instance_id is not None:
                parts[_key(record)].add(placed.content)
    return {key: f"openhands-{digest([*key, *sorted(found)])}" for key, found in parts.items()}


def _placed(record: Record, file: int, place: str) -> _Placed:
    content, verdict = _content(record), _verdict(record)
    first, last = first_and_last(event.timestamp for event in events(record))
    is_assumed = first.is_assumed or last.is_assumed
    record.test_result = record.report = None
    if record.metrics is not None and record.metrics.token_usages:
        record.history = None
    return _Placed(record, file, place, content, verdict, microseconds(first), microseconds(last), is_assumed)


def _key(record: Record) -> Key:
    metadata = record.metadata or Metadata()
    model = metadata.llm or metadata.llm_config or Model()
    split = metadata.data_split or metadata.dataset_split
    parts = (metadata.agent_class, model.model, model.reasoning_effort, metadata.dataset, split)
    return tuple(part or "" for part in parts)


def _content(record: Record) -> str:
    """Name a record by what it used, and when: a copy with a verdict added is the same record."""
    first = next((event.timestamp for event in events(record) if event.timestamp), None)
    metrics = record.metrics or Metrics()
    calls = [(usage.response_id, usage.prompt_tokens) for usage in metrics.token_usages or ()]
    return digest([repr((record.instance_id, record.attempt, record.error, first, total_usd(metrics), calls))])


def _add(reading: _Reading, names: Mapping[Key, str], placed: _Placed, file: SourceFile, log: RejectLog) -> None:
    record, place, content, verdict = placed.record, placed.place, placed.content, placed.verdict
    if record.instance_id is None:
        log.malformed(file.name, place, "no instance_id: an attempt at no task")
        return
    if content in reading.seen:
        first, where_first = reading.seen[content]
        if first["score"] is None and verdict is not None:
            first.update(_scored(verdict))
        log.duplicate(file.name, place, first["rollout_id"], f"the same record as in {where_first}")
        return
    key = _key(record)
    run = reading.runs.setdefault(key, _Run(names[key], record.metadata or Metadata()))
    row = _rollout_row(run, placed, file)
    run.rollouts.append(row)
    reading.seen[content] = row, file.name
    reading.calls += call_rows(record, (run.run_id, row["rollout_id"], file.name, place))


def _rollout_row(run: _Run, placed: _Placed, file: SourceFile) -> Row:
    record, first_us, last_us = placed.record, placed.first_us, placed.last_us
    task_id, metrics = str(record.instance_id), record.metrics or Metrics()
    taken = run.attempts[task_id]
    stated = (whole(record.attempt) or 1) - 1
    attempt = stated if stated >= 0 and stated not in taken else max(taken, default=-1) + 1
    taken.add(attempt)
    is_timed = first_us is not None and last_us is not None and last_us > first_us
    return {
        "run_id": run.run_id, "rollout_id": f"{run.run_id}/{task_id}/{attempt}", "task_id": task_id,
        "benchmark": run.metadata.dataset, "attempt": attempt, **_scored(placed.verdict),
        "stop_reason": _stop_reason(record.error), "started_at": first_us, "ended_at": last_us,
        "wall_s": ((last_us or 0) - (first_us or 0)) / _MICRO if is_timed else None,
        "time_basis": "lower_bound" if is_timed else None, "is_tz_assumed": placed.is_tz_assumed,
        "recorded_cost_usd": known_usd(total_usd(metrics)),
        PATH_COLUMN: file.name, PLACE_COLUMN: placed.place,
    }  # fmt: skip


def _scored(verdict: float | None) -> Row:
    return {"score": verdict, "is_success": None if verdict is None else verdict >= 1}


def _verdict(record: Record) -> float | None:
    """Score of a record, where its benchmark writes one; null: not scored here."""
    result = record.test_result if isinstance(record.test_result, dict) else {}
    for holder, path in [(result, path) for path in _VERDICTS] + [({"report": record.report}, _VERDICTS[0])]:
        value = _at(holder, path)
        if isinstance(value, bool | int | float):
            return float(value)
    return _points(result.get("final_score"))


def _points(score: Any) -> float | None:
    """Share of the points of a task's checkpoints (TheAgentCompany, OpenAgentSafety); 0 of 0 is no score."""
    total, reached = _at(score, ("total",)), _at(score, ("result",))
    is_known = isinstance(total, int | float) and isinstance(reached, int | float) and total > 0
    return float(reached) / float(total) if is_known else None


def _at(value: Any, path: Iterable[str]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _stop_reason(error: str | None) -> str:
    if not error:
        return "submitted"
    found = (reason for word, reason in _STOP_REASONS if word in error.lower())
    return next(found, "error")


def _last(reading: _Reading, verdicts: Verdicts, source: Source) -> Batch:
    rollouts = [row for run in reading.runs.values() for row in run.rollouts]
    for row in rollouts:
        resolved = verdicts.by_task.get(row["task_id"])
        if row["score"] is None and resolved is not None:
            row.update(_scored(float(resolved)))
    named = {(row["benchmark"], row["task_id"]) for row in rollouts}
    tasks = [{"benchmark": benchmark, "task_id": task_id} for benchmark, task_id in sorted(named, key=str)]
    batch = {
        "runs": frame_of(RUNS, [_run_row(run, source, verdicts) for run in reading.runs.values()]),
        "tasks": frame_of(TASKS, tasks), "rollouts": frame_of(ROLLOUTS, rollouts),
    }  # fmt: skip
    return {**batch, "calls": frame_of_tuples(reading.calls, CALL_SCHEMA)} if reading.calls else batch


def _run_row(run: _Run, source: Source, verdicts: Verdicts) -> Row:
    metadata = run.metadata
    model = metadata.llm or metadata.llm_config or Model()
    scaffold = " ".join(filter(None, ("OpenHands", metadata.agent_class)))
    split = metadata.data_split or metadata.dataset_split
    settings = {"git_commit": metadata.git_commit, "split": split, "temperature": model.temperature}
    times = [[row[name] for row in run.rollouts if row[name]] for name in ("started_at", "ended_at")]
    return {
        "run_id": run.run_id, "benchmark": metadata.dataset, "scaffold": scaffold, "model": model.model,
        "reasoning_effort": model.reasoning_effort,
        "agent": " + ".join(filter(None, (scaffold, model.model, model.reasoning_effort))),
        "settings": json.dumps(settings, sort_keys=True), "limit_turns": whole(metadata.max_iterations),
        "submissions_allowed": 1, "score_metric": "verdict of the benchmark",
        "success_rule": "the benchmark's own verdict is true or at least 1",
        "started_at": min(times[0], default=None), "ended_at": max(times[1], default=None),
        "source_format": "openhands", "source_path": source.name, "recorded_score": verdicts.recorded_score,
        "recorded_n_rollouts": verdicts.n_scored, PATH_COLUMN: source.name,
    }  # fmt: skip


def group(files: Sequence[SourceFile], companions: Sequence[SourceFile]) -> Iterable[Source]:
    """Make one unit of the records of a folder: its files copy each other's lines."""
    folders: dict[str, list[SourceFile]] = defaultdict(list)
    for file in files:
        folders[str(file.path.parent)].append(file)
    for folder, members in folders.items():
        name = members[0].name if len(members) == 1 else members[0].name.rpartition("/")[0] or members[0].name
        beside = tuple(file for file in companions if str(file.path.parent) == folder)
        yield Source(name, tuple(members), beside)
