"""Any table of models and prices -> rows: input and output prices only, so that cache reads and writes cost as input.

CSV, TSV, JSON (a list of objects, or objects by model) and JSON lines. Columns are recognised by their names. The unit
is stated by the name of a price column or by an option, never guessed from how large the prices are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from pricing.book.foreign import Foreign, read_foreign
from pricing.book.importer import Imported, Importer, ImportOptions, Per, convert
from pricing.book.importers.table_cells import (
    Columns,
    cell,
    is_free,
    prices_of,
    refuse_without,
    start_of,
    text_of,
    tokens_per,
)
from pricing.book.importers.table_columns import PRICES, columns_of
from pricing.book.importers.table_records import Record, records
from pricing.book.named import NamedBook
from pricing.moments import START
from traces.errors import PricingError

_KINDS: Final = {"input": "uncached_input", "output": "output"}


def table_book(
    path: Path,
    *,
    per: Per | None = None,
    columns: Mapping[str, str] | None = None,
    is_zero_free: bool = False,
) -> NamedBook:
    """Make a book of a table without writing a file: tokens times table.

    Args:
        path: The table.
        per: Tokens a price is for, where its column does not say.
        columns: Column by role (model, input, output, provider, date, free, currency), where its name does not say.
        is_zero_free: A price of 0 means free; without it the model is left out, as not known.

    Raises:
        PricingError: if a column, unit, price or date is missing or cannot be read, or a model is priced twice.
    """
    source = read_foreign(path)
    table = replace(IMPORTER, parse=lambda source, options: _collect(source, options, columns or {}))
    found = convert(table, source, ImportOptions(per, is_zero_free))
    return NamedBook(
        name="tokens-times-table",
        title=f"Tokens times the prices of {path.name}, cache ignored",
        source=path.name,
        licence=IMPORTER.licence,
        names=IMPORTER.names,
        unlisted=IMPORTER.unlisted,
        rows=found.rows,
        importer=IMPORTER.name,
        source_sha256=source.sha256,
        left_out=found.left_out,
        path=path,
        sha256=source.sha256,
    )


def sniff(source: Foreign) -> bool:
    """Recognise a table by its columns: one of models and one of prices."""
    if source.folder is not None:
        return False
    try:
        header, _ = records(source)
        roles = {column.role for column in columns_of(str(source.path), header, {})}
    except PricingError:
        return False
    return "model" in roles and bool(roles & PRICES)


def parse(source: Foreign, options: ImportOptions) -> Imported:
    """Collect the rows of a table.

    Raises:
        PricingError: naming file, row and column, if a price is no number, negative or of no known unit.
    """
    return _collect(source, options, {})


def _collect(source: Foreign, options: ImportOptions, chosen: Mapping[str, str]) -> Imported:
    found = Imported()
    header, listed = records(source)
    columns = columns_of(str(source.path), header, chosen)
    by_role = {column.role: column for column in columns if column.role is not None}
    refuse_without(source.path, by_role, header)
    units = {role: tokens_per(source.path, by_role[role], options.per) for role in _KINDS if role in by_role}
    for record in listed:
        prices = dict(prices_of(source.path, record, by_role))
        if (reason := _refusal(record, by_role, prices, options)) is not None:
            found.left_out[reason] += 1
            continue
        shared = _shared(source, record, by_role)
        for role, usd in prices.items():
            price = found.pusd(cell(source.path, record, by_role[role]), usd, units[role])
            found.rows.append({**shared, "kind": _KINDS[role], "price_pusd": price})
    _end_by_the_next(found.rows)
    for column in columns:
        n_filled = 0 if column.role is not None else sum(bool(text_of(record, column)) for record in listed)
        if n_filled:
            found.left_out[f"column: {column.name}"] += n_filled
    return found


def _refusal(record: Record, columns: Columns, prices: Mapping[str, Decimal], options: ImportOptions) -> str | None:
    """Why a row is left out; null: it is not."""
    if not text_of(record, columns["model"]):
        return "row: no model"
    if not prices:
        return "model: no price"
    if not all(prices.values()) and not (is_free(record, columns) or options.is_zero_free):
        return "model: a price of 0: free or not known"
    return None


def _shared(source: Foreign, record: Record, columns: Columns) -> dict[str, Any]:
    start = start_of(source.path, record, columns)
    return {
        "provider": text_of(record, columns.get("provider")) or source.path.stem,
        "model": text_of(record, columns["model"]),
        "effective_from": start,
        "layer": "book",
        "date_basis": "undated" if start is None else "start_date",
        "source": f"{source.path.name}: row {record.number}",
    }


def _end_by_the_next(rows: Sequence[dict[str, Any]]) -> None:
    """End each price where the next of the same model begins."""
    series: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        series.setdefault((row["provider"], row["model"], row["kind"]), []).append(row)
    for listed in series.values():
        listed.sort(key=lambda row: row["effective_from"] or START)
        for row, following in pairwise(listed):
            if following["effective_from"] != row["effective_from"]:
                row["effective_until"] = following["effective_from"]


IMPORTER: Final = Importer(
    name="table",
    summary="any CSV, TSV, JSON or JSON-lines table with columns of models, input and output prices",
    upstream=("columns by name, units by name or option",),
    licence="not stated",
    names="verbatim",
    unlisted="unknown",
    blind_spots=(
        "input and output prices only: cache reads and writes cost as input, reasoning as output",
        "no tiers, batch, windows or fees",
        "prices in USD only",
    ),
    sniff=sniff,
    parse=parse,
)
