"""What names are looked up in: the names every provider sells its models under, and the open models behind them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import chain

from pricing.names.aliases import Alias, Aliases, normalised
from pricing.names.grammar import Grammar, load_grammar
from pricing.names.identities import Identities, load_identities
from pricing.names.shelf import Shelf, Target
from traces.errors import PricingError, closest

Lookup = Callable[[str | None, str], tuple[str, str] | None]
"""Provider and name as a trace writes them -> provider and model of the price rows, or none."""


@dataclass(frozen=True, eq=False)
class Directory:
    """Names of the price book.

    Args:
        index: Provider -> normalised name -> model; a model's own id goes before a further name.
        aliases: Dated aliases, billers and vendors.
        released: (provider, normalised name) -> day the model came out, beside the days the grammar states.
        lookup: Finds a name in a way of its own, instead of by who bills (named books); null: by who bills.
    """

    index: Mapping[str, Mapping[str, str]]
    aliases: Aliases
    released: Mapping[tuple[str, str], date] = field(default_factory=dict)
    lookup: Lookup | None = None

    @cached_property
    def grammar(self) -> Grammar:
        """How names are written."""
        return load_grammar()

    @cached_property
    def identities(self) -> Identities:
        """Open models and the ids they are sold under."""
        return load_identities()

    @cached_property
    def shelves(self) -> Mapping[str, Shelf]:
        """Provider -> its names."""
        released: dict[str, dict[str, tuple[date, ...]]] = {}
        for (provider, name), day in chain(self.grammar.released.items(), self.released.items()):
            days = released.setdefault(provider, {})
            days[name] = (*days.get(name, ()), day)
        aliases: dict[str, dict[str, tuple[Alias, ...]]] = {}
        for (provider, name), found in self.aliases.models.items():
            aliases.setdefault(provider, {})[name] = found
        return {
            provider: Shelf(
                provider,
                self.index.get(provider, {}),
                aliases.get(provider, {}),
                released.get(provider, {}),
                self.grammar.fold,
                self._follow,
            )
            for provider in dict.fromkeys((*self.index, *aliases))
        }

    def is_own(self, longer: str, shorter: str) -> bool:
        """Say whether a folded name is known anywhere as another model than a shorter name is there."""
        known, others = (self._everywhere.get(name.rpartition("/")[2], {}) for name in (longer, shorter))
        return any(others.get(seller) != meaning for seller, meaning in known.items())

    def sold(self, identity: str) -> list[tuple[str, str]]:
        """Every (provider, model) of the book that is an open model, or a variant of it a provider sells instead."""
        found = {
            (provider, names[name])
            for provider, names in self.index.items()
            for name in self.identities.ids(identity, provider, variants=True)
            if name in names
        }
        return sorted(pair for pair in found if self.aliases.may_sell(pair[0], normalised(pair[1])))

    def sellers(self, model: str, identity: str | None) -> list[tuple[str, str]]:
        """Every provider that sells a model under this name, or the open model it is, with its id there."""
        name = normalised(model)
        found = {(provider, names[name]) for provider, names in self.index.items() if name in names}
        found = {pair for pair in found if self.aliases.may_sell(pair[0], name)}
        return sorted(found | set(() if identity is None else self.sold(identity)))

    def closest(self, model: str) -> list[str]:
        """Known names closest to one that is not known, for a hint; never used to price."""
        known = {name for names in self.index.values() for name in names}
        return closest(model, known)

    def refuse_unknown_aliases(self) -> None:
        """Check that every alias leads to a model of the book, or says that its prices are still to come.

        Raises:
            PricingError: for the first that does neither.
        """
        for alias in (alias for found in self.aliases.models.values() for alias in found):
            if alias.is_priced and self._follow(alias) is None:
                raise PricingError(
                    f"{self.aliases.path}: alias {alias.name!r} of {alias.provider} leads to {alias.price_model!r}, "
                    f"which {alias.price_provider} does not have",
                    f"add its prices to prices/{alias.price_provider}.toml, or is_priced = false until they are there",
                )

    @cached_property
    def _everywhere(self) -> Mapping[str, Mapping[object, object]]:
        """Last part of a folded name -> where it is known (provider and path before it) -> what it means there."""
        found: dict[str, dict[object, object]] = {}
        for provider, shelf in self.shelves.items():
            for folded, meaning in shelf.spellings.items():
                path, _, last = folded.rpartition("/")
                found.setdefault(last, {})[provider, path] = meaning
        for folded, identity in self.identities.names.items():
            found.setdefault(folded.rpartition("/")[2], {})[None] = identity
        return found

    def _follow(self, alias: Alias) -> Target | None:
        model = self.index.get(alias.price_provider, {}).get(normalised(alias.price_model))
        return None if model is None else Target(alias.price_provider, model, alias.alias_from, alias.alias_until)


def directory(
    names: Iterable[tuple[str, str, str]],
    models: Iterable[tuple[str, str]],
    aliases: Aliases,
    released: Iterable[tuple[str, str, date | None]] = (),
) -> Directory:
    """Make a directory.

    Args:
        names: Further names: provider, name, model. Those of models that are not in ``models`` are left out.
        models: Models with prices: provider, model.
        aliases: Dated aliases, billers and vendors.
        released: Days models came out: provider, model, day; null: not known.
    """
    priced = set(models)
    index: dict[str, dict[str, str]] = {}
    for provider, name, model in names:
        if (provider, model) in priced:
            index.setdefault(provider, {})[name] = model
    for provider, model in sorted(priced):
        index.setdefault(provider, {})[normalised(model)] = model
    days = {(provider, normalised(model)): day for provider, model, day in released if day is not None}
    return Directory(index, aliases, days)
