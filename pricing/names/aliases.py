"""The alias table (TOML): who bills under which names, whose a bare model name is, and which names mean one model."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from pricing.book.price_file import midnight
from traces.errors import PricingError

ALIASES_PATH: Final = Path(str(files("pricing"))) / "data" / "aliases.toml"


@dataclass(frozen=True)
class Alias:
    """A name that means another model from (included) until (excluded); null: always."""

    provider: str
    name: str
    price_provider: str
    price_model: str
    alias_from: datetime | None
    alias_until: datetime | None


@dataclass(frozen=True)
class Vendor:
    """Whose a bare model name is: names that begin so, and not so."""

    provider: str
    starts_with: tuple[str, ...]
    except_starts_with: tuple[str, ...]

    def owns(self, name: str) -> bool:
        """Say whether a normalised model name without a provider is this vendor's own."""
        return name.startswith(self.starts_with) and not name.startswith(self.except_starts_with or "\0")


@dataclass(frozen=True)
class Aliases:
    """The alias table; provider and model names in it are normalised (lower case, stripped)."""

    providers: Mapping[str, str]
    local: frozenset[str]
    not_billers: frozenset[str]
    neutral_prefixes: tuple[str, ...]
    vendors: tuple[Vendor, ...]
    models: Mapping[tuple[str, str], tuple[Alias, ...]]

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
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    models: dict[tuple[str, str], list[Alias]] = {}
    for alias in _aliases(document):
        models.setdefault((alias.provider, alias.name), []).append(alias)
    for found in models.values():
        _check(path, found, models)
    return Aliases(
        providers={normalised(name): provider for provider, names in document["providers"].items() for name in names},
        local=frozenset(document["local"]),
        not_billers=frozenset(document["not_billers"]),
        neutral_prefixes=tuple(document["neutral_prefixes"]),
        vendors=tuple(
            Vendor(v["provider"], tuple(v.get("starts_with", [""])), tuple(v.get("except_starts_with", ())))
            for v in document["vendor"]
        ),
        models={key: tuple(found) for key, found in models.items()},
    )


def _aliases(document: Mapping[str, Any]) -> Iterator[Alias]:
    for table in document["alias"]:
        bounds = midnight(table.get("from_date")), midnight(table.get("until_date"))
        to_provider = table.get("to_provider", table["provider"])
        for name in map(normalised, table["names"]):
            yield Alias(table["provider"], name, to_provider, table.get("model", name), *bounds)


def _check(path: Path, found: list[Alias], models: Mapping[tuple[str, str], list[Alias]]) -> None:
    for earlier, later in pairwise(found):
        if not (earlier.alias_until and later.alias_from and earlier.alias_until <= later.alias_from):
            raise PricingError(f"{path}: alias {later.name!r} means two models at once", "end the earlier one first")
    for alias in found:
        if (alias.price_provider, normalised(alias.price_model)) in models:
            raise PricingError(
                f"{path}: alias {alias.name!r} leads to {alias.price_model!r}, an alias itself",
                "name the model of the price rows directly",
            )
