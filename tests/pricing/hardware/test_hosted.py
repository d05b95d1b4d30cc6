"""Costs of calls on accelerators, against arithmetic done call by call without columns."""

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing.hardware.deploy import point_for
from pricing.hardware.deployment import Deployment
from pricing.hardware.hosted import hosted_seconds
from pricing.hardware.laws import machines_of
from pricing.hardware.point import Point
from pricing.hardware.workload import Workload
from pricing.reprice import reprice_tables
from pricing.scenario import Scenario
from tests.builders import call, rollout, run, tables
from tests.hardware_rows import tables_of

GPT = "gpt-oss-120b"


def point(**keys: Any) -> Point:
    asked = Deployment(**{"accelerator": "h200", "concurrency": 16, "usd_per_gpu_hour": 3.6, **keys})
    return point_for("open-30b", asked, Workload(1, 1000.0, 0.0, 500.0), machines_of(tables_of()))


def priced(*calls: dict[str, Any], **keys: Any) -> dict[str, pl.DataFrame]:
    """Price calls of gpt-oss-120b on two H200 at $3.60 an hour, a tenth of a cent per accelerator-second."""
    stated = {"accelerator": "h200", "concurrency": 16, "usd_per_gpu_hour": 3.6, "cached_cost_frac": 0.1, **keys}
    scenario = Scenario(hardware={GPT: Deployment(**stated)}, allow_estimate=True)
    rows = [call(model=GPT, provider=None, call_index=n, **each) for n, each in enumerate(calls)]
    return reprice_tables(tables([run()], [rollout()], rows), scenario)


def by_hand(point: Point, row: dict[str, Any], reading: int) -> float:
    """Dollars of a call by one reading, from the law's own numbers."""
    spread, usd = point.gpu_seconds[reading], point.usd_per_gpu_s[reading]
    told = row["uncached_input_tokens"]
    fresh = row["input_tokens"] if told is None else told + row["cache_write_5m_tokens"]
    fresh = 0 if told is None and reading == 0 else fresh
    context = row["input_tokens"] + row["output_tokens"] / 2
    output = spread.output + (spread.growth or 0) * max(context - point.known_context_tokens, 0)
    gpu_s = fresh * spread.uncached + (row["input_tokens"] - fresh) * spread.cached + row["output_tokens"] * output
    return gpu_s * usd


TOKENS = st.integers(0, 200_000)


@settings(max_examples=30, deadline=None)
@given(TOKENS, TOKENS, TOKENS, TOKENS)
def test_costs_are_those_of_arithmetic_by_hand(fresh: int, held: int, written: int, out: int) -> None:
    usage = {"uncached_input_tokens": fresh, "cache_read_tokens": held, "cache_write_5m_tokens": written}
    scenario = Scenario(
        hardware={GPT: Deployment(accelerator="h200", concurrency=16, usd_per_gpu_hour=3.6)}, allow_estimate=True
    )
    row = call(model=GPT, provider=None, **usage, output_tokens=out)
    found = reprice_tables(tables([run()], [rollout()], [row]), scenario)["calls"].row(0, named=True)
    workload = Workload(1, float(fresh + written), float(held), float(out))
    from pricing.hardware.shelf import load_hardware

    at = point_for(GPT, scenario.hardware[GPT], workload, machines_of(load_hardware()))
    for reading, name in enumerate(("cost_low_usd", "cost_usd", "cost_high_usd")):
        assert found[name] == pytest.approx(by_hand(at, row, reading), rel=1e-9, abs=3e-12)


def test_parts_add_up_to_the_cost() -> None:
    usage = {"uncached_input_tokens": 1000, "cache_read_tokens": 5000, "output_tokens": 300, "reasoning_tokens": 100}
    row = priced(usage)["calls"].row(0, named=True)
    parts = ("uncached_input", "cache_read", "cache_write", "visible_output", "reasoning", "request")
    assert sum(row[f"{part}_cost_usd"] for part in parts) == pytest.approx(row["cost_usd"], rel=1e-12)
    assert row["reasoning_cost_usd"] == pytest.approx(row["visible_output_cost_usd"] / 2, rel=1e-9)


def test_reasoning_that_may_lie_outside_the_output_is_in_the_point_and_the_high_figure_alone() -> None:
    usage = {"uncached_input_tokens": 1000, "output_tokens": 100, "reasoning_tokens": 300}
    within, outside = (
        priced({**usage, "output_tokens": out, "output_high_tokens": most})["calls"].row(0, named=True)
        for out, most in ((100, 400), (400, None))
    )
    assert within["cost_usd"] == pytest.approx(outside["cost_usd"], rel=1e-6)
    assert within["cost_high_usd"] == pytest.approx(outside["cost_high_usd"], rel=1e-6)
    assert within["cost_low_usd"] < outside["cost_low_usd"]
    assert within["reasoning_cost_usd"] == pytest.approx(3 * within["visible_output_cost_usd"], rel=1e-6)


def test_reasoning_that_may_lie_outside_the_output_takes_its_seconds_but_in_the_least() -> None:
    at = point()
    usage = {"model": "open-30b", "uncached_input_tokens": 1000, "reasoning_tokens": 300, "output_tokens": 101}
    rows = [call(**usage, output_high_tokens=401), call(**usage, call_index=1)]
    found = hosted_seconds(tables(calls=rows)["calls"].lazy(), [at]).collect()
    longer = found["hardware_s"][0] - found["hardware_s"][1]
    assert longer == pytest.approx(300 * at.seconds[1].step)
    assert found["hardware_low_s"][0] == found["hardware_low_s"][1]


def test_where_cached_input_is_not_told_apart_the_low_figure_takes_all_of_it_from_a_cache() -> None:
    told = priced({"uncached_input_tokens": 8000, "output_tokens": 100})["calls"].row(0, named=True)
    untold = {"uncached_input_tokens": None, "cache_read_tokens": None, "input_tokens": 8000, "output_tokens": 100}
    row = priced(untold)["calls"].row(0, named=True)
    assert row["cost_usd"] == pytest.approx(told["cost_usd"], rel=1e-9)
    assert row["cost_low_usd"] < told["cost_low_usd"]
    assert row["uncached_input_cost_usd"] is None


def test_unknown_tokens_have_no_cost_and_a_low_bound_of_what_is_known() -> None:
    usage = {"uncached_input_tokens": 8000, "output_tokens": None, "reasoning_tokens": None}
    row = priced(usage)["calls"].row(0, named=True)
    assert (row["cost_usd"], row["cost_high_usd"], row["cost_basis"]) == (None, None, "tokens_unknown")
    assert row["cost_low_usd"] > 0


def test_an_answer_from_a_local_cache_takes_no_accelerator() -> None:
    row = priced({"uncached_input_tokens": 8000, "output_tokens": 100, "is_billed": False})["calls"].row(0, named=True)
    assert (row["cost_usd"], row["cost_basis"]) == (0.0, "not_billed")


def test_other_models_keep_their_list_prices() -> None:
    scenario = Scenario(hardware={GPT: Deployment(accelerator="h200", concurrency=16)}, allow_estimate=True)
    other = call(model="gpt-4o-2024-08-06", provider="openai", uncached_input_tokens=1_000_000, call_index=1)
    rows = [call(model=GPT, provider=None, uncached_input_tokens=10, output_tokens=10), other]
    calls = reprice_tables(tables([run()], [rollout()], rows), scenario)["calls"]
    assert calls.filter(model="gpt-4o-2024-08-06")["cost_usd"].to_list() == [2.5]
    assert set(calls["cost_basis"]) == {"exact", "hardware"}


def test_a_total_of_an_unknown_number_of_requests_is_a_range() -> None:
    usage = {"granularity": "rollout", "n_requests": None, "uncached_input_tokens": 90_000, "output_tokens": 4000}
    row = priced(usage)["calls"].row(0, named=True)
    assert row["cost_usd"] is None
    assert 0 < row["cost_low_usd"] < row["cost_high_usd"]


def test_sums_of_rollouts_and_runs_carry_the_bounds() -> None:
    found = priced(
        {"uncached_input_tokens": 8000, "output_tokens": 100}, {"uncached_input_tokens": 8, "output_tokens": 1}
    )
    for name in ("cost_usd", "cost_low_usd", "cost_high_usd"):
        assert found["runs"][name][0] == pytest.approx(found["calls"][name].sum(), rel=1e-12)
    assert found["runs"]["coverage_frac"].to_list() == [1.0]


def test_half_busy_accelerators_cost_twice_as_much() -> None:
    usage = {"uncached_input_tokens": 8000, "output_tokens": 100}
    full, half = (priced(usage, utilisation_frac=busy)["calls"]["cost_usd"][0] for busy in (1.0, 0.5))
    assert half == pytest.approx(2 * full, rel=1e-9)


def test_the_growth_with_context_counts_only_beyond_what_was_measured() -> None:
    at = point()
    known = at.known_context_tokens
    assert known == 8192 + 1024 / 2 or known == 1024 + 8192 / 2 or known > 8192
    low, middle, high = at.gpu_seconds
    assert (low.growth, middle.growth) == (0.0, pytest.approx(at.placed.law.growth_gpu_s))
    assert high.growth is not None
    assert high.growth > middle.growth  # type: ignore[operator]


def test_seconds_are_first_token_and_steps() -> None:
    at = point()
    rows = [call(model="open-30b", uncached_input_tokens=1000, output_tokens=101), call(model="other", call_index=1)]
    found = hosted_seconds(tables(calls=rows)["calls"].lazy(), [at]).collect()
    middle = at.seconds[1]
    assert found["hardware_s"][0] == pytest.approx(middle.first + 1000 * middle.first_per_token + 100 * middle.step)
    assert found["hardware_s"][1] is None
    assert found["hardware_low_s"][0] < found["hardware_s"][0] < found["hardware_high_s"][0]


def test_cached_input_delays_the_first_token_in_the_high_figure_alone() -> None:
    at = point(cached_cost_frac=0.2)
    law = replace(at.placed.law, first=(0.1, 0.0, 1e-4, 0.0))
    at = replace(at, placed=at.placed._replace(law=law))
    usage = {"model": "open-30b", "output_tokens": 1}
    rows = [
        call(**usage, uncached_input_tokens=1000, cache_read_tokens=5000),
        call(**usage, uncached_input_tokens=1000, call_index=1),
        call(**usage, uncached_input_tokens=2000, call_index=2),
    ]
    found = hosted_seconds(tables(calls=rows)["calls"].lazy(), [at]).collect()
    assert found["hardware_s"][0] == found["hardware_s"][1]
    assert found["hardware_low_s"][0] == found["hardware_low_s"][1]
    assert found["hardware_high_s"][1] < found["hardware_high_s"][0] == pytest.approx(found["hardware_high_s"][2])


def test_slow_first_tokens_are_asked_for_by_percentile() -> None:
    assert point(percentile="p99").seconds[1].first > point(percentile="mean").seconds[1].first


def test_tokens_a_step_that_no_row_shows_may_gain_nothing() -> None:
    plain, fast = point(), point(acceptance_length=2.0)
    assert fast.gpu_seconds[1].output == pytest.approx(plain.gpu_seconds[1].output / 2)
    assert fast.gpu_seconds[2].output == pytest.approx(plain.gpu_seconds[2].output)
    assert fast.doubts == ["2 tokens a step, as stated, not as measured"]
