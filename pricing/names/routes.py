"""What stands before a model's name in a trace: gateways, who bills, in which region, who made the model."""

import re
from dataclasses import dataclass, replace
from typing import Final

from pricing.names.aliases import normalised
from pricing.names.directory import Directory

_REGION: Final = re.compile(r"[a-z]{2,}(?:-gov|-iso[a-z]?)?-[a-z]+-?\d")


@dataclass(frozen=True)
class Route:
    """A written name, taken apart.

    Args:
        name: What is left of it, normalised.
        biller: Provider that bills; null: the name does not say.
        is_local: It runs on a machine of one's own.
        author: Provider that made the model, named before it; it need not be the one that bills. Null: none named.
        region: Region the name implies; null: none.
        platform: Platform of the biller the name implies; null: none.
    """

    name: str
    biller: str | None = None
    is_local: bool = False
    author: str | None = None
    region: str | None = None
    platform: str | None = None

    @property
    def own_name(self) -> str:
        """Name without the author before it."""
        return self.name if self.author is None else self.name.partition("/")[2]


def read_route(provider: str | None, model: str, directory: Directory) -> Route:
    """Take a written name apart, from its front: as far as every part is known, and no further.

    Args:
        provider: Who bills, as the trace writes it; null or a gateway: not known.
        model: Name as the trace writes it.
        directory: Names of the price book.
    """
    aliases, stated = directory.aliases, normalised(provider or "")
    route = Route(normalised(model))
    if stated in aliases.local:
        route = replace(route, is_local=True)
    elif stated not in aliases.not_billers:
        route = replace(route, biller=aliases.biller(stated), platform=aliases.platforms.get(stated))
    following: Route | None = route
    while following is not None:
        route, following = following, _step(following, directory)
    return route


def _step(route: Route, directory: Directory) -> Route | None:
    """Take one part off the front of a name; null: it is known as it stands, or its front says nothing but the name."""
    shelf = directory.shelves.get(route.biller or "")
    if shelf is not None and shelf.exact(route.name):
        return None
    for prefix in directory.aliases.neutral_prefixes:
        if route.name.startswith(prefix):
            return replace(route, name=route.name.removeprefix(prefix))
    for path in directory.grammar.paths:
        found = path.pattern.fullmatch(route.name) if route.name.startswith(path.start) else None
        if found is not None and route.biller in {None, path.provider}:
            region = found.groupdict().get("region") or route.region
            platform = path.platform or route.platform
            return replace(route, name=found["rest"], biller=path.provider, region=region, platform=platform)
    part, slash, rest = route.name.partition("/")
    return _part(route, part, rest, directory) if slash and rest and route.author is None else None


def _part(route: Route, part: str, rest: str, directory: Directory) -> Route | None:
    aliases, grammar, shorter = directory.aliases, directory.grammar, replace(route, name=rest)
    if part in aliases.not_billers:
        return shorter
    if part in aliases.local and route.biller is None:
        return replace(shorter, is_local=True)
    biller = route.biller or ""
    if part in grammar.transports.get(biller, ()):
        return shorter
    if part in grammar.areas.get(biller, ()) or (biller in grammar.areas and _REGION.fullmatch(part)):
        return replace(shorter, region=part)
    if part in aliases.platforms and aliases.biller(part) == biller:
        return replace(shorter, platform=aliases.platforms[part])
    is_provider = part in aliases.providers or aliases.biller(part) in directory.shelves
    return _provider(route, part, rest, directory) if is_provider and not route.is_local else None


def _provider(route: Route, part: str, rest: str, directory: Directory) -> Route | None:
    """Read a provider before a name: a cloud behind its client's name bills; else the first one named does."""
    aliases, provider = directory.aliases, directory.aliases.biller(part)
    behind, slash, name = rest.partition("/")
    if route.biller is None and slash and part in aliases.fronts and aliases.biller(behind) in aliases.clouds:
        return replace(route, name=name, biller=aliases.biller(behind), platform=aliases.platforms.get(behind))
    if route.biller is None and part in aliases.authors:
        return replace(route, author=provider)
    is_behind = provider in aliases.clouds and route.biller in aliases.fronts and provider != route.biller
    billed = replace(route, name=rest, biller=provider, platform=aliases.platforms.get(part))
    return billed if route.biller is None or is_behind else None
