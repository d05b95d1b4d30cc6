"""Attempts of a HAL upload: every task anything is said of, with its verdict, times and what it is said to cost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

import polars as pl

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import Count, whole
from traces.readers.hal.calls import Request
from traces.readers.hal.evaluation import Verdict
from traces.readers.hal.file import Latency
from traces.readers.hal.load import Upload
from traces.readers.hal.usage import task_of
from traces.rejects import RejectLog

_SCHEMA: Final = {
    "rollout_id": pl.String, "task_id": pl.String, "attempt": pl.Int64, "score": pl.Float64, "is_success": pl.Boolean,
    "stop_reason": pl.String, "started_at": pl.Int64, "ended_at": pl.Int64, "wall_s": pl.Float64,
    "time_basis": pl.String, "n_calls": pl.Int64, "recorded_cost_usd": pl.Float64, "is_tz_assumed": pl.Boolean,
    PLACE_COLUMN: pl.String,
}  # fmt: skip
_SCORE_SCHEMA: Final = {
    "rollout_id": pl.String, "metric": pl.String, "value": pl.Float64, "is_success": pl.Boolean,
    PLACE_COLUMN: pl.String,
}  # fmt: skip
_MICRO: Final = 1_000_000


@dataclass(slots=True)
class Attempts:
    """Verdicts by task; tasks nothing is judged of have one attempt without a verdict."""

    by_task: dict[str, list[Verdict]] = field(default_factory=dict)

    def rollout_id(self, run_id: str, task_id: str | None) -> str | None:
        """Attempt a call belongs to; null: its task was tried several times, and it is not told in which."""
        if task_id is None or len(self.by_task.get(task_id, ())) > 1:
            return None
        return f"{run_id}/{task_id}/0"


def attempts(upload: Upload, log: RejectLog) -> Attempts:
    """List the attempts; where HAL's lists of solved and failed tasks contradict a verdict, that is reported."""
    results, evaluation = upload.rest.results, upload.evaluation
    listed = {str(task): True for task in results.successful_tasks or ()}
    listed |= {str(task): False for task in results.failed_tasks or () if str(task) not in listed}
    found = Attempts()
    for verdict in evaluation.verdicts:
        agreed = _thresholded(_agreed(verdict, listed, upload.name, log), results.similarity_threshold)
        found.by_task.setdefault(verdict.task_id, []).append(agreed)
    for task_id in [*listed, *_named(upload)]:
        known = listed.get(task_id)
        score = None if known is None or evaluation.verdicts else float(known)
        found.by_task.setdefault(task_id, [Verdict(task_id, score=score, is_success=known)])
    return found


def _named(upload: Upload) -> Iterator[str]:
    rest = upload.rest
    tables: tuple[Mapping[str, Any] | None, ...] = (
        upload.tasks, rest.results.latencies, rest.results.costs, rest.wall_clock_times, rest.task_metrics
    )  # fmt: skip
    yield from (task_id for table in tables for task_id in table or ())
    yield from sorted({task_id for task_id in map(task_of, upload.calls) if task_id is not None})


def _agreed(verdict: Verdict, listed: Mapping[str, bool], name: str, log: RejectLog) -> Verdict:
    known = listed.get(verdict.task_id)
    if known is None:
        return verdict
    if verdict.is_success is None:
        score = float(known) if verdict.score is None and not verdict.is_error else verdict.score
        return replace(verdict, is_success=known, score=score)
    if verdict.is_success is known:
        return verdict
    said = "solved" if verdict.is_success else "not solved"
    log.contradiction(name, f"raw_eval_results.{verdict.task_id}", f"judged {said}, listed as the opposite")
    return replace(verdict, is_success=None, is_contradicted=True)


def _thresholded(verdict: Verdict, least: Count) -> Verdict:
    """Judge a bare score that no list judges."""
    if verdict.is_success is not None or verdict.score is None or verdict.is_contradicted:
        return verdict
    return replace(verdict, is_success=verdict.score >= (1 if least is None else least))


def rollout_frame(upload: Upload, found: Attempts, requests: Sequence[Request], run_id: str) -> pl.DataFrame:
    """Attempts as a partial table ``rollouts``."""
    times = _times(requests)
    rows = [
        _row(upload, verdict, run_id, times if len(verdicts) == 1 else {})
        for verdicts in found.by_task.values()
        for verdict in verdicts
    ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row").with_columns(pl.lit(upload.name).alias(PATH_COLUMN))


Times = dict[str, tuple[int | None, int | None, bool]]


def _times(requests: Sequence[Request]) -> Times:
    """First and last stamp of each task, and whether one had no zone."""
    found: Times = {}
    for task_id, group in groupby(requests, key=attrgetter("task_id")):
        of_task = list(group)
        stamps = [stamp for one in of_task for stamp in (one.started_us, one.ended_us) if stamp is not None]
        is_assumed = any(one.is_tz_assumed for one in of_task)
        found[task_id] = min(stamps, default=None), max(stamps, default=None), is_assumed
    return found


def _row(upload: Upload, verdict: Verdict, run_id: str, times: Times) -> tuple[Any, ...]:
    task_id, rest = verdict.task_id, upload.rest
    first, last, is_assumed = times.get(task_id, (None, None, False))
    measured = _number((rest.wall_clock_times or {}).get(task_id))
    spanned = (last - first) / _MICRO if first is not None and last is not None and last > first else None
    wall_s = next((s for s in (measured, spanned, _latency_s(upload, task_id)) if s is not None), None)
    basis = None if wall_s is None and first is None else ("lower_bound" if measured is None else "measured")
    task = upload.tasks.get(task_id)
    return (
        f"{run_id}/{task_id}/{verdict.attempt}", task_id, verdict.attempt, verdict.score, verdict.is_success,
        "error" if verdict.is_error else "unknown", first, last, wall_s, basis,
        None if task is None else whole(task.call_count), cost_usd(upload, verdict), is_assumed,
        f"raw_eval_results.{task_id}",
    )  # fmt: skip


def cost_usd(upload: Upload, verdict: Verdict) -> float | None:
    """Dollars the upload states for an attempt; 0 is that of a model without a price: not known."""
    metrics = (upload.rest.task_metrics or {}).get(verdict.task_id)
    stated = (
        (upload.rest.results.costs or {}).get(verdict.task_id),
        verdict.cost_usd,
        metrics.estimated_cost if metrics is not None else None,
    )
    return next((float(cost) for cost in stated if cost), None)


def _latency_s(upload: Upload, task_id: str) -> float | None:
    """HAL's own time, which leaves out the last call."""
    stated = (upload.rest.results.latencies or {}).get(task_id)
    return _number(stated.total_time if isinstance(stated, Latency) else stated) or None


def _number(value: Count) -> float | None:
    return None if value is None else float(value)


def score_frame(upload: Upload, found: Attempts, run_id: str) -> pl.DataFrame:
    """All scores of the attempts as a partial table ``scores``."""
    rows: list[tuple[Any, ...]] = []
    for verdict in (verdict for verdicts in found.by_task.values() for verdict in verdicts):
        rollout_id, place = f"{run_id}/{verdict.task_id}/{verdict.attempt}", f"raw_eval_results.{verdict.task_id}"
        main = {upload.evaluation.metric or "solved": verdict.score} if verdict.score is not None else {}
        rows += [(rollout_id, name, value, verdict.is_success, place) for name, value in main.items()]
        rows += [(rollout_id, name, value, None, place) for name, value in verdict.more.items() if name not in main]
    return pl.DataFrame(rows, schema=_SCORE_SCHEMA, orient="row").with_columns(pl.lit(upload.name).alias(PATH_COLUMN))
