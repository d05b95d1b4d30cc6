"""Price rows and books for tests: a row names only what it is about."""

from datetime import UTC, datetime
from typing import Any

import polars as pl

from pricing.book import PriceBook
from pricing.schema import PRICES

PUSD = 10**6  # pico-dollars per token of 1 USD per million tokens


def price(kind: str, usd_per_mtok: float, since: datetime | None = None, **values: Any) -> dict[str, Any]:
    return {
        "provider": "acme", "model": "acme-large", "kind": kind, "price_pusd": round(usd_per_mtok * PUSD),
        "effective_from": since, "layer": "user", "date_basis": "undated", "source": "test",
        "unit": "request" if kind == "request" else "token", **values,
    }  # fmt: skip


def rows_of(*rows: dict[str, Any]) -> pl.DataFrame:
    names = [name for name in PRICES.schema if any(name in row for row in rows)]
    schema = {name: PRICES.schema[name] for name in names}
    return PRICES.conform(pl.DataFrame(list(rows), schema=schema, orient="row") if rows else PRICES.empty())


def book(*rows: dict[str, Any]) -> PriceBook:
    return PriceBook(rows_of(*rows))


def day(month: int, number: int = 1, hour: int = 0, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, number, hour, minute, tzinfo=UTC)
