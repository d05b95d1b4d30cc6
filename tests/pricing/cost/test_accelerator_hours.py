"""Accelerator-hours in dollars: The Well's and HELM's, at each tier, and elsewhere only as the user says."""

from typing import Any

import polars as pl
import pytest

from pricing.reprice import reprice_tables
from pricing.scenario import Scenario, load_scenario
from tests.builders import charge, rollout, run, tables
from traces.errors import PricingError

HOUR_S = 3600


def priced(resource: str | None = "H100", hours: float | None = 960, **price: Any) -> dict[str, Any]:
    quantity = None if hours is None else hours * HOUR_S
    stated = charge(kind="accelerator_s", unit="s", quantity=quantity, resource=resource)
    scenario = Scenario(gpu_hours=price) if price else Scenario()  # type: ignore[arg-type]
    return reprice_tables(tables([run()], [rollout()], charges=[stated]), scenario)["charges"].row(0, named=True)


@pytest.mark.parametrize(
    ("tier", "usd_per_hour"), [("hyperscaler", 1.17), ("neocloud", 1.55), ("retail", 1.78), ("rental", 1.30)]
)
@pytest.mark.parametrize("hours", [960, 3840])
def test_the_wells_hours_at_each_tier(tier: str, usd_per_hour: float, hours: int) -> None:
    """960 H100-hours for one new architecture, 3,840 for the sweep of four (The Well, arXiv:2412.00568)."""
    row = priced(hours=hours, price_tier=tier)
    assert row["cost_usd"] == pytest.approx(hours * usd_per_hour)
    assert row["cost_basis"] == "hardware"


def test_market_prices_are_a_range_around_their_median() -> None:
    row = priced(price_tier="on_demand")
    assert 960 * 1.97 <= row["cost_low_usd"] < row["cost_usd"] < row["cost_high_usd"]


def test_without_a_price_the_cost_is_not_known() -> None:
    row = priced()
    assert (row["cost_usd"], row["cost_low_usd"], row["cost_high_usd"]) == (None, 0.0, None)


@pytest.mark.parametrize(("resource", "hours"), [(None, 540), ("H100", None)])
def test_hours_of_no_named_accelerator_and_unknown_hours_have_no_cost(resource: str | None, hours: int | None) -> None:
    """HELM's 540 to 4,200 GPU-hours name no accelerator."""
    row = priced(resource, hours, price_tier="neocloud")
    assert (row["cost_usd"], row["cost_high_usd"]) == (None, None)


def test_hours_of_more_than_nine_million_dollars_have_no_cost() -> None:
    """Llama 3.1 405B took 30.84 million H100-hours (its model card)."""
    row = priced(hours=30_840_000, price_tier="neocloud")
    assert (row["cost_low_usd"], row["cost_usd"], row["cost_high_usd"]) == (0.0, None, None)
    assert row["cost_basis"] == "price_unknown"


def test_another_accelerator_takes_a_speed_up_the_user_states() -> None:
    row = priced(price_tier="neocloud", accelerator="b200", speed_up=2.0)
    assert row["cost_usd"] == pytest.approx(960 / 2 * 2.07)
    assert row["cost_basis"] == "hardware_estimate"


@pytest.mark.parametrize("keys", [{"accelerator": "b200"}, {"speed_up": 2.0}])
def test_no_speed_up_is_taken_from_how_models_are_served(keys: dict[str, Any]) -> None:
    with pytest.raises(PricingError, match="yours to state"):
        load_scenario(None, gpu_hours={"price_tier": "neocloud", **keys})


def test_an_accelerator_without_such_a_price_is_an_error_that_names_those_it_has() -> None:
    with pytest.raises(PricingError, match="no rental price of an hour of a100"):
        priced("A100", price_tier="rental")


def test_other_charges_keep_their_list_prices() -> None:
    search = charge(kind="web_search", provider="openai", model="gpt-4o", quantity=2.0)
    hours = charge(kind="accelerator_s", unit="s", quantity=3600.0, resource="H100")
    stated = tables([run()], [rollout()], charges=[search, hours])
    plain = reprice_tables(stated, Scenario(as_of="2026-06-01"))["charges"]  # type: ignore[arg-type]
    rented = reprice_tables(stated, Scenario(as_of="2026-06-01", gpu_hours={"usd_per_gpu_hour": 2}))["charges"]  # type: ignore[arg-type]
    assert plain.filter(kind="web_search").equals(rented.filter(kind="web_search"))
    assert rented.filter(pl.col("kind") == "accelerator_s")["cost_usd"].to_list() == [2.0]
