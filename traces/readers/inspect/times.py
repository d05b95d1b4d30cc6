"""Stamps and spans of an Inspect log: microseconds since 1970, seconds of work, the time several spans cover."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from traces.decode import Count

_MOST_S: Final = 1e9

Span = tuple[int, int]
"""Start and end in microseconds."""


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970; a stamp without a zone is taken as UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1_000_000)


def moment(text: str | None) -> datetime | None:
    """Read a stamp; null: none, empty, or not a time."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def seconds(count: Count) -> float | None:
    """Seconds as a number a column can hold; what cannot be true is kept for the checks to name."""
    if count is None:
        return None
    if -_MOST_S < count < _MOST_S:  # by far the most frequent case
        return float(count)
    return min(max(float(count), -_MOST_S), _MOST_S) if math.isfinite(count) else None


def span_of(ended_us: int | None, worked_s: float | None) -> Span | None:
    """Span in which a call or a tool worked: up to its completion; null: not both are known."""
    if ended_us is None or worked_s is None or worked_s < 0:
        return None
    return ended_us - round(worked_s * 1e6), ended_us


def covered_s(spans: Iterable[Span]) -> float:
    """Seconds that spans cover, those that run side by side once."""
    total = until = 0
    for start, end in sorted(spans):
        total += max(end - max(start, until), 0)
        until = max(until, end)
    return total / 1e6
