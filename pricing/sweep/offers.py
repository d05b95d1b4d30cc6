"""What a trace's models are offered at beside what was used: service tiers and regions with prices of their own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from pricing.book import PriceBook
from pricing.names.resolve import PAIR
from pricing.prepare import books_of
from pricing.rates.key import Stretch
from pricing.rates.keys import KEY_COLUMNS, fits, price_keys
from pricing.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Offers:
    """Names a scenario may give and the book has a price or a factor for, sorted.

    Args:
        tiers: Service tiers other than the standard one.
        regions: Regions.
    """

    tiers: tuple[str, ...]
    regions: tuple[str, ...]


def offers_of(tables: Mapping[str, pl.DataFrame], scenario: Scenario, book: PriceBook | None = None) -> Offers:
    """Look up what the books of a scenario offer for the models of a trace.

    Args:
        tables: Canonical tables.
        scenario: How the trace is priced.
        book: Prices; null: the package's own with the scenario's files.
    """
    books = books_of(scenario, book)["effective"]
    _, keys = price_keys(tables["calls"].select(KEY_COLUMNS).unique(), books, scenario)
    stretches = [stretch for key in keys for stretch in key.stretches]
    models = pl.DataFrame(
        sorted({(stretch.provider, stretch.model) for stretch in stretches}),
        schema=PAIR,
        orient="row",
    )
    rows = pl.concat([each.rows.select("provider", "model", "service_tier", "region") for each in books])
    own = rows.join(models, on=["provider", "model"], how="semi")
    tiers = set(own["service_tier"].unique()) - {"standard"}
    regions = set(own["region"].drop_nulls()).union(*(_regions(each, stretches) for each in books))
    return Offers(tuple(sorted(tiers)), tuple(sorted(regions)))


def _regions(book: PriceBook, stretches: list[Stretch]) -> Iterator[str]:
    for row in book.regions.select("provider", "models", "region").unique().iter_rows(named=True):
        if any(row["provider"] == each.biller and fits(row["models"], each.model) for each in stretches):
            yield row["region"]
