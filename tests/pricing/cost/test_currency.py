"""Costs in another currency, at the user's rates of the day each call is priced at."""

from pathlib import Path
from typing import Any

import pytest
from builders import call, rollout, run, tables
from price_rows import book, day, price

from pricing.reprice import reprice_tables
from pricing.scenario import load_scenario
from traces.errors import PricingError

MILLION = 1_000_000
BOOK = book(price("output", 10.0, model="m"))


def priced(folder: Path, rates: str, **options: Any) -> dict[str, Any]:
    """A call on 2026-01-05 and one on 2026-01-06, of $10 each, under rates of euros."""
    (folder / "rates.csv").write_text(f"date,currency,units_per_usd\n{rates}")
    carry = options.pop("carry_days", 0)
    currency = {"code": "EUR", "rates": folder / "rates.csv", "carry_days": carry}
    rows = [call(call_id=str(n), model="m", started_at=day(1, n), output_tokens=MILLION) for n in (5, 6)]
    return reprice_tables(
        tables(runs=[run()], rollouts=[rollout()], calls=rows), load_scenario(currency=currency, **options), BOOK
    )


def test_each_call_is_converted_at_the_rate_of_its_day(tmp_path: Path) -> None:
    found = priced(tmp_path, "2026-01-05,EUR,0.9\n2026-01-06,EUR,0.8\n2026-01-06,GBP,0.7\n")

    assert sorted(found["calls"]["cost_in_currency"]) == [8.0, 9.0]
    assert found["runs"]["cost_in_currency"].to_list() == [17.0]
    assert found["runs"]["currency"].to_list() == ["EUR"]


def test_at_the_prices_of_one_day_the_rate_is_that_of_the_day_too(tmp_path: Path) -> None:
    found = priced(tmp_path, "2026-11-01,EUR,0.5\n", as_of="2026-11-01")

    assert found["calls"]["cost_in_currency"].to_list() == [5.0, 5.0]
    assert found["runs"].select("cost_in_currency", "cost_low_in_currency", "cost_high_in_currency").row(0) == (10,) * 3


def test_a_day_without_a_rate_is_an_error_unless_an_earlier_one_is_carried(tmp_path: Path) -> None:
    with pytest.raises(PricingError, match=r"no rate of EUR for 2026-01-06\nhint: .*carry_days = 1"):
        priced(tmp_path, "2026-01-05,EUR,0.9\n")
    assert priced(tmp_path, "2026-01-05,EUR,0.9\n", carry_days=1)["runs"]["cost_in_currency"].to_list() == [18.0]
