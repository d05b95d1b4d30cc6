"""Open models (``identities.toml``): one identity each, the names it goes by, and the ids it is sold under."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import tomli

from pricing.names.aliases import normalised
from pricing.names.grammar import load_grammar
from traces.errors import PricingError

IDENTITIES_PATH: Final = Path(str(files("pricing"))) / "data" / "identities.toml"


@dataclass(frozen=True)
class OpenModel:
    """An open model: a model whose weights anybody may host, so that its price is its host's.

    Args:
        identity: Its id on Hugging Face.
        ids: Its ids there, normalised, the identity first; with the maker as hosts spell it; last, their last parts.
        names: Names people and leaderboards give it.
        hosts: Provider -> its id there, where that is none of these.
        variants: Provider -> id of a quantised or sped-up variant sold there instead: used where a scenario names
            this host, never for what a trace says.
        released: Day it came out; null: not known.
    """

    identity: str
    ids: tuple[str, ...]
    names: tuple[str, ...]
    hosts: Mapping[str, str]
    variants: Mapping[str, str]
    released: date | None


@dataclass(frozen=True)
class Identities:
    """The table of open models; ``names``: folded name -> identity."""

    models: Mapping[str, OpenModel]
    names: Mapping[str, str]

    def of(self, folded: str) -> str | None:
        """Identity a folded name means; null: it is not the name of one open model."""
        return self.names.get(folded)

    def released(self, identity: str) -> date | None:
        """Day an open model came out; null: not known."""
        return self.models[identity].released

    def ids(self, identity: str, provider: str, *, variants: bool = False) -> tuple[str, ...]:
        """Give the normalised ids a provider may sell an open model under, its own before those of Hugging Face.

        Args:
            identity: The open model.
            provider: Who sells it.
            variants: Also the variant that is sold there instead, last.
        """
        model = self.models[identity]
        own = [normalised(model.hosts[provider])] if provider in model.hosts else []
        instead = [normalised(model.variants[provider])] if variants and provider in model.variants else []
        return (*own, *model.ids, *instead)


@cache
def load_identities(path: Path = IDENTITIES_PATH) -> Identities:
    """Read the table of open models.

    Raises:
        PricingError: if two of them claim one name or one id at a host.
    """
    document = tomli.loads(path.read_text(encoding="utf-8"))
    models = {table["id"]: _model(table, document["makers"]) for table in document["model"]}
    return Identities(models, _names(path, models))


def _model(table: Mapping[str, Any], makers: Mapping[str, list[str]]) -> OpenModel:
    ids = (table["id"], *table.get("also", ()))
    split = [id_.split("/", 1) for id_ in ids]
    spelled = [f"{maker}/{name}" for first, name in split for maker in makers.get(first, ())]
    return OpenModel(
        identity=table["id"],
        ids=tuple(dict.fromkeys(map(normalised, (*ids, *spelled, *(name for _, name in split))))),
        names=tuple(table.get("names", ())),
        hosts={**table.get("hosts", {}), **table.get("awaits", {})},
        variants=table.get("variants", {}),
        released=table.get("released"),
    )


def _names(path: Path, models: Mapping[str, OpenModel]) -> dict[str, str]:
    fold, owners = load_grammar().fold, dict[str, str]()
    for model in models.values():
        for name in map(fold, {*model.ids, *model.names, *model.hosts.values()}):
            owner = owners.setdefault(name, model.identity)
            if owner != model.identity:
                raise PricingError(
                    f"{path}: {name!r} is claimed by {owner} and by {model.identity}",
                    "leave it to one of them, or to none",
                )
    return owners
