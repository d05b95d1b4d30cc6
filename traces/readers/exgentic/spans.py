"""Spans of model calls that Exgentic exports: JSON spans of OpenTelemetry, or the log of their attributes.

The log (``otel.log``) is older; a span is in it line by line, and what was set is cut at a hundred characters. A span
found in both is taken from the JSON.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

import msgspec

from traces.decode import Count, whole
from traces.errors import TraceError
from traces.files import open_stream
from traces.lines import read_lines
from traces.readers.exgentic.calls import Row, moment
from traces.registry import SourceFile
from traces.rejects import RejectLog

_LINE: Final = re.compile(r"\] (SPAN_START|SPAN_END|ATTR_SET)(?: \[ROOT\])? \| (.*)$")
_NAMED: Final = re.compile(r"name='(?P<name>.*)' id=(?P<id>\w+)(?P<rest>.*)$")
_TIME: Final = re.compile(r"(start_time|end_time)=(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+)")
_PARENT: Final = re.compile(r"(parent)=(\w+)")
_SET: Final = re.compile(r"(?P<key>[\w.{}-]+)=(?P<value>.*) span=(?P<id>\w+)$", re.DOTALL)


class Context(msgspec.Struct):
    """Id of a span."""

    span_id: str | None = None


class Status(msgspec.Struct):
    """Outcome of a span."""

    status_code: str | None = None


class Attributes(msgspec.Struct):
    """What spans of calls and of sessions carry; messages and tools are skipped."""

    operation: str | None = msgspec.field(name="gen_ai.operation.name", default=None)
    request_model: str | None = msgspec.field(name="gen_ai.request.model", default=None)
    response_id: str | None = msgspec.field(name="gen_ai.response.id", default=None)
    input_tokens: Count = msgspec.field(name="gen_ai.usage.input_tokens", default=None)
    output_tokens: Count = msgspec.field(name="gen_ai.usage.output_tokens", default=None)
    cache_write: Count = msgspec.field(name="gen_ai.usage.cache_creation.input_tokens", default=None)
    cache_read: Count = msgspec.field(name="gen_ai.usage.cache_read.input_tokens", default=None)
    reasoning: Count = msgspec.field(name="gen_ai.usage.reasoning.output_tokens", default=None)
    session_id: str | None = msgspec.field(name="exgentic.session.id", default=None)
    conversation_id: str | None = msgspec.field(name="gen_ai.conversation.id", default=None)
    task_id: str | None = msgspec.field(name="exgentic.session.task_id", default=None)
    benchmark: str | None = msgspec.field(name="exgentic.benchmark.slug_name", default=None)
    subset: str | None = msgspec.field(name="exgentic.benchmark.subset", default=None)
    agent: str | None = msgspec.field(name="exgentic.benchmark.agent.name", default=None)
    success: bool | None = msgspec.field(name="exgentic.score.success", default=None)
    score: float | None = msgspec.field(name="exgentic.score", default=None)
    is_finished: bool | None = msgspec.field(name="exgentic.score.is_finished", default=None)


class Span(msgspec.Struct):
    """One span, as the OpenTelemetry SDK writes it."""

    name: str | None = None
    context: Context | None = None
    parent_id: str | None = None
    parent: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    status: Status | None = None
    attributes: Attributes | None = None

    @property
    def span_id(self) -> str:
        """Id in the form both files can be compared by."""
        return (self.context.span_id or "").removeprefix("0x") if self.context else ""

    @property
    def is_call(self) -> bool:
        """Whether a model was called."""
        return self.attributes is not None and self.attributes.operation in {"chat", "text_completion"}

    @property
    def is_session(self) -> bool:
        """Whether it is the root of a session."""
        return self.attributes is not None and not (self.parent_id or self.parent or self.is_call)


def read_spans(
    files: Iterable[SourceFile], logs: Iterable[SourceFile], log: RejectLog
) -> Iterator[tuple[SourceFile, str, Span]]:
    """Give each span once, with its file and place."""
    seen: set[str] = set()
    for file in files:
        for place, span in read_lines(file, Span, log):
            if span.span_id in seen:
                log.duplicate(file.name, place, span.span_id, "same span id")
                continue
            seen.add(span.span_id)
            yield file, place, span
    for file in logs:
        yield from ((file, f"span {span.span_id}", span) for span in _logged(file, log) if span.span_id not in seen)


def call_values(span: Span) -> Row:
    """Columns of the call a span tells of. The convention is OpenTelemetry's: the input includes cached tokens."""
    attributes = span.attributes or Attributes()
    started_at, is_assumed = moment(span.start_time)
    ended_at, _ = moment(span.end_time)
    latency_s = _seconds(started_at, ended_at)
    total, read, write = whole(attributes.input_tokens), whole(attributes.cache_read), whole(attributes.cache_write)
    is_split = total is not None and (read is not None or write is not None)
    return {
        "model": attributes.request_model, "started_at": started_at, "ended_at": ended_at, "latency_s": latency_s,
        "time_basis": "measured" if latency_s else "lower_bound" if started_at or ended_at else None,
        "is_tz_assumed": is_assumed, "input_tokens": total, "output_tokens": whole(attributes.output_tokens),
        "reasoning_tokens": whole(attributes.reasoning),
        **(_split(total or 0, read or 0, write or 0) if is_split else {}),
    }  # fmt: skip


def _split(total: int, read: int, write: int) -> Row:
    return {
        "uncached_input_tokens": total - read - write, "cache_read_tokens": read, "cache_write_5m_tokens": 0,
        "cache_write_1h_tokens": 0, "cache_write_unspecified_tokens": write,
    }  # fmt: skip


def _seconds(started_at: datetime | None, ended_at: datetime | None) -> float | None:
    """Seconds between; one stamp for both, or a clock that ran backwards, measured nothing."""
    if started_at is None or ended_at is None or ended_at <= started_at:
        return None
    return (ended_at - started_at).total_seconds()


def _logged(file: SourceFile, log: RejectLog) -> Iterator[Span]:
    """Put spans together from the lines of a log; its stamps are local and carry no zone."""
    spans: dict[str, dict[str, Any]] = {}
    try:
        with open_stream(file.path) as stream:
            for line in stream:
                _add_line(log.text(file.name, line).rstrip("\r\n"), spans)
    except (TraceError, OSError, EOFError) as error:
        log.malformed(file.name, "file", str(error).removeprefix(f"{file.path}: "))
    for fields in spans.values():
        yield msgspec.convert(fields, Span, strict=False)


def _add_line(line: str, spans: dict[str, dict[str, Any]]) -> None:
    found = _LINE.search(line)
    if found is None:
        return
    if found[1] == "ATTR_SET":
        if (attribute := _SET.search(found[2])) and attribute["id"] in spans:
            _set(spans[attribute["id"]]["attributes"], attribute["key"], attribute["value"])
    elif named := _NAMED.search(found[2]):
        times = dict(_TIME.findall(named["rest"]))
        span = spans.setdefault(named["id"], {"context": {"span_id": named["id"]}, "attributes": {}})
        operation, _, model = named["name"].partition(" ")
        if operation in {"chat", "text_completion"}:
            span["attributes"] |= {"gen_ai.operation.name": operation, "gen_ai.request.model": model}
        span |= {**times, **dict(_PARENT.findall(named["rest"]))}


_COUNTS: Final = frozenset(
    field.encode_name
    for field in msgspec.structs.fields(Attributes)
    if field.encode_name.startswith("gen_ai.usage") or field.encode_name == "exgentic.score"
)


def _set(attributes: dict[str, Any], key: str, value: str) -> None:
    if key in _COUNTS:
        attributes[key] = float(value) if re.fullmatch(r"-?\d+(\.\d+)?", value) else None
    elif key in _FLAGS:
        attributes[key] = {"True": True, "False": False}.get(value)
    else:
        attributes[key] = value


_FLAGS: Final[frozenset[str]] = frozenset({"exgentic.score.success", "exgentic.score.is_finished"})
