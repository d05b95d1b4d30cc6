"""Days in data files -> moments."""

from datetime import UTC, date, datetime, time


def midnight(day: date | None) -> datetime | None:
    """Start of a day in UTC; null stays null."""
    return None if day is None else datetime.combine(day, time(), UTC)
