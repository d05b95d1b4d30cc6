"""Which prices of one model may be in force at a moment, and the rate of each kind of usage that follows from them."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, groupby
from typing import Any, Final, NamedTuple

from pricing.book.windows import parse_hours, parse_weekdays
from pricing.moments import END, START

DAY_MINUTES: Final = 1440
INPUT_KINDS: Final = ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h")
KINDS: Final = (*INPUT_KINDS, "output", "reasoning", "request")
"""Kinds of usage a call is priced by."""


class Series(NamedTuple):
    """What rows share that succeed each other."""

    min_input_tokens: int
    is_whole_request: bool
    priority: int
    weekdays: str | None
    hours_utc: str | None

    @property
    def rank(self) -> tuple[int, int, str, str]:
        """Order in which series win: the closest threshold first, then the highest priority."""
        return -self.min_input_tokens, -self.priority, self.weekdays or "", self.hours_utc or ""

    def is_open(self, minute: int) -> bool:
        """Tell whether a minute of the week lies in the window."""
        day, minute_of_day = divmod(minute, DAY_MINUTES)
        spans = parse_hours(self.hours_utc)
        return day in parse_weekdays(self.weekdays) and any(low <= minute_of_day < high for low, high in spans)


class Rate(NamedTuple):
    """Pico-dollars per unit, lowest and highest; nan: not known."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One row of the book, and when it may be in force.

    Args:
        price: Pico-dollars per unit.
        since: Earliest moment it may be in force.
        until: It is not in force from here, at the latest.
        covered: From when to when it, a row before or one after it in its series certainly is in force.
        series: What it shares with the rows it succeeds: threshold, priority and window.
        stated_since: Its stated moment; null: always.
        evidence: Its layer and how its moment is known.
    """

    price: float
    since: datetime
    until: datetime
    covered: tuple[datetime, datetime]
    series: Series
    stated_since: datetime | None
    evidence: str

    def begun(self, moment: datetime) -> datetime | None:
        """From when it is in force, said at a moment: as stated, or while that is to come, from when it may be."""
        is_to_come = self.stated_since is not None and moment < self.stated_since
        return self.since if is_to_come else self.stated_since


PriceRows = Mapping[str, Sequence[PriceRow]]
"""Rows of one model and tier by kind, the first to win first."""


def price_rows(rows: Iterable[Mapping[str, Any]], factor: float = 1.0) -> list[PriceRow]:
    """Give each row of PRICES its moments; where its successor's start is only a window, its own end is one too.

    Args:
        rows: Rows of one kind.
        factor: Tokens billed per token counted: prices and thresholds are given per token counted.
    """
    by_series: dict[Series, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_series.setdefault(_series(row, factor), []).append(row)
    linked: list[PriceRow] = []
    for series in sorted(by_series, key=lambda series: series.rank):
        in_order = sorted(by_series[series], key=lambda row: (row["effective_from"] or START, row["price_pusd"]))
        linked += chain.from_iterable(_linked(rows, series, factor) for rows in _chains(in_order))
    return linked


def _linked(rows: Sequence[Mapping[str, Any]], series: Series, factor: float) -> Iterator[PriceRow]:
    """Rows that succeed each other, each with its moments."""
    covered = (rows[0]["effective_latest"] or _since(rows[0]), _until(rows[-1]))
    for row, follower in zip(rows, [*rows[1:], {}], strict=True):
        since = row["effective_earliest"] or _since(row)
        until = follower.get("effective_latest") or _until(row)
        evidence = f"{row['layer']}/{row['date_basis']}"
        price = row["price_pusd"] * (factor if row["unit"] == "token" else 1)
        yield PriceRow(price, since, until, covered, series, row["effective_from"], evidence)


def _chains(rows: Iterable[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Rows that succeed each other without a gap; one that is never sure (its window is its life) stands alone."""
    chains: list[list[Mapping[str, Any]]] = []
    for row in rows:
        if chains and _succeeds(row, chains[-1][-1]):
            chains[-1].append(row)
        else:
            chains.append([row])
    return chains


def _succeeds(row: Mapping[str, Any], last: Mapping[str, Any]) -> bool:
    is_ever_sure = last["effective_latest"] is None or last["effective_latest"] != last["effective_until"]
    return bool(is_ever_sure and last["effective_until"] == row["effective_from"])


def _series(row: Mapping[str, Any], factor: float) -> Series:
    least = math.floor(row["min_input_tokens"] / factor)
    is_whole = row["is_whole_request"] or not row["min_input_tokens"]  # all tokens lie above 0
    return Series(least, is_whole, row["priority"], row["weekdays"], row["hours_utc"])


def _since(row: Mapping[str, Any]) -> datetime:
    return row["effective_from"] or START


def _until(row: Mapping[str, Any]) -> datetime:
    return row["effective_until"] or END


@dataclass(frozen=True, slots=True)
class Listed:
    """What a model lists at one place.

    Args:
        rates: Rate of each of ``KINDS``, then of what each of ``INPUT_KINDS`` costs more above each threshold that
            prices only the tokens above it.
        since: From when the latest of the prices of uncached input is in force, or may be; null: always, or none is.
        evidence: Layer and date basis of that price; null: none in force.
    """

    rates: tuple[Rate, ...]
    since: datetime | None = None
    evidence: str | None = None


UNKNOWN: Final = Rate(math.nan, math.nan)


def rates_at(rows: PriceRows, moment: datetime, tokens: int, minute: int, above: Sequence[int] = ()) -> Listed:
    """Rates in force at a place.

    Args:
        rows: Rows of one model.
        moment: When.
        tokens: Any number of input tokens of the context bucket but the threshold it ends at.
        minute: Minute of the week, Monday 00:00 UTC = 0.
        above: Thresholds, ascending, that price only the tokens above them.
    """
    found = {kind: _in_force(_of_whole(kind, rows), moment, tokens, minute) for kind in KINDS}
    rates = [_rate(kind, found) for kind in KINDS]
    latest = max(found["uncached_input"].rows, key=lambda row: row.begun(moment) or START, default=None)
    before = rates[: len(INPUT_KINDS)]
    for threshold in above:
        if threshold <= tokens:
            found = found | _above(threshold, rows, found, moment, minute)
        after = [_rate(kind, found) for kind in INPUT_KINDS]
        rates += [Rate(new.low - old.low, new.high - old.high) for old, new in zip(before, after, strict=True)]
        before = after
    if latest is None:
        return Listed(tuple(rates))
    return Listed(tuple(rates), latest.begun(moment), latest.evidence)


def unit_rate(rows: Sequence[PriceRow], moment: datetime) -> Rate | None:
    """Rate of rows of one kind that is no text token, at a moment; null: none is certainly in force."""
    minute = moment.weekday() * DAY_MINUTES + moment.hour * 60 + moment.minute
    found = _in_force(rows, moment, 0, minute)
    prices = [row.price for row in found.rows]
    return Rate(min(prices), max(prices)) if found.is_sure else None


class _Found(NamedTuple):
    """Rows that may be in force, and whether one of them certainly is."""

    rows: Sequence[PriceRow]
    is_sure: bool


_NONE: Final = _Found((), is_sure=False)


def _of_whole(kind: str, rows: PriceRows) -> Sequence[PriceRow]:
    """Rows that price whole requests: all output of a request comes after its input, and so lies above a threshold."""
    listed = rows.get(kind, ())
    return [row for row in listed if row.series.is_whole_request] if kind in INPUT_KINDS else listed


def _above(
    threshold: int, rows: PriceRows, below: Mapping[str, _Found], moment: datetime, minute: int
) -> dict[str, _Found]:
    """What is in force for the tokens above a threshold, where it is something else than below."""
    found: dict[str, _Found] = {}
    for kind in INPUT_KINDS:
        own = [
            row
            for row in rows.get(kind, ())
            if not row.series.is_whole_request and row.series.min_input_tokens == threshold
        ]
        here = _in_force(own, moment, threshold, minute)
        if here.rows:
            found[kind] = here if here.is_sure else _Found([*here.rows, *below[kind].rows], below[kind].is_sure)
    return found


def _in_force(rows: Sequence[PriceRow], moment: datetime, tokens: int, minute: int) -> _Found:
    found: list[PriceRow] = []
    for series, listed in groupby(rows, key=lambda row: row.series):
        if series.min_input_tokens <= tokens and series.is_open(minute):
            possible = [row for row in listed if row.since <= moment < row.until]
            found += possible
            if any(row.covered[0] <= moment < row.covered[1] for row in possible):
                return _Found(found, is_sure=True)
    return _Found(found, is_sure=False)


FALLBACKS: Final = {
    "cache_read": "uncached_input",  # no cache price then: billed as any input
    "cache_write_5m": "uncached_input",
    "cache_write_1h": "uncached_input",
    "reasoning": "output",
}
"""Kind whose price a kind of usage pays where it has none of its own."""
_SIBLINGS: Final = {"cache_write_5m": "cache_write_1h", "cache_write_1h": "cache_write_5m"}


def _rate(kind: str, found: Mapping[str, _Found]) -> Rate:
    own = found.get(kind, _NONE)
    prices = [row.price for row in own.rows]
    is_other_duration_priced = bool(found.get(_SIBLINGS.get(kind, ""), _NONE).rows)
    if kind == "request" and not own.is_sure:
        prices.append(0)
    elif kind in FALLBACKS and not own.is_sure and (prices or not is_other_duration_priced):
        prices += [price for price in _rate(FALLBACKS[kind], found) if not math.isnan(price)]
    return Rate(min(prices), max(prices)) if prices else UNKNOWN
