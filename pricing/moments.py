"""Days and moments as they are written -> moments in UTC; the ends of time."""

from datetime import UTC, date, datetime, time
from typing import Final, overload

from traces.errors import UsageError

Moment = datetime | date | str
"""A moment, or a day (its first moment), or either as text; one without a zone is in UTC."""
START: Final = datetime.min.replace(tzinfo=UTC)
END: Final = datetime.max.replace(tzinfo=UTC)
"""The ends of time."""
NEVER: Final = datetime.combine(date.max, time(), UTC)
"""Latest day of a price that may hold at any time and is never sure to."""
DATE_HINT: Final = "write 2026-06-09, or 2026-06-09T16:00Z for an hour"


def as_moment(name: str, given: Moment) -> datetime:
    """Take a moment or a day.

    Args:
        name: What it is of, for the message.
        given: The moment.

    Raises:
        UsageError: if it is neither.
    """
    try:
        moment = datetime.fromisoformat(str(given))
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{name} {given}: not a date", DATE_HINT) from error


def is_day(given: Moment) -> bool:
    """Whether no hour is stated."""
    if not isinstance(given, str):
        return not isinstance(given, datetime)
    try:
        date.fromisoformat(given)
    except ValueError:
        return False
    return True


def written(moment: datetime) -> str:
    """Write a moment as a user would: the day alone where it is its first moment."""
    return f"{moment:%Y-%m-%d}" if moment.time() == time() else f"{moment:%Y-%m-%dT%H:%MZ}"


@overload
def midnight(day: date | None) -> datetime | None: ...
@overload
def midnight(day: date | None, otherwise: datetime) -> datetime: ...
def midnight(day: date | None, otherwise: datetime | None = None) -> datetime | None:
    """Start of a day in UTC; where no day is stated, another moment or null."""
    return otherwise if day is None else datetime.combine(day, time(), UTC)
