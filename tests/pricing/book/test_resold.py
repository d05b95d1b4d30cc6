"""Undated prices of resold models: nothing before the release, a range while the maker's price may have held."""

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from builders import call, tables
from polars.testing import assert_frame_equal
from price_rows import price, rows_of

from pricing.book.book import PriceBook, load_book
from pricing.book.catalogue import load_catalogue
from pricing.book.layers import merge_layers
from pricing.book.makers import MAKERS_SCHEMA, find_makers
from pricing.book.price_file import PriceFile
from pricing.book.row_check import check_rows
from pricing.reprice import reprice_tables
from pricing.schema import MODEL_FACTS

MARCH, MAY, JULY = (datetime(2026, month, 1, tzinfo=UTC) for month in (3, 5, 7))
FEBRUARY_10, MARCH_10, MAY_10, JULY_10 = (datetime(2026, month, 10, tzinfo=UTC) for month in (2, 3, 5, 7))
MADE = {"provider": "maker", "model": "large", "layer": "history", "date_basis": "announcement"}
RESOLD = {"provider": "host", "model": "maker/large", "layer": "catalogue"}


def made(usd: float, since: datetime, until: datetime | None = None, **values: Any) -> list[dict[str, Any]]:
    shared = {"effective_until": until, **MADE, **values}
    return [price(kind, usd, since, **shared) for kind in ("uncached_input", "output")]


def resold(usd: float, **values: Any) -> list[dict[str, Any]]:
    return [price(kind, usd, **RESOLD, **values) for kind in ("uncached_input", "output")]


def book(
    listed: list[dict[str, Any]], history: list[dict[str, Any]], released: date | None = None, **values: Any
) -> PriceBook:
    maker = {"provider": "host", "model": "maker/large", "maker": "maker", "maker_model": "large"}
    makers = pl.DataFrame([{**maker, "is_priced_alike": True, **values}], schema=MAKERS_SCHEMA)
    fact = {"provider": "maker", "model": "large", "release_date": released, "source": "test"}
    facts = [{**dict.fromkeys(MODEL_FACTS.schema), **fact}] if released else []
    file = PriceFile("maker.toml", "maker", None, {"price": history, "model": facts, "cache": [], "region": []})  # type: ignore[arg-type]
    rows = merge_layers(rows_of(*listed), [file], [], makers)
    check_rows("test", rows)
    return PriceBook(rows)


def bounds(book: PriceBook, at: datetime, tokens: int = 100_000, name: str = "host/maker/large") -> tuple[Any, ...]:
    """Basis, and lowest and highest dollars, of so many tokens in and out, in millionths of what a million cost."""
    provider, _, model = name.partition("/")
    row = call(provider=provider, model=model, started_at=at, uncached_input_tokens=tokens, output_tokens=tokens)
    found = reprice_tables(tables(calls=[row]), book=book)["calls"].row(0, named=True)
    ends = (found[f"cost_{end}_usd"] for end in ("low", "high"))
    return found["cost_basis"], *(None if usd is None else round(usd * 10**6 / tokens, 6) for usd in ends)


def test_before_the_makers_model_came_out_no_price_is_in_force() -> None:
    prices = book(resold(2), made(2, MARCH), released=date(2026, 3, 1))

    assert bounds(prices, FEBRUARY_10)[0] == "price_unknown"
    assert bounds(prices, MARCH_10) == ("exact", 4, 4)


def test_without_a_release_the_makers_first_price_is_the_beginning() -> None:
    prices = book(resold(2), made(2, MARCH))

    assert bounds(prices, FEBRUARY_10)[0] == "price_unknown"
    assert bounds(prices, MARCH_10) == ("exact", 4, 4)


def test_until_the_maker_last_changed_its_price_the_undated_one_is_a_range() -> None:
    prices = book(resold(2), [*made(5, MARCH, MAY), *made(3, MAY, JULY), *made(2, JULY)])

    assert bounds(prices, MARCH_10) == ("range", 4, 10)
    assert bounds(prices, MAY_10) == ("range", 4, 6)
    assert bounds(prices, JULY_10) == ("exact", 4, 4)


def test_a_price_stated_again_is_no_change() -> None:
    prices = book(resold(3), [*made(2, MARCH, MAY), *made(2, MAY)])

    assert bounds(prices, MARCH_10) == ("exact", 6, 6)


def test_a_change_known_as_a_window_is_over_with_its_last_day() -> None:
    window = {"effective_earliest": MARCH_10, "effective_latest": MAY_10}
    prices = book(resold(2), [*made(5, MARCH, MAY), *made(2, MAY, **window)])

    assert bounds(prices, MAY) == ("range", 4, 10)
    assert bounds(prices, MAY_10) == ("exact", 4, 4)


def test_what_the_maker_gave_away_was_not_free_at_a_reseller() -> None:
    prices = book(resold(2), [*made(0, MARCH, MAY), *made(5, MAY, JULY), *made(2, JULY)])

    assert bounds(prices, MARCH_10) == ("range", 4, 10)


def test_a_price_of_longer_requests_that_the_catalogue_lacks_is_possible_while_the_maker_has_it() -> None:
    longer = made(6, MAY, JULY, min_input_tokens=200_000)
    prices = book(resold(2), [*made(2, MARCH), *longer])

    assert bounds(prices, MAY_10) == ("exact", 4, 4)
    assert bounds(prices, MAY_10, 300_000) == ("range", 4, 12)
    assert bounds(prices, MARCH_10, 300_000) == bounds(prices, JULY_10, 300_000) == ("exact", 4, 4)


def test_successive_prices_of_longer_requests_are_both_only_possible() -> None:
    longer = [*made(6, MARCH, MAY, min_input_tokens=200_000), *made(7, MAY, min_input_tokens=200_000)]
    prices = book(resold(2), [*made(2, MARCH), *longer])

    assert bounds(prices, MARCH_10, 300_000) == ("range", 4, 12)
    assert bounds(prices, MAY_10, 300_000) == ("range", 4, 14)


def test_an_undated_price_that_ended_as_another_than_the_makers_may_have_ended_with_its_change() -> None:
    ended = resold(5, effective_until=JULY) + resold(2, effective_from=JULY, date_basis="start_date")
    prices = book(ended, [*made(5, MARCH, MAY), *made(2, MAY)])

    assert bounds(prices, MARCH_10) == ("exact", 10, 10)
    assert bounds(prices, MAY_10) == ("range", 4, 10)
    assert bounds(prices, JULY_10) == ("exact", 4, 4)


def test_an_open_model_follows_no_maker_but_has_no_price_before_it_came_out() -> None:
    own: dict[str, Any] = {
        "maker": None,
        "maker_model": None,
        "released_date": date(2026, 3, 1),
        "is_priced_alike": False,
    }
    prices = book(resold(2), [*made(5, MARCH, MAY), *made(2, MAY)], **own)

    assert bounds(prices, FEBRUARY_10)[0] == "price_unknown"
    assert bounds(prices, MARCH_10) == ("exact", 4, 4)


@pytest.mark.parametrize(
    ("name", "day", "tokens", "expected"),
    [
        ("openrouter/openai/o1-mini", "2024-11-20", 100_000, ("range", 5.5, 15)),
        ("openrouter/openai/o1-mini", "2025-02-20", 100_000, ("exact", 5.5, 5.5)),
        ("openrouter/openai/gpt-4o", "2024-07-01", 100_000, ("range", 12.5, 20)),
        ("openrouter/anthropic/claude-3-5-haiku", "2024-11-20", 100_000, ("range", 4.8, 6)),
        ("openrouter/openai/o3", "2025-06-01", 100_000, ("range", 10, 50)),
        ("openrouter/openai/o3", "2025-06-10", 100_000, ("exact", 10, 10)),
        ("openrouter/anthropic/claude-sonnet-4", "2025-12-01", 300_000, ("range", 18, 28.5)),
        ("openrouter/anthropic/claude-sonnet-4", "2025-12-01", 100_000, ("exact", 18, 18)),
        ("openrouter/anthropic/claude-opus-4.1", "2025-06-01", 100_000, ("price_unknown", 0, None)),
        ("openrouter/anthropic/claude-opus-4.1", "2025-09-01", 100_000, ("exact", 90, 90)),
        ("openrouter/google/gemini-pro-1.5", "2024-07-01", 100_000, ("range", 6.25, 14)),
        ("openrouter/x-ai/grok-4", "2025-12-01", 100_000, ("exact", 18, 18)),
        ("openrouter/x-ai/grok-4", "2025-12-01", 300_000, ("range", 18, 36)),
        ("bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", "2025-12-01", 300_000, ("exact", 31.35, 31.35)),
        ("bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", "2026-06-01", 300_000, ("exact", 19.8, 19.8)),
        ("bedrock/global.anthropic.claude-sonnet-4-5-20250929-v1:0", "2025-12-01", 300_000, ("range", 18, 28.5)),
        ("bedrock/anthropic.claude-sonnet-4-20250514-v1:0", "2025-12-01", 300_000, ("range", 18, 28.5)),
        ("bedrock/anthropic.claude-sonnet-4-20250514-v1:0", "2025-12-01", 100_000, ("exact", 18, 18)),
        ("bedrock/anthropic.claude-sonnet-4-20250514-v1:0", "2026-06-01", 300_000, ("exact", 18, 18)),
        ("openrouter/openai/gpt-5.4", "2025-12-01", 100_000, ("price_unknown", 0, None)),
        ("openrouter/meta-llama/llama-3.3-70b-instruct", "2024-11-01", 100_000, ("price_unknown", 0, None)),
        ("vertex_ai/claude-3-5-haiku@20241022", "2024-11-20", 100_000, ("range", 4.8, 6)),
        ("bedrock/global.anthropic.claude-opus-5", "2025-12-01", 100_000, ("price_unknown", 0, None)),
    ],
)
def test_resold_models_on_past_days(name: str, day: str, tokens: int, expected: tuple[Any, ...]) -> None:
    at = datetime.fromisoformat(day).replace(tzinfo=UTC)

    assert bounds(load_book(), at, tokens, name) == expected


def test_the_frozen_makers_are_those_the_names_of_today_mean() -> None:
    """After a change of aliases or price files, freeze the catalogue again (``catalogue_convert.freeze``)."""
    catalogue = load_catalogue()

    assert_frame_equal(find_makers(catalogue.rows, load_book().directory), catalogue.makers)
    own = catalogue.makers.filter(pl.col("provider") == pl.col("maker"))
    assert own.is_empty()
