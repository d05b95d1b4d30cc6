"""The names of one provider: what each means, in one spelling, and which dated model of a line a day or month is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple

from pricing.names.aliases import Alias, normalised
from pricing.names.written_dates import When, day_of, line_of, snapshot


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
        names: Normalised name -> model; a name that is its model's own id goes before a further one.
        aliases: Normalised name -> aliases, by time.
        released: Normalised name -> days the model came out, as each source says.
        fold: How names are spelled for comparison.
        follow: Finds the model an alias leads to; null: the book does not have it.
    """

    provider: str
    names: Mapping[str, str]
    aliases: Mapping[str, tuple[Alias, ...]]
    released: Mapping[str, tuple[date, ...]]
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
        """Folded name -> what it means, own ids and aliases before further names.

        Names of one kind that are spelled alike and mean different models are left out.
        """
        own: dict[str, Meaning | None] = {}
        further: dict[str, Meaning | None] = {}
        for name in dict.fromkeys((*self.names, *self.aliases)):
            meaning, found = self.exact(name), own if self._is_own(name) else further
            if meaning and found.setdefault(folded := self.fold(name), meaning) != meaning:
                found[folded] = None
        return {folded: meaning for folded, meaning in {**further, **own}.items() if meaning is not None}

    def _is_own(self, name: str) -> bool:
        return name in self.aliases or normalised(self.names[name]) == name

    def dated(self, line: str, at: When) -> Meaning:
        """What the models of a line (folded name without a date) that are of a day or month mean; empty: not one.

        Those whose names carry the date go before those only known to have come out then.
        """
        for snapshots in (self._by_name, self._by_release):
            found = {meaning for stated, meaning in snapshots.get(line, ()) if at.holds(stated)}
            if found:
                return found.pop() if len(found) == 1 else ()
        return ()

    @cached_property
    def _by_name(self) -> Mapping[str, list[tuple[When, Meaning]]]:
        found: dict[str, list[tuple[When, Meaning]]] = {}
        for folded, meaning in self.spellings.items():
            split = snapshot(folded)
            if split is not None:
                found.setdefault(split[0], []).append((split[1], meaning))
        return found

    @cached_property
    def _by_release(self) -> Mapping[str, list[tuple[When, Meaning]]]:
        found: dict[str, list[tuple[When, Meaning]]] = {}
        for name, days in self.released.items():
            folded = self.fold(name)
            meaning = self.spellings.get(folded, ())
            if meaning and snapshot(folded) is None:
                found.setdefault(line_of(folded), []).extend((day_of(day), meaning) for day in days)
        return found
