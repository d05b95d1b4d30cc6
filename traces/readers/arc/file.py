"""The fields of ARC-AGI submissions and results files that a replay needs; answers are skipped."""

from collections.abc import Iterator
from typing import Any

import msgspec

from traces.decode import Count
from traces.registry import Peek
from traces.usage import OutputDetails, Usage


class Cost(msgspec.Struct, gc=False):
    """Cost of an attempt, at the prices of ARC's own model file."""

    total_cost: Count = None


class Metadata(msgspec.Struct, gc=False):
    """How an attempt was made."""

    model: str | None = None
    provider: str | None = None
    start_timestamp: str | None = None
    end_timestamp: str | None = None
    kwargs: dict[str, Any] | None = None
    usage: Usage | None = None
    cost: Cost | None = None
    task_id: str | None = None
    pair_index: Count = None
    test_id: str | None = None


class Attempt(msgspec.Struct, gc=False):
    """One answer to one test pair; correct is null where nobody compared it."""

    metadata: Metadata | None = None
    correct: bool | None = None


class TaskResult(msgspec.Struct, gc=False):
    """What the results file says of a task; prompt and reasoning tokens only from 2026 on."""

    score: float | None = None
    cost: Count = None
    attempts: Count = None
    duration: Count = None
    prompt_tokens: Count = None
    output_tokens: Count = None
    reasoning_tokens: Count = None
    total_tokens: Count = None

    @property
    def usage(self) -> Usage | None:
        """Tokens of all attempts; 0 in all is that of a model nobody counted: not known."""
        if not self.total_tokens and not self.output_tokens:
            return None
        return Usage(
            prompt_tokens=self.prompt_tokens, completion_tokens=self.output_tokens, total_tokens=self.total_tokens,
            completion_tokens_details=OutputDetails(self.reasoning_tokens),
        )  # fmt: skip


class Results(msgspec.Struct):
    """The results file."""

    score: float | None = None
    total_tasks: Count = None
    total_cost: Count = None
    task_results: dict[str, TaskResult] | None = None


Pairs = list[dict[str, Attempt | None]]
"""A submission: the attempts at each test pair, by ``attempt_1``, ``attempt_2``."""


def attempts(pairs: Pairs) -> Iterator[Attempt]:
    """Attempts in order; those that failed are null in the file and were no answer."""
    for pair in pairs:
        yield from (attempt for _, attempt in sorted(pair.items()) if attempt is not None)


def made(attempt: Attempt) -> Metadata:
    """How an attempt was made."""
    return attempt.metadata or Metadata()


def is_results(seen: Peek) -> bool:
    """Recognise a results file by its totals."""
    return b'"task_results"' in seen.start and b'"total_attempts"' in seen.start
