"""A charge of a call is the call's: it counts with the call's role, and at its moment."""

from typing import Any

import pytest
from builders import call, charge, rollout, run, tables
from price_rows import book, day, price

from pricing.reprice import reprice_tables
from pricing.scenario import Scenario
from pricing.sweep.sweep import sweep

BOOK = book(
    price("output", 2), price("web_search", 10_000, unit="search", effective_until=day(3)),
    price("web_search", 20_000, day(3), unit="search"),
)  # fmt: skip
SEARCH = {"provider": "acme", "model": "acme-large", "rollout_id": "run/task/0"}


def traces(at: Any = None, **charged: Any) -> Any:
    calls = [
        call(call_id="a", output_tokens=1000, started_at=day(2)),
        call(call_id="j", role="judge", output_tokens=1000, call_index=1, started_at=at or day(2)),
    ]
    return tables([run()], [rollout()], calls, charges=[charge(**SEARCH, **charged)])


@pytest.mark.parametrize(("roles", "usd"), [(("agent",), 0.002), (("judge",), 0.012), (("agent", "judge"), 0.014)])
def test_a_charge_of_a_call_counts_with_its_role(roles: Any, usd: float) -> None:
    given, scenario = traces(call_id="j", started_at=day(2)), Scenario(roles=roles)
    row = reprice_tables(given, scenario, BOOK)["rollouts"].row(0, named=True)

    assert row["cost_usd"] == pytest.approx(usd, abs=1e-12)
    assert sweep(given, [scenario], book=BOOK)["cost_usd"].item() == pytest.approx(usd, abs=1e-12)


def test_a_charge_of_no_call_counts_whatever_roles_do() -> None:
    row = reprice_tables(traces(started_at=day(2)), Scenario(roles=("agent",)), BOOK)["rollouts"].row(0, named=True)
    assert row["cost_usd"] == pytest.approx(0.012, abs=1e-12)


def test_a_charge_without_a_moment_has_that_of_its_call() -> None:
    priced = reprice_tables(traces(at=day(4), call_id="j", started_at=None), None, BOOK)["charges"]
    assert priced["cost_usd"].to_list() == [0.02]
