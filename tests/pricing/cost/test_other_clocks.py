"""Clocks no trace recorded: critical paths on accelerators and on an API of a stated speed."""

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from pricing.hardware.deployment import Deployment
from pricing.reprice import reprice_tables
from pricing.scenario import Scenario
from pricing.scenario.model import Speed
from tests.builders import NOON, call, rollout, run, tables

GPT = "gpt-oss-120b"
HARDWARE = {GPT: Deployment(accelerator="h200", concurrency=16)}


def timed(start_s: float, end_s: float, **values: Any) -> dict[str, Any]:
    """Give a call from one second of the rollout to another."""
    at = {"started_at": NOON + timedelta(seconds=start_s), "ended_at": NOON + timedelta(seconds=end_s)}
    usage = {"model": GPT, "provider": None, "uncached_input_tokens": 1000, "output_tokens": 101}
    return call(**{**at, "latency_s": end_s - start_s, "time_basis": "measured", **usage, **values})


def clocks(scenario: Scenario, *calls: dict[str, Any], wall_s: float = 30.0) -> dict[str, Any]:
    ended = NOON + timedelta(seconds=wall_s)
    whole = rollout(started_at=NOON, ended_at=ended, wall_s=wall_s, time_basis="measured", n_calls=len(calls))
    rows = [{**each, "call_index": n, "call_id": f"c{n}"} for n, each in enumerate(calls)]
    found = reprice_tables(tables([run()], [whole], rows), scenario)["rollouts"]
    return found.select(pl.col("^(api|hardware|recorded)_.*s$")).row(0, named=True)


def at_speed(tokens_s: float = 10.0, ttft_s: float = 1.0) -> Scenario:
    return Scenario(speed={"*": Speed(tokens_s=tokens_s, ttft_s=ttft_s)})


def test_calls_one_after_the_other_add_up_and_tools_keep_their_time() -> None:
    """Calls of 10 and 5 s, 15 s of tools: at 10 tokens/s each call takes 1 + 10.1 s."""
    found = clocks(at_speed(), timed(0, 10), timed(20, 25))
    assert found["api_s"] == pytest.approx(2 * 11.1 + 15)


def test_calls_side_by_side_take_as_long_as_the_longest() -> None:
    found = clocks(at_speed(), timed(0, 10), timed(1, 9, output_tokens=201), wall_s=10.0)
    assert found["api_s"] == pytest.approx(1 + 20.1)


def test_without_a_stated_speed_the_clock_is_the_recorded_one() -> None:
    found = clocks(Scenario(), timed(0, 10), timed(20, 25))
    assert found["api_s"] == found["recorded_s"] == 30.0
    assert found["hardware_s"] is found["hardware_low_s"] is None


def test_a_speed_of_some_models_leaves_rollouts_of_others_as_they_are() -> None:
    scenario = Scenario(speed={"another": Speed(tokens_s=10)})
    assert clocks(scenario, timed(0, 10))["api_s"] == 30.0


def test_on_accelerators_a_rollout_takes_its_calls_and_tools_and_no_time_on_an_api() -> None:
    found = clocks(Scenario(hardware=HARDWARE), timed(0, 10), timed(20, 25))
    one = clocks(Scenario(hardware=HARDWARE), timed(0, 10), wall_s=10.0)
    assert found["hardware_s"] == pytest.approx(2 * one["hardware_s"] + 15)
    assert found["hardware_low_s"] < found["hardware_s"] < found["hardware_high_s"]
    assert found["api_s"] is found["api_low_s"] is found["api_high_s"] is None


def test_a_call_that_is_not_deployed_leaves_a_low_bound_only() -> None:
    other = timed(20, 25, model="gpt-4o-2024-08-06", provider="openai")
    found = clocks(Scenario(hardware=HARDWARE), timed(0, 10), other)
    assert found["hardware_s"] is found["hardware_high_s"] is None
    assert found["hardware_low_s"] > 15


def test_tool_time_that_is_not_told_apart_leaves_bounds() -> None:
    untimed = call(model=GPT, provider=None, uncached_input_tokens=1000, output_tokens=101, started_at=None)
    found = clocks(Scenario(hardware=HARDWARE, as_of=NOON), untimed)
    assert found["hardware_s"] is None
    assert found["hardware_high_s"] - found["hardware_low_s"] >= 20
