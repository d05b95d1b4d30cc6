from typing import Any

import pytest
from builders import call, tables
from price_rows import book, day, price

from pricing.reprice import reprice_tables

MILLION = 1_000_000
PRICES = (
    price("uncached_input", 10), price("cache_read", 1), price("cache_write_5m", 12), price("cache_write_1h", 20),
    price("output", 50),
)  # fmt: skip
NO_SPLIT = dict.fromkeys(f"{part}_tokens" for part in (
    "uncached_input", "cache_read", "cache_write_5m", "cache_write_1h", "cache_write_unspecified"))  # fmt: skip


def priced(*extra: dict[str, Any], prices: tuple[dict[str, Any], ...] = PRICES, **usage: Any) -> dict[str, Any]:
    return reprice_tables(tables(calls=[call(**usage)]), book=book(*prices, *extra))["calls"].row(0, named=True)


def figures(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("cost_usd", "cost_low_usd", "cost_high_usd", "cost_basis"))


def test_every_part_is_billed_at_its_own_rate() -> None:
    row = priced(
        uncached_input_tokens=MILLION, cache_read_tokens=MILLION, cache_write_5m_tokens=MILLION,
        cache_write_1h_tokens=MILLION, output_tokens=MILLION, reasoning_tokens=MILLION // 2,
    )  # fmt: skip
    assert figures(row) == (93.0, 93.0, 93.0, "exact")
    assert (row["uncached_input_cost_usd"], row["cache_read_cost_usd"], row["cache_write_cost_usd"]) == (
        10.0,
        1.0,
        32.0,
    )
    assert (row["visible_output_cost_usd"], row["reasoning_cost_usd"], row["request_cost_usd"]) == (25.0, 25.0, 0.0)


def test_an_unknown_split_lies_between_all_cached_and_all_uncached() -> None:
    row = priced(**NO_SPLIT, input_tokens=MILLION)
    assert figures(row) == (10.0, 1.0, 10.0, "upper_bound")
    assert row["cache_read_cost_usd"] is None


def test_unknown_tokens_have_no_cost_and_their_known_part_is_the_low_bound() -> None:
    assert figures(priced(**NO_SPLIT, input_tokens=None, output_tokens=MILLION)) == (None, 50.0, None, "tokens_unknown")
    assert figures(priced(uncached_input_tokens=MILLION, output_tokens=None)) == (None, 10.0, None, "tokens_unknown")


def test_a_part_without_a_price_leaves_the_others_as_the_low_bound() -> None:
    only_short = PRICES[:3] + PRICES[4:]
    row = priced(prices=only_short, uncached_input_tokens=MILLION, cache_write_1h_tokens=1)
    assert figures(row) == (None, 10.0, None, "price_unknown")


def test_a_write_of_untold_duration_lies_between_the_two() -> None:
    assert figures(priced(cache_write_unspecified_tokens=MILLION)) == (20.0, 12.0, 20.0, "upper_bound")


def test_reasoning_that_may_lie_outside_the_output_is_added_in_the_high_bound() -> None:
    row = priced(output_tokens=MILLION, reasoning_tokens=MILLION // 2, output_high_tokens=3 * MILLION // 2)
    assert figures(row) == (75.0, 50.0, 75.0, "upper_bound")
    assert (row["visible_output_cost_usd"], row["reasoning_cost_usd"]) == (50.0, 25.0)


def test_reasoning_with_a_price_of_its_own_is_taken_out_of_the_output() -> None:
    usage = {"output_tokens": MILLION, "reasoning_tokens": MILLION // 2}
    assert figures(priced(price("reasoning", 100), **usage)) == (75.0, 75.0, 75.0, "exact")
    unsplit = priced(price("reasoning", 100), output_tokens=MILLION, reasoning_tokens=None)
    assert figures(unsplit) == (100.0, 50.0, 100.0, "upper_bound")


def test_a_rate_that_is_not_one_figure_gives_a_range_and_no_cost() -> None:
    doubt = {"effective_earliest": day(1), "effective_latest": day(2)}
    prices = (*PRICES[:4], price("output", 50, effective_until=day(1, 20)), price("output", 30, day(1, 20), **doubt))
    assert figures(priced(prices=prices, output_tokens=MILLION)) == (None, 30.0, 50.0, "range")
    assert figures(priced(prices=prices, uncached_input_tokens=MILLION)) == (10.0, 10.0, 10.0, "exact")


def test_a_call_that_was_not_billed_costs_nothing() -> None:
    row = priced(is_billed=False, output_tokens=MILLION, model="no-such-model")
    assert figures(row) == (0.0, 0.0, 0.0, "not_billed")


@pytest.mark.parametrize("model", ["acme-large", "no-such-model", None])
def test_no_tokens_cost_nothing_whatever_the_price(model: str | None) -> None:
    assert figures(priced(model=model)) == (0.0, 0.0, 0.0, "exact")


def test_a_fee_per_request_is_billed_by_the_number_of_requests() -> None:
    fee = price("request", 5000)
    assert priced(fee, n_requests=3)["cost_usd"] == 0.015
    assert figures(priced(fee, n_requests=None, output_tokens=MILLION)) == (None, 50.0, None, "tokens_unknown")
    assert priced(n_requests=None, output_tokens=MILLION)["cost_usd"] == 50.0


def test_dollars_are_the_closest_number_to_the_pico_dollars() -> None:
    assert priced(output_tokens=9, prices=(PRICES[0], price("output", 10)))["cost_usd"] == 9e-05


def test_a_known_part_is_billed_at_its_rate_where_the_rest_is_not_split() -> None:
    row = priced(**NO_SPLIT | {"cache_write_1h_tokens": MILLION}, input_tokens=2 * MILLION)
    assert figures(row) == (30.0, 21.0, 30.0, "upper_bound")


def test_a_total_of_several_requests_may_lie_in_any_tier() -> None:
    tier = price("uncached_input", 20, min_input_tokens=200_000)
    row = priced(tier, uncached_input_tokens=MILLION, n_requests=10)
    assert figures(row) == (None, 10.0, 20.0, "range")
