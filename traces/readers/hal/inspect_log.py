"""Uploads of benchmarks that Inspect ran: ``raw_eval_results`` is a whole Inspect log, read here sample by sample.

A sample is a rollout, its ``model_usage`` one total per model. Events of single calls are for the reader of Inspect
logs, whose tables can take the place of these: ``EvalLog`` is all that is read here.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from traces.decode import Count
from traces.readers.hal.file import Blank, RecordedUsage, Stamp
from traces.readers.inspect.file import Scorer

_HEAD: Final = re.compile(rb'\s*\{\s*"(?:version|status|eval)"\s*:')
_HEAD_CHARS: Final = 4096
_GRADES: Final = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}


class SampleScore(msgspec.Struct, gc=False):
    """One score of a sample: a grade, a number, or several by name."""

    value: Any = None


class Sample(msgspec.Struct):
    """One attempt at a task."""

    id: str | int | None = None
    epoch: int | None = None
    scores: dict[str, SampleScore] | None = None
    score: SampleScore | None = None
    model_usage: dict[str, RecordedUsage] | None = None
    started_at: Stamp = None
    completed_at: Stamp = None
    total_time: Count = None
    error: Blank | str | None = None
    limit: Blank | str | None = None


class Eval(msgspec.Struct):
    """Header of the log."""

    task: str | None = None
    model: str | None = None
    created: Stamp = None
    task_args: dict[str, Any] | None = None
    model_roles: dict[str, Any] | None = None
    scorers: list[Scorer] | None = None


class Stats(msgspec.Struct):
    """When the evaluation ran, and tokens of all attempts, those that were tried again included."""

    started_at: Stamp = None
    completed_at: Stamp = None


class EvalLog(msgspec.Struct):
    """The fields of an Inspect log that are read."""

    eval: Eval = msgspec.field(default_factory=Eval)
    stats: Stats = msgspec.field(default_factory=Stats)
    samples: list[Sample] | None = None


class InspectDocument(msgspec.Struct):
    """An upload, of which only the Inspect log is read."""

    raw_eval_results: EvalLog = msgspec.field(default_factory=EvalLog)


def is_inspect_log(text: memoryview | bytes) -> bool:
    """Recognise an Inspect log by the keys it begins with."""
    head = bytes(text[:_HEAD_CHARS])
    return bool(_HEAD.match(head)) and b'"eval"' in head and (b'"status"' in head or b'"task"' in head)


def sample_scores(sample: Sample) -> Iterator[tuple[str, str, float | None]]:
    """Scorer, name of the score, value; grades as numbers, a score of several parts one by one."""
    scores: Mapping[str, SampleScore] = sample.scores or ({"score": sample.score} if sample.score else {})
    for scorer, score in scores.items():
        if isinstance(score.value, dict):
            for name, value in score.value.items():
                yield scorer, str(name), graded(value)
        else:
            yield scorer, scorer, graded(score.value)


def graded(value: Any) -> float | None:
    """Number of a grade, of a number, of a text that is one; null: none of these."""
    if isinstance(value, str) and value in _GRADES:
        return _GRADES[value]
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None
