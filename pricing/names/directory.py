"""What names are looked up in: every name a provider sells a model under, and the table of aliases."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from pricing.names.aliases import Aliases, normalised

_N_CLOSEST: Final = 3
Lookup = Callable[[str | None, str], tuple[str, str] | None]
"""Provider and name as a trace writes them -> provider and model of the price rows, or none."""


@dataclass(frozen=True)
class Directory:
    """Names of the price book.

    Args:
        index: Provider -> normalised name -> model; a model's own id goes before a further name.
        aliases: Dated aliases, billers and vendors.
        lookup: Finds a name in a way of its own, instead of by who bills (named books); null: by who bills.
    """

    index: Mapping[str, Mapping[str, str]]
    aliases: Aliases
    lookup: Lookup | None = None

    def closest(self, model: str) -> list[str]:
        """Known names closest to one that is not known, for a hint; never used to price."""
        known = {name for names in self.index.values() for name in names}
        return get_close_matches(normalised(model), sorted(known), n=_N_CLOSEST)

    def sellers(self, model: str) -> list[tuple[str, str]]:
        """Every provider that sells a model under exactly this name, with its id there."""
        name = normalised(model)
        return [(provider, names[name]) for provider, names in sorted(self.index.items()) if name in names]


def directory(names: Iterable[tuple[str, str, str]], models: Iterable[tuple[str, str]], aliases: Aliases) -> Directory:
    """Make a directory of further names (provider, name, model) and of models (provider, model)."""
    index: dict[str, dict[str, str]] = {}
    for provider, name, model in names:
        index.setdefault(provider, {})[name] = model
    for provider, model in models:
        index.setdefault(provider, {})[normalised(model)] = model
    return Directory(index, aliases)
