"""Rows gathered one at a time to frames of a canonical table, and the stamps, dollars and counts that stand in them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, TypeVar

import polars as pl
import xxhash

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import Count, whole
from traces.files import printable
from traces.registry import SourceFile
from traces.rejects import RejectLog
from traces.schema import INPUT_PARTS
from traces.table import Table

T = TypeVar("T")
_MOST_USD: Final = 1e18
_MILLISECONDS_FROM: Final = 1e11  # as seconds this would be the year 5138
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Moment(NamedTuple):
    """A stamp in UTC (null: none, or no time), and whether it had no zone and UTC was assumed."""

    at: datetime | None = None
    is_assumed: bool = False


def frame_of(table: Table, rows: Sequence[Mapping[str, Any]], path: str | None = None) -> pl.DataFrame:
    """Rows as a partial frame of a table, with the columns any of them names.

    Args:
        table: Table the rows belong to.
        rows: Values by column.
        path: File all of them come from.
    """
    schema = {**table.schema, PATH_COLUMN: pl.String(), PLACE_COLUMN: pl.String()}
    named = {name for row in rows for name in row}
    frame = pl.DataFrame({name: _series(name, rows, dtype) for name, dtype in schema.items() if name in named})
    return frame if path is None else frame.with_columns(pl.lit(printable(path)).alias(PATH_COLUMN))


def _series(name: str, rows: Sequence[Mapping[str, Any]], dtype: pl.DataType) -> pl.Series:
    return series(name, [row.get(name) for row in rows], dtype)


def series(name: str, values: Sequence[Any], dtype: Any) -> pl.Series:
    """Values as a column; a value of another type becomes one of this type, or null."""
    try:
        return pl.Series(name, values, dtype)
    except (TypeError, UnicodeEncodeError, pl.exceptions.PolarsError):  # JSON may name half a character
        shown = [printable(value) if isinstance(value, str) else value for value in values]
        return pl.Series(name, shown, dtype, strict=False)


def frame_of_tuples(rows: Sequence[Sequence[Any]], schema: Mapping[str, Any]) -> pl.DataFrame:
    """Rows of one width as a frame: where there are many, ten times as fast as rows by column."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(schema)
    named = zip(schema.items(), columns, strict=True)
    return pl.DataFrame([series(name, values, dtype) for (name, dtype), values in named])


def moment(stamp: str | float | None) -> Moment:
    """Read an ISO stamp, or seconds or milliseconds since 1970."""
    try:
        if isinstance(stamp, str):
            read = datetime.fromisoformat(stamp.strip())
            return (
                Moment(read.replace(tzinfo=UTC), is_assumed=True)
                if read.tzinfo is None
                else Moment(read.astimezone(UTC))
            )
        if stamp:
            seconds = stamp / 1000 if abs(stamp) >= _MILLISECONDS_FROM else stamp
            return Moment(_EPOCH + timedelta(seconds=seconds))
    except (ValueError, OverflowError):
        pass
    return Moment()


def microseconds(moment_: Moment) -> int | None:
    """Microseconds since 1970 of a moment; null: none."""
    return None if moment_.at is None else (moment_.at - _EPOCH) // _MICROSECOND


def first_and_last(stamps: Iterable[str | float | None]) -> tuple[Moment, Moment]:
    """Earliest and latest of many stamps; none where there is none."""
    given = [stamp for stamp in stamps if stamp]
    try:
        read = [datetime.fromisoformat(stamp) for stamp in given]  # type: ignore[arg-type]
        ends = (min(read), max(read)) if read else (None, None)  # with and without a zone do not compare
    except (TypeError, ValueError):
        found = [one for one in map(moment, given) if one.at is not None]
        return (min(found), max(found)) if found else (Moment(), Moment())
    first, last = (moment(None if end is None else end.isoformat()) for end in ends)
    return first, last


def reported_moment(stamp: str | float | None, file: SourceFile, place: str, log: RejectLog) -> Moment:
    """Read a stamp; one that is no time is reported.

    Raises:
        MalformedTraceError: if it is no time and the log stops on errors.
    """
    read = moment(stamp)
    if read.at is None and stamp:
        log.malformed(file.name, place, f"{stamp!r} is not a time")
    return read


def elapsed_s(start: Moment, end: Moment) -> float | None:
    """Seconds between two stamps; null where one is missing or they run backwards."""
    if start.at is None or end.at is None or end.at < start.at:
        return None
    return (end.at - start.at).total_seconds()


def known_usd(cost: Count, n_calls: Count = 1) -> float | None:
    """Dollars; 0 for calls that were made is that of a model without a price: not known."""
    if cost is None or (cost == 0 and n_calls != 0):
        return None
    return float(cost if 0 <= cost <= _MOST_USD else min(max(cost, -_MOST_USD), _MOST_USD))


def input_columns(prompt: Count, read: Count, write: Count, *, is_cache_inside: bool = True) -> dict[str, int | None]:
    """Input columns of counts, by name: those of ``input_parts``."""
    parts = input_parts(prompt, read, write, is_cache_inside=is_cache_inside)
    return dict(zip(("input_tokens", *INPUT_PARTS), parts, strict=True))


def input_parts(
    prompt: Count, read: Count, write: Count, *, is_cache_inside: bool = True
) -> tuple[int | None, int | None, int | None, int | None, int | None, int | None]:
    """Tokens sent and their parts, which stay null as far as the source is silent on them.

    Args:
        prompt: Tokens sent.
        read: Of which from the cache; null: not told.
        write: Of which written to the cache; null: not told.
        is_cache_inside: Whether prompt counts them too.
    """
    sent, from_cache, to_cache = whole(prompt), whole(read), whole(write)
    if from_cache is None and to_cache is None:
        return sent, None, None, None, None, None
    if sent is not None and not is_cache_inside:
        sent += (from_cache or 0) + (to_cache or 0)
    is_split = sent is not None and from_cache is not None and to_cache is not None
    uncached = (sent or 0) - (from_cache or 0) - (to_cache or 0) if is_split else None
    none = None if to_cache is None else 0
    return sent, uncached, from_cache, none, none, to_cache


def digest(parts: Iterable[str]) -> str:
    """Name content by twelve hexadecimal digits."""
    return xxhash.xxh3_128("\n".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:12]
