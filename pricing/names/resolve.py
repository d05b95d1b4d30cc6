"""Names in traces -> names in the price book: exact after normalisation, dated where a name moved, never a guess."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import polars as pl

from pricing.names.aliases import normalised
from pricing.names.bedrock import area
from pricing.names.directory import Directory
from pricing.names.lookup import Written, billed_as, billed_by, hosted_by, identity_of, read_name, vendors
from pricing.names.routes import Route, read_route
from pricing.names.shelf import Meaning, Target
from traces.schema import UTC_TIME

_TEXT_COLUMNS: Final = ("provider", "model", "price_provider", "price_model")
RESOLVED_SCHEMA: Final = pl.Schema(
    {
        **dict.fromkeys(_TEXT_COLUMNS, pl.String()),
        "alias_from": UTC_TIME,
        "alias_until": UTC_TIME,
        "identity": pl.String(),
        "region": pl.String(),
        "platform": pl.String(),
        "biller": pl.String(),
    }
)
PAIR: Final = pl.Schema({"provider": pl.String, "model": pl.String})
"""What is resolved."""
ANY: Final = "*"
"""Any open model, among hosts."""
_N_HOSTS: Final = 5
_UNRESOLVED: Final = (Target(None, None),)


class _Resolved(NamedTuple):
    meaning: Meaning
    identity: str | None = None
    region: str | None = None
    platform: str | None = None
    biller: str | None = None


def resolve(
    names: pl.DataFrame,
    directory: Directory,
    hosts: Mapping[str, str] | None = None,
) -> pl.DataFrame:
    """Resolve each distinct (provider, model) of a trace to the model of the price book whose prices it is billed at.

    Who bills decides: a given provider has its own rows or none. Without one, the path before the name says who bills,
    or the name is its vendor's own. An open model is billed by its host: by nobody, until a host is named.

    Args:
        names: provider, model.
        directory: Names of the price book.
        hosts: Open model (its identity, or any name of it) -> provider that hosts it where the trace names no biller;
            a name as the trace writes it goes before the identity, and both before another name; "*": any open model
            that is not named; null: none.

    Returns:
        One row per pair, or one per stretch of time where a name moved. ``price_model`` null: not resolved;
        ``identity`` null: not a known open model; ``region``, ``platform`` null: the name implies none;
        ``biller``: who bills, which is another than ``price_provider`` where one sells at the list prices of another;
        null: nobody known.
    """
    chosen = _by_identity({normalised(name): host for name, host in (hosts or {}).items()}, directory)
    pairs = names.select("provider", "model").unique().sort("provider", "model")
    rows = [
        (provider, model, *target, found.identity, found.region, found.platform, found.biller)
        for provider, model in pairs.iter_rows()
        for found in [_resolved(provider, model, directory, chosen)]
        for target in (found.meaning or _UNRESOLVED)
    ]
    return pl.DataFrame(rows, schema=RESOLVED_SCHEMA, orient="row")


def resolve_one(
    provider: str | None, model: str | None, directory: Directory, hosts: Mapping[str, str] | None = None
) -> pl.DataFrame:
    """Resolve one pair; see ``resolve``."""
    return resolve(pl.DataFrame([(provider, model)], schema=PAIR, orient="row"), directory, hosts)


def unresolved_hint(provider: str | None, model: str | None, directory: Directory) -> str:
    """Say why a pair has no price, and what to do: it runs locally, its host is not known, or the closest names."""
    if not model:
        return "the trace names no model"
    if directory.lookup is not None:
        return f"the book does not list it; closest names it lists: {', '.join(directory.closest(model)) or 'none'}"
    route = read_route(provider, model, directory)
    identity = identity_of(read_name(route.name, directory), directory)
    if route.is_local:
        return (
            "it runs on a machine of one's own: add a price file with what a token costs you there (--prices FILE); "
            "evalreplay prices MODEL shows what a price says"
        )
    sold = [] if identity is None else sorted({provider for provider, _ in directory.sold(identity)})
    if sold and _may_be_hosted(route, directory):
        return f"an open model, sold by {_listed(sold)}: name one: --host {sold[0]}, or add a price file"
    last = route.name.rpartition("/")[2]
    others = (host for host, known in directory.index.items() if any(n.rpartition("/")[2] == last for n in known))
    hosts = sorted({*sold, *others})
    if hosts:
        return f"sold by {_listed(hosts)}: say who bills it, or add a price file"
    closest = ", ".join(directory.closest(model)) or "none"
    return f"closest known models: {closest}; add a price file"


def _listed(hosts: list[str]) -> str:
    others = f" and {len(hosts) - _N_HOSTS} more" if len(hosts) > _N_HOSTS else ""
    return ", ".join(hosts[:_N_HOSTS]) + others


def _resolved(provider: str | None, model: str | None, directory: Directory, hosts: Mapping[str, str]) -> _Resolved:
    if not model:
        return _Resolved(())
    if directory.lookup is not None:
        found = directory.lookup(provider, model)
        return _Resolved(() if found is None else (Target(*found),))
    route = read_route(provider, model, directory)
    meaning, identity = _billed(route, directory)
    biller = route.biller or (meaning[0].price_provider if meaning else None)
    region = _region(route, directory)
    if meaning or identity is None or not _may_be_hosted(route, directory):
        return _Resolved(meaning, identity, region, route.platform, biller)
    host = hosts.get(normalised(model)) or hosts.get(normalised(identity)) or hosts.get(ANY)
    if host is not None:
        biller = directory.aliases.biller(normalised(host))
        meaning = hosted_by(biller, identity, directory)
    return _Resolved(meaning, identity, region, route.platform, biller)


def _by_identity(hosts: Mapping[str, str], directory: Directory) -> dict[str, str]:
    """Add the open models that names mean, where a host is not given for the model itself."""
    meant = {name: identity_of(read_name(name, directory), directory) for name in hosts}
    return {normalised(identity): hosts[name] for name, identity in meant.items() if identity} | dict(hosts)


def _region(route: Route, directory: Directory) -> str | None:
    """Region a route implies: the geography of a Bedrock id, else the one in the path; null: none."""
    is_bedrock = route.biller in {None, directory.grammar.bedrock.provider}
    return (area(route.own_name, directory) if is_bedrock else None) or route.region


def _billed(route: Route, directory: Directory) -> tuple[Meaning, str | None]:
    """Find what a route is billed as, and the open model it is; a biller that is not named is its vendor or nobody."""
    written = read_name(route.name, directory)
    if route.is_local:
        return (), identity_of(written, directory)
    if route.biller is not None:
        return _billed_by(route.biller, written, directory)
    own = written if route.author is None else read_name(route.own_name, directory)
    for owner in vendors(own, directory):
        meaning = billed_by(owner, own, directory) if route.author in {None, owner} else ()
        if meaning:
            return meaning, identity_of(own, directory) or _sold_as(meaning, directory)
    return (), identity_of(written, directory)


def _billed_by(biller: str, written: Written, directory: Directory) -> tuple[Meaning, str | None]:
    """Look a name up at its biller, who may stand before it a second time."""
    meaning, identity = billed_by(biller, written, directory), identity_of(written, directory)
    first, slash, rest = written.name.partition("/")
    if not (meaning or identity) and slash and directory.aliases.biller(first) == biller:
        return _billed_by(biller, read_name(rest, directory), directory)
    if not meaning and identity is not None:
        meaning = billed_as(biller, identity, directory)
    return meaning, identity or _sold_as(meaning, directory)


def _sold_as(meaning: Meaning, directory: Directory) -> str | None:
    """Open model the model of a price is; null: none."""
    model = meaning[0].price_model if len(meaning) == 1 else None
    return None if model is None else directory.identities.of(directory.grammar.fold(model))


def _may_be_hosted(route: Route, directory: Directory) -> bool:
    """Say whether a scenario may name the host: nobody is known to bill, or only the protocol of a client is."""
    return route.biller is None or route.biller in directory.aliases.protocols
