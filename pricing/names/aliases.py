"""The alias table (TOML): who bills under which names, whose a bare model name is, and which names mean one model."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import tomli

from pricing.moments import midnight
from traces.errors import PricingError

ALIASES_PATH: Final = Path(str(files("pricing"))) / "data" / "aliases.toml"


@dataclass(frozen=True)
class Alias:
    """A name that means another model from (included) until (excluded); null: always; not priced: rows to come."""

    provider: str
    name: str
    price_provider: str
    price_model: str
    alias_from: datetime | None
    alias_until: datetime | None
    is_priced: bool = True


@dataclass(frozen=True)
class Vendor:
    """Whose a bare model name is: these names, and names that begin so, and not so."""

    provider: str
    names: frozenset[str]
    starts_with: tuple[str, ...]
    except_starts_with: tuple[str, ...]

    def owns(self, name: str) -> bool:
        """Say whether a folded model name without a provider is this vendor's own."""
        return (name in self.names or name.startswith(self.starts_with)) and not self.disowns(name)

    def disowns(self, name: str) -> bool:
        """Say whether the vendor made a model of this name, but does not sell it."""
        return name.startswith(self.except_starts_with)


@dataclass(frozen=True)
class Aliases:
    """The alias table; provider and model names in it are normalised (lower case, stripped).

    Args:
        path: File it was read from.
        providers: Name of a biller in traces -> provider of the price book.
        local: What runs on a machine of one's own.
        not_billers: Gateways that only pass a call on.
        authors: Names that before a model say who made it; the maker bills only what is its own.
        fronts: Clients of a maker that may stand before a cloud, which bills then.
        clouds: Providers that may stand behind a front.
        protocols: Providers that are also named for a protocol others speak.
        platforms: Name of a biller in traces -> the platform of it that is meant.
        neutral_prefixes: Signs before a name that say nothing.
        vendors: Whose a bare name is.
        models: (provider, name) -> its aliases, by time.
    """

    path: Path
    providers: Mapping[str, str]
    local: frozenset[str]
    not_billers: frozenset[str]
    authors: frozenset[str]
    fronts: frozenset[str]
    clouds: frozenset[str]
    protocols: frozenset[str]
    platforms: Mapping[str, str]
    neutral_prefixes: tuple[str, ...]
    vendors: tuple[Vendor, ...]
    models: Mapping[tuple[str, str], tuple[Alias, ...]]

    def biller(self, name: str) -> str:
        """Provider of the price book a normalised name of a biller means; unknown ones stay themselves."""
        return self.providers.get(name, name)

    def may_sell(self, provider: str, name: str) -> bool:
        """Say whether a provider sells a model of this name, or only made it."""
        return not any(vendor.provider == provider and vendor.disowns(name) for vendor in self.vendors)

    def renames(self) -> dict[tuple[str, str], str]:
        """(provider, name) -> model, for names that always mean one model of the same provider."""
        return {
            key: found[0].price_model
            for key, found in self.models.items()
            if len(found) == 1
            and found[0].price_provider == key[0]
            and not (found[0].alias_from or found[0].alias_until)
        }


def normalised(name: str) -> str:
    """Lower case, without surrounding blanks."""
    return name.strip().lower()


@cache
def load_aliases(path: Path = ALIASES_PATH) -> Aliases:
    """Read the alias table.

    Raises:
        PricingError: if two aliases of one name overlap in time, or one leads to another (a chain or a circle).
    """
    document = tomli.loads(path.read_text(encoding="utf-8"))
    models: dict[tuple[str, str], list[Alias]] = {}
    for alias in _aliases(document):
        models.setdefault((alias.provider, alias.name), []).append(alias)
    for found in models.values():
        _check(path, found, models)
    return Aliases(
        path=path,
        providers={
            normalised(name): provider
            for provider, names in document["providers"].items()
            for name in (provider, *names)
        },
        local=frozenset(document["local"]),
        not_billers=frozenset(document["not_billers"]),
        authors=frozenset(document["authors"]),
        fronts=frozenset(document["fronts"]),
        clouds=frozenset(document["clouds"]),
        protocols=frozenset(document["protocols"]),
        platforms={name: platform for platform, names in document["platforms"].items() for name in names},
        neutral_prefixes=tuple(document["neutral_prefixes"]),
        vendors=tuple(map(_vendor, document["vendor"])),
        models={key: tuple(found) for key, found in models.items()},
    )


def _vendor(table: Mapping[str, Any]) -> Vendor:
    """One that names nothing has every name its provider knows."""
    starts = table.get("starts_with", [] if "names" in table else [""])
    names, others = frozenset(table.get("names", ())), tuple(table.get("except_starts_with", ()))
    return Vendor(table["provider"], names, tuple(starts), others)


def _aliases(document: Mapping[str, Any]) -> Iterator[Alias]:
    for table in document["alias"]:
        bounds = midnight(table.get("from_date")), midnight(table.get("until_date"))
        to_provider = table.get("to_provider", table["provider"])
        for name in map(normalised, table["names"]):
            model, is_priced = table.get("model", name), table.get("is_priced", True)
            yield Alias(table["provider"], name, to_provider, model, *bounds, is_priced)


def _check(path: Path, found: list[Alias], models: Mapping[tuple[str, str], list[Alias]]) -> None:
    for earlier, later in pairwise(found):
        if not (earlier.alias_until and later.alias_from and earlier.alias_until <= later.alias_from):
            raise PricingError(
                f"{path}: alias {later.name!r} of {later.provider} means two models at once: "
                f"{earlier.price_model!r} and {later.price_model!r}",
                "list them by time, and end the earlier one (until_date) no later than the next begins (from_date)",
            )
    for alias in found:
        if (alias.price_provider, normalised(alias.price_model)) in models:
            raise PricingError(
                f"{path}: alias {alias.name!r} of {alias.provider} leads to {alias.price_model!r}, an alias itself",
                f"name the model of the price rows of {alias.price_provider} directly",
            )
