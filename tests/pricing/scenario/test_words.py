"""A scenario in words says everything it changes: kinds and days of discounts, batches that change nothing."""

from datetime import date

import pytest

from pricing.scenario import Scenario
from pricing.scenario.model import Batch, Discount

PLAIN = "list prices on the day of each call"
JULY = {"effective_date": date(2025, 7, 1)}


@pytest.mark.parametrize(
    ("discount", "words"),
    [
        ({"model": "gpt-4.1"}, "50 % off gpt-4.1 (contract)"),
        ({"model": "gpt-4.1", **JULY, "until_date": date(2025, 7, 2)}, "50 % off gpt-4.1 (contract, on 2025-07-01)"),
        ({**JULY, "until_date": date(2025, 8, 1)}, "50 % off everything (contract, 2025-07-01 to 2025-07-31)"),
        ({**JULY, "type": "commitment"}, "50 % off everything (commitment, from 2025-07-01)"),
        ({"until_date": date(2025, 8, 1)}, "50 % off everything (contract, before 2025-08-01)"),
        ({"kinds": ("output", "cache_read")}, "50 % off output and cache read of everything (contract)"),
    ],
)
def test_a_discount_states_its_kinds_and_days(discount: dict[str, object], words: str) -> None:
    scenario = Scenario(discount=(Discount.model_validate({"frac": 0.5, **discount}),))
    assert scenario.title == f"{PLAIN}, {words}"


def test_a_share_of_no_calls_in_batches_leaves_the_time_alone() -> None:
    assert Scenario(batch=Batch(share_frac=0)).title == f"{PLAIN}, no calls in batches"


def test_a_name_does_not_hide_what_changes_and_is_the_same_when_it_is_read_back() -> None:
    scenario = Scenario(name="spring", cache="none", batch=Batch(share_frac=1, turnaround_s=60))
    assert scenario.title == "spring (all input uncached, 100 % of calls in batches (60 s a turn))"
    assert Scenario.model_validate(scenario.manifest()).title == scenario.title


def test_only_list_prices_as_recorded_without_a_name_are_plain() -> None:
    assert Scenario().is_plain
    assert Scenario.model_validate(Scenario().manifest()).is_plain
    assert not any(each.is_plain for each in (Scenario(name="spring"), Scenario(roles=("agent",))))
