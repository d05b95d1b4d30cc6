"""Days and months as names carry them: snapshot ids in any spelling, and the months of display names."""

import re
from calendar import month_abbr, month_name
from datetime import date
from typing import Final, NamedTuple

_MONTHS: Final = {
    spelling.lower(): number for names in (month_name, month_abbr) for number, spelling in enumerate(names) if spelling
} | {"sept": 9}
_COMPACT: Final = re.compile(r"(?<=-)(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d)")
DAY: Final = re.compile(r"(.+)-(20\d\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
"""A folded name that ends in a day."""
MONTH: Final = re.compile(rf"(.+)-({'|'.join(sorted(_MONTHS, key=len, reverse=True))})-(?:20)?(\d\d)")
"""A folded name that ends in a month in words."""
_YEAR_MONTH: Final = re.compile(r"(.+)-(?P<year>2[3-9])(?P<month>0[1-9]|1[0-2])")
_MONTH_YEAR: Final = re.compile(r"(.+)-(?P<month>0[1-9]|1[0-2])-20(?P<year>2\d)")
_MONTH_DAY: Final = re.compile(r"(.+)-(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])")


class When(NamedTuple):
    """A day, or a month; ``day`` null: only the month."""

    year: int
    month: int
    day: int | None = None

    def holds(self, other: "When") -> bool:
        """Say whether the other lies in it: the same day, or a day or month of this month."""
        return self[:2] == other[:2] and self.day in (None, other.day)


def day_of(day: date) -> When:
    """Make one of a calendar day."""
    return When(day.year, day.month, day.day)


def compact_to_iso(name: str) -> str:
    """Write ``-20250807`` as ``-2025-08-07``."""
    return _COMPACT.sub(r"\1-\2-\3", name) if "-20" in name else name


def when(found: re.Match[str]) -> When:
    """Day or month a folded name ends in.

    Args:
        found: Match of ``DAY`` or ``MONTH``.
    """
    if found.re is DAY:
        return When(int(found[2]), int(found[3]), int(found[4]))
    return When(2000 + int(found[3]), _MONTHS[found[2]])


def snapshot(folded: str) -> tuple[str, When] | None:
    """Split the folded name of a dated model into the name of its line and its day or month; null: it has no date."""
    found = DAY.fullmatch(folded)
    if found is not None:
        return found[1], when(found)
    found = _YEAR_MONTH.fullmatch(folded) or _MONTH_YEAR.fullmatch(folded)
    return None if found is None else (found[1], When(2000 + int(found["year"]), int(found["month"])))


def line_of(folded: str) -> str:
    """Name of the line of a model whose day is known from elsewhere: without a day that does not tell the year."""
    found = _MONTH_DAY.fullmatch(folded)
    return folded if found is None else found[1]
