"""A file of the user in our own column names -> the table it is of and its rows."""

from pathlib import Path
from typing import Final

import polars as pl

from pricing.hardware.names import short_accelerator, short_framework, short_model, short_precision
from pricing.hardware.schema import HARDWARE_TABLES
from traces.errors import PricingError, nearest
from traces.table import Table

_NAMES: Final = {
    "model": short_model,
    "accelerator": short_accelerator,
    "framework": short_framework,
    "weights_precision": short_precision,
    "kv_precision": short_precision,
}
_LIKE: Final = {
    "low": "value",
    "high": "value",
    "low_usd_per_gpu_hour": "usd_per_gpu_hour",
    "high_usd_per_gpu_hour": "usd_per_gpu_hour",
}
"""Bounds that are the figure itself where they are not stated."""


def read_table(path: Path) -> tuple[str, pl.DataFrame]:
    """Read a file of one hardware table: CSV, or Parquet by its ending.

    Returns:
        The name of the table and its rows, conformed; absent bounds are the figure itself, an absent source the file,
        an absent basis "stated".

    Raises:
        PricingError: if it cannot be read, its columns are of no table, or a cell does not fit its column.
    """
    try:
        if path.suffix == ".parquet":
            frame = pl.read_parquet(path, memory_map=False).select(pl.all().cast(pl.String))
        else:
            frame = pl.read_csv(path, infer_schema=False, null_values=[""])
    except (OSError, pl.exceptions.PolarsError) as error:
        raise PricingError(f"{path}: {error}", "give a CSV file with a header, or a Parquet file") from error
    table = recognise_table(path, frame.columns)
    return table.name, typed(path, table, frame)


def recognise_table(path: Path, columns: list[str]) -> Table:
    """Find the table that has all these columns and whose needed columns are all there.

    Raises:
        PricingError: naming the column that is unknown or missing in the table it is most like.
    """
    best = max(HARDWARE_TABLES.values(), key=lambda table: len(set(table.schema) & set(columns)))
    unknown = [name for name in columns if name not in best.schema]
    if unknown:
        problem = f"{path}: {unknown[0]!r} is no column of {best.name}, the hardware table it is most like"
        raise PricingError(
            problem, f"{nearest(unknown[0], best.schema)}; evalreplay hardware import reads other tables"
        )
    missing = [name for name in needed(best) if name not in columns]
    if missing:
        raise PricingError(
            f"{path}: the hardware table {best.name} needs a column {missing[0]!r}", "add it to the file"
        )
    return best


def needed(table: Table) -> list[str]:
    """Columns without which there is no row: neither nullable nor filled in where they are not stated."""
    filled = {"basis", "source", *_LIKE}
    return [one.name for one in table.columns if not one.nullable and one.default is None and one.name not in filled]


def typed(path: Path, table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """Bring rows of text to the columns of a table, by the names that go here.

    Raises:
        PricingError: naming the column and the first cell that does not fit it.
    """
    text = filled_in(path.name, table, frame)
    read = text.with_columns(_cell(table, name) for name in text.columns)
    for name in text.columns:
        misfits = text.with_row_index("row", offset=1).filter(text[name].is_not_null() & read[name].is_null())
        if misfits.height:
            row, cell = misfits.select("row", name).row(0)
            remedy = f"columns of {table.name}: numbers with a point, dates as 2026-08-20, true or false"
            raise PricingError(f"{path}: row {row}: {name}: {cell!r} is no {_WORDS[str(table.schema[name])]}", remedy)
    return table.conform(read)


_WORDS: Final = {
    "Int64": "whole number",
    "Float64": "number",
    "Date": "day",
    "Boolean": "true or false",
    "String": "text",
}


def filled_in(source: str, table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """Fill in what goes without saying: bounds, source, basis; and write names as they are written here."""
    absent = {name: value for name, value in {"source": source, "basis": "stated"}.items() if name not in frame.columns}
    bounds = {low: pl.col(value) for low, value in _LIKE.items() if low in table.schema and low not in frame.columns}
    known = {name: short(pl.col(name)) for name, short in _NAMES.items() if name in frame.columns}
    return frame.with_columns(**{name: pl.lit(value) for name, value in absent.items()}, **bounds, **known)


def _cell(table: Table, name: str) -> pl.Expr:
    """A column at its type; null where a cell does not fit."""
    dtype, text = table.schema[name], pl.col(name)
    if dtype == pl.Boolean:
        words = {"true": True, "false": False}
        return text.str.to_lowercase().replace_strict(words, default=None, return_dtype=pl.Boolean)
    if dtype == pl.Date:
        return text.str.to_date("%Y-%m-%d", strict=False)
    return text.cast(dtype, strict=False)
