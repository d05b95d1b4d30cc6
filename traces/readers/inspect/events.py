"""The events of an Inspect sample, walked through once: calls, tools, intermediate scores, limits, who is scoring."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from traces.readers.inspect.calls import add_call
from traces.readers.inspect.file import Event
from traces.readers.inspect.made import Made, stamps_of
from traces.readers.inspect.scores import named_values
from traces.readers.inspect.times import microseconds, seconds, span_of

_SCORING: Final = frozenset({"scorer", "scorers"})
_OPENING: Final = frozenset({"span_begin", "step"})


def walk_events(events: Sequence[Event], place: str, made: Made) -> None:
    """Add what a list of events gives, and those that older versions nest in tools and subtasks."""
    for event in (*events[:1], *events[-1:]):
        stamps_of(event, made)
    _walk(events, place, made, _Scope())


def _walk(events: Sequence[Event], place: str, made: Made, scope: "_Scope") -> None:
    for number, event in enumerate(events):
        kind = event.event
        if kind == "model":
            add_call(event, f"{place}[{number}]", made, is_scoring=scope.is_scoring(event))
        elif kind == "tool":
            _add_tool(event, made)
        elif kind == "score":
            _add_score(event, made)
        elif kind == "sample_limit":
            made.limit = event.type
        elif kind == "compaction":
            made.compaction = event.type or "summary"
        elif kind in _OPENING:
            scope.see(event)
        if event.events:
            _walk(event.events, f"{place}[{number}].events", made, scope)


def _add_score(event: Event, made: Made) -> None:
    if event.intermediate and event.score is not None:
        elapsed_s = None
        if event.timestamp is not None and made.stamps:
            elapsed_s = max(microseconds(event.timestamp) - made.stamps[0], 0) / 1e6
        made.scores += [
            (event.scorer, len(made.rows) - 1 if made.rows else None, elapsed_s, scored)
            for scored in named_values(event.scorer or "score", event.score.value)
        ]


def _add_tool(event: Event, made: Made) -> None:
    span = span_of(stamps_of(event, made)[1], seconds(event.working_time))
    if span is not None:
        made.tools.append(span)
    made.is_tool_timed &= span is not None


@dataclass(slots=True)
class _Scope:
    """Whether a place of the transcript is scoring: by span, and before spans by the steps that are open."""

    spans: dict[str, bool] = field(default_factory=dict)
    steps: list[bool] = field(default_factory=list)

    def see(self, event: Event) -> None:
        if event.event == "span_begin" and event.id is not None:
            parent = self.spans.get(event.parent_id or "", False)
            self.spans[str(event.id)] = parent or event.type in _SCORING
        elif event.event == "step" and event.action == "begin":
            self.steps.append(event.type in _SCORING)
        elif event.event == "step" and self.steps:
            self.steps.pop()

    def is_scoring(self, event: Event) -> bool:
        return self.spans.get(event.span_id or "", False) or (bool(self.steps) and any(self.steps))
