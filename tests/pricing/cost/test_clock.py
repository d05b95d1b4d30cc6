"""Seconds on an API when calls are sent in batches: R - s*M + s*n*T."""

from datetime import timedelta
from typing import Any

import pytest
from builders import NOON, call, rollout, run, tables
from price_rows import book, price

from pricing.reprice import reprice_tables
from pricing.scenario import Scenario
from pricing.scenario.model import Batch, Substitute

BOOK = book(*(price(kind, 1, is_batch=is_batch) for kind in ("uncached_input", "output") for is_batch in (False, True)))
HOUR = 3600.0
ONE_BY_ONE = [(0, 20), (30, 40), (50, 60)]
"""Seconds after noon at which three calls began and ended: 40 of 100 seconds are spent in calls."""


def api_s(spans: list[tuple[int, int]], scenario: Scenario) -> tuple[float | None, ...]:
    """Seconds on the API, and their bounds, of a rollout that took 100 seconds."""
    rows = [
        call(started_at=NOON + timedelta(seconds=start), ended_at=NOON + timedelta(seconds=end), time_basis="measured",
             call_index=i)
        for i, (start, end) in enumerate(spans)
    ]  # fmt: skip
    whole = rollout(started_at=NOON, ended_at=NOON + timedelta(seconds=100), wall_s=100.0, time_basis="measured")
    priced = reprice_tables(tables([run()], [whole], rows), scenario, BOOK)["rollouts"]
    return priced.select("api_s", "api_low_s", "api_high_s").row(0)


def batches(share: float, turnaround_s: float | None = HOUR, **more: Any) -> Scenario:
    return Scenario(batch=Batch(share_frac=share, turnaround_s=turnaround_s), **more)


def test_every_turn_waits_for_a_batch_in_place_of_its_answer() -> None:
    assert api_s(ONE_BY_ONE, batches(1)) == (100 - 40 + 3 * HOUR,) * 3


def test_of_a_share_of_the_calls_it_is_the_mean_of_both_ways_to_send_them() -> None:
    assert api_s(ONE_BY_ONE, batches(0.25)) == (100 - 0.25 * 40 + 0.25 * 3 * HOUR,) * 3
    assert api_s(ONE_BY_ONE, batches(0)) == (100.0,) * 3


def test_calls_that_overlap_wait_for_one_batch_together() -> None:
    assert api_s([(0, 20), (10, 40), (50, 60)], batches(1)) == (100 - 50 + 2 * HOUR,) * 3


def test_a_total_of_several_requests_waits_for_each() -> None:
    untimed = {"started_at": None, "ended_at": None, "time_basis": None}
    rows = [call(granularity="rollout", n_requests=5, **untimed)]
    whole = rollout(started_at=NOON, wall_s=100.0, time_basis="measured")
    priced = reprice_tables(tables([run()], [whole], rows), batches(1), BOOK)["rollouts"]

    assert priced.select("api_s", "api_low_s", "api_high_s").row(0) == (None, 5 * HOUR, 100 + 5 * HOUR)


def test_without_a_turnaround_no_time_is_known() -> None:
    assert api_s(ONE_BY_ONE, batches(0.5, None)) == (None,) * 3


@pytest.mark.parametrize(
    "scenario",
    [
        batches(1, cache="none"),
        Scenario(cache="upper_bound"),
        batches(1, service_tier="flex"),
        batches(1, substitute=(Substitute(model="acme-large", to="acme-large", to_provider="acme"),)),
    ],
)
def test_under_another_model_tier_or_cache_use_no_time_is_known(scenario: Scenario) -> None:
    assert api_s(ONE_BY_ONE, scenario) == (None,) * 3


def test_what_was_not_sent_to_a_model_does_not_wait() -> None:
    stamps = {"started_at": NOON, "ended_at": NOON + timedelta(seconds=20), "time_basis": "measured"}
    rows = [call(**stamps, call_index=i, is_billed=i > 0) for i in range(2)]
    whole = rollout(started_at=NOON, wall_s=100.0, time_basis="measured")
    priced = reprice_tables(tables([run()], [whole], rows), batches(1), BOOK)["rollouts"]

    assert priced["api_s"].item() == 100 - 20 + HOUR
