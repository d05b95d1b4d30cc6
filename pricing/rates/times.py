"""The ends of time, the day that never comes, and the first moment of a day."""

from datetime import UTC, date, datetime, time
from typing import Final

START: Final = datetime.min.replace(tzinfo=UTC)
END: Final = datetime.max.replace(tzinfo=UTC)
NEVER: Final = datetime.combine(date.max, time(), UTC)
"""Latest day of a price that may hold at any time and is never sure to."""


def midnight(day: date | None, otherwise: datetime) -> datetime:
    """Start of a day in UTC; where no day is stated, another moment."""
    return otherwise if day is None else datetime.combine(day, time(), UTC)
