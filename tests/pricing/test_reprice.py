"""Known traps of pricing, each with a figure that can be checked by head, and published totals recomputed."""

from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from builders import call, charge, rollout, run, tables
from price_rows import book, day, price

from pricing.reprice import reprice_tables
from pricing.scenario import Scenario
from traces.read import read_traces

MILLION = 1_000_000


def cost_usd(provider: str, model: str, at: datetime | None, **usage: Any) -> float | None:
    row = call(provider=provider, model=model, started_at=at, **usage)
    figure = reprice_tables(tables(calls=[row]))["calls"]["cost_usd"].item()
    return None if figure is None else float(figure)


@pytest.mark.parametrize(("number", "usd"), [(9, 50.0), (11, 10.0)])
def test_o3_before_and_after_the_cut_of_10_june_2025(number: int, usd: float) -> None:
    usage = {"uncached_input_tokens": MILLION, "output_tokens": MILLION}
    assert cost_usd("openai", "o3", day(6, number, year=2025), **usage) == usd


@pytest.mark.parametrize(("tokens", "usd"), [(200_000, 0.25), (200_001, 0.5000025)])
def test_a_context_tier_begins_above_its_threshold_and_covers_the_whole_request(tokens: int, usd: float) -> None:
    assert cost_usd("google", "gemini-2.5-pro", day(7, year=2025), uncached_input_tokens=tokens) == usd


def test_cached_input_counts_towards_the_context_tier() -> None:
    usage = {"uncached_input_tokens": 1, "cache_read_tokens": 200_000, "output_tokens": MILLION}
    long = cost_usd("google", "gemini-2.5-pro", day(12, year=2025), **usage)
    assert long == pytest.approx(0.0000025 + 0.05 + 15, abs=1e-12)


@pytest.mark.parametrize(("at", "usd"), [(day(8, 11, year=2025), 1.05), (day(8, 12, year=2025), 2.025)])
def test_sonnet_4_has_a_long_context_price_from_12_august_2025(at: datetime, usd: float) -> None:
    usage = {"uncached_input_tokens": 300_000, "output_tokens": 10_000}
    assert cost_usd("anthropic", "claude-sonnet-4-20250514", at, **usage) == usd


@pytest.mark.parametrize(
    ("model", "at", "usd"),
    [
        ("deepseek-chat", day(2, 20, 17, year=2025), 1.37),  # no off-peak price yet
        ("deepseek-chat", day(3, 20, 16, 29, year=2025), 1.37),
        ("deepseek-chat", day(3, 20, 16, 30, year=2025), 0.685),
        ("deepseek-chat", day(3, 21, 0, 29, year=2025), 0.685),
        ("deepseek-chat", day(3, 21, 0, 30, year=2025), 1.37),
        ("deepseek-chat", day(9, 5, 16, 45, year=2025), 2.24),  # off-peak prices ended that day
        ("deepseek-v4-flash", day(8, 16, 2), 0.42),  # no peak price yet
        ("deepseek-v4-flash", day(8, 22, 2), 1.76),  # a Saturday, but peaks were daily then
        ("deepseek-v4-flash", day(8, 29, 2), 0.88),  # a Saturday
        ("deepseek-v4-flash", day(8, 31, 2), 1.76),  # a Monday
        ("deepseek-v4-flash", day(8, 31, 4), 0.88),
        ("deepseek-v4-flash", day(9, 24, 2), 1.5),  # a Thursday
        ("deepseek-v4-flash", day(9, 25, 2), 0.75),  # Mid-Autumn Festival: public holidays have no peak
        ("deepseek-flash", day(9, 25, 2), 0.75),
        ("deepseek-v4-pro", day(9, 25, 9, 59), 2.64),
        ("deepseek-v4-pro", day(9, 30, 9, 59), 5.28),
        ("deepseek-v4-pro", day(10, 1, 2), 2.64),  # National Day holidays: to Wednesday
        ("deepseek-v4-pro", day(10, 7, 9, 59), 2.64),
        ("deepseek-v4-pro", day(10, 8, 2), 5.28),
    ],
)
def test_deepseek_is_billed_by_the_hour_and_the_day_of_the_week(model: str, at: datetime, usd: float) -> None:
    usage = {"uncached_input_tokens": MILLION, "output_tokens": MILLION}
    assert cost_usd("deepseek", model, at, **usage) == pytest.approx(usd, abs=1e-12)


def test_an_alias_means_the_model_of_the_day() -> None:
    rows = [call(provider="anthropic", model="claude-3-5-sonnet", started_at=day(10, n, year=2024), call_index=n)
            for n in (21, 22)]  # fmt: skip
    names = reprice_tables(tables(calls=rows))["calls"]["price_model"].to_list()
    assert all(name.startswith("anthropic/claude-3-5-sonnet-2024") for name in names)


def test_an_unknown_model_has_no_cost_and_is_counted() -> None:
    rows = [call(model="acme-large", output_tokens=2), call(model="acme-xl", output_tokens=1, call_index=1)]
    priced = reprice_tables(
        tables([run()], [rollout()], rows), book=book(price("output", 1), price("uncached_input", 1))
    )
    assert priced["calls"]["cost_usd"].to_list() == [0.000002, None]
    assert priced["calls"]["cost_basis"].to_list() == ["exact", "price_unknown"]
    row = priced["rollouts"].row(0, named=True)
    assert (row["cost_usd"], row["cost_low_usd"], row["cost_high_usd"]) == (None, 0.000002, None)
    assert (row["n_priced_calls"], row["n_unpriced_calls"], row["coverage_frac"]) == (1, 1, 0.5)


def test_before_the_first_price_nothing_is_in_force() -> None:
    prices = book(price("uncached_input", 1, day(2)), price("output", 1, day(2)))
    rows = [call(output_tokens=MILLION, started_at=day(1), call_index=0)]
    priced = reprice_tables(tables([run()], [rollout()], rows), book=prices)
    assert priced["calls"]["cost_basis"].item() == "price_unknown"
    assert reprice_tables(tables(calls=rows), Scenario(as_of=day(3)), prices)["calls"]["cost_usd"].item() == 1.0


def test_as_of_prices_every_call_at_one_moment_even_without_a_time() -> None:
    prices = book(
        price("output", 1, day(2), effective_until=day(3)),
        price("output", 5, day(3)),
        price("uncached_input", 1, day(3)),
    )
    rows = [call(output_tokens=MILLION, started_at=at, call_index=i) for i, at in enumerate([day(2), None])]
    calls = reprice_tables(tables(calls=rows), Scenario(as_of=day(3)), prices)["calls"]
    assert calls["cost_usd"].to_list() == [5.0, 5.0]
    assert set(calls["price_time_basis"]) == {"as_of"}
    assert set(calls["price_from"]) == {day(3)}


def test_the_moment_falls_back_to_the_rollout_then_the_run_and_says_so() -> None:
    prices = book(price("output", 1, day(2), effective_until=day(3)), price("output", 5, day(3)))
    rows = [
        call(started_at=None, output_tokens=MILLION, rollout_id=f"run/{task}/0") for task in ("early", "late", "never")
    ]
    given = tables([run(started_at=day(3))], [rollout(task_id="early", started_at=day(2))], rows)
    priced = reprice_tables(given, book=prices)["calls"].sort("rollout_id")
    assert priced["cost_usd"].to_list() == [1.0, 5.0, 5.0]
    assert priced["price_time_basis"].to_list() == ["rollout", "run", "run"]
    timeless = reprice_tables({**given, "runs": given["runs"].with_columns(started_at=None)}, book=prices)["calls"]
    assert timeless.sort("rollout_id")["price_time_basis"].to_list() == ["rollout", "unknown", "unknown"]
    assert timeless["cost_usd"].null_count() == 2


def test_without_a_cache_all_input_is_billed_as_uncached() -> None:
    prices = book(price("uncached_input", 10), price("cache_read", 1), price("output", 0))
    row = call(uncached_input_tokens=MILLION, cache_read_tokens=MILLION)
    given = tables([run()], [rollout()], [row])
    assert reprice_tables(given, book=prices)["calls"]["cost_usd"].item() == 11.0
    priced = reprice_tables(given, Scenario(cache="none"), prices)
    assert priced["calls"]["cost_usd"].item() == 20.0
    assert priced["rollouts"]["uncached_input_tokens"].item() == 2 * MILLION


def test_only_the_calls_of_the_counted_roles_are_summed_and_the_others_are_not_missing() -> None:
    prices = book(price("uncached_input", 1), price("output", 1))
    rows = [call(role=role, output_tokens=MILLION, call_index=i) for i, role in enumerate(["agent", "user"])]
    rows += [call(role="user", output_tokens=MILLION, rollout_id="run/other/0")]
    given = tables([run()], [rollout(n_calls=2), rollout(task_id="other")], rows)
    priced = reprice_tables(given, Scenario(roles=("agent",)), prices)
    assert priced["rollouts"]["cost_usd"].to_list() == [0.0, 1.0]
    assert priced["rollouts"]["n_turns"].to_list() == [0, 1]
    assert priced["runs"]["cost_usd"].item() == 1.0


def test_a_rollout_with_fewer_calls_than_counted_has_only_a_low_bound() -> None:
    prices = book(price("uncached_input", 1), price("output", 1))
    given = tables([run()], [rollout(n_calls=4)], [call(output_tokens=MILLION)])
    row = reprice_tables(given, book=prices)["rollouts"].row(0, named=True)
    assert (row["cost_usd"], row["cost_low_usd"], row["cost_high_usd"], row["coverage_frac"]) == (None, 1.0, None, 0.25)
    assert row["output_tokens"] is None


def test_totals_of_a_run_are_added_to_the_sums_of_its_rollouts() -> None:
    prices = book(price("uncached_input", 1), price("output", 1), price("web_search", 10_000, unit="search"))
    rows = [call(output_tokens=MILLION), call(output_tokens=MILLION, rollout_id=None, granularity="run")]
    bill = charge(provider="acme", model="acme-large", started_at=day(2), quantity=3.0)
    row = reprice_tables(tables([run()], [rollout()], rows, charges=[bill]), book=prices)["runs"].row(0, named=True)
    assert (row["cost_usd"], row["charges_cost_usd"]) == (2.03, 0.03)
    assert (row["n_priced_calls"], row["coverage_frac"]) == (2, 1.0)


def test_dollars_past_the_range_of_64_bits_add_up() -> None:
    prices = book(price("uncached_input", 1), price("output", 1000))
    rows = [call(output_tokens=2 * 10**9, rollout_id=f"run/task/{i}", call_index=0) for i in range(10)]
    given = tables([run()], [rollout(attempt=i) for i in range(10)], rows)
    assert reprice_tables(given, book=prices)["runs"]["cost_usd"].item() == 20_000_000.0


@pytest.fixture(scope="module")
def swe_bench(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    store = read_traces([shared_data / "mini_swe_agent" / "run"], tmp_path_factory.mktemp("read") / "store")
    return store.tables()


def test_a_published_run_costs_what_was_billed_and_its_unbilled_calls_have_bounds(
    swe_bench: dict[str, pl.DataFrame],
) -> None:
    row = reprice_tables(swe_bench)["runs"].row(0, named=True)
    assert row["cost_low_usd"] == pytest.approx(230.4593276, abs=1e-7)
    assert row["cost_high_usd"] == pytest.approx(230.5018916, abs=1e-7)


def test_a_published_run_without_a_cache(swe_bench: dict[str, pl.DataFrame]) -> None:
    row = reprice_tables(swe_bench, Scenario(cache="none"))["runs"].row(0, named=True)
    assert row["cost_low_usd"] == pytest.approx(732.776882, abs=1e-6)
    assert row["cost_high_usd"] == pytest.approx(732.819446, abs=1e-6)


def test_coverage_counts_requests_not_rows() -> None:
    prices = book(price("uncached_input", 1), price("output", 1))
    total = call(output_tokens=MILLION, granularity="rollout", n_requests=99)
    row = reprice_tables(tables([run()], [rollout(n_calls=100)], [total]), book=prices)["rollouts"].row(0, named=True)
    assert (row["n_priced_calls"], row["coverage_frac"]) == (99, 0.99)
