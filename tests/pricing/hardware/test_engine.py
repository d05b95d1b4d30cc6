"""An engine that rollouts share: a mean call alone, and how much longer it takes beside others."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing.hardware.deploy import point_for
from pricing.hardware.deployment import Deployment
from pricing.hardware.engine import at_concurrency, engine_of
from pricing.hardware.laws import machines_of
from pricing.hardware.point import Point
from pricing.hardware.workload import Workload
from tests.hardware_rows import tables_of
from traces.errors import PricingError


def point(input_tokens: float = 1000.0, output_tokens: float = 500.0, **keys: Any) -> Point:
    asked = Deployment(**{"accelerator": "h200", "concurrency": 16, "usd_per_gpu_hour": 3.6, **keys})
    return point_for("open-30b", asked, Workload(1, input_tokens, 0.0, output_tokens), machines_of(tables_of()))


def test_a_mean_call_beside_others_is_slower_by_the_seconds_of_the_law() -> None:
    """0.1 s to the first token, 2 ms + 0.38 ms by request between others: 4.13 s beside 15 others, 1.29 s alone."""
    engine = engine_of(point())
    assert (len(engine.slowdown), engine.slowdown[0], engine.slowdown[1]) == (17, 1.0, 1.0)
    assert engine.slowdown[16] == pytest.approx((0.1 + 499 * 0.00808) / (0.1 + 499 * 0.00238), rel=0.02)


def test_alone_is_the_same_engine_with_one_request() -> None:
    engine = engine_of(point())
    assert engine.alone.placed.law is engine.point.placed.law
    assert (engine.alone.placed.load.concurrency, engine.point.placed.load.concurrency) == (1, 16)
    first, of_input, _, step, _ = engine.alone.seconds[1]
    mean_s = first + 1000 * of_input + 499 * step
    first, of_input, _, step, _ = engine.point.seconds[1]
    assert engine.slowdown[16] * mean_s == pytest.approx(first + 1000 * of_input + 499 * step)


@settings(max_examples=25)
@given(st.floats(1, 8000), st.floats(1, 8000), st.integers(1, 64))
def test_load_never_speeds_a_call_up(input_tokens: float, output_tokens: float, concurrency: int) -> None:
    engine = engine_of(point(input_tokens, output_tokens, concurrency=concurrency))
    assert engine.concurrency == concurrency == len(engine.slowdown) - 1
    assert np.all(np.diff(engine.slowdown) >= 0)


def test_a_stated_load_is_kept_on_another_and_whole() -> None:
    fast = point(concurrency=None, min_tokens_s=150)
    assert engine_of(fast).concurrency == int(fast.placed.load.concurrency)
    assert at_concurrency(fast, 3.0).placed.tpot_s < fast.placed.tpot_s


def test_loads_outside_the_measured_ones_and_memory_are_said() -> None:
    notes = " ".join(engine_of(point()).notes)
    assert "Loads were measured at 4 to 64 requests on an engine; outside them the law is continued." in notes
    assert "requests of the mean context fit in the memory of an engine." in notes


def test_less_than_one_request_is_refused() -> None:
    with pytest.raises(PricingError, match="less than one request"):
        engine_of(point(concurrency=0.5))
