"""What a tier costs that a model does not list: not known, or for batches and flex half the standard price if asked."""

from typing import Any

import pytest
from builders import call, tables
from price_rows import book, price

from pricing.reprice import reprice_tables
from pricing.scenario import Scenario
from pricing.scenario.model import Batch

MILLION = 10**6
STANDARD = (price("uncached_input", 2), price("output", 8))
HALF = Scenario(unlisted_tiers="half")
FEE = price("request", 5000)  # half a cent


def priced(*rows: dict[str, Any], scenario: Scenario = HALF, **values: Any) -> tuple[Any, ...]:
    """Cost, its low bound, and the evidence of a call of a million output tokens."""
    given = tables(calls=[call(output_tokens=MILLION, **values)])
    calls = reprice_tables(given, scenario, book(*rows))["calls"]
    return tuple(calls.select("cost_usd", "cost_low_usd", "price_evidence").row(0))


@pytest.mark.parametrize(("tier", "share", "usd"), [
    ("flex", 0.0, 4.0), ("flex", 0.5, 4.0), ("standard", 0.5, 6.0), ("standard", 1.0, 4.0), ("priority", 1.0, 4.0),
])  # fmt: skip
def test_batches_and_flex_calls_cost_half_where_they_are_not_listed(tier: str, share: float, usd: float) -> None:
    half = HALF.model_copy(update={"batch": Batch(share_frac=share)})
    assert priced(*STANDARD, scenario=half, service_tier=tier) == (usd, usd, "assumed/half")


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_any_other_tier_that_is_not_listed_is_not_known_whatever_share_goes_through_batches(share: float) -> None:
    half = HALF.model_copy(update={"batch": Batch(share_frac=share)})
    assert priced(*STANDARD, scenario=half, service_tier="priority")[:2] == (None, 0.0)


def test_a_batch_of_a_tier_that_is_not_listed_is_not_taken_to_cost_half() -> None:
    assert priced(*STANDARD, service_tier="priority", is_batch=True)[0] is None
    assert priced(*STANDARD, service_tier="flex", is_batch=True)[0] == 4.0


def test_nothing_is_assumed_where_the_tier_is_listed() -> None:
    flex = (price("uncached_input", 1, service_tier="flex"), price("output", 3, service_tier="flex"))
    assert priced(*STANDARD, *flex, service_tier="flex") == (3.0, 3.0, "user/undated")
    batch = (price("uncached_input", 1, is_batch=True), price("output", 3, is_batch=True))
    assert priced(*STANDARD, *batch, service_tier="flex", is_batch=True)[0] == 4.0
    whole = HALF.model_copy(update={"batch": Batch(share_frac=1)})
    assert priced(*STANDARD, *batch, scenario=whole, service_tier="flex") == (3.0, 3.0, "user/undated")


@pytest.mark.parametrize("usage", [{"service_tier": "flex"}, {"is_batch": True}])
def test_half_a_price_takes_nothing_off_the_fee_of_a_request(usage: dict[str, Any]) -> None:
    assert priced(*STANDARD, FEE, **usage)[0] == 4.005
