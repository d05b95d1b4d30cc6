"""llm-prices.com: a vendor's price history, and the lists of all prices; figures made up, the shape is theirs."""

import json
from pathlib import Path
from typing import Any

import pytest
from foreign_prices import FOLDER, golden, imported, readable

from pricing.book.foreign import read_foreign
from pricing.book.importer import recognise
from traces.errors import PricingError

VENDOR = FOLDER / "llm_prices.json"
RECORD = {"id": "acme-large", "vendor": "acme", "name": "Acme Large", "input": 3, "output": 12.5, "input_cached": 0.3}


def listed(folder: Path, *records: dict[str, Any]) -> Path:
    (folder / "current-v1.json").write_text(
        json.dumps({"updated_at": "2026-08-05", "prices": records}), encoding="utf-8"
    )
    return folder / "current-v1.json"


def test_a_vendors_history_becomes_its_golden_rows() -> None:
    expected = golden("llm_prices_rows.csv")

    assert recognise(read_foreign(VENDOR)).name == "llm_prices"
    assert readable(imported("llm_prices", VENDOR).rows, list(expected[0])) == expected


def test_a_model_of_zeros_is_left_out_and_counted() -> None:
    assert imported("llm_prices", VENDOR).left_out == {"model: 0 throughout: free or not known": 1}


def test_the_list_of_current_prices_is_undated(tmp_path: Path) -> None:
    source = listed(tmp_path, RECORD)
    found = imported("llm_prices", source)

    assert recognise(read_foreign(source)).name == "llm_prices"
    assert readable(found.rows, ["kind", "effective_from", "usd"]) == [
        {"kind": "cache_read", "effective_from": "", "usd": "0.3"},
        {"kind": "output", "effective_from": "", "usd": "12.5"},
        {"kind": "uncached_input", "effective_from": "", "usd": "3"},
    ]
    assert found.left_out == {}


def test_the_list_of_historic_prices_is_dated_and_unknown_fields_are_counted(tmp_path: Path) -> None:
    until = {**RECORD, "from_date": None, "to_date": "2026-03-01", "batch": 1}
    found = imported("llm_prices", listed(tmp_path, until))

    assert {row["effective_until"] for row in readable(found.rows, ["effective_until"])} == {"2026-03-01"}
    assert found.left_out == {"field: batch": 1}


def test_a_list_of_vendor_files_is_read_as_one(tmp_path: Path) -> None:
    vendor = json.loads(VENDOR.read_text(encoding="utf-8"))
    (tmp_path / "all.json").write_text(json.dumps([vendor, {**vendor, "vendor": "other"}]), encoding="utf-8")

    assert set(imported("llm_prices", tmp_path / "all.json").rows["provider"]) == {"acme", "other"}


def test_what_is_no_date_is_named(tmp_path: Path) -> None:
    with pytest.raises(PricingError, match=r"acme/acme-large: 'March' is no date"):
        imported("llm_prices", listed(tmp_path, {**RECORD, "from_date": "March"}))
