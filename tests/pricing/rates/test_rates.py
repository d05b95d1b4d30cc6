import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from builders import call, tables
from price_rows import book, day, price

from pricing.book.price_file import table_frame
from pricing.rates.grid import Grid, rate_grid
from pricing.rates.in_force import KINDS, price_rows, rates_at
from pricing.rates.lattice import Seen
from pricing.reprice import reprice_tables
from pricing.scenario import Scenario
from pricing.schema import MODEL_FACTS

A_MOMENT = timedelta(microseconds=1)
BASE = (price("uncached_input", 2), price("output", 8))
DOUBT = {"effective_earliest": day(2), "effective_latest": day(4)}


def usd(kind: str, *rows: dict[str, Any], at: datetime | None = None, tokens: int = 0) -> tuple[float | None, ...]:
    """Low and high rate, in USD per million tokens."""
    named = book(*rows).rows.rows(named=True)
    listed = {each: price_rows(row for row in named if row["kind"] == each) for each in KINDS}
    rate = rates_at(listed, at or day(1), tokens, minute=0).rates[KINDS.index(kind)]
    return tuple(None if math.isnan(end) else end / 10**6 for end in rate)


@pytest.mark.parametrize("kind", ["cache_read", "cache_write_5m", "cache_write_1h"])
def test_cached_input_without_a_price_of_its_own_is_billed_as_any_input(kind: str) -> None:
    assert usd(kind, *BASE) == (2, 2)


def test_reasoning_without_a_price_of_its_own_is_billed_as_output() -> None:
    assert usd("reasoning", *BASE) == (8, 8)
    assert usd("reasoning", *BASE, price("reasoning", 3)) == (3, 3)


def test_a_write_of_one_duration_says_nothing_of_the_other() -> None:
    assert usd("cache_write_1h", *BASE, price("cache_write_5m", 2.5)) == (None, None)
    assert usd("cache_write_5m", *BASE, price("cache_write_1h", 4)) == (None, None)


def test_input_and_output_without_a_price_are_not_known() -> None:
    assert usd("uncached_input", price("output", 8)) == (None, None)
    assert usd("output", price("uncached_input", 2)) == (None, None)


@pytest.mark.parametrize(
    ("at", "expected"),
    [(day(2) - A_MOMENT, (2, 2)), (day(2), (2, 6)), (day(4) - A_MOMENT, (2, 6)), (day(4), (6, 6))],
)
def test_between_the_earliest_and_the_latest_moment_of_a_change_both_prices_may_hold(
    at: datetime, expected: tuple[float, float]
) -> None:
    rows = (price("output", 2, effective_until=day(3)), price("output", 6, day(3), **DOUBT))
    assert usd("output", *rows, at=at) == expected


@pytest.mark.parametrize(
    ("at", "since", "evidence"),
    [(day(2) - A_MOMENT, day(1), "user/undated"), (day(2), day(2), "user/window"), (day(3), day(2), "user/window"),
     (day(4) - A_MOMENT, day(2), "user/window"), (day(4), day(3), "user/window")],
)  # fmt: skip
def test_a_price_is_never_said_to_begin_after_the_call_but_when_it_may_have_begun(
    at: datetime, since: datetime, evidence: str
) -> None:
    after = {"date_basis": "window", **DOUBT}
    rows = (price("uncached_input", 2, day(1), effective_until=day(3)), price("uncached_input", 6, day(3), **after))
    calls = reprice_tables(tables(calls=[call(started_at=at)]), book=book(*rows, price("output", 1)))["calls"]
    assert calls.select("price_from", "price_evidence").row(0) == (since, evidence)


def test_a_price_after_a_model_was_retired_is_said_to_be_the_last_known() -> None:
    fact = {"provider": "acme", "model": "acme-large", "retired_date": day(3).date(), "source": "test"}
    prices = replace(book(*BASE), models=table_frame(MODEL_FACTS, [fact]))
    calls = [call(started_at=at, call_index=number) for number, at in enumerate([day(3) - A_MOMENT, day(3)])]
    found = reprice_tables(tables(calls=calls), book=prices)["calls"].sort("call_index")
    assert found["price_evidence"].to_list() == ["user/undated", "user/retired"]
    assert found["cost_usd"].to_list() == [0.0, 0.0]


def test_while_one_cache_price_gives_way_to_another_it_is_not_billed_as_uncached() -> None:
    rows = (price("cache_read", 0.5, effective_until=day(3)), price("cache_read", 0.25, day(3), **DOUBT))
    assert usd("cache_read", *BASE, *rows, at=day(3)) == (0.25, 0.5)


def test_while_a_cache_price_may_not_have_begun_it_may_be_billed_as_uncached() -> None:
    assert usd("cache_read", *BASE, price("cache_read", 0.5, day(3), **DOUBT), at=day(3)) == (0.5, 2)


def test_the_price_of_a_tier_holds_above_its_threshold() -> None:
    rows = (*BASE, price("output", 12, min_input_tokens=100))
    assert usd("output", *rows, tokens=99) == (8, 8)
    assert usd("output", *rows, tokens=100) == (12, 12)  # tokens: of the bucket that begins above 100


def test_a_price_above_0_tokens_is_the_price_of_all_of_them_whole_request_or_not() -> None:
    part = {"min_input_tokens": 0, "is_whole_request": False}
    rows = (
        price("uncached_input", 2, **part),
        price("uncached_input", 6, min_input_tokens=100, is_whole_request=False),
    )
    assert usd("uncached_input", *rows) == (2, 2)
    sizes, prices = [100, 300], book(*rows, price("output", 8, **part))
    calls = [call(uncached_input_tokens=size * 10**6, call_index=size) for size in sizes]
    calls += [call(uncached_input_tokens=size, call_index=size + 1) for size in sizes]
    costs = reprice_tables(tables(calls=calls), book=prices)["calls"].sort("call_index")["cost_usd"].to_list()
    assert costs == [599.9996, 0.0002, 1799.9996, 0.0014]


def pairs(*keys: tuple[str | None, str | None, str | None, bool | None]) -> pl.DataFrame:
    schema = {"provider": pl.String, "model": pl.String, "service_tier": pl.String, "is_batch": pl.Boolean}
    return pl.DataFrame(list(keys), schema=schema, orient="row").with_columns(region=pl.lit(None, pl.String))


def grid(*rows: dict[str, Any], **values: Any) -> Grid:
    books = {"effective": [book(*rows)]}
    return rate_grid(pairs(("acme", "acme-large", None, None)), books, Seen(day(1), day(6), **values), Scenario())


def test_only_changes_within_the_span_make_intervals() -> None:
    starts = [day(1, year=2020), day(1, year=2021), day(3), day(9)]
    chain = [
        price("output", n, start, effective_until=end)
        for n, (start, end) in enumerate(zip(starts, [*starts[1:], None], strict=True))
    ]
    assert grid(*chain).lattice.breaks == (day(1, year=2021), day(3))


def test_every_place_has_a_cell() -> None:
    rows = (*BASE, price("output", 12, day(3), min_input_tokens=100, effective_until=day(4)))
    rows += (price("output", 4, hours_utc="16:30-00:30", priority=1),)
    timed, untimed, single = grid(*rows, is_timed=True), grid(*rows), grid(*rows, is_timed=True, is_single=True)
    places = (timed.lattice.any_bucket + 1) * (timed.lattice.any_slot + 1)
    assert untimed.all_cells().height == untimed.n_cells == (untimed.lattice.no_interval + 1) * places
    assert timed.all_cells().height == timed.n_cells == (len(timed.lattice.breaks) + 1) * places
    n_intervals, lattice = len(single.lattice.breaks) + 1, single.lattice
    assert single.n_cells == n_intervals * (len(lattice.thresholds) + 1) * (len(lattice.slots) + 1)
    assert timed.rates(timed.all_cells()).rows["visible_output_low"].null_count() == 0


def test_a_total_may_hold_requests_of_any_tier_up_to_its_own() -> None:
    rows = (*BASE, price("output", 12, min_input_tokens=100), price("output", 20, min_input_tokens=1000))
    usage = {"output_tokens": 10**6, "granularity": "rollout"}
    sizes = [100, 101, 1001, None]
    calls = [call(**usage, uncached_input_tokens=n, input_tokens=n, call_index=i) for i, n in enumerate(sizes)]
    priced = reprice_tables(tables(calls=calls), book=book(*rows, price("uncached_input", 0, priority=1)))["calls"]
    assert priced["cost_low_usd"].to_list() == [8.0, 8.0, 8.0, 8.0]
    assert priced["cost_high_usd"].to_list() == [8.0, 12.0, 20.0, None]
    assert priced["cost_basis"].to_list() == ["exact", "range", "range", "tokens_unknown"]


def test_a_total_may_hold_requests_of_any_hour() -> None:
    rows = (*BASE, price("output", 4, hours_utc="16:30-00:30", priority=1))
    calls = [call(output_tokens=10**6, granularity=g, call_index=i) for i, g in enumerate(["call", "rollout"])]
    priced = reprice_tables(tables(calls=calls), book=book(*rows))["calls"]
    assert priced["cost_usd"].to_list() == [8.0, None]
    assert priced.select("cost_low_usd", "cost_high_usd").rows() == [(8.0, 8.0), (4.0, 8.0)]


@pytest.mark.parametrize(
    ("tier", "is_batch", "usd_per_mtok"),
    [("standard", False, 8.0), ("Default", None, 8.0), ("flex", False, 4.0), ("batch", None, 2.0), (None, True, 2.0),
     ("turbo", False, None)],
)  # fmt: skip
def test_a_service_tier_has_its_own_price_or_none(
    tier: str | None, *, is_batch: bool | None, usd_per_mtok: float
) -> None:
    own = (price("output", 4, service_tier="flex"), price("output", 2, is_batch=True))
    row = call(output_tokens=10**6, service_tier=tier, is_batch=is_batch)
    assert reprice_tables(tables(calls=[row]), book=book(*BASE, *own))["calls"]["cost_usd"].item() == usd_per_mtok


def test_places_do_not_depend_on_which_names_were_met_before() -> None:
    prices = book(*BASE, price("output", 1, model="acme-small"), price("uncached_input", 1, model="acme-small"))
    for models in (["acme-small", "acme-large"], ["acme-large", "acme-small", "acme-large"]):
        rows = [call(model=model, output_tokens=10**6, call_index=i) for i, model in enumerate(models)]
        costs = reprice_tables(tables(calls=rows), book=prices)["calls"]["cost_usd"].to_list()
        assert costs == [8.0 if model == "acme-large" else 1.0 for model in models]


def test_more_names_than_fit_into_few_categories_are_placed_all_the_same() -> None:
    rows = [call(model=f"acme-{i}", call_index=i, output_tokens=10**6) for i in range(5000)]
    prices = book(price("output", 3, model="acme-4999"), price("uncached_input", 1, model="acme-4999"))
    calls = reprice_tables(tables(calls=rows), book=prices)["calls"]
    assert calls["cost_usd"].drop_nulls().to_list() == [3.0]
