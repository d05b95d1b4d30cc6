"""Samples to rollouts: lines of one sample differ by metric, and its tokens, copied to each of them, count once."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.files import printable
from traces.readers.every_eval_ever.file import Evaluation as Scored
from traces.readers.every_eval_ever.file import Performance, Sample
from traces.readers.every_eval_ever.runs import Evaluation
from traces.readers.every_eval_ever.usage import sample_counts
from traces.rejects import RejectLog
from traces.usage import TOKEN_COLUMNS

Row = dict[str, Any]


class Line(NamedTuple):
    """A sample with where it stands."""

    sample: Sample
    path: str
    place: str


@dataclass(slots=True)
class Samples:
    """What is remembered of the samples seen: their attempts, and which hash stands for the plain id of each."""

    scorer: str | None
    log: RejectLog
    hashes: dict[tuple[str, str], str | None] = field(default_factory=dict)
    seen: Counter[tuple[str, str, str | None]] = field(default_factory=Counter)
    rollouts: dict[str, Row | None] = field(default_factory=dict)

    def add(self, evaluation: Evaluation, line: Line) -> tuple[list[Row], Row]:
        """Give the calls of a line (none where an earlier line of the attempt gave them) and its score."""
        task_id = self._task_id(evaluation, line.sample)
        attempt = self._attempt(evaluation, line.sample, task_id)
        rollout_id = f"{evaluation.run_id}/{task_id}/{attempt}"
        where = {PATH_COLUMN: line.path, PLACE_COLUMN: line.place}
        shared = {"run_id": evaluation.run_id, "rollout_id": rollout_id, **where}
        scored, metric = line.sample.evaluation or Scored(), evaluation.metric_of(line.sample.evaluation_result_id)
        calls: list[Row] = []
        if rollout_id not in self.rollouts:
            key = {"benchmark": printable(evaluation.name), "task_id": task_id, "attempt": attempt}
            self.rollouts[rollout_id] = {**shared, **key, **_rollout(line.sample, scored, evaluation)}
            report = f"{line.sample.sample_id}"
            calls = [{**shared, **row} for row in _calls(line, evaluation, rollout_id, report, self.log)]
        elif self.scorer is not None and self.scorer in {metric, line.sample.evaluation_result_id}:
            row = self.rollouts[rollout_id] or {}
            self.rollouts[rollout_id] = {**row, "score": scored.score, "is_success": scored.is_correct}
        score = {**shared, "metric": printable(metric), "value": scored.score, "is_success": scored.is_correct}
        return calls, score

    def taken(self, *, is_end: bool) -> list[Row]:
        """Take the rollouts that no later line changes: all of them, unless a chosen metric may still score them."""
        if self.scorer is not None and not is_end:
            return []
        rows = [row for row in self.rollouts.values() if row is not None]
        self.rollouts = dict.fromkeys(self.rollouts)
        return rows

    def _task_id(self, evaluation: Evaluation, sample: Sample) -> str:
        """Id of the sample; another text under the same id, as of a perturbed one, is told apart by its hash."""
        sample_id = printable(str(sample.sample_id))
        first = self.hashes.setdefault((evaluation.run_id, sample_id), sample.sample_hash)
        return sample_id if first == sample.sample_hash else f"{sample_id}+{printable(str(sample.sample_hash))[:8]}"

    def _attempt(self, evaluation: Evaluation, sample: Sample, task_id: str) -> int:
        """Epoch as the adapter notes it, else how often the metric had this sample before."""
        key = (evaluation.run_id, task_id, sample.evaluation_result_id)
        number = self.seen[key]
        self.seen[key] += 1
        epoch = str((sample.metadata or {}).get("epoch", ""))
        return int(epoch) - 1 if epoch.isdecimal() and 0 < int(epoch) < 10**6 else number


def _rollout(sample: Sample, scored: Scored, evaluation: Evaluation) -> Row:
    return {
        "score": scored.score, "is_success": scored.is_correct, "stop_reason": "error" if sample.error else "unknown",
        "n_calls": _n_calls(sample), **_seconds(sample.performance or Performance(), evaluation.library),
    }  # fmt: skip


def _n_calls(sample: Sample) -> int | None:
    """Answers of the model in the conversation; one where it is a single turn."""
    if sample.messages:
        return sum(message.role == "assistant" for message in sample.messages) or None
    return 1 if sample.interaction_type == "single_turn" else None


def _seconds(performance: Performance, library: str | None) -> Row:
    """Seconds of a sample. Inspect's adapter calls the waiting time latency, and the working time generation."""
    latency_ms, generation_ms = performance.latency_ms, performance.generation_time_ms
    wall_s: float | None
    wait_s: float | None
    model_s: float | None
    if library == "inspect_ai" and latency_ms is not None and generation_ms is not None:
        wall_s, wait_s, model_s = (latency_ms + generation_ms) / 1000, latency_ms / 1000, None
    else:
        is_whole = latency_ms is not None and latency_ms >= (generation_ms or 0)
        wall_s = latency_ms / 1000 if latency_ms is not None and is_whole else None
        wait_s, model_s = None, None if generation_ms is None else generation_ms / 1000
    basis = None if wall_s is None else "measured"
    return {"wall_s": wall_s, "wait_s": wait_s, "model_s": model_s, "time_basis": basis}


def _calls(line: Line, evaluation: Evaluation, rollout_id: str, name: str, log: RejectLog) -> Iterator[Row]:
    """One call with the tokens told; of a longer conversation they are the last call's, the others are not known."""
    sample, n_calls = line.sample, _n_calls(line.sample)
    counts = sample_counts(
        sample.token_usage,
        evaluation.library,
        lambda reason: log.contradiction(line.path, line.place, f"{name}: {reason}"),
    )
    model, ttft_ms = sample.model_id, (sample.performance or Performance()).time_to_first_token_ms
    is_one = sample.interaction_type == "single_turn" or n_calls == 1
    yield {
        "call_index": (n_calls or 1) - 1 if is_one or n_calls else None,
        "call_id": f"{rollout_id}#last", "model": model,
        "ttft_s": ttft_ms / 1000 if ttft_ms is not None and is_one else None, "n_requests": 1, "granularity": "call",
        "is_residual": False, **dict(zip(TOKEN_COLUMNS, counts, strict=True)),
    }  # fmt: skip
    if not is_one:
        yield {
            "call_index": None, "call_id": f"{rollout_id}#earlier", "model": model, "ttft_s": None,
            "n_requests": n_calls - 1 if n_calls else None, "granularity": "rollout", "is_residual": True,
            **dict.fromkeys(TOKEN_COLUMNS),
        }  # fmt: skip
