"""What the events of an Inspect sample give, gathered as they are walked through."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from traces.inspect_usage import ModelUsage
from traces.readers.inspect.file import Event
from traces.readers.inspect.roles import Roles
from traces.readers.inspect.scores import Scored
from traces.readers.inspect.times import Span, microseconds
from traces.readers.inspect.usage import Version

Row = tuple[Any, ...]


@dataclass(slots=True)
class Made:
    """The calls of a sample, and what they add up to.

    Args:
        rollout_id: Rollout they belong to.
        version: Version of Inspect that made them.
        roles: Who calls which model.
        rows: Rows for the table of calls.
        charges: Rows for the table of charges.
        usages: Usages of the billed calls by the name Inspect counts them under.
        bases: How many calls have their token convention proven, and how.
        models: Spans in which a model worked.
        tools: Spans in which a tool ran.
        stamps: All stamps, in microseconds.
        scores: Intermediate scores: scorer, call before it, seconds since the start, value.
        limit: Limit that an event says ended the sample; null: none.
        compaction: How the context was shortened, the last time; null: it was not.
        is_model_timed: Whether every call has its span; the same for tools.
        is_tz_assumed: Whether a stamp carries no zone.
    """

    rollout_id: str
    version: Version
    roles: Roles
    rows: list[Row] = field(default_factory=list)
    charges: list[Row] = field(default_factory=list)
    usages: list[tuple[str, ModelUsage]] = field(default_factory=list)
    bases: Counter[str] = field(default_factory=Counter)
    models: list[Span] = field(default_factory=list)
    tools: list[Span] = field(default_factory=list)
    stamps: list[int] = field(default_factory=list)
    scores: list[tuple[str | None, int | None, float | None, Scored]] = field(default_factory=list)
    limit: str | None = None
    compaction: str | None = None
    is_model_timed: bool = True
    is_tool_timed: bool = True
    is_tz_assumed: bool = False


def stamps_of(event: Event, made: Made) -> tuple[int | None, int | None]:
    """Start and end of an event, in microseconds."""
    started, ended = event.timestamp, event.completed
    started_us = ended_us = None
    if started is not None:
        started_us = microseconds(started)
        made.stamps.append(started_us)
        made.is_tz_assumed |= started.tzinfo is None
    if ended is not None:
        ended_us = microseconds(ended)
        made.stamps.append(ended_us)
    return started_us, ended_us
