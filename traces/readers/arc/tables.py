"""ARC-AGI results to canonical tables: tasks as rollouts, the attempts at their test pairs as calls."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import whole
from traces.document import read_document
from traces.files import peek
from traces.readers.arc.file import Attempt, Metadata, Pairs, Results, TaskResult, attempts, is_results, made
from traces.registry import Batch, Source, SourceFile
from traces.rejects import RejectLog
from traces.rows import digest, elapsed_s, frame_of, known_usd, reported_moment
from traces.schema import CALLS, ROLLOUTS, RUNS, SCORES, TASKS
from traces.usage import token_counts

Row = dict[str, Any]
_ROUNDING: Final = 1e-9
_BENCHMARK: Final = "arc-agi"
_EFFORTS: Final = ("reasoning_effort", "reasoning", "thinking")


@dataclass(slots=True)
class _Run:
    """What is gathered over the files of a run."""

    tasks: dict[str, tuple[SourceFile, Pairs]] = field(default_factory=dict)
    results: Mapping[str, TaskResult] = field(default_factory=dict)
    stated: Results | None = None

    def key(self) -> Iterator[str]:
        """Name the run by what was answered, and when; without submissions by its results."""
        for task_id, (_, pairs) in sorted(self.tasks.items()):
            yield from (f"{task_id} {one.start_timestamp} {one.model}" for one in map(made, attempts(pairs)))
        if not self.tasks:
            yield from (f"{task_id} {result.score} {result.cost}" for task_id, result in sorted(self.results.items()))


@dataclass(frozen=True, slots=True)
class _Task:
    """A task of a run: its submission (empty: none) and its result (null: none)."""

    task_id: str
    rollout_id: str
    pairs: Pairs
    result: TaskResult | None
    file: SourceFile


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map a folder of submissions and its results file to one run."""
    run = _read(source, log)
    if not run.tasks and not run.results:
        return
    run_id = f"arc-{digest(run.key())}"
    rows: dict[str, list[Row]] = defaultdict(list)
    for task_id in sorted({*run.tasks, *run.results}):
        file, pairs = run.tasks.get(task_id, (source.files[0], []))
        task = _Task(task_id, f"{run_id}/{task_id}/0", pairs, run.results.get(task_id), file)
        calls = [_call_row(attempt, task, index, log) for index, attempt in enumerate(attempts(pairs))]
        rows["calls"] += calls or [_total_row(task)]
        rows["rollouts"].append(_rollout_row(task, calls))
        rows["scores"] += _score_rows(task)
        rows["tasks"].append({"benchmark": _BENCHMARK, "task_id": task_id})
    rows["runs"] = [_run_row(run, run_id, rows, source, log)]
    for name in ("calls", "rollouts", "scores"):
        rows[name] = [{**row, "run_id": run_id} for row in rows[name]]
    tables = {table.name: table for table in (RUNS, TASKS, ROLLOUTS, SCORES, CALLS)}
    yield {name: frame_of(tables[name], listed) for name, listed in rows.items() if listed}


def _read(source: Source, log: RejectLog) -> _Run:
    run = _Run()
    for file in source.files:
        if is_results(peek(file.path)):
            stated = read_document(file, Results, log)
            if stated is not None and run.stated is None:
                run.stated, run.results = stated, stated.task_results or {}
            elif stated is not None:
                log.contradiction(file.name, "", "a second results file of this folder; the first one counts")
            continue
        pairs = read_document(file, Pairs, log)
        if pairs is not None:
            named = next((one.task_id for one in map(made, attempts(pairs)) if one.task_id), None)
            task_id = named or file.path.name.split(".json")[0]
            first, _ = run.tasks.setdefault(task_id, (file, pairs))
            if first is not file:
                log.duplicate(file.name, "", first.name, f"a second submission to task {task_id}")
    return run


def _call_row(attempt: Attempt, task: _Task, index: int, log: RejectLog) -> Row:
    how, place, file = made(attempt), f"attempt {index}", task.file
    start, end = (reported_moment(stamp, file, place, log) for stamp in (how.start_timestamp, how.end_timestamp))
    latency_s = elapsed_s(start, end)
    if start.at and end.at and latency_s is None:
        log.contradiction(file.name, place, f"ended {how.end_timestamp}, before it began ({how.start_timestamp})")
    counts = token_counts(how.usage)
    is_used = counts.input_tokens or counts.output_tokens
    return {
        "rollout_id": task.rollout_id, "call_index": index, "call_id": f"{task.rollout_id}#{index}",
        "provider": how.provider, "model": how.model, "started_at": start.at,
        "ended_at": end.at if latency_s is not None else None, "latency_s": latency_s,
        "time_basis": "measured" if latency_s is not None else "lower_bound" if start.at else None,
        "is_tz_assumed": start.is_assumed or end.is_assumed, **counts._asdict(),
        "recorded_cost_usd": known_usd(how.cost.total_cost if how.cost else None, is_used or 0),
        PATH_COLUMN: file.name, PLACE_COLUMN: place,
    }  # fmt: skip


def _total_row(task: _Task) -> Row:
    """Row for the calls of a task of which only the result is there."""
    result = task.result or TaskResult()
    return {
        "rollout_id": task.rollout_id, "call_id": f"{task.rollout_id}#total", "granularity": "rollout",
        "n_requests": whole(result.attempts), "recorded_cost_usd": known_usd(result.cost, result.attempts or 0),
        **token_counts(result.usage)._asdict(),
        PATH_COLUMN: task.file.name, PLACE_COLUMN: task.task_id,
    }  # fmt: skip


def _rollout_row(task: _Task, calls: Sequence[Row]) -> Row:
    result, pairs = task.result, task.pairs
    score = result.score if result is not None and result.score is not None else _own_score(pairs)
    costs = [row["recorded_cost_usd"] for row in calls]
    own_usd = sum(costs) if costs and None not in costs else None
    starts, ends = ([row[name] for row in calls if row[name]] for name in ("started_at", "ended_at"))
    is_timed = bool(calls) and len(ends) == len(calls)
    return {
        "rollout_id": task.rollout_id, "benchmark": _BENCHMARK, "task_id": task.task_id, "attempt": 0, "score": score,
        "is_success": None if score is None else score >= 1 - _ROUNDING, "stop_reason": "submitted",
        "started_at": min(starts, default=None), "ended_at": max(ends, default=None),
        "wall_s": (max(ends) - min(starts)).total_seconds() if is_timed else None,
        "time_basis": "measured" if is_timed else None, "model_s": _model_s(calls, result),
        "n_calls": whole(result.attempts) if result is not None else None,
        "recorded_cost_usd": own_usd if result is None else known_usd(result.cost, 0 if own_usd == 0 else 1),
        "is_tz_assumed": any(row["is_tz_assumed"] for row in calls),
        PATH_COLUMN: task.file.name, PLACE_COLUMN: task.task_id,
    }  # fmt: skip


def _model_s(calls: Sequence[Row], result: TaskResult | None) -> float | None:
    """Seconds in calls: those of the attempts, or what the results file adds up (0: nobody timed it)."""
    latencies = [row.get("latency_s") for row in calls]
    known: list[float] = [seconds for seconds in latencies if seconds is not None]
    if known and len(known) == len(calls):
        return sum(known)
    return float(result.duration) if result is not None and result.duration else None


def _own_score(pairs: Pairs) -> float | None:
    """Share of test pairs that some attempt got right; null as soon as one pair was not compared."""
    right = [[attempt.correct for attempt in pair.values() if attempt is not None] for pair in pairs]
    solved = [None if None in each and True not in each else any(each) for each in right]
    known = [each for each in solved if each is not None]
    return sum(known) / len(known) if known and len(known) == len(solved) else None


def _score_rows(task: _Task) -> Iterator[Row]:
    for index, attempt in enumerate(attempts(task.pairs)):
        if attempt.correct is not None:
            score = {"metric": "correct", "value": float(attempt.correct), "is_success": attempt.correct}
            yield {"rollout_id": task.rollout_id, **score, "event": "submit", "call_index": index}


def _run_row(run: _Run, run_id: str, rows: Mapping[str, list[Row]], source: Source, log: RejectLog) -> Row:
    first = next((made(attempt) for _, pairs in run.tasks.values() for attempt in attempts(pairs)), Metadata())
    kwargs = first.kwargs or {}
    effort = next((kwargs[name] for name in _EFFORTS if kwargs.get(name)), None)
    effort = effort if effort is None or isinstance(effort, str) else json.dumps(effort, sort_keys=True)
    allowed = max((len(pair) for _, pairs in run.tasks.values() for pair in pairs), default=None)
    times = [[row[name] for row in rows["rollouts"] if row[name]] for name in ("started_at", "ended_at")]
    stated = run.stated or Results()
    return {
        "run_id": run_id, "benchmark": _BENCHMARK, "model": first.model, "reasoning_effort": effort,
        "agent": " + ".join(filter(None, (first.model, effort))) or first.test_id or "unknown",
        "settings": json.dumps({"test_id": first.test_id}), "submissions_allowed": allowed,
        "score_metric": "share of test pairs solved", "score_min": 0.0, "score_max": 1.0,
        "success_rule": "every test pair is solved by one of its attempts",
        "started_at": min(times[0], default=None), "ended_at": max(times[1], default=None), "source_format": "arc",
        "source_path": source.name, "recorded_score": _stated_score(stated, source, log),
        "recorded_cost_usd": known_usd(stated.total_cost), "recorded_n_rollouts": whole(stated.total_tasks),
        PATH_COLUMN: source.name,
    }  # fmt: skip


def _stated_score(stated: Results, source: Source, log: RejectLog) -> float | None:
    """Score of the run as a share: files state the number of tasks solved, the share, or per cent."""
    scores = [result.score for result in (stated.task_results or {}).values() if result.score is not None]
    if stated.score is None or not scores:
        return None
    mean = sum(scores) / len(scores)
    if any(abs(stated.score - value) <= _ROUNDING for value in (mean, sum(scores), 100 * mean)):
        return mean
    log.contradiction(source.name, "score", f"states {stated.score}, its tasks give {sum(scores)} of {len(scores)}")
    return None
