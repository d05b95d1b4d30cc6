"""Rows of PRICES as a person checks them: USD per million tokens, or per unit, beside the excerpt they come from."""

import csv
from decimal import Decimal
from pathlib import Path

import polars as pl

from pricing.book.foreign import read_foreign
from pricing.book.importer import Converted, ImportOptions, convert, discover
from pricing.schema import PUSD_PER_USD, PUSD_PER_USD_PER_MTOK

FOLDER = Path(__file__).parent / "data" / "prices"
ORDER = ("model", "provider", "service_tier", "is_batch", "min_input_tokens", "priority", "weekdays", "hours_utc",
         "effective_from", "kind")  # fmt: skip


def imported(importer: str, path: Path, *, is_zero_free: bool = False) -> Converted:
    return convert(discover()[importer], read_foreign(path), ImportOptions(is_zero_free=is_zero_free))


def readable(rows: pl.DataFrame, columns: list[str]) -> list[dict[str, str]]:
    """Rows as text, the price as ``usd``."""
    listed = rows.sort(ORDER, nulls_last=False).iter_rows(named=True)
    return [{name: _usd(row) if name == "usd" else _text(row[name]) for name in columns} for row in listed]


def golden(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _usd(row: dict[str, object]) -> str:
    per = PUSD_PER_USD_PER_MTOK if row["unit"] == "token" else PUSD_PER_USD
    usd = Decimal(str(row["price_pusd"])) / per
    return format(usd.normalize(), "f")


def _text(value: object) -> str:
    return "" if value is None else str(value).removesuffix(" 00:00:00+00:00")
