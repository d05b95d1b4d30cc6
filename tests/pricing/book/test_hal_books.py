"""What HAL would report, computed again by hand in Decimal, against its books priced by the engine."""

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
from builders import call, tables

from pricing.book.named import load_named_book
from pricing.names.resolve import resolve_one
from pricing.reprice import reprice_tables

MTOK = Decimal(1_000_000)
SONNET = "claude-sonnet-4-5"  # 3 / 15, override 0.30
R1 = "deepseek-ai/DeepSeek-R1"  # 3 / 7, no override
UNLISTED = "claude-haiku-4-5-20251001"
USAGES = [
    {"model": SONNET, "prompt": 90_000, "cache_read": 60_000, "cache_write": 12_000, "completion": 4_000},
    {"model": R1, "prompt": 50_000, "cache_read": 20_000, "cache_write": 0, "completion": 9_000},
    {"model": UNLISTED, "prompt": 80_000, "cache_read": 0, "cache_write": 0, "completion": 9_000},
]
"""As hal-harness holds usage in Anthropic's shape: the prompt is fresh input and cache reads, writes stand beside."""


def priced(book: str, usages: list[dict[str, Any]]) -> list[Decimal | None]:
    calls = [
        call(
            call_index=number, provider=None, model=usage["model"],
            uncached_input_tokens=usage["prompt"] - usage["cache_read"], cache_read_tokens=usage["cache_read"],
            cache_write_5m_tokens=usage["cache_write"], output_tokens=usage["completion"],
        )
        for number, usage in enumerate(usages)
    ]  # fmt: skip
    found = reprice_tables(tables(calls=calls), book=load_named_book(book).price_book())["calls"].sort("call_index")
    return [None if usd is None else Decimal(str(usd)) for usd in found["cost_usd"]]


def hal_harness(usage: dict[str, Any], prompt_price: str, completion_price: str, override: str | None) -> Decimal:
    """get_total_cost: reads and writes at the override, without one at the price of the prompt."""
    cached = Decimal(override or prompt_price)
    fresh = usage["prompt"] - usage["cache_read"]
    return (
        fresh * Decimal(prompt_price) + usage["cache_write"] * cached + usage["cache_read"] * cached
        + usage["completion"] * Decimal(completion_price)
    ) / MTOK  # fmt: skip


def test_cache_reads_and_writes_cost_the_override_or_the_full_price() -> None:
    sonnet, r1, _ = priced("hal-harness", USAGES)

    assert sonnet == hal_harness(USAGES[0], "3", "15", "0.30") == Decimal("0.1716")
    assert r1 == hal_harness(USAGES[1], "3", "7", None) == Decimal("0.213")


def test_a_model_hal_does_not_list_is_left_out_of_its_sum() -> None:
    costs = priced("hal-harness", USAGES)
    book = load_named_book("hal-harness").price_book()

    assert resolve_one(None, UNLISTED, book.directory)["price_model"].to_list() == [None]
    assert book.unlisted == "skipped"
    assert sum(filter(None, costs)) == Decimal("0.3846")


def test_hal_does_not_guess_a_name() -> None:
    def cost(model: str) -> Decimal | None:
        return priced("hal-harness", [{**USAGES[0], "model": model}])[0]

    assert cost("gemini-2.5-pro") is not None
    assert cost("models/gemini-2.5-pro") == 0  # left out of the sum
    assert cost("claude-opus-4-1-20250805") is not None
    assert cost("anthropic/claude-opus-4-1-20250805") == 0  # an override, but no price


def test_inspect_runs_paid_the_full_price_for_every_cached_token() -> None:
    sonnet, r1, unlisted = priced("hal-harness-inspect", USAGES)

    assert sonnet == Decimal(90_000 + 12_000) * 3 / MTOK + Decimal(4_000) * 15 / MTOK == Decimal("0.366")
    assert r1 == Decimal("0.213")
    assert unlisted is None
    assert load_named_book("hal-harness-inspect").unlisted == "unknown"


def test_the_site_charges_the_prompt_and_no_cache_writes_at_its_own_prices() -> None:
    usage = {"prompt": 90_000, "cache_read": 60_000, "cache_write": 12_000, "completion": 4_000}
    sonnet, r1_of_may = priced(
        "hal-frontend", [{**usage, "model": SONNET}, {**usage, "model": "deepseek/deepseek-r1-0528"}]
    )

    assert sonnet == Decimal(90_000) * 3 / MTOK + Decimal(4_000) * 15 / MTOK == Decimal("0.33")
    assert r1_of_may == (90_000 * Decimal("0.55") + 4_000 * Decimal("2.19")) / MTOK
    of_harness = load_named_book("hal-harness").rows.filter(
        model="deepseek/deepseek-r1-0528", kind="output", min_input_tokens=0
    )
    assert of_harness["price_pusd"].item() == 720_000


def test_both_formulas_of_the_harness_read_one_price_table() -> None:
    one, other = (load_named_book(name).rows for name in ("hal-harness", "hal-harness-inspect"))
    columns = ["model", "kind", "price_pusd"]
    is_plain = pl.col("kind").is_in(["uncached_input", "output"])

    assert one.filter(is_plain).select(columns).rows() == other.filter(is_plain).select(columns).rows()
    assert one["model"].n_unique() == 192
    assert (
        one.filter(kind="cache_read")["price_pusd"].to_list()
        == one.filter(kind="cache_write_5m")["price_pusd"].to_list()
    )


def test_every_price_and_override_of_the_table_is_in_the_book(shared_data: Path) -> None:
    rows = load_named_book("hal-harness").rows
    book = {(model, kind): pusd for model, kind, pusd in rows.select("model", "kind", "price_pusd").iter_rows()}
    with (shared_data / "prices" / "hal_model_prices_dict.csv").open(encoding="utf-8") as file:
        table = {row["model"]: row for row in csv.DictReader(file)}
    with (shared_data / "hal" / "hal_harness_model_prices.json").open(encoding="utf-8") as file:
        overrides = json.load(file)["cached_per_token"]

    assert {model for model, _ in book} == set(table)
    for model, row in table.items():
        stated = round(Decimal(row["input_per_mtok"]) * MTOK), round(Decimal(row["output_per_mtok"]) * MTOK)
        assert (book[model, "uncached_input"], book[model, "output"]) == stated, model
        cached = round(overrides[model] * 10**12) if model in overrides else stated[0]
        kinds = ("cache_read", "cache_write_5m", "cache_write_1h")
        assert {book[model, kind] for kind in kinds} == {cached}, model
