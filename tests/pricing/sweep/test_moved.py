"""Costs by spot, the part each price has in them, and what they were at earlier prices."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from builders import call, charge, rollout, run, tables
from decimal_rates import Row
from hypothesis import given, settings
from hypothesis import strategies as st
from price_rows import book, day, price, rows_of
from strategies import SCENARIOS, books, calls, charges, traces

from pricing.book import PriceBook
from pricing.rates.in_force import KINDS
from pricing.scenario import Scenario
from pricing.scenario.model import Batch
from pricing.schema import REGION_MULTIPLIERS
from pricing.sweep import Sweep
from pricing.sweep.moved import past_values, price_parts
from pricing.sweep.offers import offers_of
from pricing.sweep.plan import plan_of
from pricing.sweep.spots import HIGH, LOW, POINT, Spots

MILLION = 1_000_000
RUN = ("run_id",)
CHARGES = st.lists(charges(), max_size=2, unique_by=lambda row: row["resource"])


def spots(own: PriceBook, *listed: dict[str, Any], scenario: Scenario | None = None, **more: Any) -> Spots:
    numbered = [{**row, "call_index": number, "call_id": f"c{number}"} for number, row in enumerate(listed)]
    scenario = scenario or Scenario()
    return Spots(plan_of(tables([run()], [rollout()], numbered, **more), [scenario], RUN, own), scenario)


def parts_of(found: Spots, scenario: Scenario | None = None) -> dict[str, float]:
    parts = {kind: float(np.nansum(usd)) for kind, usd in price_parts(found, scenario or found.base).items()}
    return {kind: round(usd, 6) for kind, usd in parts.items() if usd}


@settings(max_examples=25)
@given(
    books(),
    st.lists(calls(), min_size=1, max_size=10),
    CHARGES,
    st.lists(st.sampled_from(SCENARIOS), min_size=2, max_size=2),
)
def test_spots_add_up_to_what_a_sweep_says(
    prices: list[Row], listed: list[Row], charged: list[Row], scenarios: list[Scenario]
) -> None:
    own = PriceBook(rows_of(*prices, price("web_search", 10_000, day(2), unit="search")))
    plan = plan_of(traces(listed, charged), scenarios, RUN, own)
    found = Spots(plan, scenarios[0])
    for scenario in scenarios:
        row = Sweep(plan).costs([scenario]).row(0, named=True)
        is_counted = found.frame["role"].is_in(scenario.roles).fill_null(value=True).to_numpy()
        sums = found.values(scenario)[is_counted].sum(axis=0)
        assert sums[LOW] == pytest.approx(row["cost_low_usd"])
        for reading, name in ((POINT, "cost_usd"), (HIGH, "cost_high_usd")):
            assert row[name] is None or sums[reading] == pytest.approx(row[name]), name


@settings(max_examples=25)
@given(books(), st.lists(calls(), min_size=1, max_size=10), CHARGES, st.sampled_from(SCENARIOS))
def test_the_parts_of_all_prices_add_up_to_the_cost(
    prices: list[Row], listed: list[Row], charged: list[Row], scenario: Scenario
) -> None:
    own = PriceBook(rows_of(*prices, price("web_search", 10_000, day(2), unit="search")))
    found = Spots(plan_of(traces(listed, charged), [scenario], RUN, own), scenario)
    values, parts = found.values(scenario)[:, POINT], price_parts(found, scenario)
    summed = sum(parts.values(), np.zeros(len(values)))
    known = ~np.isnan(values)
    assert summed[known] == pytest.approx(values[known], abs=1e-12)


def without_choices(row: Row) -> Row:
    """The call without tokens of which the dearer of two prices counts: there cost bends."""
    parts = [row[f"{part}_tokens"] for part in ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h")]
    whole = row["input_tokens"] if None in parts or row["input_tokens"] is None else sum(parts)
    unspecified = row["cache_write_unspecified_tokens"] and 0
    reasoning = row["reasoning_tokens"] if row["output_tokens"] is None else row["reasoning_tokens"] or 0
    changed = {"cache_write_unspecified_tokens": unspecified, "reasoning_tokens": reasoning}
    return {**row, **changed, "input_tokens": whole}


@settings(max_examples=25)
@given(
    books(),
    st.lists(calls().map(without_choices), min_size=1, max_size=10),
    st.sampled_from(SCENARIOS),
    st.sampled_from(KINDS),
    st.sampled_from(["acme-large", "acme-small"]),
)
def test_a_price_moved_in_the_book_moves_the_cost_by_its_part(
    prices: list[Row], listed: list[Row], scenario: Scenario, kind: str, model: str
) -> None:
    def dearer(row: Row) -> Row:
        return {**row, "price_pusd": 2 * row["price_pusd"]} if (row["kind"], row["model"]) == (kind, model) else row

    given_tables = traces(listed)
    before = Spots(plan_of(given_tables, [scenario], RUN, PriceBook(rows_of(*prices))), scenario)
    after = Spots(plan_of(given_tables, [scenario], RUN, PriceBook(rows_of(*map(dearer, prices)))), scenario)
    part = price_parts(before, scenario).get(kind, np.zeros(before.frame.height))
    own = np.where(before.frame["price_model"].eq_missing(f"acme/{model}").to_numpy(), part, 0.0)
    moved = after.values(scenario)[:, POINT] - before.values(scenario)[:, POINT]
    known = ~np.isnan(moved)
    assert moved[known] == pytest.approx(own[known], abs=1e-9)


def test_usage_counts_where_its_price_is_listed() -> None:
    usage = call(
        uncached_input_tokens=MILLION, cache_read_tokens=MILLION, output_tokens=MILLION, reasoning_tokens=MILLION // 2
    )
    plain = book(price("uncached_input", 2), price("output", 8))
    assert parts_of(spots(plain, usage)) == {"uncached_input": 4.0, "output": 8.0}
    told_apart = book(price("uncached_input", 2), price("cache_read", 0.5), price("output", 8), price("reasoning", 6))
    assert parts_of(spots(told_apart, usage)) == {
        "uncached_input": 2.0, "cache_read": 0.5, "output": 4.0, "reasoning": 3.0,
    }  # fmt: skip


def test_a_batch_without_a_price_for_cache_reads_bills_them_at_its_own_input() -> None:
    own = book(
        price("uncached_input", 2), price("cache_read", 0.5), price("output", 8),
        price("uncached_input", 1, is_batch=True), price("output", 4, is_batch=True),
    )  # fmt: skip
    half = Scenario(batch=Batch(share_frac=0.5))
    assert parts_of(spots(own, call(cache_read_tokens=MILLION), scenario=half)) == {
        "uncached_input": 0.5,
        "cache_read": 0.25,
    }


def test_of_two_equal_prices_of_which_the_dearer_counts_each_has_half() -> None:
    own = book(price("uncached_input", 2), price("cache_write_5m", 3), price("cache_write_1h", 3), price("output", 8))
    assert parts_of(spots(own, call(cache_write_unspecified_tokens=MILLION))) == {
        "cache_write_5m": 1.5,
        "cache_write_1h": 1.5,
    }


def test_a_charge_is_a_price_of_its_own() -> None:
    own = book(price("uncached_input", 2), price("output", 8), price("web_search", 10_000, unit="search"))
    search = charge(provider="acme", model="acme-large", started_at=day(2), quantity=3.0)
    found = spots(own, call(uncached_input_tokens=MILLION), charges=[search])
    assert found.frame.select("role", "price_model", "kind").rows() == [
        ("agent", "acme/acme-large", None), (None, "acme/acme-large", "web_search"),
    ]  # fmt: skip
    assert parts_of(found) == {"uncached_input": 2.0, "web_search": 0.03}


def test_past_prices_of_one_kind_leave_the_others_as_they_are() -> None:
    own = book(
        price("uncached_input", 2, day(1), effective_until=day(3)), price("uncached_input", 1, day(3)),
        price("output", 8, day(1), effective_until=day(3)), price("output", 4, day(3)),
    )  # fmt: skip
    found = spots(own, call(uncached_input_tokens=MILLION, output_tokens=MILLION, started_at=day(2)))
    past = [
        (dict(moments), usd.tolist()) for moments, usd in past_values(found, found.base, "output", (day(1), day(6)))
    ]
    assert past == [({"acme/acme-large": day(1)}, [10.0]), ({"acme/acme-large": day(3)}, [6.0])]


def test_before_its_first_price_a_model_has_no_past() -> None:
    own = book(price("uncached_input", 2, day(3)), price("output", 8, day(3)))
    found = spots(own, call(output_tokens=MILLION, started_at=day(4)))
    assert list(past_values(found, found.base, "output", (day(1), day(2)))) == []


def test_tiers_and_regions_are_offered_where_the_book_has_a_price_or_a_factor() -> None:
    factors = [
        {"provider": "acme", "region": "eu", "models": "acme-*", "multiplier": 1.1, "source": "test"},
        {"provider": "acme", "region": "jp", "models": "other", "multiplier": 1.1, "source": "test"},
    ]
    regions = REGION_MULTIPLIERS.conform(pl.DataFrame(factors))
    rows = rows_of(
        price("uncached_input", 2), price("output", 8), price("output", 4, service_tier="flex"),
        price("output", 9, service_tier="fast", model="acme-small"), price("output", 9, region="us"),
    )  # fmt: skip
    offers = offers_of(tables([run()], [rollout()], [call()]), Scenario(), PriceBook(rows, regions=regions))
    assert (offers.tiers, offers.regions) == (("flex",), ("eu", "us"))
