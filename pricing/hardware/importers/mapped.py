"""Any CSV -> rows of one hardware table, by a mapping: which of its columns is which of ours, in which unit."""

import io
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from pricing.book.foreign import read_foreign
from pricing.hardware.importer import Imported, settle
from pricing.hardware.schema import HARDWARE_TABLES
from pricing.hardware.table_file import filled_in, needed
from traces.errors import PricingError, nearest
from traces.table import Column, Table

_UNITS: Final[dict[str, dict[str, float]]] = {
    "_s": {"s": 1, "ms": 1e-3, "us": 1e-6, "min": 60, "h": 3600},
    "_hour": {"USD": 1, "cents": 1e-2},
    "_frac": {"frac": 1, "percent": 1e-2},
}
"""Units by the ending of our column: factor to its own unit."""
_EXAMPLE: Final = 'such as: fills = "serving", [columns] with tpot_s = "tpot_ms", [units] with tpot_s = "ms"'
_TRUE: Final = {"true": True, "1": True, "false": False, "0": False}


class Drop(BaseModel):
    """Rows of the source that are left out, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    column: str
    equals: str
    reason: str


class HardwareMapping(BaseModel):
    """A whole mapping: what it fills, from which columns or constants, and what it leaves out."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    fills: str
    columns: dict[str, str]
    constants: dict[str, str | int | float] = {}
    units: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    drop: list[Drop] = []


def import_mapped(path: Path, mapping_path: Path) -> Imported:
    """Import a CSV by a mapping; rows with cells that do not fit are counted, and the others kept.

    Raises:
        PricingError: naming the file and the key, if the source or the mapping cannot be read or do not fit each other.
    """
    mapping = load_hardware_mapping(mapping_path)
    table = HARDWARE_TABLES[mapping.fills]
    rows = _rows(path, mapping)
    dropped = []
    for one in mapping.drop:
        touched = rows.select((pl.col(one.column).str.to_lowercase() == one.equals.lower()).fill_null(value=False))
        dropped.append((one.reason, int(touched.to_series().sum())))
        rows = rows.filter(~touched.to_series())
    text = rows.select(
        *(_mapped(name, source, mapping) for name, source in mapping.columns.items()),
        *(pl.lit(str(value)).alias(name) for name, value in mapping.constants.items()),
    )
    text = filled_in(path.name, table, text)
    columns = [column for column in table.columns if column.name in text.columns]
    values = text.select(_cell(column, mapping) for column in columns)
    return settle(mapping.fills, values, dropped, list(_unread(text, values)))


def load_hardware_mapping(path: Path) -> HardwareMapping:
    """Read a mapping and check every name and unit in it.

    Raises:
        PricingError: naming the file, the key and the nearest known one.
    """
    try:
        mapping = HardwareMapping.model_validate(tomllib.loads(path.read_text("utf-8-sig")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PricingError(f"{path}: cannot be read as a mapping ({error})", _EXAMPLE) from error
    except ValidationError as error:
        raise _explained(path, error) from error
    if mapping.fills not in HARDWARE_TABLES:
        raise PricingError(
            f"{path}: fills: no hardware table {mapping.fills!r}", nearest(mapping.fills, HARDWARE_TABLES)
        )
    for problem, hint in _problems(mapping, HARDWARE_TABLES[mapping.fills]):
        raise PricingError(f"{path}: {problem}", hint)
    return mapping


def _explained(path: Path, error: ValidationError) -> PricingError:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return PricingError(
            f"{path}: {where}: unknown key", nearest(str(first["loc"][-1]), HardwareMapping.model_fields)
        )
    return PricingError(f"{path}: {where}: {first['msg']}", _EXAMPLE)


def _problems(mapping: HardwareMapping, table: Table) -> Iterator[tuple[str, str]]:
    for group in ("columns", "constants", "units", "values"):
        for name in getattr(mapping, group):
            if name not in table.schema:
                yield f"{group}.{name}: no column of {table.name}", nearest(name, table.schema)
    given = {*mapping.columns, *mapping.constants}
    for name in needed(table):
        if name not in given:
            yield f"columns: {name} is needed", "name its source column, or give a constant"
    for name in mapping.columns.keys() & mapping.constants.keys():
        yield f"{name}: both a column and a constant", "give one of them"
    for name, unit in mapping.units.items():
        known = next((units for ending, units in _UNITS.items() if name.endswith(ending)), {})
        if unit not in known:
            yield f"units.{name}: unknown unit {unit!r}", nearest(unit, known)


def _rows(path: Path, mapping: HardwareMapping) -> pl.DataFrame:
    try:
        rows = pl.read_csv(io.StringIO(read_foreign(path).text), infer_schema=False, null_values=["", "null", "None"])
    except pl.exceptions.PolarsError as error:
        raise PricingError(f"{path}: {error}", "give a CSV file with a header") from error
    for name in [*mapping.columns.values(), *(one.column for one in mapping.drop)]:
        if name not in rows.columns:
            raise PricingError(
                f"{path}: the mapping names a column {name!r} it does not have", nearest(name, rows.columns)
            )
    return rows


def _mapped(name: str, source: str, mapping: HardwareMapping) -> pl.Expr:
    return pl.col(source).replace(mapping.values.get(name, {})).alias(name)


def _cell(column: Column, mapping: HardwareMapping) -> pl.Expr:
    text = pl.col(column.name)
    if column.dtype == pl.String:
        return text
    if column.dtype == pl.Boolean:
        return text.str.to_lowercase().replace_strict(_TRUE, default=None, return_dtype=pl.Boolean)
    if column.dtype == pl.Date:
        return pl.coalesce(
            text.str.to_date("%Y-%m-%d", strict=False), text.str.to_date("%Y-%m-%dT%H:%M:%S%.fZ", strict=False)
        )
    number = text.cast(pl.Float64, strict=False)
    if column.dtype == pl.Int64:
        return pl.when(number == number.round()).then(number.cast(pl.Int64, strict=False)).alias(column.name)
    return number * _factor(column.name, mapping)


def _factor(name: str, mapping: HardwareMapping) -> float:
    unit = mapping.units.get(name)
    return 1.0 if unit is None else next(units[unit] for ending, units in _UNITS.items() if name.endswith(ending))


def _unread(text: pl.DataFrame, values: pl.DataFrame) -> Iterator[str]:
    for name in values.columns:
        n_unread: Any = values[name].null_count() - text[name].null_count()
        if n_unread:
            yield f"{name}: {n_unread} cells cannot be read, taken as not known"
