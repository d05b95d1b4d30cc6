"""Calls of a session as its call logs have them, times and cache split added from spans of the same responses.

LiteLLM's convention: prompt_tokens include cached ones, and completion_tokens reasoning; a log has no cache split.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import whole
from traces.lines import read_lines
from traces.readers.exgentic.calls import Row, call_row, known_usd, moment
from traces.readers.exgentic.file import LoggedCall
from traces.readers.exgentic.spans import Attributes, Span, call_values
from traces.registry import SourceFile
from traces.rejects import RejectLog

PlacedSpan = tuple[SourceFile, str, Span]
Mark = tuple[Any, ...]
"""Id of a response, or the id of its trace with what it used."""


class _Logged(NamedTuple):
    side: str
    file: SourceFile
    place: str
    call: LoggedCall


def logged_rows(
    traces: Mapping[str, Sequence[SourceFile]],
    spans: Sequence[PlacedSpan],
    log: RejectLog,
    listed: AbstractSet[Mark] = frozenset(),
) -> list[tuple[str, Row]]:
    """Rows of calls with the side that made each, in the order they ended; spans of no logged response are added.

    Calls whose marks are ``listed`` are those of other logs and left out.
    """
    by_response = {_response_id(span): (file, place, span) for file, place, span in spans if _response_id(span)}
    rows: list[tuple[str, Row]] = []
    matched: set[str] = set()
    for logged in _without_parts(_unlisted(_read(traces, log), listed, log), log):
        response_id = _id(logged.call)
        placed = by_response.get(response_id)
        matched |= {response_id} if placed else set()
        rows.append((logged.side, _row(logged, placed[2] if placed else None, log)))
    for file, place, span in spans:
        if _response_id(span) not in matched and not (traces and _is_failure(span)):
            rows.append(("", span_row(file, place, span)))
        elif _response_id(span) not in matched:
            log.duplicate(file.name, place, span.span_id, "a failed call: the call log lists it")
    return sorted(rows, key=lambda row: str(row[1].get("ended_at") or ""))


def marks_of(files: Iterable[SourceFile]) -> set[Mark]:
    """Marks of all calls in these logs, by which their copies in other logs are told."""
    lines = _read({"agent": tuple(files)}, RejectLog(None, "skip"))
    return {mark for line in lines for mark in _marks(line.call)}


def span_row(file: SourceFile, place: str, span: Span) -> Row:
    """One call known from its span alone: no cost is recorded there."""
    return call_row(call_id=_response_id(span), **call_values(span), **{PATH_COLUMN: file.name, PLACE_COLUMN: place})


def _read(traces: Mapping[str, Sequence[SourceFile]], log: RejectLog) -> Iterable[_Logged]:
    for side, files in traces.items():
        for file in files:
            for place, call in read_lines(file, LoggedCall, log):
                yield _Logged(side, file, place, call)


def _marks(call: LoggedCall) -> set[Mark]:
    traced = (call.trace_id or call.timestamp, call.status, call.model, call.prompt_tokens, call.completion_tokens)
    return {traced, (_id(call),)} if _id(call) else {traced}


def _unlisted(lines: Iterable[_Logged], listed: AbstractSet[Mark], log: RejectLog) -> Iterator[_Logged]:
    for line in lines:
        if listed.isdisjoint(_marks(line.call)):
            yield line
        else:
            key = _id(line.call) or line.call.trace_id or ""
            log.duplicate(line.file.name, line.place, key, "a call that the log of its session lists")


def _without_parts(lines: Iterable[_Logged], log: RejectLog) -> list[_Logged]:
    """Leave out the chunks of a streamed response, each logged as a line, and lines that repeat a response.

    Of a stream without a final line the last chunk stands for the call.
    """
    kept: list[_Logged] = []
    chunks: dict[str, _Logged] = {}
    done: set[str] = set()
    for line in lines:
        key = _id(line.call) or line.call.trace_id or f"{line.file.name} {line.place}"
        if line.call.status == "stream":
            if key in chunks:
                log.duplicate(line.file.name, line.place, key, "a further chunk of a streamed response")
            chunks[key] = line
        elif line.call.status == "success" and _id(line.call) and key in done:
            log.duplicate(line.file.name, line.place, key, "a response logged before, or given again by the cache")
        else:
            kept.append(line)
            done |= {key} if line.call.status == "success" else set()
    for key, chunk in chunks.items():
        if key in done or (chunk.call.trace_id or "") in {line.call.trace_id for line in kept if line.call.trace_id}:
            log.duplicate(chunk.file.name, chunk.place, key, "a chunk of a response logged whole")
        else:
            kept.append(chunk)
    return kept


def _row(logged: _Logged, span: Span | None, log: RejectLog) -> Row:
    call, values = logged.call, call_values(span) if span else {}
    ended_at, is_assumed = moment(call.timestamp)
    if call.timestamp and ended_at is None:
        log.malformed(logged.file.name, logged.place, f"{call.timestamp!r} is not a time")
    prompt, completion = whole(call.prompt_tokens), whole(call.completion_tokens)
    basis = "lower_bound" if ended_at else None
    stamped = {"started_at": ended_at, "ended_at": ended_at, "is_tz_assumed": is_assumed, "time_basis": basis}
    tokens = {"input_tokens": prompt, "output_tokens": completion, "output_high_tokens": _most(call)}
    known: dict[str, Any] = {**stamped, **{name: value for name, value in values.items() if value is not None}}
    is_used = bool(prompt or completion)
    return call_row(
        **{**known, "model": call.model or known.get("model")},
        **{name: value for name, value in tokens.items() if value is not None and known.get(name) is None},
        call_id=_id(call) or None, recorded_cost_usd=known_usd(call.cost, is_used=is_used or prompt is None),
        **{PATH_COLUMN: logged.file.name, PLACE_COLUMN: logged.place},
    )  # fmt: skip


def _most(call: LoggedCall) -> int | None:
    """Most output a call can have: a total above the sum proves that something, such as reasoning, lies outside."""
    total, prompt, completion = (
        whole(count) for count in (call.total_tokens, call.prompt_tokens, call.completion_tokens)
    )
    if total is None or prompt is None or completion is None or total <= prompt + completion:
        return None
    return total - prompt


def _id(call: LoggedCall) -> str:
    return (call.response.id if call.response else None) or ""


def _response_id(span: Span) -> str:
    return (span.attributes or Attributes()).response_id or ""


def _is_failure(span: Span) -> bool:
    return bool(span.status and span.status.status_code == "ERROR") or not _response_id(span)
