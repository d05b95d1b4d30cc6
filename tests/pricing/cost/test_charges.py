from pathlib import Path
from typing import Any

import pytest
from builders import charge, rollout, run, tables
from price_rows import book, day, price

from pricing.reprice import reprice_tables
from pricing.scenario import Scenario
from pricing.scenario.model import Discount

CENT = 10_000  # USD per million searches
BOOK = book(
    price("web_search", CENT, day(2), unit="search", effective_until=day(4)),
    price("web_search", 2 * CENT, day(4), unit="search"),
)
ACME = {"provider": "acme", "model": "acme-large"}


def priced(**values: Any) -> tuple[Any, ...]:
    given = tables([run(started_at=day(5))], [rollout(started_at=day(3))], charges=[charge(**{**ACME, **values})])
    row = reprice_tables(given, book=BOOK)["charges"].row(0, named=True)
    return tuple(row[name] for name in ("cost_usd", "cost_low_usd", "cost_high_usd", "cost_basis"))


def test_a_charge_costs_its_quantity_times_the_price_of_the_day() -> None:
    assert priced(quantity=3.0, started_at=day(2)) == (0.03, 0.03, 0.03, "exact")


def test_the_day_of_a_charge_is_its_rollouts_then_its_runs() -> None:
    assert priced(rollout_id="run/task/0")[0] == 0.01
    assert priced()[0] == 0.02


@pytest.mark.parametrize(
    "values",
    [{"model": None}, {"model": "acme-small"}, {"unit": "page"}, {"kind": "image"}, {"started_at": day(1)}],
)
def test_a_charge_without_a_price_has_no_cost_and_a_low_bound_of_nothing(values: dict[str, Any]) -> None:
    assert priced(**values) == (None, 0.0, None, "price_unknown")


def test_a_charge_without_a_quantity_has_no_cost() -> None:
    assert priced(quantity=None) == (None, 0.0, None, "tokens_unknown")


def test_a_rollout_with_charges_and_no_calls_costs_its_charges() -> None:
    given = tables([run()], [rollout(started_at=day(3))], charges=[charge(**ACME, rollout_id="run/task/0")])
    row = reprice_tables(given, book=BOOK)["rollouts"].row(0, named=True)
    assert (row["cost_usd"], row["charges_cost_usd"], row["visible_output_cost_usd"]) == (0.01, 0.01, 0.0)


OWN = """
provider = "openai"
currency = "USD"
source_url = "https://acme.example/contract"

[[price]]
model = "o3"
effective_date = 2026-01-01
charge = [{ kind = "storage_search", unit = "search", usd_per_unit = 0.001 }]
"""


def test_a_price_of_ones_own_is_not_the_list_price_of_a_charge(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN, encoding="utf-8")
    scenario = Scenario(prices=(tmp_path / "own.toml",), discount=(Discount(frac=0.5, type="commitment"),))
    search = charge(provider="openai", model="o3", kind="storage_search", started_at=day(2), quantity=1000.0)
    row = reprice_tables(tables([run()], charges=[search]), scenario)["charges"].row(0, named=True)
    assert (row["list_cost_usd"], row["contracted_cost_usd"], row["cost_usd"]) == (2.5, 1.0, 0.5)
