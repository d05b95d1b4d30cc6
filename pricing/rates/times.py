"""The ends of time, and the first moment of a day."""

from datetime import UTC, date, datetime, time
from typing import Final

START: Final = datetime.min.replace(tzinfo=UTC)
END: Final = datetime.max.replace(tzinfo=UTC)


def midnight(day: date | None, otherwise: datetime) -> datetime:
    """Start of a day in UTC; where no day is stated, another moment."""
    return otherwise if day is None else datetime.combine(day, time(), UTC)
