"""Platforms of one biller, such as Vertex AI: prices of their own where they differ, never what is free elsewhere."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from builders import call, tables

from pricing.book.book import load_book
from pricing.names.resolve import resolve
from pricing.reprice import reprice_tables

PATH = "projects/p/locations/us-central1/publishers/google/models"


def platform(provider: str | None, model: str) -> str | None:
    pair = pl.DataFrame([(provider, model)], schema={"provider": pl.String, "model": pl.String}, orient="row")
    found: str | None = resolve(pair, load_book().directory)["platform"].item(0)
    return found


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("vertex_ai", "gemini-2.5-pro"),
        ("google-vertex", "gemini-2.5-pro"),
        ("gcp.vertex_ai", "gemini-2.5-pro"),
        (None, "vertex_ai/gemini-2.5-pro"),
        (None, "litellm/vertex_ai/gemini-2.5-pro"),
        (None, "google/vertex/gemini-2.5-pro"),
        ("google", "vertex_ai/gemini-2.5-pro"),
        (None, f"{PATH}/gemini-2.5-pro"),
        (None, "publishers/google/models/gemini-2.5-pro"),
    ],
)
def test_vertex_is_known_by_every_way_it_is_written(provider: str | None, model: str) -> None:
    assert platform(provider, model) == "vertex"


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        (None, "gemini-2.5-pro"),
        ("gemini", "gemini-2.5-pro"),
        ("openrouter", "google/gemini-2.5-pro"),
        ("aws", "nova-pro"),
    ],
)
def test_other_ways_imply_no_platform(provider: str | None, model: str) -> None:
    assert platform(provider, model) is None


def priced(provider: str | None, model: str, day: str, **values: Any) -> tuple[Any, ...]:
    """Basis, and lowest and highest dollars of a million tokens in and out."""
    at = datetime.fromisoformat(day).replace(tzinfo=UTC)
    usage = {"uncached_input_tokens": 100_000, "output_tokens": 100_000}
    row = call(provider=provider, model=model, started_at=at, **usage, **values)
    found = reprice_tables(tables(calls=[row]), book=load_book())["calls"].row(0, named=True)
    ends = (found[f"cost_{end}_usd"] for end in ("low", "high"))
    return found["cost_basis"], *(None if usd is None else round(usd * 10, 6) for usd in ends)


@pytest.mark.parametrize("model", ["gemini-pro", "gemini-1.0-pro", "gemini-1.0-pro-001"])
def test_what_was_free_at_ai_studio_was_not_free_at_vertex(model: str) -> None:
    assert priced("gemini", model, "2024-03-01") == ("exact", 0, 0)
    assert priced("vertex_ai", model, "2024-03-01") == ("range", 0.75, 2)


@pytest.mark.parametrize(
    ("model", "day"),
    [("gemini-1.5-pro", "2024-05-01"), ("gemini-exp-1206", "2025-01-01"), ("gemini-1.5-flash", "2024-05-12")],
)
def test_a_free_preview_of_ai_studio_says_nothing_of_vertex(model: str, day: str) -> None:
    assert priced("gemini", model, day) == ("exact", 0, 0)
    assert priced("vertex_ai", model, day) == ("price_unknown", 0, None)


def test_vertex_has_prices_of_its_own_in_any_location() -> None:
    expected = ("exact", 0.75, 0.75)

    assert priced("vertex_ai", "gemini-2.0-flash-001", "2025-06-01") == expected
    assert priced(None, f"{PATH}/gemini-2.0-flash-001", "2025-06-01") == expected
    assert priced("vertex_ai", "gemini-2.0-flash-001", "2025-06-01", region="us-east5") == expected
    assert priced("gemini", "gemini-2.0-flash-001", "2025-06-01") == ("exact", 0.5, 0.5)


def test_where_sources_contradict_each_other_the_price_is_a_range() -> None:
    assert priced("vertex_ai", "gemini-2.0-flash", "2025-06-01") == ("range", 0.5, 0.75)


def test_a_model_without_prices_at_vertex_costs_there_what_it_costs_anywhere() -> None:
    assert priced("vertex_ai", "gemini-2.5-pro", "2025-08-01") == ("exact", 11.25, 11.25)
    assert priced("vertex_ai", "claude-sonnet-4-5@20250929", "2025-12-01", region="us-east5") == ("exact", 19.8, 19.8)
