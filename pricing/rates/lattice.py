"""The places a call can have: its interval between changes of price, its context bucket, its slot of the week.

Interval i lies before break i, bucket i below threshold i. Beyond these stand the places of calls of which less is
known: no moment, any bucket, up to a bucket (a total of several requests), any slot.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import product

from pricing.book.windows import parse_hours, parse_weekdays
from pricing.moments import END, START
from pricing.rates.in_force import DAY_MINUTES


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of all calls before they are placed.

    Args:
        since: Earliest moment priced.
        until: Latest moment priced.
        is_timed: Every call has a moment in between.
        is_single: Every call is one request of known input and moment.
    """

    since: datetime = START
    until: datetime = END
    is_timed: bool = False
    is_single: bool = False


@dataclass(frozen=True)
class Lattice:
    """Where the prices of a set of models change.

    Args:
        breaks: Moments at which some price changes, ascending.
        thresholds: Input tokens above which some price changes, ascending.
        slots: Minutes of the week (Monday 00:00 UTC = 0) at which some price changes, ascending.
        above: Those thresholds that price only the tokens above them.
        first_interval: Interval of the earliest call that has a moment.
        is_timed: Every call has a moment.
        is_single: Every call is one request of known input and moment.
    """

    breaks: tuple[datetime, ...] = ()
    thresholds: tuple[int, ...] = ()
    slots: tuple[int, ...] = ()
    above: tuple[int, ...] = ()
    first_interval: int = 0
    is_timed: bool = False
    is_single: bool = False

    @property
    def no_interval(self) -> int:
        """Interval of calls without any moment: nothing is in force."""
        return len(self.breaks) + 1

    @property
    def any_bucket(self) -> int:
        """Bucket of calls whose input is not known: any. Totals are up to their bucket: len(thresholds) + bucket."""
        return 2 * len(self.thresholds)

    @property
    def any_slot(self) -> int:
        """Slot of totals: any of them."""
        return len(self.slots) + 1

    @property
    def intervals(self) -> tuple[int, ...]:
        """Intervals a call can lie in."""
        timed = tuple(range(self.first_interval, len(self.breaks) + 1))
        return timed if self.is_timed else (*timed, self.no_interval)

    @property
    def n_buckets(self) -> int:
        """Number of buckets a call can lie in."""
        return len(self.thresholds) + 1 if self.is_single else len(self.buckets)

    @property
    def n_slots(self) -> int:
        """Number of slots a call can lie in."""
        return len(self.slots) + 1 if self.is_single else len(self.weeks)

    def moment(self, interval: int) -> datetime | None:
        """First moment of an interval; null: the one of calls without any."""
        if interval == self.no_interval:
            return None
        return self.breaks[interval - 1] if interval else START

    def interval(self, moment: datetime) -> int:
        """Interval a moment lies in."""
        return bisect_right(self.breaks, moment)

    @cached_property
    def buckets(self) -> tuple[range, ...]:
        """Context buckets a bucket stands for, by its number: itself, or all up to one."""
        n = len(self.thresholds)
        return (
            *(range(bucket, bucket + 1) for bucket in range(n + 1)),
            *(range(bucket + 1) for bucket in range(1, n + 1)),
        )

    @cached_property
    def weeks(self) -> tuple[range, ...]:
        """Slots a slot stands for, by its number: itself, or all."""
        n = len(self.slots) + 1
        return (*(range(slot, slot + 1) for slot in range(n)), range(n))

    def tokens(self, bucket: int) -> int:
        """Input tokens a context bucket begins above."""
        return self.thresholds[bucket - 1] if bucket else 0

    def minute(self, slot: int) -> int:
        """First minute of a slot."""
        return self.slots[slot - 1] if slot else 0


def breaks_within(moments: Iterable[datetime], seen: Seen) -> tuple[datetime, ...]:
    """Moments that tell intervals apart: those between the first and the last call, and the last one before."""
    inside = sorted(moment for moment in set(moments) - {START, END} if moment <= seen.until)
    first = max(bisect_right(inside, seen.since) - 1, 0)
    return tuple(inside[first:])


def slots_of(windows: Iterable[tuple[str | None, str | None]]) -> tuple[int, ...]:
    """Minutes of the week at which one of the windows (weekdays, hours_utc) opens or closes."""
    edges: set[int] = set()
    for weekdays, hours in windows:
        if weekdays is not None or hours is not None:
            for day, (low, high) in product(parse_weekdays(weekdays), parse_hours(hours)):
                edges |= {day * DAY_MINUTES + low, day * DAY_MINUTES + high}
    return tuple(sorted(edges - {0, 7 * DAY_MINUTES}))


def first_interval(breaks: Sequence[datetime], seen: Seen) -> int:
    """Interval of the earliest call; without the moments of all calls, the first of all."""
    return 1 if seen.is_timed and breaks and breaks[0] <= seen.since else 0
