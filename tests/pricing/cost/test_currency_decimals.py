"""Costs in another currency: each call at the rate of its day, computed a second time in decimals."""

from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from builders import call, rollout, run, tables
from hypothesis import given, settings
from hypothesis import strategies as st
from price_rows import book, day, price

from pricing.reprice import reprice_tables
from pricing.scenario import Scenario
from pricing.scenario.model import Currency
from traces.errors import PricingError

DAYS = (date(2026, 1, 29), date(2026, 1, 30), date(2026, 2, 2), date(2026, 2, 3))
"""Two days, a weekend and two more days."""
PICO = Decimal(1).scaleb(-12)
BOOK = book(price("uncached_input", 0.000007), price("output", 1.234567))


def in_currency(cost_usd: float, rate: str, column: str) -> float:
    """Amount in whole 10**-12 units, half up, at a rate of eleven decimals."""
    units = Decimal(rate) if column == "units_per_usd" else 1 / Decimal(rate)
    units = units.quantize(Decimal("1e-11"), ROUND_HALF_EVEN)
    pusd = Decimal(round(cost_usd * 1e12))
    return float((pusd * units).quantize(Decimal(1), ROUND_HALF_UP) * PICO)


def written(folder: Path, rates: dict[date, str], column: str) -> Path:
    path = folder / "fx.csv"
    rows = [f"{on},EUR,{rate}\n{on},GBP,9\n" for on, rate in rates.items()]
    path.write_text("".join([f"date,currency,{column}\n", *rows]), encoding="utf-8")
    return path


@settings(max_examples=15)
@given(
    st.fixed_dictionaries(dict.fromkeys(DAYS, st.sampled_from(["0.9134", "1.5", "0.5", "157.123456789", "3"]))),
    st.sampled_from(["units_per_usd", "usd_per_unit"]),
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from([0, 1, 7, 123_457])), min_size=1, max_size=10),
)
def test_every_call_is_converted_at_the_rate_of_its_day(
    tmp_path_factory: pytest.TempPathFactory, rates: dict[date, str], column: str, made: list[tuple[int, int]]
) -> None:
    fx = written(tmp_path_factory.mktemp("fx"), rates, column)
    rows = [
        call(
            started_at=day(1, 29, 23, 59) + timedelta(days=n), output_tokens=size, uncached_input_tokens=1, call_index=i
        )
        for i, (n, size) in enumerate(made)
    ]
    scenario = Scenario(currency=Currency(code="EUR", rates=fx, carry_days=2))

    priced = reprice_tables(tables([run()], [rollout()], rows), scenario, BOOK)

    amounts = []
    for row in priced["calls"].iter_rows(named=True):
        on = max(known for known in DAYS if known <= row["started_at"].date())
        amounts.append(in_currency(row["cost_usd"], rates[on], column))
        assert row["cost_in_currency"] == amounts[-1], row
    total = sum(Decimal(str(amount)).quantize(PICO) for amount in amounts)
    for name in ("rollouts", "runs"):
        figures: dict[str, Any] = priced[name].row(0, named=True)
        assert (figures["currency"], figures["cost_in_currency"]) == ("EUR", float(total))


@pytest.mark.parametrize(("carry_days", "is_known"), [(0, False), (2, True)])
def test_a_rate_is_carried_over_a_weekend_only_where_asked_to(
    carry_days: int, *, is_known: bool, tmp_path: Path
) -> None:
    fx = written(tmp_path, dict.fromkeys(DAYS, "0.5"), "units_per_usd")
    sunday = tables(calls=[call(started_at=day(2, 1), output_tokens=1_000_000)])
    scenario = Scenario(currency=Currency(code="EUR", rates=fx, carry_days=carry_days))

    if is_known:
        assert reprice_tables(sunday, scenario, BOOK)["calls"]["cost_in_currency"].item() == 1.234567 / 2
    else:
        with pytest.raises(PricingError, match="no rate of EUR for 2026-02-01"):
            reprice_tables(sunday, scenario, BOOK)
