"""LiteLLM's map: an excerpt of the real one becomes the rows beside it, and what a row cannot say is counted."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from foreign_prices import FOLDER, golden, imported, readable

from pricing.book.foreign import read_foreign
from pricing.book.importer import Converted, recognise
from traces.errors import PricingError

EXCERPT = FOLDER / "litellm.json"


def of(folder: Path, *, is_zero_free: bool = False, **fields: Any) -> Converted:
    """Import a map of one model."""
    entry = {
        "litellm_provider": "acme",
        "mode": "chat",
        "input_cost_per_token": 3e-06,
        "output_cost_per_token": 1.5e-05,
    }
    (folder / "map.json").write_text(json.dumps({"acme-large": {**entry, **fields}}), encoding="utf-8")
    return imported("litellm", folder / "map.json", is_zero_free=is_zero_free)


def usd(found: Converted, kind: str, **where: Any) -> list[float]:
    """Prices of a kind in USD per million, lowest threshold first."""
    variant = {"service_tier": "standard", "is_batch": False, "priority": 0, **where}
    rows = found.rows.filter(pl.col("kind") == kind, *(pl.col(k) == v for k, v in variant.items()))
    return [pusd / 10**6 for pusd in rows.sort("min_input_tokens")["price_pusd"]]


def test_the_excerpt_becomes_its_golden_rows() -> None:
    expected = golden("litellm_rows.csv")

    assert recognise(read_foreign(EXCERPT)).name == "litellm"
    assert readable(imported("litellm", EXCERPT).rows, list(expected[0])) == expected


def test_everything_left_out_of_the_excerpt_is_counted() -> None:
    assert imported("litellm", EXCERPT).left_out == {
        "entry that is no model": 1,
        "model: 0 throughout: free, retired or not known": 1,  # ollama/llama3
        "model: no price per text token, request or search": 1,  # exa_ai/search: by number of results
        "model: off-peak by weekdays of a time zone other than UTC": 1,  # tencent/deepseek-v4-pro-0813
        "price: cache_read_input_audio_token_cost": 1,
        "price: input_cost_per_audio_token": 1,
        "price: input_cost_per_audio_token_batches": 1,
        "price: input_cost_per_audio_token_priority": 1,
        "price: input_cost_per_image_token": 1,
        "price: provider_specific_entry": 1,
        "price: regional_processing_uplift_multiplier_eu": 1,
        "price: regional_processing_uplift_multiplier_us": 1,
        "price: search_context_cost_per_query of low and high context": 1,  # perplexity/sonar
        "price: search_free_requests": 1,
    }


def test_the_day_a_model_is_retired_is_kept(tmp_path: Path) -> None:
    facts = of(tmp_path, deprecation_date="2027-01-08", input_cost_per_token=0, output_cost_per_token=0).models

    assert facts.select("provider", "model", "retired_date").rows() == [("acme", "acme-large", date(2027, 1, 8))]
    with pytest.raises(PricingError, match=r"map\.json: acme-large: deprecation_date 'soon' is no date"):
        of(tmp_path, deprecation_date="soon")


def test_a_service_tier_takes_from_the_standard_what_it_does_not_state(tmp_path: Path) -> None:
    found = of(
        tmp_path, input_cost_per_token_flex=1.5e-06, input_cost_per_token_above_200k_tokens=6e-06,
        cache_read_input_token_cost=3e-07,
    )  # fmt: skip

    assert usd(found, "uncached_input", service_tier="flex") == [1.5, 6.0]
    assert usd(found, "output", service_tier="flex") == [15.0]
    assert usd(found, "cache_read", service_tier="flex") == [0.3]


def test_reasoning_of_a_tier_costs_as_its_output_where_it_has_one(tmp_path: Path) -> None:
    found = of(
        tmp_path, output_cost_per_reasoning_token=2e-05, output_cost_per_token_flex=7e-06,
        input_cost_per_token_priority=6e-06,
    )  # fmt: skip

    assert usd(found, "reasoning") == [20.0]
    assert usd(found, "reasoning", service_tier="flex") == []
    assert usd(found, "reasoning", service_tier="priority") == [20.0]


def test_batch_rates_stand_alone(tmp_path: Path) -> None:
    found = of(
        tmp_path, input_cost_per_token_batches=1.5e-06, output_cost_per_token_batches=7.5e-06,
        cache_read_input_token_cost=3e-07, input_cost_per_token_above_200k_tokens=6e-06,
    )  # fmt: skip

    assert usd(found, "uncached_input", is_batch=True) == [1.5]
    assert usd(found, "cache_read", is_batch=True) == []


def test_a_write_for_an_hour_costs_a_write_unless_it_has_a_price(tmp_path: Path) -> None:
    write = {"cache_creation_input_token_cost": 3.75e-06}

    assert usd(of(tmp_path, **write), "cache_write_1h") == [3.75]
    assert usd(of(tmp_path, **write, cache_creation_input_token_cost_above_1hr=6e-06), "cache_write_1h") == [6.0]


def test_xai_bills_the_higher_rate_from_the_threshold_on(tmp_path: Path) -> None:
    higher = {"input_cost_per_token_above_128k_tokens": 6e-06}
    thresholds = {
        provider: of(tmp_path, litellm_provider=provider, **higher).rows["min_input_tokens"].max()
        for provider in ("xai", "acme")
    }

    assert thresholds == {"xai": 127_999, "acme": 128_000}


def test_a_range_lends_no_rate_to_the_next(tmp_path: Path) -> None:
    ranges = [
        {"range": [0, 32_000], "input_cost_per_token": 1e-06, "output_cost_per_token": 5e-06,
         "cache_read_input_token_cost": 1e-07},
        {"range": [32_000, 128_000], "input_cost_per_token": 2e-06, "output_cost_per_token": 9e-06},
    ]  # fmt: skip
    found = of(tmp_path, tiered_pricing=ranges)

    assert usd(found, "cache_read") == [0.1, 2.0]
    assert usd(found, "output") == [5.0, 9.0]


def test_off_peak_prices_hold_in_their_hours_whatever_the_context(tmp_path: Path) -> None:
    off_peak = {"input_cost_per_token": 1e-06, "hours_utc": "16:30-00:30"}
    rows = of(tmp_path, off_peak_pricing=off_peak, input_cost_per_token_above_200k_tokens=6e-06).rows

    window = rows.filter(priority=1).select("kind", "hours_utc", "weekdays", "min_input_tokens", "price_pusd")
    assert window.rows() == [
        ("uncached_input", "16:30-00:30", None, 0, 1_000_000),
        ("uncached_input", "16:30-00:30", None, 200_000, 1_000_000),
    ]


def test_a_zero_beside_a_price_is_a_price_and_zeros_alone_are_not_known(tmp_path: Path) -> None:
    nothing = {"input_cost_per_token": 0, "output_cost_per_token": 0.0}

    assert usd(of(tmp_path, cache_creation_input_token_cost=0.0), "cache_write_5m") == [0.0]
    assert of(tmp_path, **nothing).rows.is_empty()
    assert usd(of(tmp_path, is_zero_free=True, **nothing), "output") == [0.0]


@pytest.mark.parametrize(
    ("value", "words"),
    [(-1e-06, "the price -0.000001 is negative"), ("much", "'much' is not a number"), (True, "True is not a number")],
)
def test_a_price_that_is_none_names_file_model_and_kind(tmp_path: Path, value: Any, words: str) -> None:
    with pytest.raises(PricingError) as raised:
        of(tmp_path, output_cost_per_token=value)

    assert raised.value.problem == f"{tmp_path / 'map.json'}: acme-large: output: {words}"


def test_a_price_finer_than_a_pico_dollar_is_rounded_and_counted(tmp_path: Path) -> None:
    found = of(tmp_path, output_cost_per_token=1.23456e-10)

    assert usd(found, "output") == [0.000123]
    assert found.n_rounded == 1
