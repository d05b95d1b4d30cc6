"""Which of the files of an Exgentic run folder a file is, told by its content."""

import re
from collections.abc import Mapping
from typing import Final

from traces.registry import Peek

_Marks = Mapping[str, tuple[re.Pattern[bytes], ...]]


# Marks that are found, or not, soonest come first: every file that is read is searched for them.


def _marks(**kinds: tuple[bytes, ...]) -> _Marks:
    return {kind: tuple(map(re.compile, patterns)) for kind, patterns in kinds.items()}


_TRACES: Final = _marks(
    trajectory=(rb'"session_number"', rb'"step"', rb'^\s*\{.*?"event"\s*:\s*"(observation|action)"'),
    trace=(
        rb'"request"\s*:\s*\{', rb'"timestamp"\s*:\s*"', rb'"prompt_tokens"', rb'"completion_tokens"', rb'"cost"',
        rb'^\s*\{.*?"status"\s*:\s*"(success|failure|stream)"',
    ),
    spans=(rb'"exgentic\.\w', rb'"context"\s*:\s*\{', rb'"attributes"\s*:\s*\{', rb'"span_id"'),
    span_log=(rb"SPAN_START", rb"\bexgentic\.", rb"\btrace=\w"),
    run=(rb'"benchmark_name"', rb'"agent_name"', rb'"total_sessions"'),
    session=(rb'"session_id"', rb'"success"', rb'"agent_cost"', rb'"benchmark_cost"', rb'"execution_time"'),
)  # fmt: skip
_COMPANIONS: Final = _marks(
    config=(rb'"benchmark"\s*:\s*"', rb'"agent"\s*:\s*"', rb'"(agent|benchmark)_kwargs"'),
    recording=(rb'"benchmark"\s*:\s*"', rb'"task_id"', rb'"expected_score"'),
    manifest=(rb'"task"\s*:', rb'"context"\s*:', rb'"actions"\s*:\s*\['),
    aggregate=(rb'"benchmark_name"', rb'"total_tasks"', rb'"score"'),
)


def trace_kind(peek: Peek) -> str | None:
    """Name the kind of a file that calls, sessions or a run are read from; null: none of them."""
    return _first(_TRACES, peek)


def companion_kind(peek: Peek) -> str | None:
    """Name the kind of a file that only adds names and settings to them; null: none of them."""
    return _first(_COMPANIONS, peek)


def _first(kinds: _Marks, peek: Peek) -> str | None:
    start = peek.start.lstrip(b"\xef\xbb\xbf \t\r\n")
    is_json = start.startswith(b"{")
    for kind, marks in kinds.items():
        if (is_json or kind == "span_log") and all(mark.search(start) or mark.search(peek.end) for mark in marks):
            return kind
    return None
