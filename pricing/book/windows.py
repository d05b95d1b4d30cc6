"""Weekday and hour windows of a price: their text, read into days and minutes, and whether a moment lies inside."""

import re
from datetime import datetime, time
from functools import cache
from typing import Final

from traces.errors import PricingError

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY_MINUTES: Final = 24 * 60
_HOURS: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


def is_in_window(at: datetime, weekdays: str | None, hours_utc: str | None) -> bool:
    """Say whether a UTC moment lies in the window; the weekday is that of the moment itself.

    Args:
        at: Moment, in UTC.
        weekdays: Such as "Mon-Fri"; null: every day.
        hours_utc: Such as "16:30-00:30", the end excluded; null: all day.
    """
    minute = at.hour * 60 + at.minute
    return at.weekday() in parse_weekdays(weekdays) and any(
        low <= minute < high for low, high in parse_hours(hours_utc)
    )


@cache
def parse_weekdays(text: str | None) -> frozenset[int]:
    """Days of a window, 0 = Monday; null: all.

    Raises:
        PricingError: on anything but days and ranges such as "Mon-Fri" or "Mon,Wed,Sat-Sun".
    """
    if text is None:
        return frozenset(range(7))
    days: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise PricingError(f"weekdays {text!r} are not days", f"write days such as {'-'.join(DAYS[::4])}: {DAYS}")
        low, high = DAYS.index(first), DAYS.index(last or first)
        days.update(range(low, high + 1) if low <= high else {*range(low, 7), *range(high + 1)})
    return frozenset(days)


@cache
def parse_hours(text: str | None) -> tuple[tuple[int, int], ...]:
    """Minutes of the day of a window, end excluded, cut at midnight; null: the whole day.

    Raises:
        PricingError: on anything but "HH:MM-HH:MM", comma-separated.
    """
    if text is None:
        return ((0, _DAY_MINUTES),)
    spans: list[tuple[int, int]] = []
    for part in text.split(","):
        match = _HOURS.fullmatch(part.strip())
        if match is None or match.groups()[:2] == match.groups()[2:]:
            raise PricingError(f"hours_utc {text!r} are not hours", 'write "16:30-00:30", in UTC, comma-separated')
        low, high = (int(match[i]) * 60 + int(match[i + 1]) for i in (1, 3))
        spans += [(low, high)] if low < high else [(low, _DAY_MINUTES), *([(0, high)] if high else [])]
    return tuple(spans)


def windows_meet(one: tuple[str | None, str | None], other: tuple[str | None, str | None]) -> bool:
    """Say whether two (weekdays, hours_utc) windows share a moment."""
    shared_days = parse_weekdays(one[0]) & parse_weekdays(other[0])
    return bool(shared_days) and any(
        low < other_high and other_low < high
        for low, high in parse_hours(one[1])
        for other_low, other_high in parse_hours(other[1])
    )


def hours_text(start: time, end: time) -> str:
    """Write a span of UTC hours the way price files do."""
    return f"{start:%H:%M}-{end:%H:%M}"
