"""Which prices of one model may be in force at a moment, and the rate of each kind of usage that follows from them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final, NamedTuple

from pricing.book.windows import parse_hours, parse_weekdays

START, END = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
DAY_MINUTES: Final = 1440


class Series(NamedTuple):
    """What rows share that succeed each other."""

    min_input_tokens: int
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
    """Pico-dollars per unit, lowest and highest; None: not known."""

    low: int | None
    high: int | None


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
    """

    price: int
    since: datetime
    until: datetime
    covered: tuple[datetime, datetime]
    series: Series
    stated_since: datetime | None


PriceRows = Mapping[str, Sequence[PriceRow]]
"""Rows of one model and tier by kind, the first to win first."""


def price_rows(rows: Iterable[Mapping[str, Any]]) -> list[PriceRow]:
    """Give each row of PRICES its moments; where its successor's start is only a window, its own end is one too."""
    in_order = sorted(rows, key=lambda row: (_series(row).rank, row["effective_from"] or START, row["price_pusd"]))
    linked: list[PriceRow] = []
    for chain in _chains(in_order):
        covered = (chain[0]["effective_latest"] or _since(chain[0]), _until(chain[-1]))
        for row, follower in zip(chain, [*chain[1:], {}], strict=True):
            since = row["effective_earliest"] or _since(row)
            until = follower.get("effective_latest") or _until(row)
            linked.append(PriceRow(row["price_pusd"], since, until, covered, _series(row), row["effective_from"]))
    return linked


def _chains(rows: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Rows that succeed each other without a gap."""
    chains: list[list[Mapping[str, Any]]] = []
    for row in rows:
        last = chains[-1][-1] if chains else None
        if last is not None and _series(last) == _series(row) and last["effective_until"] == row["effective_from"]:
            chains[-1].append(row)
        else:
            chains.append([row])
    return chains


def _series(row: Mapping[str, Any]) -> Series:
    return Series(row["min_input_tokens"], row["priority"], row["weekdays"], row["hours_utc"])


def _since(row: Mapping[str, Any]) -> datetime:
    return row["effective_from"] or START


def _until(row: Mapping[str, Any]) -> datetime:
    return row["effective_until"] or END


def rates_at(rows: PriceRows, moment: datetime, tokens: int, minute: int) -> dict[str, Any]:
    """Rates in force: <kind>_low and <kind>_high in pico-dollars, and price_from.

    Args:
        rows: Rows of one model.
        moment: When.
        tokens: Any number of input tokens of the context bucket but the threshold it ends at.
        minute: Minute of the week, Monday 00:00 UTC = 0.
    """
    found = {kind: _in_force(listed, moment, tokens, minute) for kind, listed in rows.items()}
    since = [row.stated_since for row in found.get("uncached_input", _NONE).rows if row.stated_since is not None]
    rates: dict[str, Any] = {"price_from": max(since, default=None)}
    for kind in rows:
        rates[f"{kind}_low"], rates[f"{kind}_high"] = _rate(kind, found)
    return rates


class _Found(NamedTuple):
    """Rows that may be in force, and whether one of them certainly is."""

    rows: Sequence[PriceRow]
    is_sure: bool


_NONE: Final = _Found((), is_sure=False)


def _in_force(rows: Sequence[PriceRow], moment: datetime, tokens: int, minute: int) -> _Found:
    found: list[PriceRow] = []
    for series, listed in groupby(rows, key=lambda row: row.series):
        if series.min_input_tokens <= tokens and series.is_open(minute):
            possible = [row for row in listed if row.since <= moment < row.until]
            found += possible
            if any(row.covered[0] <= moment < row.covered[1] for row in possible):
                return _Found(found, is_sure=True)
    return _Found(found, is_sure=False)


_FALLBACKS: Final = {
    "cache_read": "uncached_input",  # no cache price then: billed as any input
    "cache_write_5m": "uncached_input",
    "cache_write_1h": "uncached_input",
    "reasoning": "output",
}
_SIBLINGS: Final = {"cache_write_5m": "cache_write_1h", "cache_write_1h": "cache_write_5m"}


def _rate(kind: str, found: Mapping[str, _Found]) -> Rate:
    own = found.get(kind, _NONE)
    prices = [row.price for row in own.rows]
    is_other_duration_priced = bool(found.get(_SIBLINGS.get(kind, ""), _NONE).rows)
    if kind == "request" and not own.is_sure:
        prices.append(0)
    elif kind in _FALLBACKS and not own.is_sure and (prices or not is_other_duration_priced):
        prices += [price for price in _rate(_FALLBACKS[kind], found) if price is not None]
    return Rate(min(prices), max(prices)) if prices else Rate(None, None)
