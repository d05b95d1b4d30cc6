"""A table of facts of models (CSV, TSV, JSON, JSONL, Parquet), checked: a row per model, a column per attribute."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import polars as pl

from analyzer.history.tables import AGENTS
from analyzer.words import listed
from pricing.names.aliases import normalised
from traces.errors import AnalysisError, UsageError

MODEL: Final = "model"
PROVIDER: Final = "provider"
"""Attribute every agent has without a file: who bills its model."""
_RESERVED: Final = {*AGENTS.schema, PROVIDER}


def read_attributes(path: Path) -> pl.DataFrame:
    """Read and check a table of attributes; dates written as text become dates, empty cells null.

    Raises:
        UsageError: if it is no file of a known type.
        AnalysisError: if it cannot be read, has no column of models or of attributes, or names a model twice.
    """
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise UsageError(f"{path}: no attributes in files of type {path.suffix or 'without suffix'}", _TYPES)
    try:
        rows = read(path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}", "check that it exists and may be read") from error
    except pl.exceptions.PolarsError as error:
        first = str(error).partition("\n")[0]
        raise AnalysisError(f"{path}: {first}", "it must be a table with one row per model") from error
    _check_columns(path, rows)
    _check_models(path, rows)
    return rows.with_columns(_as_dates(rows[name]) for name in rows.columns if name != MODEL)


def _check_columns(path: Path, rows: pl.DataFrame) -> None:
    if MODEL not in rows.columns:
        hint = f"it has: {', '.join(rows.columns)}; call the one with the names of models 'model'"
        raise AnalysisError(f"{path}: no column 'model'", hint)
    if rows.width == 1:
        raise AnalysisError(
            f"{path}: no column beside 'model'", "add one, such as openness, parameters or release_date"
        )
    taken = [name for name in rows.columns if name in _RESERVED]
    if taken:
        raise AnalysisError(f"{path}: column {taken[0]!r}: a column of the result has this name", "rename it")
    nested = [name for name, dtype in rows.schema.items() if dtype.is_nested()]
    if nested:
        raise AnalysisError(f"{path}: column {nested[0]!r} holds lists or objects", "give one plain value per model")


def _check_models(path: Path, rows: pl.DataFrame) -> None:
    seen: dict[str, int] = {}
    for number, name in enumerate(rows[MODEL].cast(pl.String), start=1):
        if not (name or "").strip():
            raise AnalysisError(f"{path}: row {number}: column 'model' is empty", "name the model, or delete the row")
        if normalised(name) in seen:
            problem = f"{path}: rows {seen[normalised(name)]} and {number}: column 'model' has {name!r} twice"
            raise AnalysisError(problem, "keep one of them")
        seen[normalised(name)] = number


def _as_dates(values: pl.Series) -> pl.Series:
    """Dates, where every value is one."""
    if values.dtype != pl.String or not values.count():
        return values
    days = values.str.strip_chars().str.to_date("%Y-%m-%d", strict=False)
    return days if days.null_count() == values.null_count() else values


def _separated(separator: str) -> Callable[[Path], pl.DataFrame]:
    def read(path: Path) -> pl.DataFrame:
        return pl.read_csv(path, separator=separator, infer_schema_length=None)

    return read


_READERS: Final[Mapping[str, Callable[[Path], pl.DataFrame]]] = {
    ".csv": _separated(","),
    ".tsv": _separated("\t"),
    ".json": pl.read_json,
    ".jsonl": pl.read_ndjson,
    ".parquet": pl.read_parquet,
}
_TYPES: Final = f"use {listed(list(_READERS))}"
