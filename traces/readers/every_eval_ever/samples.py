"""Samples to rollouts: lines of one sample differ by metric, and its tokens, copied to each of them, count once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import polars as pl

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.files import printable
from traces.readers.every_eval_ever.file import Evaluation as Scored
from traces.readers.every_eval_ever.file import Performance, Sample
from traces.readers.every_eval_ever.runs import Evaluation
from traces.readers.every_eval_ever.usage import sample_counts
from traces.rejects import RejectLog
from traces.usage import TOKEN_SCHEMA, UNKNOWN

Row = tuple[Any, ...]
_WHERE: Final = {
    "run_id": pl.String, "rollout_id": pl.String, PATH_COLUMN: pl.String, PLACE_COLUMN: pl.String,
}  # fmt: skip
ROLLOUT_SCHEMA: Final = {
    "score": pl.Float64, "is_success": pl.Boolean, **_WHERE, "benchmark": pl.String, "task_id": pl.String,
    "attempt": pl.Int64, "stop_reason": pl.String, "n_calls": pl.Int64, "wall_s": pl.Float64, "wait_s": pl.Float64,
    "model_s": pl.Float64, "time_basis": pl.String,
}  # fmt: skip
SCORE_SCHEMA: Final = {**_WHERE, "metric": pl.String, "value": pl.Float64, "is_success": pl.Boolean}
CALL_SCHEMA: Final = {
    **_WHERE, "call_index": pl.Int64, "call_id": pl.String, "model": pl.String, "ttft_s": pl.Float64,
    "n_requests": pl.Int64, "granularity": pl.String, "is_residual": pl.Boolean, **TOKEN_SCHEMA,
}  # fmt: skip
_NONE: Final = Performance()
_UNSCORED: Final = Scored()


class Line(NamedTuple):
    """A sample with where it stands."""

    sample: Sample
    path: str
    place: str


@dataclass(slots=True)
class Samples:
    """What is remembered of the samples seen, and the rows of those not taken yet."""

    scorer: str | None
    log: RejectLog
    hashes: dict[tuple[str, str], str | None] = field(default_factory=dict)
    """Hash that stands for the plain id of a sample."""
    seen: dict[tuple[str, str, str | None], int] = field(default_factory=dict)
    """How often a metric had a sample."""
    attempts: set[str] = field(default_factory=set)
    rollouts: dict[str, Row] = field(default_factory=dict)
    calls: list[Row] = field(default_factory=list)
    scores: list[Row] = field(default_factory=list)

    def add(self, evaluation: Evaluation, line: Line) -> None:
        """Add the score of a line, and the rollout with its calls where no earlier line gave them."""
        sample, run_id = line.sample, evaluation.run_id
        task_id = self._task_id(run_id, sample)
        attempt = self._attempt(run_id, sample, task_id)
        rollout_id = f"{run_id}/{task_id}/{attempt}"
        where = (run_id, rollout_id, line.path, line.place)
        scored, metric = sample.evaluation or _UNSCORED, evaluation.metric_of(sample.evaluation_result_id)
        if rollout_id not in self.attempts:
            self.attempts.add(rollout_id)
            n_calls = _n_calls(sample)
            key = (scored.score, scored.is_correct, *where, evaluation.name, task_id, attempt)
            self.rollouts[rollout_id] = (*key, *_rollout(sample, n_calls, evaluation.library))
            self.calls += _calls(line, n_calls, evaluation.library, where, self.log)
        elif self.scorer is not None and self.scorer in {metric, sample.evaluation_result_id}:
            self.rollouts[rollout_id] = (scored.score, scored.is_correct, *self.rollouts[rollout_id][2:])
        self.scores.append((*where, metric, scored.score, scored.is_correct))

    def taken(self, *, is_end: bool) -> list[Row]:
        """Take the rollouts that no later line changes: all of them, unless a chosen metric may still score them."""
        if self.scorer is not None and not is_end:
            return []
        rows, self.rollouts = list(self.rollouts.values()), {}
        return rows

    def _task_id(self, run_id: str, sample: Sample) -> str:
        """Id of the sample; another text under the same id, as of a perturbed one, is told apart by its hash."""
        sample_id = str(sample.sample_id)
        first = self.hashes.setdefault((run_id, sample_id), sample.sample_hash)
        return sample_id if first == sample.sample_hash else f"{sample_id}+{printable(str(sample.sample_hash))[:8]}"

    def _attempt(self, run_id: str, sample: Sample, task_id: str) -> int:
        """Epoch as the adapter notes it, else how often the metric had this sample before."""
        key = (run_id, task_id, sample.evaluation_result_id)
        number = self.seen.get(key, 0)
        self.seen[key] = number + 1
        epoch = str(sample.metadata.get("epoch", "")) if sample.metadata else ""
        return int(epoch) - 1 if epoch.isdecimal() and 0 < int(epoch) < 10**6 else number


def _rollout(sample: Sample, n_calls: int | None, library: str | None) -> Row:
    return ("error" if sample.error else "unknown", n_calls, *_seconds(sample.performance or _NONE, library))


def _n_calls(sample: Sample) -> int | None:
    """Answers of the model in the conversation; one where it is a single turn."""
    if sample.messages:
        return [message.role for message in sample.messages].count("assistant") or None
    return 1 if sample.interaction_type == "single_turn" else None


def _seconds(performance: Performance, library: str | None) -> Row:
    """Seconds of a sample, on the wall, waiting and of the model, and what they are.

    Inspect's adapter calls the waiting time latency, and the working time generation.
    """
    latency_ms, generation_ms = performance.latency_ms, performance.generation_time_ms
    if library == "inspect_ai" and latency_ms is not None and generation_ms is not None:
        return (latency_ms + generation_ms) / 1000, latency_ms / 1000, None, "measured"
    model_s = None if generation_ms is None else generation_ms / 1000
    is_whole = latency_ms is not None and latency_ms >= (generation_ms or 0)
    if latency_ms is None or not is_whole:
        return None, None, model_s, None
    return latency_ms / 1000, None, model_s, "measured"


def _calls(line: Line, n_calls: int | None, library: str | None, where: Row, log: RejectLog) -> Iterator[Row]:
    """One call with the tokens told; of a longer conversation they are the last call's, the others are not known."""
    sample, rollout_id = line.sample, where[1]

    def report(reason: str) -> None:
        log.contradiction(line.path, line.place, f"{sample.sample_id}: {reason}")

    counts = sample_counts(sample.token_usage, library, report)
    ttft_ms = sample.performance.time_to_first_token_ms if sample.performance is not None else None
    is_one = sample.interaction_type == "single_turn" or n_calls == 1
    ttft_s = ttft_ms / 1000 if ttft_ms is not None and is_one else None
    index = (n_calls or 1) - 1 if is_one or n_calls else None
    yield (*where, index, f"{rollout_id}#last", sample.model_id, ttft_s, 1, "call", False, *counts)
    if not is_one:
        earlier = (None, f"{rollout_id}#earlier", sample.model_id, None, n_calls - 1 if n_calls else None)
        yield (*where, *earlier, "rollout", True, *UNKNOWN)
