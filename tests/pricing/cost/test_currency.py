"""Costs in another currency, each at the rate of the day it is priced at; figures by head."""

from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from builders import call, charge, rollout, run, tables
from price_rows import book, day, price

from pricing.reprice import reprice_tables
from pricing.scenario import Scenario
from pricing.scenario.model import Batch, Currency, Discount
from traces.errors import PricingError

MILLION = 10**6
BOOK = book(
    price("uncached_input", 2), price("cache_read", 1), price("output", 8), price("output", 4, is_batch=True),
    price("web_search", 10_000, unit="search"),
)  # fmt: skip
RATES = "date,currency,units_per_usd\n2026-02-01,EUR,0.5\n2026-02-02,EUR,0.25\n2026-02-02,JPY,150\n"


@pytest.fixture
def euro(tmp_path: Path) -> Currency:
    (tmp_path / "rates.csv").write_text(RATES, encoding="utf-8")
    return Currency(code="EUR", rates=tmp_path / "rates.csv")


def priced(currency: Currency, at: datetime, name: str = "calls", **values: Any) -> pl.DataFrame:
    search = charge(provider="acme", model="acme-large", started_at=at, rollout_id="run/task/0")
    calls = [call(output_tokens=MILLION, started_at=at)]
    given = tables([run()], [rollout()], calls, charges=[search])
    return reprice_tables(given, Scenario(currency=currency, **values), BOOK)[name]


@pytest.mark.parametrize(("at", "euros"), [(day(2), 4.0), (day(2, 1, 23, 59), 4.0), (day(2, 2), 2.0)])
def test_a_call_has_the_rate_of_its_day_in_utc(euro: Currency, at: datetime, euros: float) -> None:
    assert priced(euro, at)["cost_in_currency"].item() == euros


@pytest.mark.parametrize("table", ["calls", "charges", "rollouts", "runs"])
def test_what_is_priced_as_of_a_day_has_the_rate_of_that_day(euro: Currency, table: str) -> None:
    row = priced(euro, day(3), table, as_of=day(2, 2, 12)).row(0, named=True)
    expected = {"calls": 2.0, "charges": 0.0025, "rollouts": 2.0025, "runs": 2.0025}[table]
    assert [row[f"cost_{each}in_currency"] for each in ("", "low_", "high_")] == [expected] * 3


def test_a_discount_a_batch_share_and_a_rate_multiply(euro: Currency) -> None:
    policies = {"batch": Batch(share_frac=0.5), "discount": (Discount(frac=0.5),)}
    assert priced(euro, day(2), **policies)["cost_in_currency"].item() == 6 * 0.5 * 0.5


def test_bounds_are_converted_too(euro: Currency) -> None:
    unsplit = dict.fromkeys(("uncached_input_tokens", "cache_read_tokens"))
    given = tables(calls=[call(input_tokens=MILLION, started_at=day(2), **unsplit)])
    row = reprice_tables(given, Scenario(currency=euro), BOOK)["calls"].row(0, named=True)
    assert [row[f"cost_{each}in_currency"] for each in ("", "low_", "high_")] == [1.0, 0.5, 1.0]


def test_a_day_without_a_rate_is_an_error_unless_one_is_carried(euro: Currency) -> None:
    with pytest.raises(PricingError, match="no rate of EUR for 2026-02-04"):
        priced(euro, day(2, 4))
    assert priced(euro.model_copy(update={"carry_days": 2}), day(2, 4))["cost_in_currency"].item() == 2.0
