import hashlib
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pricing.book.catalogue import FOLDER, catalogue_source, load_catalogue
from pricing.schema import PRICES
from traces.errors import PricingError
from traces.table import violations

KINDS = {
    "input_mtok": "uncached_input", "cache_read_mtok": "cache_read", "cache_write_mtok": "cache_write_5m",
    "cache_write_1h_mtok": "cache_write_1h", "output_mtok": "output", "output_reasoning_mtok": "reasoning",
}  # fmt: skip


@pytest.fixture
def installed() -> Any:
    try:
        found = version("genai-prices")
    except PackageNotFoundError:
        found = "none"
    if found != catalogue_source()["version"]:
        pytest.skip(f"genai-prices {found} is installed, the frozen catalogue is of {catalogue_source()['version']}")
    from genai_prices import data

    return data


def test_the_frozen_files_are_those_the_source_names() -> None:
    source = catalogue_source()
    for name in ("prices", "names", "makers"):
        path = FOLDER / f"{name}.parquet"
        assert hashlib.sha256(path.read_bytes()).hexdigest() == source[name]["sha256"]
        assert pl.read_parquet(path).height == source[name]["n_rows"]


def test_every_row_of_the_catalogue_is_a_valid_price() -> None:
    rows = load_catalogue().rows

    assert violations(PRICES, rows) == []
    assert rows.filter(pl.col("price_pusd") <= 0).is_empty()


def test_the_frozen_catalogue_equals_the_conversion(installed: Any) -> None:
    assert installed
    from pricing.book.catalogue_convert import convert_installed

    conversion = convert_installed()
    frozen, source = load_catalogue(), catalogue_source()

    assert_frame_equal(conversion.catalogue.rows, frozen.rows.with_columns(retrieved_date=pl.lit(None, pl.Date)))
    assert_frame_equal(conversion.catalogue.names, frozen.names)
    assert_frame_equal(conversion.catalogue.makers, frozen.makers)
    assert {f"n_{name}": count for name, count in conversion.counts.items()}.items() <= source.items()


@pytest.mark.parametrize("day", ["2025-07-01", "2026-10-19", "2027-02-01"])
def test_the_catalogue_gives_the_prices_its_project_computes_at_noon(installed: Any, day: str) -> None:
    at = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    rows = load_catalogue().rows.filter(
        pl.col("effective_from").is_null() | (pl.col("effective_from") <= at),
        pl.col("effective_until").is_null() | (pl.col("effective_until") > at),
        pl.col("unit") == "token",
        pl.col("min_input_tokens") == 0,
        pl.col("priority") == 0,
        pl.col("service_tier") == "standard",
    )
    ours = {row[:-1]: row[-1] for row in rows.select("provider", "model", "is_batch", "kind", "price_pusd").iter_rows()}

    models = [(p.id, model) for p in installed.providers for model in p.models if (p.id, model.id) not in _stale()]
    theirs = {
        (provider, model.id, is_batch, kind): pusd
        for provider, model in models
        for is_batch in (False, True)
        for kind, pusd in _rates(model, at, is_batch=is_batch)
    }
    assert ours == theirs


def _stale() -> set[tuple[str, str]]:
    corrections = tomllib.loads((FOLDER / "corrections.toml").read_text(encoding="utf-8"))
    return {(table["provider"], model) for table in corrections["stale"] for model in table["models"]}


def _rates(model: Any, at: datetime, *, is_batch: bool) -> Iterator[tuple[str, int]]:
    variants = [variant for variant in model.price_variants or () if variant.when == {"processing": "batch"}]
    active = [v for v in variants if v.constraint is None or v.constraint.active(at)]
    if is_batch and not active:
        return
    own = {key for variant in active for key in vars(variant.prices)}
    for key, price in vars(model.get_prices(at, {"processing": "batch"} if is_batch else None)).items():
        if key.endswith("_mtok") and (not is_batch or key in KINDS or key in own):
            usd = price if isinstance(price, Decimal) else price.base
            yield KINDS.get(key, key.removesuffix("_mtok")), round(usd * 10**6)


def test_an_hour_window_begins_with_the_dated_price_it_follows() -> None:
    rows = load_catalogue().rows.filter(pl.col("model") == "deepseek-v4-pro", pl.col("priority") == 1)

    assert rows["effective_from"].unique().to_list() == [datetime(2026, 8, 17, tzinfo=UTC)]
    assert rows["hours_utc"].unique().to_list() == ["01:00-04:00,06:00-10:00"]
    assert rows["weekdays"].unique().to_list() == ["Mon-Fri"]


def test_a_batch_price_comes_with_every_token_kind_of_its_model() -> None:
    rows = load_catalogue().rows.filter(pl.col("provider") == "openai", pl.col("unit") == "token")
    standard = rows.filter(pl.col("service_tier") == "standard", ~pl.col("is_batch"), pl.col("kind") == "cache_read")
    batch = rows.filter(pl.col("is_batch"))

    models = set(standard["model"]) & set(batch["model"])
    assert models
    assert models == set(batch.filter(pl.col("kind") == "cache_read")["model"]) & set(standard["model"])


def test_a_missing_catalogue_is_a_pricing_error(tmp_path: Path) -> None:
    with pytest.raises(PricingError, match="evalreplay prices update"):
        load_catalogue(tmp_path)
