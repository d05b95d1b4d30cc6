"""The names of one provider: what each means, in one spelling, and which dated model of a line a day or month is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple

from pricing.names.aliases import Alias, normalised
from pricing.names.written_dates import When, snapshot


class Target(NamedTuple):
    """Model of the price book a name means from (included) until (excluded); null: none, and always."""

    price_provider: str | None
    price_model: str | None
    alias_from: datetime | None = None
    alias_until: datetime | None = None


Meaning = tuple[Target, ...]
"""What a name means, one target per stretch of time; empty: it is not known."""


@dataclass(frozen=True, eq=False)
class Shelf:
    """What one provider sells.

    Args:
        provider: Who bills.
        names: Normalised name -> model.
        aliases: Normalised name -> aliases, by time.
        released: Normalised name -> day the model came out.
        fold: How names are spelled for comparison.
        follow: Finds the model an alias leads to; null: the book does not have it.
    """

    provider: str
    names: Mapping[str, str]
    aliases: Mapping[str, tuple[Alias, ...]]
    released: Mapping[str, date]
    fold: Callable[[str], str]
    follow: Callable[[Alias], Target | None]

    def exact(self, name: str) -> Meaning:
        """What a normalised name means, as it is written."""
        model = self.names.get(name)
        for known in (name, normalised(model or "")):
            if known in self.aliases:
                return tuple(target for alias in self.aliases[known] if (target := self.follow(alias)))
        return () if model is None else (Target(self.provider, model),)

    @cached_property
    def spellings(self) -> Mapping[str, Meaning]:
        """Folded name -> what it means; names that are spelled alike and mean different models are left out."""
        found: dict[str, Meaning] = {}
        unclear: set[str] = set()
        for name in dict.fromkeys((*self.names, *self.aliases)):
            folded, meaning = self.fold(name), self.exact(name)
            if meaning and found.setdefault(folded, meaning) != meaning:
                unclear.add(folded)
        return {folded: meaning for folded, meaning in found.items() if folded not in unclear}

    def dated(self, line: str, at: When) -> Meaning:
        """What the models of a line (folded name without a date) that are of a day or month mean; empty: not one."""
        found = {meaning for stated, meaning in self._snapshots.get(line, ()) if at.holds(stated)}
        return found.pop() if len(found) == 1 else ()

    @cached_property
    def _snapshots(self) -> Mapping[str, list[tuple[When, Meaning]]]:
        released = {self.fold(name): day for name, day in self.released.items()}
        found: dict[str, list[tuple[When, Meaning]]] = {}
        for folded, meaning in self.spellings.items():
            split = snapshot(folded, released.get(folded))
            if split is not None:
                line, stated = split
                found.setdefault(line, []).append((stated, meaning))
        return found
