"""What a discount takes off, by kind of usage, day and view; figures by head."""

from datetime import datetime
from typing import Any

import pytest
from builders import call, tables
from price_rows import book, day, price

from pricing.reprice import reprice_tables
from pricing.scenario import Scenario
from pricing.scenario.model import Batch, Discount

MILLION = 10**6
PLAIN = (price("uncached_input", 2), price("output", 8))
OWN = (price("cache_read", 0.5), price("cache_write_5m", 4), price("reasoning", 16))


def priced(*rows: dict[str, Any], discount: tuple[Discount, ...], policy: Any = None, **usage: Any) -> dict[str, Any]:
    given, scenario = tables(calls=[call(**usage)]), Scenario(discount=discount, batch=policy)
    return reprice_tables(given, scenario, book(*rows))["calls"].row(0, named=True)


def half_off(*kinds: str) -> tuple[Discount, ...]:
    return (Discount(frac=0.5, kinds=kinds),)


@pytest.mark.parametrize(("kind", "usage", "usd"), [
    ("output", {"output_tokens": MILLION, "reasoning_tokens": MILLION // 2}, 4.0),
    ("output", {"output_tokens": MILLION, "reasoning_tokens": None}, 4.0),
    ("reasoning", {"output_tokens": MILLION, "reasoning_tokens": MILLION // 2}, 6.0),
    ("uncached_input", {"cache_read_tokens": MILLION}, 1.0),
    ("uncached_input", {"cache_write_1h_tokens": MILLION}, 1.0),
    ("cache_read", {"cache_read_tokens": MILLION, "uncached_input_tokens": MILLION}, 3.0),
])  # fmt: skip
def test_usage_without_a_price_of_its_own_has_the_discounts_of_the_price_it_pays(
    kind: str, usage: dict[str, Any], usd: float
) -> None:
    assert priced(*PLAIN, discount=half_off(kind), **usage)["cost_usd"] == usd


@pytest.mark.parametrize(("kind", "usage", "usd"), [
    ("output", {"output_tokens": MILLION, "reasoning_tokens": MILLION // 2}, 2 + 8),
    ("uncached_input", {"cache_read_tokens": MILLION}, 0.5),
    ("uncached_input", {"cache_write_5m_tokens": MILLION}, 4),
    ("cache_read", {"cache_read_tokens": MILLION}, 0.25),
])  # fmt: skip
def test_usage_with_a_price_of_its_own_has_only_its_own_discounts(kind: str, usage: dict[str, Any], usd: float) -> None:
    assert priced(*PLAIN, *OWN, discount=half_off(kind), **usage)["cost_usd"] == usd


def test_both_kinds_named_are_one_discount() -> None:
    usage = {"output_tokens": MILLION, "reasoning_tokens": MILLION}
    assert priced(*PLAIN, discount=half_off("output", "reasoning"), **usage)["cost_usd"] == 4.0


@pytest.mark.parametrize(("at", "usd"), [(day(2), 4.0), (day(3), 1.0)])
def test_a_price_of_its_own_ends_the_discount_of_the_other(at: datetime, usd: float) -> None:
    rows = (*PLAIN, price("reasoning", 1, day(3)))
    usage = {"output_tokens": MILLION, "reasoning_tokens": MILLION, "started_at": at}
    assert priced(*rows, discount=half_off("output"), **usage)["cost_usd"] == usd


def test_contract_and_commitment_come_off_one_after_the_other_and_off_the_batch_price_too() -> None:
    both = (Discount(frac=0.5, provider="acme"), Discount(frac=0.25, type="commitment"))
    row = priced(
        *PLAIN, price("output", 4, is_batch=True), discount=both, policy=Batch(share_frac=0.5), output_tokens=MILLION
    )
    assert (row["list_cost_usd"], row["contracted_cost_usd"], row["cost_usd"]) == (6.0, 3.0, 2.25)
