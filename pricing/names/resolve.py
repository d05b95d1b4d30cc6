"""Names in traces -> names in the price book: exact after normalisation, dated where a name moved, never a guess."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

import polars as pl

from pricing.names.aliases import Alias, normalised
from pricing.names.directory import Directory
from traces.schema import UTC_TIME

_TEXT_COLUMNS: Final = ("provider", "model", "price_provider", "price_model")
RESOLVED_SCHEMA: Final = pl.Schema(
    {**dict.fromkeys(_TEXT_COLUMNS, pl.String()), "alias_from": UTC_TIME, "alias_until": UTC_TIME}
)
_COMPACT_DATE: Final = re.compile(r"-(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$")
_N_HOSTS: Final = 5


class Target(NamedTuple):
    """Model of the price book a name means from (included) until (excluded); null: none, and always."""

    price_provider: str | None
    price_model: str | None
    alias_from: datetime | None = None
    alias_until: datetime | None = None


_UNRESOLVED: Final = Target(None, None)


def resolve(names: pl.DataFrame, directory: Directory) -> pl.DataFrame:
    """Resolve each distinct (provider, model) of a trace to the model of the price book whose prices it is billed at.

    Who bills decides: a given provider has its own rows or none. Without one, the model's prefix says who bills, or
    the model is its vendor's own. Anything else stays unresolved.

    Returns:
        One row per pair, or one per stretch of time where a name moved. ``price_model`` null: not resolved.
    """
    pairs = names.select("provider", "model").unique().sort("provider", "model")
    rows = [
        (provider, model, *target)
        for provider, model in pairs.iter_rows()
        for target in (_targets(provider, model, directory) or [_UNRESOLVED])
    ]
    return pl.DataFrame(rows, schema=RESOLVED_SCHEMA, orient="row")


def unresolved_hint(provider: str | None, model: str | None, directory: Directory) -> str:
    """Say why a pair has no price, and what to do: it runs locally, its host is not known, or the closest names."""
    if not model:
        return "the trace names no model"
    if directory.lookup is not None:
        return f"the book does not list it; closest names it lists: {', '.join(directory.closest(model)) or 'none'}"
    if _is_local(provider, model, directory):
        return (
            "it runs on a machine of one's own: add a price file with what a token costs you there (--prices FILE); "
            "evalreplay prices MODEL shows what a price says"
        )
    last = normalised(model).rpartition("/")[2]
    hosts = sorted(host for host, known in directory.index.items() if any(n.rpartition("/")[2] == last for n in known))
    if hosts:
        others = f" and {len(hosts) - _N_HOSTS} more" if len(hosts) > _N_HOSTS else ""
        return f"sold by {', '.join(hosts[:_N_HOSTS])}{others}: say who bills it, or add a price file"
    closest = ", ".join(directory.closest(model)) or "none"
    return f"closest known models: {closest}; add a price file"


def _targets(provider: str | None, model: str | None, directory: Directory) -> list[Target]:
    if directory.lookup is not None:
        found = directory.lookup(provider, model) if model else None
        return [] if found is None else [Target(*found)]
    if not model or _is_local(provider, model, directory):
        return []
    name = _plain(normalised(model), directory)
    stated = normalised(provider or "")
    if stated not in directory.aliases.not_billers:
        return _billed_by(_biller(stated, directory), name, directory)
    return _billed_by_prefix(name, directory) or _billed_by_vendor(name, directory)


def _is_local(provider: str | None, model: str, directory: Directory) -> bool:
    prefix, slash, _ = normalised(model).partition("/")
    return normalised(provider or "") in directory.aliases.local or bool(slash and prefix in directory.aliases.local)


def _plain(name: str, directory: Directory) -> str:
    for prefix in directory.aliases.neutral_prefixes:
        name = name.removeprefix(prefix)
    first, slash, rest = name.partition("/")
    return _plain(rest, directory) if slash and first in directory.aliases.not_billers else name


def _biller(name: str, directory: Directory) -> str:
    return directory.aliases.providers.get(name, name)


def _billed_by(biller: str, name: str, directory: Directory) -> list[Target]:
    first, slash, rest = name.partition("/")
    found = _known(biller, name, directory)
    return found or (_known(biller, rest, directory) if slash and _biller(first, directory) == biller else [])


def _billed_by_prefix(name: str, directory: Directory) -> list[Target]:
    first, slash, rest = name.partition("/")
    biller = _biller(first, directory)
    if not slash or any(vendor.provider == biller and not vendor.owns(rest) for vendor in directory.aliases.vendors):
        return []
    return _billed_by(biller, rest, directory)


def _billed_by_vendor(name: str, directory: Directory) -> list[Target]:
    owners = [vendor.provider for vendor in directory.aliases.vendors if vendor.owns(name)]
    return next((found for owner in owners if (found := _known(owner, name, directory))), [])


def _known(biller: str, name: str, directory: Directory) -> list[Target]:
    for spelling in _spellings(name):
        model = directory.index.get(biller, {}).get(spelling)
        for known in (spelling, normalised(model or "")):
            aliases = directory.aliases.models.get((biller, known), ())
            if aliases:
                return [target for alias in aliases if (target := _followed(alias, directory))]
        if model is not None:
            return [Target(biller, model)]
    return []


def _followed(alias: Alias, directory: Directory) -> Target | None:
    model = directory.index.get(alias.price_provider, {}).get(normalised(alias.price_model))
    return None if model is None else Target(alias.price_provider, model, alias.alias_from, alias.alias_until)


def _spellings(name: str) -> Iterator[str]:
    yield name
    dashed = _COMPACT_DATE.sub(r"-\1-\2-\3", name)
    if dashed != name:
        yield dashed
