"""What the calls of one price key are billed by: the models its name meant, with their rows at its tier and region."""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import TypeVar

from pricing.moments import END, NEVER, START
from pricing.rates.in_force import FALLBACKS, PriceRow, PriceRows, Series


@dataclass(frozen=True, slots=True)
class RowSet:
    """Rows a call may be billed by, at one number of tokens billed per token counted.

    Args:
        own: Rows of its tier.
        batch: Rows of the batch endpoint; empty: no call goes through it.
        standard: Rows of the standard tier, half of which may be assumed; null: nothing is.
        is_halved: Whether half of them is assumed where its own tier lists nothing, and where the batch does not.
    """

    own: PriceRows
    batch: PriceRows
    standard: PriceRows | None
    is_halved: tuple[bool, bool] = (False, False)

    def __iter__(self) -> Iterator[PriceRow]:
        return chain.from_iterable(listed for rows in self._sets() for listed in rows.values())

    def of(self, kind: str) -> Iterator[PriceRow]:
        """Rows of one kind."""
        return chain.from_iterable(rows.get(kind, ()) for rows in self._sets())

    def _sets(self) -> tuple[PriceRows, ...]:
        return self.own, self.batch, self.standard or {}


@dataclass(frozen=True)
class Stretch:
    """One model a name meant, from (included) until (excluded).

    Args:
        since: From when the name meant it.
        until: Until when.
        biller: Who bills; discounts and regions are theirs.
        provider: Whose list prices they bill at.
        model: Model of the price book.
        rows: Its rows at the fewest, the stated and the most tokens; the same three times but for a substitute.
        multipliers: What all its prices are multiplied by in the region, and since when, ascending.
        caches: Shortest prompt its provider caches, seconds it is kept (nan: not stated), and since when, ascending.
        retired_at: From when it could no longer be called: its prices are then the last known ones.
    """

    since: datetime
    until: datetime
    biller: str
    provider: str
    model: str
    rows: tuple[RowSet, RowSet, RowSet]
    multipliers: tuple[tuple[datetime, float], ...] = ()
    caches: tuple[tuple[datetime, tuple[int, float]], ...] = ()
    retired_at: datetime = END

    def multiplier(self, moment: datetime) -> float:
        """What its prices are multiplied by at a moment."""
        return _latest(self.multipliers, moment, 1.0)

    def cache(self, moment: datetime) -> tuple[int, float]:
        """Shortest prompt that is cached at a moment, and seconds it is kept; nothing stated: any, for good."""
        return _latest(self.caches, moment, (0, math.nan))

    def paid_as(self, kind: str, moment: datetime) -> set[str]:
        """Give a kind of usage, and where it has no price of its own at a moment, the kind whose price it pays."""
        own = (row for rows in self.rows for row in rows.of(kind))
        has_own = kind not in FALLBACKS or any(row.since <= moment < row.until for row in own)
        return {kind} if has_own else {kind, FALLBACKS[kind]}

    @property
    def bills_writes(self) -> bool:
        """Whether writing to the cache has a price of its own."""
        return any(rows.own.get("cache_write_5m") for rows in self.rows)

    @cached_property
    def moments(self) -> frozenset[datetime]:
        """Moments at which one of its prices changes, or may."""
        moments = {self.since, self.until, self.retired_at, *(since for since, _ in (*self.multipliers, *self.caches))}
        for row in chain.from_iterable(self.rows):
            moments |= {row.since, row.until, *row.covered}
        return frozenset(moments - {START, NEVER, END})


_Value = TypeVar("_Value")


def _latest(steps: Sequence[tuple[datetime, _Value]], moment: datetime, otherwise: _Value) -> _Value:
    """Value in force at a moment, of values each in force from a moment on."""
    number = bisect_right(steps, moment, key=lambda step: step[0])
    return steps[number - 1][1] if number else otherwise


@dataclass(frozen=True)
class Key:
    """How the calls of one price key are billed.

    Args:
        stretches: Models its name meant; none: in no book.
        share_frac: Share of its calls billed at the batch price.
        is_what_if: Priced as another model than was called.
        is_skipped: Left out of every sum by the book it is priced with.
        is_timeless: Its book dates no price, so that calls without a moment have one too.
    """

    stretches: tuple[Stretch, ...]
    share_frac: float = 0.0
    is_what_if: bool = False
    is_skipped: bool = False
    is_timeless: bool = False

    @cached_property
    def moments(self) -> tuple[datetime, ...]:
        """Moments at which one of its prices changes, or may, ascending."""
        return tuple(sorted(frozenset().union(*(stretch.moments for stretch in self.stretches))))

    @cached_property
    def series(self) -> frozenset[Series]:
        """Thresholds, priorities and windows of its rows."""
        return frozenset(row.series for stretch in self.stretches for rows in stretch.rows for row in rows)

    def at(self, moment: datetime) -> Stretch | None:
        """Model its name meant at a moment; null: none."""
        return next((stretch for stretch in self.stretches if stretch.since <= moment < stretch.until), None)

    @property
    def price_model(self) -> str | None:
        """provider/model of the latest model its name meant; null: in no book."""
        return f"{self.stretches[-1].provider}/{self.stretches[-1].model}" if self.stretches else None
