"""A scenario against its books and files: each name must mean something there, or it would change nothing unseen."""

from collections.abc import Sequence

from pricing.book import PriceBook
from pricing.cost.currency import load_fx
from pricing.names.aliases import normalised
from pricing.names.directory import Directory
from pricing.names.resolve import ANY, resolve_one
from pricing.rates.in_force import KINDS
from pricing.rates.keys import BATCH, HALVED_TIERS, STANDARD_TIERS
from pricing.scenario.model import Discount, Scenario
from traces.errors import PricingError, nearest


def checked(scenario: Scenario, books: Sequence[PriceBook]) -> Scenario:
    """Return the scenario with the names of its discounts as the books write them.

    Raises:
        PricingError: if it names a provider, model, kind, tier or region that no book has, with the nearest that one
            does, or if its rates of exchange cannot be read.
    """
    if scenario.currency is not None:
        load_fx(scenario.currency)
    _check_tier(scenario.service_tier, books)
    _check_region(scenario.region, books)
    directories = [book.directory for book in books]
    for each in scenario.substitute:
        if each.to_provider is not None:
            _check_provider(each.to_provider, directories, f"substitute {each.model!r}: to_provider")
        _check_model(each.to, each.to_provider, directories, f"substitute {each.model!r}: to")
    for model, host in scenario.hosts.items():
        _check_provider(host, directories, f"hosts: {model!r}")
        if model != ANY:
            _check_open(model, directories)
    numbered = enumerate(scenario.discount, 1)
    discounts = tuple(_of_books(each, f"[[discount]] table {number}", books, directories) for number, each in numbered)
    return scenario.model_copy(update={"discount": discounts})


def _check_tier(tier: str | None, books: Sequence[PriceBook]) -> None:
    if tier is None or any(book.is_tier_blind for book in books):
        return
    known = {tier for book in books for tier in book.rows["service_tier"].unique()}
    known |= STANDARD_TIERS | HALVED_TIERS | {BATCH}
    if tier.lower() not in known:
        raise PricingError(f"service_tier: no prices of a tier {tier!r}", nearest(tier, known - {""}))


def _check_region(region: str | None, books: Sequence[PriceBook]) -> None:
    frames = [frame["region"] for book in books for frame in (book.rows, book.regions)]
    known = {name for frame in frames for name in frame.unique() if name is not None}
    if region is not None and region not in known:
        raise PricingError(f"region: no prices of a region {region!r}, and no factor", nearest(region, known))


def _of_books(discount: Discount, where: str, books: Sequence[PriceBook], directories: Sequence[Directory]) -> Discount:
    provider = discount.provider
    if provider is not None:
        provider = _check_provider(provider, directories, f"{where}: provider")
    kinds = {*KINDS, *(kind for book in books for kind in book.rows["kind"].unique())}
    for kind in discount.kinds:
        if kind not in kinds:
            raise PricingError(f"{where}: kinds: no kind of usage {kind!r}", nearest(kind, kinds))
    if discount.model is None:
        return discount.model_copy(update={"provider": provider})
    model = _check_model(discount.model, provider, directories, f"{where}: model")
    return discount.model_copy(update={"provider": provider, "model": model})


def _check_provider(name: str, directories: Sequence[Directory], where: str) -> str:
    """Return the id of a provider some book has prices of."""
    known = {provider for directory in directories for provider in directory.index}
    meant = next((directory.aliases.providers.get(normalised(name), name) for directory in directories), name)
    billers = {alias for directory in directories for alias, _ in directory.aliases.models}
    if meant not in known | billers:
        raise PricingError(f"{where}: no provider {name!r}", nearest(name, known))
    return meant


def _check_model(name: str, provider: str | None, directories: Sequence[Directory], where: str) -> str:
    """Return the id of a model some book lists."""
    for directory in directories:
        found = resolve_one(provider, name, directory)
        sold = directory.sellers(name, found["identity"].item(0)) if provider is None else []
        for model in (*found["price_model"].drop_nulls(), *(model for _, model in sold)):
            return str(model)
    known = {model for directory in directories for names in directory.index.values() for model in names}
    raise PricingError(f"{where}: no model {name!r}", nearest(name, known))


def _check_open(name: str, directories: Sequence[Directory]) -> None:
    if all(resolve_one(None, name, directory)["identity"].item(0) is None for directory in directories):
        known = {name for directory in directories for name in directory.identities.models}
        raise PricingError(f"hosts: no open model {name!r}", nearest(name, known))
