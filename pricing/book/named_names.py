"""How the names of a trace are found in a named book: exactly as written, verbatim, or through our own directory."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final, Literal

import polars as pl

from pricing.names.aliases import Aliases, load_aliases, normalised
from pricing.names.directory import Directory, Lookup, directory

Model = tuple[str, str]
"""Provider and model of the price rows."""
_MODEL: Final = ("provider", "model")


def directory_of(rows: pl.DataFrame, rule: Literal["exact", "verbatim", "resolve"]) -> Directory:
    """Make the directory of a named book.

    Args:
        rows: Rows of PRICES.
        rule: How names match; see NamedBook.
    """
    models = sorted(rows.select(_MODEL).unique().iter_rows())
    aliases = load_aliases()
    if rule == "resolve":
        kept, names = _aliases_of(models, aliases)
        return directory(names, models, kept)
    lookup = _lookup(models, aliases, is_exact=rule == "exact")
    return replace(directory([], models, aliases), lookup=lookup)


def under_own_billers(rows: pl.DataFrame) -> pl.DataFrame:
    """Give providers the names we give them; where two become one, the one already so called has the model."""
    ids = rows["provider"].unique()
    aliases = load_aliases()
    ours = pl.DataFrame({"provider": ids, "biller": [_biller(aliases, provider) for provider in ids]})
    owned = rows.join(ours, on="provider", how="left", maintain_order="left")
    own_first = pl.col("provider").sort_by(pl.col("provider") != pl.col("biller"), "provider").first()
    kept = owned.filter(pl.col("provider") == own_first.over("biller", "model"))
    return kept.with_columns(provider="biller").drop("biller")


def _biller(aliases: Aliases, provider: str) -> str:
    name = normalised(provider)
    return aliases.providers.get(name, name)


def _lookup(models: Iterable[Model], aliases: Aliases, *, is_exact: bool) -> Lookup:
    known: dict[str, list[Model]] = {}
    for provider, model in models:
        for name in {normalised(model)} | (set() if is_exact else {normalised(f"{provider}/{model}")}):
            known.setdefault(name, []).append((provider, model))

    def find(provider: str | None, model: str) -> Model | None:
        stated, name = normalised(provider or ""), normalised(model)
        spellings = [name] if is_exact else _spellings(stated, name)
        found = next((known[spelling] for spelling in spellings if spelling in known), [])
        own = [target for target in found if len(found) == 1 or _biller(aliases, target[0]) == _biller(aliases, stated)]
        return own[0] if own else None

    return find


def _spellings(provider: str, name: str) -> Iterator[str]:
    """With the provider in front, as written, without what stands in front."""
    if provider and not name.startswith(f"{provider}/"):
        yield f"{provider}/{name}"
    yield name
    _, slash, rest = name.partition("/")
    if slash:
        yield rest


def _aliases_of(models: Iterable[Model], aliases: Aliases) -> tuple[Aliases, list[tuple[str, str, str]]]:
    """Aliases that lead to a model the book has; where it lists a model under an alias, further names for that."""
    listed = {(provider, normalised(model)): model for provider, model in models}
    kept = {
        key: found
        for key, found in aliases.models.items()
        if all((alias.price_provider, normalised(alias.price_model)) in listed for alias in found)
    }
    families: dict[Model, list[str]] = {}
    for (provider, name), model in aliases.renames().items():
        families.setdefault((provider, normalised(model)), []).append(name)
    names: list[tuple[str, str, str]] = []
    for (provider, model), others in families.items():
        has = next((name for name in others if (provider, name) in listed), None)
        if (provider, model) not in listed and has is not None:
            names += [(provider, name, listed[provider, has]) for name in (model, *others)]
    return replace(aliases, models=kept), names
