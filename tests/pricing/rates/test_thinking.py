"""Models whose whole output costs more where they think: the bounds hold what was billed, thinking or not."""

from datetime import UTC, datetime

import pytest
from builders import call, tables

from pricing.book.book import load_book
from pricing.reprice import reprice_tables

MODELS = [
    ("google", "gemini-2.5-flash-preview-04-17", 0.6, 3.5, "2025-05-01"),
    ("google", "gemini-2.5-flash-preview-05-20", 0.6, 3.5, "2025-06-01"),
    ("alibaba", "qwen3-235b-a22b", 2.8, 8.4, "2025-11-01"),
    ("alibaba", "qwen3-32b", 2.8, 8.4, "2026-10-01"),
    ("alibaba", "qwen-plus", 1.2, 4.0, "2025-11-01"),
    ("alibaba", "qwen-turbo", 0.2, 0.5, "2025-11-01"),
]


@pytest.mark.parametrize(("provider", "model", "plain", "thinking", "day"), MODELS)
def test_the_bounds_hold_the_price_with_and_without_thinking(
    provider: str, model: str, plain: float, thinking: float, day: str
) -> None:
    at = datetime.fromisoformat(day).replace(tzinfo=UTC)
    output = {"output_tokens": 1_000_000}
    rows = [
        call(call_index=0, provider=provider, model=model, started_at=at, reasoning_tokens=400_000, **output),
        call(call_index=1, provider=provider, model=model, started_at=at, reasoning_tokens=0, **output),
    ]
    calls = reprice_tables(tables(calls=rows), book=load_book())["calls"].sort("call_index")

    assert calls["cost_basis"].to_list() == ["range", "range"]
    assert calls["cost_low_usd"].to_list() == pytest.approx([0.6 * plain + 0.4 * thinking, plain])
    assert calls["cost_high_usd"].to_list() == pytest.approx([thinking, thinking])


def test_input_of_such_a_model_has_one_price() -> None:
    at = datetime(2025, 5, 1, tzinfo=UTC)
    row = call(provider="google", model="gemini-2.5-flash-preview-04-17", started_at=at, uncached_input_tokens=10**6)

    assert reprice_tables(tables(calls=[row]), book=load_book())["calls"]["cost_usd"].to_list() == [0.15]


def test_both_prices_are_listed_on_a_day() -> None:
    rows = load_book().on("gemini-2.5-flash-preview-04-17", datetime(2025, 5, 1, tzinfo=UTC), "google")

    assert rows.filter(kind="output")["price_pusd"].to_list() == [600_000, 3_500_000]


@pytest.mark.parametrize(
    ("model", "day", "usd"), [("gpt-4.1", "2025-07-01", 5), ("o3", "2025-05-01", 25), ("o3", "2025-07-01", 5)]
)
def test_batches_cost_half_since_the_release(model: str, day: str, usd: float) -> None:
    at = datetime.fromisoformat(day).replace(tzinfo=UTC)
    usage = {"uncached_input_tokens": 10**6, "output_tokens": 10**6}
    row = call(provider="openai", model=model, started_at=at, is_batch=True, **usage)

    assert reprice_tables(tables(calls=[row]), book=load_book())["calls"]["cost_usd"].to_list() == [usd]
