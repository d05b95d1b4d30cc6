"""Draws of prices: the base without spread, the quantiles of one log-normal price, bounds, budgets, the book's past."""

import time
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from builders import call, trace
from hypothesis import given
from hypothesis import strategies as st
from price_rows import book, day, price, rows_of
from scipy.stats import norm

from analyzer import api
from analyzer.tornado.montecarlo import QUANTILES, Draws, PriceDraws, montecarlo, multipliers
from analyzer.tornado.past import past_ratios
from analyzer.tour import BUNDLED
from traces.errors import AnalysisError, UsageError
from traces.store import open_store

MILLION = 1_000_000
BOOK = book(
    price("uncached_input", 2), price("cache_read", 0.5), price("output", 10),
    price("uncached_input", 3, model="acme-small"), price("output", 3, model="acme-small"),
)  # fmt: skip
LARGE = call(uncached_input_tokens=MILLION, output_tokens=MILLION // 10)
SMALL = call(uncached_input_tokens=MILLION, model="acme-small")
UNSPLIT = call(
    uncached_input_tokens=None, cache_read_tokens=None, input_tokens=MILLION, output_tokens=0
)  # fmt: skip


def drawn(*listed: dict[str, Any], budget_usd: float | None = None, **draws: Any) -> PriceDraws:
    return montecarlo(trace(*listed or (LARGE, SMALL)), None, Draws(**draws), budget_usd=budget_usd, book=BOOK)


def test_without_a_spread_every_draw_is_the_base() -> None:
    assert drawn(sd=0).frame["cost_usd"].to_list() == pytest.approx([6.0] * len(QUANTILES))


def test_one_price_has_the_quantiles_of_its_log_normal() -> None:
    """3 dollars, all at one model: the p-quantile is 3 exp(sd z_p)."""
    found = drawn(LARGE, sd=0.3, seed=1, n_draws=100_000).frame
    assert found["quantile_frac"].to_list() == list(QUANTILES)
    expected = [3 * np.exp(0.3 * norm.ppf(frac)) for frac in QUANTILES]
    assert found["cost_usd"].to_list() == pytest.approx(expected, rel=0.01)


def test_models_are_drawn_apart_so_that_two_vary_less_than_one() -> None:
    one, two = (drawn(*calls, sd=0.3, seed=1).frame["cost_usd"].to_list() for calls in ((LARGE, LARGE), (LARGE, SMALL)))
    assert two[-1] - two[0] < one[-1] - one[0]


def test_a_model_can_have_a_spread_of_its_own() -> None:
    still = drawn(sd=0, sd_by_model={"acme/acme-small": 0.5}, seed=1)
    assert min(still.frame["cost_usd"]) > 3.0
    assert drawn(sd=0.5, sd_by_model={"acme/acme-small": 0, "acme/acme-large": 0}).frame["cost_usd"].to_list() == (
        pytest.approx([6.0] * len(QUANTILES))
    )


@given(st.integers(0, 2**32), st.integers(1, 300), st.floats(0.01, 1))
def test_the_same_seed_gives_the_same_draws_and_another_others(seed: int, n_draws: int, sd: float) -> None:
    chosen = Draws(sd=sd, seed=seed, n_draws=n_draws)
    assert np.array_equal(multipliers(["a", "b"], chosen), multipliers(["a", "b"], chosen))
    other = multipliers(["a", "b"], replace(chosen, seed=seed + 1))
    assert not np.array_equal(multipliers(["a", "b"], chosen), other)


def test_the_order_of_rows_changes_nothing() -> None:
    given_tables = trace(LARGE, SMALL, LARGE)
    backwards = {**given_tables, "calls": given_tables["calls"].reverse()}
    one, other = (montecarlo(each, None, Draws(seed=3), book=BOOK).frame for each in (given_tables, backwards))
    assert one.equals(other)


def test_the_seed_is_kept_in_the_result() -> None:
    found = drawn(seed=7, sd=0.1, n_draws=10)
    assert (found.drawn.seed, found.drawn.sd, found.drawn.n_draws) == (7, 0.1, 10)
    assert "10 draws, seed 7" in found.notes[1]


def test_a_budget_is_exceeded_by_the_share_of_draws_above_it() -> None:
    scope = drawn(LARGE, sd=0.3, seed=1, n_draws=50_000, budget_usd=3.0 * np.exp(0.3)).scopes.row(0, named=True)
    assert scope["over_frac"] == scope["over_low_frac"] == scope["over_high_frac"]
    assert scope["over_frac"] == pytest.approx(norm.sf(1.0), abs=0.01)


def test_a_cost_with_bounds_has_quantiles_with_bounds() -> None:
    """A million tokens of input cost between 0.50 (all cached) and 2 (none), whatever the price is multiplied by."""
    found = drawn(UNSPLIT, sd=0.2, seed=1, budget_usd=1.0)
    row = found.frame.filter(quantile_frac=0.5).row(0, named=True)
    assert row["cost_low_usd"] == pytest.approx(row["cost_usd"] / 4)
    assert row["cost_high_usd"] == pytest.approx(row["cost_usd"])
    scope = found.scopes.row(0, named=True)
    assert scope["over_low_frac"] < 0.01
    assert scope["over_high_frac"] > 0.99


def test_a_cost_that_is_not_known_has_low_bounds_only() -> None:
    found = drawn(LARGE, call(model="no-such-model", output_tokens=7), sd=0, budget_usd=2.0)
    row = found.frame.row(0, named=True)
    assert (row["cost_usd"], row["cost_low_usd"], row["cost_high_usd"]) == (None, pytest.approx(3.0), None)
    scope = found.scopes.row(0, named=True)
    assert (scope["over_frac"], scope["over_low_frac"], scope["over_high_frac"]) == (None, 1.0, 1.0)
    assert any("all runs (50 % priced)" in note for note in found.notes)


def test_nothing_priced_costs_nothing_that_is_known() -> None:
    found = drawn(call(model="no-such-model", output_tokens=7), sd=0.2)
    assert found.frame["cost_low_usd"].to_list() == [0.0] * len(QUANTILES)


def prices(**values: Any) -> pl.DataFrame:
    checked = {"retrieved_date": date(2026, 1, 11)}
    return rows_of(
        price("output", 4, day(1), effective_until=day(1, 6), **checked, **values),
        price("output", 1, day(1, 6), **checked, **values),
    )


def test_the_past_is_every_day_of_every_dated_price() -> None:
    """Known for ten days, a quarter of itself from the sixth on: of five pairs three days apart, ..."""
    assert past_ratios(prices(), 3).tolist() == [1, 1, 0.25, 0.25, 0.25, 1, 1]


@pytest.mark.parametrize("other", [{"is_batch": True}, {"service_tier": "flex"}, {"min_input_tokens": 9}])
def test_other_tiers_and_thresholds_are_not_the_past_of_a_price(other: dict[str, Any]) -> None:
    assert past_ratios(pl.concat([prices(), prices(**other)]), 3).size == 7


def test_days_that_no_price_spans_are_an_error() -> None:
    with pytest.raises(AnalysisError, match="no price is known 30 days apart"):
        past_ratios(prices(), 30)


def test_draws_from_the_past_are_ratios_of_the_book() -> None:
    found = multipliers(["a"], Draws(past_days=3), past_ratios(prices(), 3))
    assert set(found.ravel()) == {0.25, 1.0}
    assert "ratios of the book's own prices 365 days apart" in api.montecarlo(BUNDLED, Draws(past_days=365)).notes[2]


@pytest.mark.parametrize("wrong", [{"sd": -0.1}, {"n_draws": 0}, {"sd_by_model": {"acme/acme-large": -1.0}}])
def test_what_cannot_be_drawn_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="at least one draw and a spread of at least 0"):
        drawn(**wrong)


def test_a_spread_for_a_model_that_is_not_billed_names_those_that_are() -> None:
    with pytest.raises(UsageError, match="billed: acme/acme-large, acme/acme-small"):
        drawn(sd_by_model={"acme/acme-tiny": 0.1})


def test_ten_thousand_draws_take_milliseconds() -> None:
    store = open_store(BUNDLED)
    spent = []
    for n_draws in (1, 10_000):
        started = time.process_time()
        api.montecarlo(store, Draws(n_draws=n_draws))
        spent.append(time.process_time() - started)
    assert spent[1] - spent[0] < 0.2  # 0.01 on an idle machine
