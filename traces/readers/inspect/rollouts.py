"""A sample as a row of rollouts: why it ended, and its clock (wall, working, models, tools) kept apart."""

from collections.abc import Callable
from typing import Final

import polars as pl

from traces.checks import PLACE_COLUMN
from traces.readers.inspect.file import Limit, Message, Sample
from traces.readers.inspect.made import Made, Row
from traces.readers.inspect.run import recorded_usd
from traces.readers.inspect.scores import Scored
from traces.readers.inspect.times import covered_s, microseconds, moment, seconds

ROLLOUT_SCHEMA: Final = {
    "rollout_id": pl.String, "task_id": pl.String, "attempt": pl.Int64, PLACE_COLUMN: pl.String, "score": pl.Float64,
    "stop_reason": pl.String, "started_at": pl.Int64, "ended_at": pl.Int64, "wall_s": pl.Float64,
    "time_basis": pl.String, "model_s": pl.Float64, "tool_s": pl.Float64, "wait_s": pl.Float64,
    "recorded_cost_usd": pl.Float64, "is_tz_assumed": pl.Boolean, "native_id": pl.String,
}  # fmt: skip
_LIMITS: Final = {
    "context": "limit_context", "time": "limit_time", "working": "limit_time", "message": "limit_turns",
    "turn": "limit_turns", "token": "limit_tokens", "cost": "limit_cost",
}  # fmt: skip
_INFRASTRUCTURE: Final = (
    "APIError", "APIConnectionError", "APIStatusError", "APITimeoutError", "AuthenticationError", "InternalServerError",
    "OverloadedError", "PermissionDeniedError", "RateLimitError", "ServiceUnavailableError", "ConnectionError",
    "ConnectTimeout", "ReadTimeout",
)  # fmt: skip

Key = tuple[str, str, int, str]
"""rollout_id, task_id, attempt, place."""
Report = Callable[[str], None]


def rollout_row(sample: Sample, made: Made, score: Scored | None, key: Key, report: Report) -> Row:
    """Row for ``ROLLOUT_SCHEMA``; ``report`` is told of a stamp that is no time."""
    total_s, working_s = seconds(sample.total_time), seconds(sample.working_time)
    return (
        *key, score.value if score is not None else None, stop_reason(sample, made),
        *_clock(sample, made, total_s, report),
        covered_s(made.models) if made.models and made.is_model_timed else None,
        covered_s(made.tools) if made.tools and made.is_tool_timed else None,
        max(total_s - working_s, 0.0) if total_s is not None and working_s is not None else None,
        recorded_usd(sample.model_usage), made.is_tz_assumed, sample.uuid,
    )  # fmt: skip


def stop_reason(sample: Sample, made: Made) -> str:
    """Tell why a sample ended: by a limit, an error, or on its own."""
    limit = sample.limit.type if isinstance(sample.limit, Limit) else sample.limit
    limit = limit or made.limit
    if sample.error:
        message = (sample.error.message if isinstance(sample.error, Message) else sample.error) or ""
        return "error_infra" if message.rpartition(".")[2].startswith(_INFRASTRUCTURE) else "error"
    return _LIMITS.get(limit, "limit_other") if limit else "submitted"


def _clock(
    sample: Sample, made: Made, total_s: float | None, report: Report
) -> tuple[int | None, int | None, float | None, str | None]:
    """Start, end, seconds and their basis.

    Where a sample is not stamped its last event ends it, and its own total says when it began: a sample that waited
    for its turn, or was resumed, has events long before.
    """
    started, ended = _stamp(sample.started_at, report), _stamp(sample.completed_at, report)
    first, last = min(made.stamps, default=None), max(made.stamps, default=None)
    last = ended if ended is not None else last
    if started is None and last is not None and total_s is not None:
        first = last - round(total_s * 1e6)
    first = started if started is not None else first
    if total_s is not None:
        return first, last, total_s, "measured"
    if first is None or last is None:
        return first, last, None, None
    is_stamped = started is not None and ended is not None
    return first, last, (last - first) / 1e6, "measured" if is_stamped else "lower_bound"


def _stamp(text: str | None, report: Report) -> int | None:
    at = moment(text)
    if text and at is None:
        report(f"{text!r} is not a time")
    return microseconds(at) if at is not None else None
