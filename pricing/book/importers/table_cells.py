"""The cells of a price table: a model, prices, a day, a currency; what cannot be read is refused by row and column."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from pricing.book.importer import TOKENS_PER, Per, number
from pricing.book.importers.table_columns import PRICES, Column
from pricing.book.importers.table_records import Record
from pricing.moments import midnight
from traces.errors import PricingError

_YES: Final = frozenset({"true", "yes", "y", "1"})
Columns = Mapping[str, Column]
"""Column by role."""


def tokens_per(path: Path, column: Column, per: Per | None) -> int:
    """How many tokens a price of the column is for.

    Raises:
        PricingError: if neither its name nor the option says so, they differ, or it is not in USD.
    """
    if column.currency not in (None, "usd"):
        raise PricingError(f"{path}: column {column.name!r} is in {column.currency.upper()}", "convert it to USD first")
    if column.per is not None and per is not None and column.per != per:
        problem = f"{path}: column {column.name!r} is per {column.per}, the option says per {per}"
        raise PricingError(problem, "leave the option out, or name the column otherwise")
    unit = column.per or per
    if unit is None:
        problem = f"{path}: column {column.name!r} does not say how many tokens its prices are for"
        raise PricingError(problem, f"say so: --per {'|'.join(TOKENS_PER)}, or in its name (input_usd_per_1m)")
    return TOKENS_PER[unit]


def text_of(record: Record, column: Column | None) -> str:
    """Text of a cell; empty: no such column, or nothing in it."""
    value = None if column is None else record.values.get(column.name)
    return "" if value is None else str(value).strip()


def prices_of(path: Path, record: Record, columns: Columns) -> Iterator[tuple[str, Decimal]]:
    """Prices of a row by role; an empty cell is not known.

    Raises:
        PricingError: naming row and column, if one is no number or negative, or not in USD.
    """
    currency = columns.get("currency")
    stated = text_of(record, currency)
    if currency is not None and stated.lower() not in ("", "usd", "$"):
        raise PricingError(f"{cell(path, record, currency)}: prices in {stated.upper()}", "convert them to USD first")
    for role in columns.keys() & PRICES:
        text = text_of(record, columns[role]).removeprefix("$").strip()
        if text:
            yield role, number(cell(path, record, columns[role]), text)


def is_free(record: Record, columns: Columns) -> bool:
    """Say whether the row states that it is free."""
    return text_of(record, columns.get("free")).lower() in _YES


def start_of(path: Path, record: Record, columns: Columns) -> datetime | None:
    """First moment of the prices of a row (UTC); null: not stated.

    Raises:
        PricingError: naming row and column, if it is no day.
    """
    column = columns.get("date")
    text = text_of(record, column)
    if column is None or not text:
        return None
    try:
        return midnight(date.fromisoformat(text))
    except ValueError as error:
        raise PricingError(f"{cell(path, record, column)}: {text!r} is no date", "write it as YYYY-MM-DD") from error


def cell(path: Path, record: Record, column: Column) -> str:
    """Name a cell."""
    return f"{path}: row {record.number}, column {column.name!r}"


def refuse_without(path: Path, columns: Columns, header: Any) -> None:
    """Refuse a table without models or without prices.

    Raises:
        PricingError: if one is missing.
    """
    if "model" not in columns:
        raise PricingError(f"{path}: no column of models", f"name one model, id or name; columns: {', '.join(header)}")
    if not columns.keys() & PRICES:
        hint = f"name them such as input_usd_per_1m and output_usd_per_1m; columns: {', '.join(header)}"
        raise PricingError(f"{path}: no column of prices", hint)
