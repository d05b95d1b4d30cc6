"""A price file (TOML) becomes rows of PRICES: a ``[[price]]`` table per change of price, a row per kind and tier.

What else it says of models, caches and regions becomes rows of MODEL_FACTS, CACHE_RULES and REGION_MULTIPLIERS.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain, product
from pathlib import Path
from typing import Any, Final

import polars as pl
import tomli

from pricing.moments import midnight
from pricing.schema import (
    CACHE_RULES,
    MODEL_FACTS,
    PRICES,
    PUSD_PER_USD,
    PUSD_PER_USD_PER_MTOK,
    REGION_MULTIPLIERS,
    TOKEN_KINDS,
)
from traces.errors import PricingError
from traces.table import Table

FACTS: Final[Mapping[str, Table]] = {"model": MODEL_FACTS, "cache": CACHE_RULES, "region": REGION_MULTIPLIERS}
"""Tables of a price file beside ``[[price]]``."""
FORMAT: Final = "the format of price files: docs/price-files.md"
_TABLES: Final = {"price": PRICES, **FACTS}
_COPIED: Final = ("service_tier", "is_batch", "region", "weekdays", "hours_utc", "priority", "note")


@dataclass(frozen=True)
class PriceFile:
    """One provider's dated prices.

    Args:
        path: The file.
        provider: Who bills.
        checked_through: Until when it was kept; null: it does not say.
        tables: Rows of its tables by name: price, model, cache, region.
    """

    path: Path
    provider: str
    checked_through: datetime | None
    tables: Mapping[str, Sequence[Mapping[str, Any]]]

    @property
    def rows(self) -> pl.DataFrame:
        """Its rows of PRICES."""
        return joined([self], "price")


def read_price_file(path: Path, layer: str = "user") -> PriceFile:
    """Read a price file without checking it: ``price_check.read_checked`` is for files nobody has checked.

    A rate a table does not state is left out: a cache read or write is then billed as uncached input, reasoning as
    output. ``until`` is excluded; without it the next table of the same model, tier, region and window ends a price.

    Raises:
        PricingError: naming file, table and key, if it cannot be read or a price is not exact.
    """
    return price_file(path, parse_price_file(path), layer)


def price_file(path: Path, document: Mapping[str, Any], layer: str) -> PriceFile:
    """Turn a parsed price file into rows.

    Raises:
        PricingError: naming file, table and key, if a price is not exact.
    """
    shared = {"provider": document["provider"], "layer": layer, "retrieved_date": document.get("retrieved_date")}
    rows = {"price": [{**shared, **row} for row in _rows(path, document)]}
    rows |= {name: list(_facts(document, name, table)) for name, table in FACTS.items()}
    return PriceFile(path, document["provider"], midnight(document.get("checked_through_date")), rows)


def joined(files: Iterable[PriceFile], name: str) -> pl.DataFrame:
    """One frame of what all files say in their tables of a name: price, model, cache or region."""
    return table_frame(_TABLES[name], chain.from_iterable(file.tables[name] for file in files))


def parse_price_file(path: Path) -> dict[str, Any]:
    """Read the TOML of a price file, decimals kept exact.

    Raises:
        PricingError: if it cannot be read or is not TOML.
    """
    try:
        return tomli.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
    except OSError as error:
        raise PricingError(f"{path}: {error}", "check that the price file exists and may be read") from error
    except UnicodeDecodeError as error:
        raise PricingError(f"{path}: not text (UTF-8)", f"a price file is TOML; {FORMAT}") from error
    except tomli.TOMLDecodeError as error:
        hint = f"{FORMAT}; a JSON or CSV table becomes a book: evalreplay prices import {path} --as NAME"
        raise PricingError(f"{path}: not TOML: {error}", hint) from error


def place(path: Path, number: int, name: str = "price") -> str:
    """Name a table of a price file, counted from 1."""
    return f"{path}: [[{name}]] table {number}"


def bound(table: Mapping[str, Any], name: str) -> datetime | None:
    """Moment of ``<name>_at``, or the start (UTC) of ``<name>_date``; null: neither is stated."""
    at: datetime | None = table.get(f"{name}_at")
    return midnight(table.get(f"{name}_date")) if at is None else at.astimezone(UTC)


def series(table: Mapping[str, Any]) -> tuple[object, ...]:
    """What tables must share for the later to end the earlier."""
    return (table["model"], *slot(table), table.get("weekdays"), table.get("hours_utc"))


def slot(table: Mapping[str, Any]) -> tuple[object, ...]:
    """Service tier, batch, region and priority: prices of one model that differ in these stand side by side."""
    tier, is_batch = table.get("service_tier", "standard"), table.get("is_batch", False)
    return tier, is_batch, table.get("region"), table.get("priority", 0)


def _rows(path: Path, document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    starts_after: dict[tuple[object, ...], datetime | None] = {}
    ended = []
    for number, table in reversed(list(enumerate(document.get("price", []), start=1))):
        following = starts_after.get(series(table))
        starts_after[series(table)] = bound(table, "effective")
        ended.append((number, table, min(filter(None, (bound(table, "until"), following)), default=None)))
    for number, table, until in reversed(ended):
        shared = {**_shared(table, document), "effective_until": until}
        for rate in _rates(place(path, number), table):
            yield {**shared, **rate}


def _shared(table: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    start = bound(table, "effective")
    return {
        "model": table["model"],
        "effective_from": start,
        "effective_earliest": bound(table, "effective_earliest"),
        "effective_latest": bound(table, "effective_latest"),
        "date_basis": table.get("date_basis") or ("undated" if start is None else "announcement"),
        "source": table.get("source") or document.get("source_url"),
        **{key: table[key] for key in _COPIED if key in table},
    }


def _rates(where: str, table: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from _token_rates(where, table)
    for tier in table.get("tier", ()):
        limits = {"min_input_tokens": tier["min_input_tokens"], "is_whole_request": tier.get("is_whole_request", True)}
        yield from ({**rate, **limits} for rate in _token_rates(where, tier))
    for charge in table.get("charge", ()):
        price = _exact(where, "usd_per_unit", charge["usd_per_unit"], PUSD_PER_USD)
        yield {"kind": charge["kind"], "unit": charge["unit"], "price_pusd": price}


def _token_rates(where: str, table: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for kind in TOKEN_KINDS:
        key = f"{kind}_usd_per_mtok"
        if key in table:
            yield {"kind": kind, "price_pusd": _exact(where, key, table[key], PUSD_PER_USD_PER_MTOK)}


def _exact(where: str, key: str, usd: Decimal | int, factor: int) -> int:
    pusd = Decimal(usd) * factor
    if pusd != pusd.to_integral_value():
        digits = len(str(factor)) - 1
        raise PricingError(f"{where}: {key} = {usd} has more than {digits} decimals", f"round it to {digits} decimals")
    return int(pusd)


def _facts(document: Mapping[str, Any], name: str, table: Table) -> Iterator[dict[str, Any]]:
    """Rows of a table of facts; one for each of the models and regions it lists."""
    names = set(table.schema)
    for stated in document.get(name, ()):
        start = {"effective_from": bound(stated, "effective")} if "effective_from" in names else {}
        shared = {
            **{key: value for key, value in stated.items() if key in names},
            **start,
            "provider": document["provider"],
            "source": stated.get("source") or document.get("source_url"),
            "retrieved_date": document.get("retrieved_date"),
        }
        for models, region in product(stated.get("models", [None]), stated.get("regions", [None])):
            yield {**shared, "models": models, "region": region}


def table_frame(table: Table, rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Make a declared table of rows; keys the table does not declare are left out, columns no row has are null."""
    schema = table.schema
    given = [{name: value for name, value in row.items() if name in schema} for row in rows]
    if not given:
        return table.empty()
    names = [name for name in schema if any(name in row for row in given)]
    columns = {name: pl.Series(name, [row.get(name) for row in given], schema[name]) for name in names}
    return table.conform(pl.DataFrame(columns))
