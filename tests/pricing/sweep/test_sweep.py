"""A sweep gives the costs repricing gives, for any trace, book and scenario."""

from typing import Any

import polars as pl
import pytest
from builders import call, charge, rollout, run, tables
from decimal_rates import Row
from hypothesis import given, settings
from hypothesis import strategies as st
from price_rows import book, day, price, rows_of
from strategies import SCENARIOS, books, calls, charges, traces

from pricing.book import PriceBook
from pricing.reprice import reprice_tables
from pricing.scenario import Scenario
from pricing.scenario.model import Discount
from pricing.sweep import Sweep, sweep
from pricing.sweep.plan import plan_of
from pricing.sweep.shares import contributions

RUN, ROLLOUT = ["run_id"], ["run_id", "rollout_id"]
COSTS = ("cost_usd", "cost_low_usd", "cost_high_usd")


def assert_same(swept: pl.DataFrame, priced: pl.DataFrame, key: list[str]) -> None:
    found, expected = swept.sort(key), priced.select(*key, *COSTS).sort(key)
    assert found.select(key).equals(expected.select(key))
    for name in COSTS:
        assert found[name].is_null().equals(expected[name].is_null()), name
        assert found[name].fill_null(0).to_list() == pytest.approx(expected[name].fill_null(0).to_list(), rel=1e-9)


@settings(max_examples=25)
@given(
    books(), st.lists(calls(), min_size=1, max_size=12),
    st.lists(charges(), max_size=3, unique_by=lambda row: row["resource"]), st.sampled_from([None, 1, 20]),
    st.lists(st.sampled_from(SCENARIOS), min_size=2, max_size=2),
)  # fmt: skip
def test_every_run_and_rollout_costs_what_repricing_says(
    prices: list[Row], listed: list[Row], charged: list[Row], n_calls: int | None, scenarios: list[Scenario]
) -> None:
    given_tables = traces(listed, charged, n_calls=n_calls)
    own = PriceBook(rows_of(*prices, price("web_search", 10_000, day(2), unit="search")))

    by_run, by_rollout = (sweep(given_tables, scenarios, by, own) for by in (RUN, ROLLOUT))

    for number, scenario in enumerate(scenarios):
        priced = reprice_tables(given_tables, scenario, own)
        assert_same(by_run.filter(scenario=number).drop("scenario"), priced["runs"], RUN)
        assert_same(by_rollout.filter(scenario=number).drop("scenario"), priced["rollouts"], ROLLOUT)


def trace(*listed: dict[str, Any], **values: Any) -> dict[str, pl.DataFrame]:
    numbered = [{**row, "call_index": number, "call_id": f"c{number}"} for number, row in enumerate(listed)]
    return tables([run()], [rollout()], numbered, **values)


MILLION = 1_000_000
BOOK = book(
    price("uncached_input", 2), price("output", 8, day(1), effective_until=day(3)), price("output", 4, day(3)),
    price("web_search", 10_000, unit="search"),
)  # fmt: skip


def test_scenarios_of_a_planned_shape_need_no_new_plan() -> None:
    given_tables = trace(call(output_tokens=MILLION, started_at=day(2)))
    plan = plan_of(given_tables, [Scenario(), Scenario(as_of=day(2)), Scenario(as_of=day(5))], ("run_id",), BOOK)

    days = [Scenario(as_of=day(month)) for month in (2, 3, 4)]
    discounted = [Scenario(discount=(Discount(frac=number / 4),)) for number in range(3)]

    assert Sweep(plan).costs(days)["cost_usd"].to_list() == [8.0, 4.0, 4.0]
    assert Sweep(plan).costs(discounted)["cost_usd"].to_list() == [8.0, 6.0, 4.0]


def test_charges_and_what_is_missing_count() -> None:
    search = charge(provider="acme", model="acme-large", started_at=day(2), rollout_id="run/task/0")
    given_tables = trace(call(output_tokens=MILLION, started_at=day(2)), charges=[search])
    row = sweep(given_tables, [Scenario()], ("run_id",), BOOK).row(0, named=True)
    assert (row["cost_usd"], row["coverage_frac"]) == (8.01, 1.0)

    lost = {**given_tables, "rollouts": given_tables["rollouts"].with_columns(n_calls=pl.lit(3, pl.Int64))}
    row = sweep(lost, [Scenario()], ("run_id",), BOOK).row(0, named=True)
    assert (row["cost_usd"], row["cost_low_usd"], row["cost_high_usd"], row["coverage_frac"]) == (None, 8.01, None, 0.5)


def test_a_trace_without_calls_has_costs_that_are_not_known() -> None:
    found = sweep(tables([run()], [rollout()]), [Scenario(), Scenario(as_of=day(2))], ("run_id",), BOOK)
    assert (
        found.select("cost_usd", "cost_low_usd", "cost_high_usd", "coverage_frac").rows()
        == [(None, 0.0, None, 0.0)] * 2
    )


def test_contributions_add_up_to_the_cost_and_say_what_has_no_price() -> None:
    known = call(uncached_input_tokens=MILLION, output_tokens=MILLION, reasoning_tokens=MILLION // 2, started_at=day(2))
    given_tables = trace(known, call(model="no-such-model", output_tokens=7))
    parts = contributions(plan_of(given_tables, [Scenario()], ("run_id",), BOOK), Scenario())

    priced = {row["kind"]: (row["tokens"], row["cost_usd"]) for row in parts.filter("is_priced").iter_rows(named=True)}
    assert priced["uncached_input"] == (MILLION, 2.0)
    assert (priced["output"], priced["reasoning"]) == ((MILLION / 2, 4.0), (MILLION / 2, 4.0))
    assert parts.filter(~pl.col("is_priced")).select("price_model", "kind", "tokens", "cost_usd").rows() == [
        (None, "output", 7.0, None)
    ]
