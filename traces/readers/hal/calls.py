"""Requests of HAL uploads of every version to rows of ``calls``, with order, times and tokens."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final, NamedTuple

import polars as pl

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import Count
from traces.readers.hal.file import Stamp, TaskLog
from traces.readers.hal.leaves import Leaf, answer_id
from traces.readers.hal.usage import call_counts, is_used, model_of, output_of, task_of
from traces.rejects import RejectLog
from traces.rows import series
from traces.usage import TOKEN_SCHEMA, UNKNOWN, TokenCounts

_SCHEMA: Final = {
    "_task": pl.String, "_spanned_s": pl.Float64,
    "call_index": pl.Int64, "call_id": pl.String, "role": pl.String, "provider": pl.String,
    "model": pl.String, "service_tier": pl.String, "started_at": pl.Int64, "ended_at": pl.Int64,
    "latency_s": pl.Float64, "time_basis": pl.String, "is_tz_assumed": pl.Boolean, "n_requests": pl.Int64,
    PLACE_COLUMN: pl.String, **TOKEN_SCHEMA,
}  # fmt: skip
_EARLIEST_S, _LATEST_S = 0, 4_102_444_800
_MICRO: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_STAMPED: Final = pl.lit("lower_bound")
_AS_GIVEN: Final = ("call_id", "provider", "model", "service_tier", "latency_s", "is_tz_assumed", "n_requests")
_PROVIDERS: Final = {".anthropic.": "anthropic", "/anthropic.": "anthropic"}

Role = Callable[[str | None], str]
"""Who calls a model of this name."""


class Request(NamedTuple):
    """One request: the task it was for, who was asked, when, what it used."""

    task_id: str | None
    call_id: str | None
    model: str | None
    counts: TokenCounts
    place: str
    number: int
    started_us: int | None = None
    ended_us: int | None = None
    latency_s: float | None = None
    is_tz_assumed: bool = False
    provider: str | None = None
    service_tier: str | None = None
    n_requests: int | None = 1

    @property
    def span(self) -> tuple[int, int] | None:
        """Start and end in microseconds; null: not both known, or backwards."""
        if self.started_us is None or self.ended_us is None or self.ended_us < self.started_us:
            return None
        return self.started_us, self.ended_us


def of_leaves(found: Sequence[Leaf], name: str, log: RejectLog) -> Iterator[Request]:
    """Requests of a list of Weave calls."""
    answers, clock = Counter(map(answer_id, found)), _Clock(name, log)
    for leaf in found:
        call, place = leaf.call, leaf.place
        clock.stand_at(place)
        started = clock.read(call.started_at if call.started_at is not None else call.created_timestamp)
        ended = clock.read(call.ended_at)
        weave = call.summary.weave if call.summary is not None else None
        output = output_of(call)
        uses = leaf.uses or [(model_of(call), UNKNOWN, 1)]
        is_own = output is not None and len(uses) == 1 and answers[output.id] == 1
        own_id = output.id if output is not None and is_own else None
        for part, (model, counts, n_requests) in enumerate(uses):
            yield Request(
                task_of(call),
                str(own_id) if own_id is not None else _part_id(call.id, part, len(uses)),
                model, counts, place, leaf.number, started, ended,
                _seconds(weave.latency_ms if weave is not None else None), clock.is_tz_assumed,
                _provider(call.op_name), output.service_tier if output is not None else None, n_requests,
            )  # fmt: skip


def of_tasks(
    tasks: dict[str, TaskLog], only_model: str | None, name: str, log: RejectLog
) -> Iterator[Request]:  # fmt: skip
    """Requests of files that keep them by task, with times and usage; only model: of tasks that name none."""
    number, clock = 0, _Clock(name, log)
    for task_id, task in tasks.items():
        for index, call in enumerate(task.call_metadata or ()):
            place = f"raw_logging_results.{task_id}.call_metadata[{index}]"
            clock.stand_at(place)
            started, ended = clock.read(call.started_at), clock.read(call.ended_at)
            counts = UNKNOWN if call.usage is None or not is_used(call.usage) else call_counts(call.usage)
            model = task.model if isinstance(task.model, str) and task.model else only_model
            yield Request(
                task_id, None, model, counts, place, number, started, ended, None, clock.is_tz_assumed
            )  # fmt: skip
            number += 1


def in_order(requests: Iterable[Request]) -> list[Request]:
    """Requests by task, by time within a task, and as they stand in the file where no time is known."""
    return sorted(requests, key=lambda one: (one.task_id or "", one.started_us or 0, one.number))


def frame(requests: Sequence[Request], role: Role, path: str) -> pl.DataFrame:
    """Requests, in order, as a partial table ``calls``, with the task of each in ``_task``."""
    fields = zip(*requests, strict=True) if requests else ((),) * len(Request._fields)
    given = dict(zip(Request._fields, fields, strict=True))
    roles = {model: role(model) for model in set(given["model"])}
    counts = zip(*given["counts"], strict=True) if requests else ((),) * len(TOKEN_SCHEMA)
    columns = {
        "_task": given["task_id"], "role": [roles[model] for model in given["model"]], PLACE_COLUMN: given["place"],
        "started_at": given["started_us"], "ended_at": given["ended_us"],
        "_spanned_s": list(map(_spanned_s, given["started_us"], given["ended_us"])),
        **{name: given[name] for name in _AS_GIVEN}, **dict(zip(TOKEN_SCHEMA, counts, strict=True)),
    }  # fmt: skip
    table = pl.DataFrame([series(name, values, _SCHEMA[name]) for name, values in columns.items()])
    return table.with_columns(_call_index(), *_times(), pl.lit(path).alias(PATH_COLUMN)).drop("_spanned_s")


def _spanned_s(start: int | None, end: int | None) -> float | None:
    """Seconds between two stamps; in Python, as polars divides by a constant in another way than it rounds."""
    return None if start is None or end is None or end < start else (end - start) / _MICRO


def _call_index() -> pl.Expr:
    """Place within the task; null where several calls stand there and not all are timed."""
    is_ordered = (pl.len() == 1) | pl.col("started_at").is_not_null().all()
    return pl.when(is_ordered.over("_task")).then(pl.int_range(pl.len()).over("_task")).alias("call_index")


def _times() -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """End, seconds and what they are: of stamps where they run forwards, else as Weave measured."""
    start, end = pl.col("started_at"), pl.col("ended_at")
    measured_s = pl.coalesce("_spanned_s", "latency_s")
    basis = pl.when(measured_s.is_not_null()).then(pl.lit("measured")).when(start.is_not_null()).then(_STAMPED)
    return (
        pl.when(~(start > end).fill_null(value=False)).then(end),
        measured_s.alias("latency_s"),
        basis.alias("time_basis"),
    )


@dataclass(slots=True)
class _Clock:
    """Reads the stamps of a call; remembers whether one had no zone, reports those that are no time."""

    name: str
    log: RejectLog
    place: str = ""
    is_tz_assumed: bool = False

    def stand_at(self, place: str) -> None:
        """Go on to the next call."""
        self.place, self.is_tz_assumed = place, False

    def read(self, stamp: Stamp) -> int | None:
        """Microseconds since 1970; null: none, or no time."""
        if stamp is None or stamp == "":
            return None
        if isinstance(stamp, str):
            try:
                moment = datetime.fromisoformat(stamp)
            except ValueError:
                self._refuse(stamp)
                return None
            if moment.tzinfo is None:
                moment, self.is_tz_assumed = moment.replace(tzinfo=UTC), True
            return (moment - _EPOCH) // _MICROSECOND
        is_time = math.isfinite(stamp) and _EARLIEST_S <= stamp <= _LATEST_S
        if not is_time:
            self._refuse(stamp)
        return round(stamp * _MICRO) if is_time else None

    def _refuse(self, stamp: Stamp) -> None:
        self.log.malformed(self.name, self.place, f"{stamp!r} is not a time")


def microseconds(stamp: Stamp, name: str, place: str, log: RejectLog) -> int | None:
    """Microseconds since 1970 of a stamp that stands alone."""
    return _Clock(name, log, place).read(stamp)


def _part_id(call_id: str | None, part: int, n_parts: int) -> str | None:
    return call_id if call_id is None or n_parts == 1 else f"{call_id}#{part}"


def _seconds(milliseconds: Count) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


@cache
def _provider(op_name: str | None) -> str | None:
    """Biller, where the client that was called has only one: others may be pointed at any address."""
    return next((provider for mark, provider in _PROVIDERS.items() if mark in (op_name or "").lower()), None)
