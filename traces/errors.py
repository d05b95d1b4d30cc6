"""Every error a user can meet, each with its exit code.

ReplayError
├── UsageError            2   the command was called wrongly
├── TraceError            3   a trace or a store could not be read
│   ├── UnreadableError       a file cannot be opened or unpacked
│   ├── MalformedTraceError   one place in one file
│   └── StoreError            a store folder is damaged, locked or would be overwritten
├── PricingError          4   a price, scenario or book is missing or wrong
└── AnalysisError         5   a question the tables cannot answer
"""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Final

_N_CLOSEST: Final = 3
_N_KNOWN: Final = 20
_PART_CHARS: Final = 3


class ReplayError(Exception):
    """What went wrong, where, and what to do next."""

    exit_code = 1

    def __init__(self, problem: str, hint: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint

    def __str__(self) -> str:
        return self.problem if self.hint is None else f"{self.problem}\nhint: {self.hint}"


def closest(word: str, known: Iterable[str]) -> list[str]:
    """Known names closest to one that is not, else those it is a part of; none where nothing is close."""
    by_folded = {name.lower(): name for name in sorted(known)}
    folded = word.strip().lower()
    close = get_close_matches(folded, by_folded, n=_N_CLOSEST)
    whole = [name for name in by_folded if folded in name] if len(folded) >= _PART_CHARS else []
    return [by_folded[name] for name in close or whole[:_N_CLOSEST]]


def nearest(word: str, known: Iterable[str]) -> str:
    """Hint at the known names closest to one that is not; at all of them where nothing is close."""
    names = sorted(known)
    close = closest(word, names)
    if close:
        return f"closest known: {', '.join(close)}"
    others = f" and {len(names) - _N_KNOWN} more" if len(names) > _N_KNOWN else ""
    return f"known: {', '.join(names[:_N_KNOWN]) or 'none'}{others}"


class UsageError(ReplayError):
    """The command or function was called wrongly."""

    exit_code = 2


class TraceError(ReplayError):
    """A trace or a store could not be read."""

    exit_code = 3


class UnreadableError(TraceError):
    """A file cannot be opened, or not be unpacked to its end."""


class MalformedTraceError(TraceError):
    """One place in one file says something that cannot be true or cannot be read."""

    def __init__(self, path: Path | str, place: str, problem: str, remedy: str | None = None) -> None:
        where = ": ".join(part for part in (str(path), place, problem) if part)
        super().__init__(where, f"{remedy or 'mend the file'}, or pass --on-error=skip to list it in rejects")
        self.path = str(path)
        self.place = place
        self.reason = problem
        self.remedy = remedy

    def __reduce__(self) -> tuple[type, tuple[str, str, str, str | None]]:
        return type(self), (self.path, self.place, self.reason, self.remedy)


class StoreError(TraceError):
    """A store folder is damaged, locked, or would be overwritten."""


class PricingError(ReplayError):
    """A price, a scenario or a book is missing or wrong."""

    exit_code = 4


class AnalysisError(ReplayError):
    """The tables cannot answer this question."""

    exit_code = 5
