"""Costs under every kind of scenario, computed twice: the product against fractions, one call at a time."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl
from decimal_rates import Row, tier_of
from decimal_reference import SUMMED_PARTS, Cost, price_call, usd
from hypothesis import given, settings
from hypothesis import strategies as st
from price_rows import day, price, rows_of
from strategies import books, calls, moment_of, traces
from what_if_reference import CacheRule, Listed, conversations, fully_cached, uncached, what_if_costs

from pricing.book import PriceBook
from pricing.reprice import reprice_tables
from pricing.scenario import Scenario
from pricing.scenario.model import Batch, Discount, Substitute
from pricing.schema import CACHE_RULES, REGION_MULTIPLIERS

MULTIPLIERS = (("eu", day(1, year=2020), "1.1"), ("eu", day(3), "1.25"), ("us", day(2), "0.95"))
FRACS = st.sampled_from([0.0, 0.15, 0.25, 0.5, 0.125, 1.0])
ONE_REQUEST = {"granularity": "call", "n_requests": 1}
ONE_CONVERSATION = {**ONE_REQUEST, "rollout_id": "run/task/0", "role": "agent", "provider": "acme", "is_billed": True}
LISTED = st.lists(calls(), min_size=1, max_size=12)
SMALLEST = [1, 3, 5, 7, 999_999, 1_234_567]
"""Odd pico-dollars per token: a share of them has to be rounded."""


def shown(cost: Cost) -> Row:
    parts = {f"{name}_cost_usd": usd(part) for name, part in cost.parts.items()}
    figures = {"cost_usd": usd(cost.cost), "cost_low_usd": usd(cost.low), "cost_high_usd": usd(cost.high)}
    return {**figures, **parts, "cost_basis": cost.basis}


def assert_same(row: Mapping[str, Any], expected: Cost) -> None:
    parts = [f"{part}_cost_usd" for part in SUMMED_PARTS]
    names = ["cost_usd", "cost_low_usd", "cost_high_usd", *parts, "cost_basis"]
    assert {name: row[name] for name in names} == shown(expected), row


def of_regions(prices: Sequence[Row]) -> PriceBook:
    rows = [
        {"provider": "acme", "region": name, "effective_from": since, "multiplier": float(by)}
        for name, since, by in MULTIPLIERS
    ]
    schema = {name: REGION_MULTIPLIERS.schema[name] for name in rows[0]}
    regions = REGION_MULTIPLIERS.conform(pl.DataFrame(rows, schema=schema, orient="row"))
    return PriceBook(rows_of(*prices), regions=regions)


def check(prices: Sequence[Row], listed: Sequence[Row], scenario: Scenario) -> None:
    book = of_regions(prices)
    known = Listed(book.rows.rows(named=True), MULTIPLIERS)
    for row in reprice_tables(traces(listed), scenario, book)["calls"].iter_rows(named=True):
        moment = scenario.moment or moment_of(row)
        costs = what_if_costs(row, known, moment, scenario)
        assert_same(row, costs["effective"])
        assert row["list_cost_usd"] == usd(costs["list"].cost), row
        assert row["contracted_cost_usd"] == usd(costs["contracted"].cost), row


# Rates changed before they meet tokens


@st.composite
def odd_books(draw: Any) -> list[Row]:
    """Draw a book some of whose prices are odd pico-dollars, and which has prices of one region's own."""
    rows = [row | draw(st.sampled_from([{}, {"price_pusd": odd}])) for row, odd in
            ((row, draw(st.sampled_from(SMALLEST))) for row in draw(books()))]  # fmt: skip
    regional = [price(kind, 9, region="jp") for kind in ("uncached_input", "output")]
    return rows + (regional if draw(st.booleans()) else [])


@st.composite
def discounts(draw: Any) -> Discount:
    start = draw(st.sampled_from([None, date(2026, 2, 1), date(2026, 3, 2)]))
    return Discount(
        frac=draw(FRACS), provider=draw(st.sampled_from([None, "acme"])),
        model=draw(st.sampled_from([None, "acme-large", "acme-small"])),
        kinds=draw(st.sampled_from([(), ("output",), ("uncached_input", "cache_read", "request")])),
        effective_date=start, until_date=draw(st.sampled_from([None, date(2026, 4, 1)])),
        type=draw(st.sampled_from(["contract", "commitment"])),
    )  # fmt: skip


def named(prices: Sequence[Row]) -> list[str]:
    return sorted({row["model"] for row in prices})


def known_only(prices: Sequence[Row], drawn: Sequence[Discount]) -> tuple[Discount, ...]:
    """Discounts of models the book has: another would be refused."""
    return tuple(each for each in drawn if each.model in (None, *named(prices)) and prices)


@settings(max_examples=6)
@given(odd_books(), LISTED, st.lists(discounts(), max_size=3))
def test_discounts_are_taken_off_by_provider_model_kind_and_day(
    prices: list[Row], listed: list[Row], drawn: list[Discount]
) -> None:
    check(prices, listed, Scenario(discount=known_only(prices, drawn)))


@settings(max_examples=6)
@given(
    odd_books(), LISTED, st.sampled_from(["eu", "us", "jp", None]),
    st.lists(st.sampled_from(["eu", "us", "jp", "elsewhere", None]), min_size=12, max_size=12),
)  # fmt: skip
def test_a_region_has_prices_of_its_own_or_a_factor(
    prices: list[Row], listed: list[Row], asked: str | None, regions: list[str | None]
) -> None:
    prices = [*prices, price("output", 1, model="elsewhere", region="jp")]
    placed = [row | {"region": region} for row, region in zip(listed, regions, strict=False)]
    check(prices, placed, Scenario(region=asked))


@settings(max_examples=6)
@given(
    odd_books(), LISTED, FRACS, st.lists(discounts(), max_size=1),
    st.sampled_from([None, "eu"]),
)  # fmt: skip
def test_a_share_in_batches_costs_the_mean_of_both_prices(
    prices: list[Row], listed: list[Row], share: float, drawn: list[Discount], region: str | None
) -> None:
    cut = known_only(prices, drawn)
    check(prices, listed, Scenario(batch=Batch(share_frac=share), discount=cut, region=region))


@settings(max_examples=6)
@given(odd_books(), LISTED, st.sampled_from([None, 0.25, 1.0]))
def test_batches_and_flex_calls_without_a_price_may_be_taken_to_cost_half(
    prices: list[Row], listed: list[Row], share: float | None
) -> None:
    single = [row | ONE_REQUEST for row in listed]
    batch = None if share is None else Batch(share_frac=share)
    check(prices, single, Scenario(batch=batch, unlisted_tiers="half"))
    check(prices, single, Scenario(batch=batch, unlisted_tiers="half", service_tier="flex"))


@st.composite
def substitutes(draw: Any) -> Substitute:
    ends: dict[str, float] = {}
    if draw(st.booleans()):
        ends["tokens_factor_low"] = draw(st.sampled_from([0.25, 0.9, 1.0]))
        ends["tokens_factor_high"] = draw(st.sampled_from([1.5, 2.5, 40.0]))
    stated = draw(st.sampled_from([1.0, 1.1, 1.5]))
    return Substitute(model="acme-large", to="acme-small", to_provider="acme", tokens_factor=stated, **ends)


@settings(max_examples=6)
@given(odd_books(), LISTED, substitutes(), FRACS)
def test_a_substitute_costs_the_same_tokens_times_its_factors(
    prices: list[Row], listed: list[Row], substitute: Substitute, off: float
) -> None:
    prices = [*prices, price("output", 1, day(9), model="acme-small")]
    check(prices, listed, Scenario(substitute=(substitute,), discount=(Discount(frac=off, model="acme-small"),)))


# The prompt cache


@settings(max_examples=6)
@given(odd_books(), LISTED)
def test_without_a_cache_every_token_of_input_is_an_uncached_one(prices: list[Row], listed: list[Row]) -> None:
    book = PriceBook(rows_of(*prices))
    priced = reprice_tables(traces(listed), Scenario(cache="none"), book)["calls"]
    for row in priced.iter_rows(named=True):
        assert_same(row, price_call(uncached(row), book.rows.rows(named=True), moment_of(row)))


RULES = {"acme-large": ((day(1, year=2020), 100, 300), (day(3), 61, None)), "acme-small": ((day(2), 0, 3600),)}
"""Model -> since when its provider caches prompts of at least so many tokens for at least so many seconds."""


def with_rules(prices: Sequence[Row]) -> PriceBook:
    rows = [
        {"provider": "acme", "models": model, "effective_from": since, "min_tokens": least, "ttl_s": ttl_s}
        for model, steps in RULES.items()
        for since, least, ttl_s in steps
    ]
    schema = {name: CACHE_RULES.schema[name] for name in rows[0]}
    return PriceBook(rows_of(*prices), caches=CACHE_RULES.conform(pl.DataFrame(rows, schema=schema, orient="row")))


def rule_of(row: Row, prices: Sequence[Row]) -> CacheRule:
    if row["provider"] != "acme":
        return CacheRule()
    steps = [step for step in RULES.get(row["model"], ()) if step[0] <= moment_of(row)]
    own = [each for each in prices if each["model"] == row["model"]]
    sold = {each["kind"] for each in own if (each["service_tier"], each["is_batch"]) == (tier_of(row)[0], False)}
    least, ttl_s = max(steps)[1:] if steps else (0, None)
    return CacheRule(least, ttl_s, "cache_write_5m" in sold)


@settings(max_examples=6)
@given(odd_books(), LISTED, st.sampled_from([{}, ONE_CONVERSATION]))
def test_a_full_cache_reads_what_the_call_before_left_there(prices: list[Row], listed: list[Row], shared: Row) -> None:
    listed = [row | shared for row in listed]
    book = with_rules(prices)
    rows = book.rows.rows(named=True)

    priced = reprice_tables(traces(listed), Scenario(cache="upper_bound"), book)["calls"]

    for conversation in conversations(priced.rows(named=True)):
        for number, row in enumerate(conversation):
            cached, is_open = fully_cached(conversation, rule_of(row, rows))[number]
            cost = price_call(cached, rows, moment_of(row))
            assert_same(row, as_open(cost) if is_open else cost)


def as_open(cost: Cost) -> Cost:
    """Neither order nor context is known: there are only bounds."""
    if cost.high is None or cost.low == cost.high or cost.basis == "not_billed":
        return cost
    return Cost(None, cost.low, cost.high, "range", cost.parts)
