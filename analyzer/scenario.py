"""A scenario resolved: what its names mean in its books, and what a reader of its results must know."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from analyzer.words import counted, listed, percent
from pricing.book import PriceBook
from pricing.names.resolve import resolve_one
from pricing.prepare import books_of, sources_of
from pricing.scenario import Scenario
from pricing.scenario.check import checked
from pricing.scenario.words import days_of


@dataclass(frozen=True, slots=True)
class ResolvedScenario:
    """A scenario whose names all mean something.

    Args:
        scenario: As stated.
        sources: sha256 of every file prices are read from.
        notes: What its names mean, and what cannot be known under it, in words.
    """

    scenario: Scenario
    sources: dict[str, str]
    notes: tuple[str, ...]


def resolved(scenario: Scenario) -> ResolvedScenario:
    """Resolve a scenario.

    Raises:
        PricingError: if it names a provider, model, kind or file that is not there.
    """
    books = books_of(scenario)["effective"]
    meant = checked(scenario, books)
    return ResolvedScenario(scenario, sources_of(books), tuple(_notes(meant, books)))


def scenario_notes(scenario: Scenario) -> tuple[str, ...]:
    """Say under which scenario figures were priced; nothing where it is the plain recorded one."""
    return () if scenario.is_plain else (f"Scenario: {scenario.title}.",)


def deployment_notes(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Say on what engines the models of a priced store were deployed, and where that is an estimate."""
    return tuple(note for deployed in manifest.get("deployments", ()) for note in _deployed(deployed))


def _deployed(deployed: Mapping[str, Any]) -> Iterator[str]:
    share = percent(deployed["outside_frac"])
    yield f"On accelerators, no vendor's price: {deployed['title']}; {share} of its tokens outside what was measured."
    if deployed["doubts"]:
        yield f"An estimate: {'; '.join(deployed['doubts'])}."


def _notes(scenario: Scenario, books: list[PriceBook]) -> Iterator[str]:
    for each in scenario.substitute:
        targets = dict.fromkeys(name for book in books for name in _priced_as(each.to, each.to_provider, book))
        yield f"{each.model} is priced as {listed(list(targets)) or each.to}, at the same tokens: a what-if."
    for discount in scenario.discount:
        meant = _meant(discount.provider, discount.model)
        n = sum(book.rows.filter(*meant).n_unique(["provider", "model"]) for book in books)
        whose = " ".join(filter(None, (discount.provider, discount.model))) or "every model"
        kinds = f"{listed(discount.kinds)} of " if discount.kinds else ""
        terms = ", ".join(filter(None, (discount.type, days_of(discount))))
        yield f"{discount.frac:.4g} off {kinds}{whose}: {counted(n, 'model')} in the books ({terms})."
    for book in books:
        if book.unlisted == "skipped":
            yield "A model the book does not list is left out of every sum, as its author does; it is counted."
    yield from _unchecked(scenario, books)
    if scenario.batch is not None and scenario.batch.share_frac and scenario.batch.turnaround_s is None:
        yield "Batches take time: without turnaround_s no time is known under this scenario."
    if not scenario.is_as_billed:
        yield "Not what was billed: an audit under this scenario is refused."


def _unchecked(scenario: Scenario, books: list[PriceBook]) -> Iterator[str]:
    """Warn of a moment beyond the day until when prices were checked."""
    days = [book.checked_through for book in books if book.checked_through is not None]
    if scenario.moment is not None and days and scenario.moment > max(days):
        yield (
            f"as_of {scenario.moment:%Y-%m-%d} lies beyond {max(days):%Y-%m-%d}, until when prices were checked: "
            "they are the last ones known."
        )


def _priced_as(model: str, provider: str | None, book: PriceBook) -> list[str]:
    found = resolve_one(provider, model, book.directory).drop_nulls("price_model")
    return [f"{row['price_provider']}/{row['price_model']}" for row in found.iter_rows(named=True)]


def _meant(provider: str | None, model: str | None) -> list[pl.Expr]:
    chosen = {"provider": provider, "model": model}
    return [pl.col(name) == value for name, value in chosen.items() if value is not None]
