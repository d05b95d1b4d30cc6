"""A model that could no longer be called has a last known price, and what shows it says so."""

from dataclasses import replace

from builders import call, tables
from price_rows import book, day, price

from analyzer.prices.coverage import evidence, in_words
from analyzer.prices.listing import glance, price_rows
from pricing.book.price_file import table_frame
from pricing.reprice import reprice_tables
from pricing.schema import MODEL_FACTS

FACT = {"provider": "acme", "model": "acme-large", "retired_date": day(3).date(), "source": "test"}
BOOK = replace(book(price("uncached_input", 2), price("output", 8)), models=table_frame(MODEL_FACTS, [FACT]))
LAST = "acme/acme-large was retired on 2026-03-01: its price from then on is the last known"


def test_the_prices_of_a_model_say_that_it_was_retired_by_the_day_they_are_asked_for() -> None:
    said = {on: glance(price_rows(BOOK, "acme-large", on))[1] for on in (None, "2026-02-28T23:59Z", "2026-03-01")}
    assert {on: LAST in footnotes for on, footnotes in said.items()} == {
        None: True, "2026-02-28T23:59Z": False, "2026-03-01": True,
    }  # fmt: skip


def test_coverage_tells_calls_at_the_last_known_price_apart() -> None:
    calls = [call(started_at=at, call_index=number) for number, at in enumerate([day(2), day(3), day(4), day(5)])]
    words = list(in_words(evidence(reprice_tables(tables(calls=calls), book=BOOK)["calls"])))
    assert words == [
        "25 % of the calls on undated prices of the catalogue.",
        "75 % of the calls on the last known prices of models that could no longer be called.",
    ]
