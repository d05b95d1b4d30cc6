"""What genai-prices gets wrong, each beside what we make of it: every test here fails on the raw library's figure."""

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from builders import call, tables

from pricing.book.catalogue import catalogue_source
from pricing.reprice import reprice_tables
from pricing.scenario import Scenario

ROWS = list(csv.DictReader((Path(__file__).parent / "golden" / "catalogue_errors.csv").read_text().splitlines()))
"""USD per million tokens at a moment: the list prices, and what the raw library says."""
N = 100_000  # below every context tier
Raw = Callable[..., Decimal]


@pytest.fixture
def raw() -> Raw:
    """Ask the library the frozen catalogue was converted from."""
    try:
        found = version("genai-prices")
    except PackageNotFoundError:
        found = "none"
    if found != catalogue_source()["version"]:
        pytest.skip(f"genai-prices {found} is installed, the errors are those of {catalogue_source()['version']}")
    from genai_prices import Usage, calc_price

    def price(provider: str, model: str, at: datetime, context: dict[str, str] | None = None, **usage: int) -> Decimal:
        told = calc_price(
            Usage(**usage), model, provider_id=provider, genai_request_timestamp=at, price_context=context
        )
        return Decimal(told.total_price)

    return price


def ours(provider: str, model: str, at: datetime, scenario: Scenario | None = None, **values: Any) -> dict[str, Any]:
    """One call, priced."""
    one = call(provider=provider, model=model, started_at=at, **values)
    return reprice_tables(tables(calls=[one]), scenario)["calls"].row(0, named=True)


def cost(provider: str, model: str, at: datetime, **values: Any) -> Decimal:
    return Decimal(str(ours(provider, model, at, **values)["cost_usd"]))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def usd(per_mtok: str, tokens: int = N) -> Decimal:
    return Decimal(per_mtok) * tokens / 1_000_000


def test_there_are_twenty_two_wrong_rows_of_sixteen_models() -> None:
    assert len(ROWS) == 22
    assert len({(row["provider"], row["model"]) for row in ROWS}) == 16
    assert all((row["input"], row["cache_read"], row["output"]) != raw_rates(row) for row in ROWS)


def raw_rates(row: dict[str, str]) -> tuple[str, ...]:
    return row["raw_input"], row["raw_cache_read"], row["raw_output"]


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r['provider']}/{r['model']}@{r['at']}")
def test_a_past_price_is_the_list_price_where_the_raw_library_has_another(row: dict[str, str], raw: Raw) -> None:
    where = (row["provider"], row["model"], utc(row["at"].removesuffix("Z")))
    assert cost(*where, uncached_input_tokens=N) == usd(row["input"])
    without_thinking = ours(*where, output_tokens=N)["cost_low_usd"]
    assert Decimal(str(without_thinking)) == usd(row["output"])
    assert raw(*where, input_tokens=N) == usd(row["raw_input"])
    assert raw(*where, output_tokens=N) == usd(row["raw_output"])
    if row["cache_read"]:
        assert cost(*where, cache_read_tokens=N) == usd(row["cache_read"])
        assert raw(*where, input_tokens=N, cache_read_tokens=N) == usd(row["raw_cache_read"])


@pytest.mark.parametrize(
    ("model", "at", "list_output", "raw_output"),
    [
        ("deepseek-chat", "2025-01-15T18:00", "0.28", "0.55"),  # the off-peak price came on 2025-02-26
        ("deepseek-chat", "2025-02-20T18:00", "1.1", "0.55"),
        ("deepseek-chat", "2025-09-20T18:00", "1.68", "0.55"),  # and went on 2025-09-05
        ("deepseek-reasoner", "2025-02-10T18:00", "2.19", "0.55"),
        ("deepseek-v4-pro", "2026-05-11T02:00", "3.48", "3.96"),  # the peak price came on 2026-08-16
        ("deepseek-v4-pro", "2026-06-15T02:00", "0.87", "3.96"),
        ("deepseek-v4-flash", "2026-06-15T02:00", "0.28", "1.2"),
        ("deepseek-v4-flash", "2026-08-24T02:00", "1.32", "1.2"),  # at peak, before the peak price of 2026-09-10
    ],
)
def test_a_window_of_hours_holds_only_on_its_dates(
    raw: Raw, model: str, at: str, list_output: str, raw_output: str
) -> None:
    assert cost("deepseek", model, utc(at), output_tokens=N) == usd(list_output)
    assert raw("deepseek", model, utc(at), output_tokens=N) == usd(raw_output)


def test_a_price_changes_at_the_hour_it_was_announced_for(raw: Raw) -> None:
    first = utc("2026-08-16T16:00")  # the raw library has days only: 2026-08-17

    assert cost("deepseek", "deepseek-v4-pro", first, output_tokens=N) == usd("1.98")
    assert raw("deepseek", "deepseek-v4-pro", first, output_tokens=N) == usd("0.87")


@pytest.mark.parametrize("day", ["2026-08-29", "2026-08-30", "2026-11-14"])
def test_a_weekend_has_no_peak(raw: Raw, day: str) -> None:
    at = utc(f"{day}T02:00")

    assert cost("deepseek", "deepseek-v4-pro", at, output_tokens=N) == usd("1.98")
    assert raw("deepseek", "deepseek-v4-pro", at, output_tokens=N) == usd("3.96")


def test_a_batch_of_2025_has_the_price_of_2025(raw: Raw) -> None:
    at, batch = utc("2025-09-01"), {"processing": "batch"}
    priced = ours("openai", "gpt-5", at, is_batch=True, uncached_input_tokens=N, output_tokens=N)

    assert priced["cost_usd"] == float(usd("0.625") + usd("5"))
    assert priced["price_from"] == utc("2025-08-07")
    assert raw("openai", "gpt-5", at, batch, input_tokens=N, output_tokens=N) == usd("1.25") + usd("10")


@pytest.mark.parametrize(
    ("where", "context", "billed"),
    [
        (("google", "gemini-2.5-pro", utc("2025-08-01")), {"processing": "batch"}, {"is_batch": True}),
        (("openai", "o3", utc("2025-05-01")), {"service_tier": "flex"}, {"service_tier": "flex"}),
    ],
)
def test_a_variant_dated_on_the_day_it_was_read_is_not_known_before_or_half_and_said_so(
    raw: Raw, where: tuple[str, str, datetime], context: dict[str, str], billed: dict[str, Any]
) -> None:
    standard = ours(*where, output_tokens=N)["cost_usd"]
    unknown = ours(*where, output_tokens=N, **billed)
    half = ours(*where, Scenario(unlisted_tiers="half"), output_tokens=N, **billed)

    assert (unknown["cost_usd"], unknown["cost_basis"]) == (None, "price_unknown")
    assert (half["cost_usd"], half["price_evidence"]) == (standard / 2, "assumed/half")
    assert raw(*where, context, output_tokens=N) == Decimal(str(standard))  # without a word


def test_a_variant_is_known_from_the_day_it_was_read_on(raw: Raw) -> None:
    where = ("openai", "gpt-5", utc("2026-10-12"))

    assert cost(*where, output_tokens=N, service_tier="flex") == usd("5")
    assert raw(*where, {"service_tier": "flex"}, output_tokens=N) == usd("5")


def test_cached_tokens_beside_the_input_are_taken_as_they_are(raw: Raw) -> None:
    where = ("anthropic", "claude-sonnet-4-5-20250929", utc("2025-11-01"))
    total = usd("3", 1_000) + usd("0.3")

    assert cost(*where, uncached_input_tokens=1_000, cache_read_tokens=N) == total
    with pytest.raises(ValueError, match="cannot exceed input_tokens"):
        raw(*where, input_tokens=1_000, cache_read_tokens=N)
    assert raw(*where, input_tokens=1_000 + N, cache_read_tokens=N) == total


def test_sonnet_4_has_its_price_above_two_hundred_thousand_tokens(raw: Raw) -> None:
    where = ("anthropic", "claude-sonnet-4-20250514", utc("2025-09-01"))
    listed, without_tier = (
        usd(prompt, 300_000) + usd(output, 10_000) for prompt, output in (("6", "22.5"), ("3", "15"))
    )

    assert cost(*where, uncached_input_tokens=300_000, output_tokens=10_000) == listed == Decimal("2.025")
    assert raw(*where, input_tokens=300_000, output_tokens=10_000) == without_tier == Decimal("1.05")


def test_the_collected_errors_are_those_of_the_golden_rows(shared_data: Path) -> None:
    collected = pl.read_csv(shared_data / "prices" / "genai_vs_history.csv", infer_schema=False)
    by_day = {(row["provider"], row["model"], row["at"][:10]): row for row in ROWS}

    assert collected.height == len(ROWS)
    for row in collected.iter_rows(named=True):
        day = "2025-09-06" if row["effective_from"].startswith("2025-09-05") else row["effective_from"][:10]
        golden = by_day[row["provider"], row["model"], day]
        assert float(golden["input"]) + float(golden["output"]) == pytest.approx(float(row["list_in_plus_out"]))
        raw_sum = float(golden["raw_input"]) + float(golden["raw_output"])
        assert raw_sum == pytest.approx(float(row["genai_prices_in_plus_out"]))
