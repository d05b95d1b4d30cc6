"""The hardware tables: the bundled ones, and the user's files on top of them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Final

import polars as pl

from pricing.hardware.names import FOLDER
from pricing.hardware.rows import sound
from pricing.hardware.schema import ENGINE, HARDWARE_TABLES
from pricing.hardware.table_file import read_table
from traces.errors import PricingError
from traces.table import Table, violations

SAME: Final[Mapping[str, tuple[str, ...]]] = {
    "serving": (*ENGINE, "isl", "osl", "cached_frac", "concurrency"),
    "gpu_hours": ("accelerator", "tier", "cloud", "observed_from"),
    "cross_checks": ("suite", "model", "accelerator", "weights_precision", "scenario", "isl", "osl"),
}
"""Columns by which a row of the user takes the place of others; of the other tables: their key."""


@dataclass(frozen=True)
class Hardware:
    """The hardware tables, each as declared in pricing.hardware.schema.

    Args:
        serving: Measured loads.
        chips: What accelerators are, by source.
        architectures: What models weigh.
        gpu_hours: USD per accelerator-hour.
        cross_checks: Published throughput at full load, to check by.
        drafts: Tokens accepted per step of speculative decoding.
        sources: SHA-256 of every file read, by its name (bundled) or path (the user's).
    """

    serving: pl.DataFrame
    chips: pl.DataFrame
    architectures: pl.DataFrame
    gpu_hours: pl.DataFrame
    cross_checks: pl.DataFrame
    drafts: pl.DataFrame
    sources: Mapping[str, str] = field(default_factory=dict)


def load_hardware(files: Sequence[Path] = ()) -> Hardware:
    """Load the bundled tables, and the user's files over them, the last one winning.

    Args:
        files: Tables in our own column names (CSV or Parquet), one table per file, told apart by their columns. A row
            takes the place of the rows of the same engine, shape and concurrency (serving), of the same accelerator,
            tier, cloud and first day (gpu_hours), or of the same key; every other row is added.

    Raises:
        PricingError: if a file cannot be read, is of no known table, or a row of it cannot be.
    """
    hardware = _bundled()
    for path in files:
        hardware = with_rows(hardware, path, *read_table(path))
    return hardware


def with_rows(hardware: Hardware, path: Path, name: str, rows: pl.DataFrame) -> Hardware:
    """Put rows over those of a table, as ``load_hardware`` does.

    Args:
        hardware: The tables.
        path: File the rows come from.
        name: Table they are of.
        rows: The rows, conformed to it.

    Raises:
        PricingError: if a row cannot be.
    """
    table = HARDWARE_TABLES[name]
    _refuse_unsound(path, table, rows)
    merged = _over(table, getattr(hardware, name), rows)
    return replace(hardware, **{name: merged}, sources={**hardware.sources, str(path): _sha256(path)})


@cache
def _bundled() -> Hardware:
    paths = sorted([*FOLDER.glob("*.csv"), *FOLDER.glob("*.parquet")])
    parts: dict[str, list[pl.DataFrame]] = {name: [] for name in HARDWARE_TABLES}
    try:
        for path in paths:
            parts[path.stem.partition("-")[0]].append(_bundled_part(path))
        frames = {name: pl.concat(frames) for name, frames in parts.items()}
    except (OSError, KeyError, ValueError, pl.exceptions.PolarsError) as error:
        remedy = "the installation is damaged: install evalreplay again"
        raise PricingError(f"{FOLDER}: no hardware tables: {error!r}", remedy) from error
    return Hardware(**frames, sources={path.name: _sha256(path) for path in paths})


def _bundled_part(path: Path) -> pl.DataFrame:
    table = HARDWARE_TABLES[path.stem.partition("-")[0]]
    if path.suffix == ".parquet":
        return table.conform(pl.read_parquet(path, memory_map=False))
    return table.conform(pl.read_csv(path, schema_overrides=table.schema))


def _refuse_unsound(path: Path, table: Table, frame: pl.DataFrame) -> None:
    _, unsound = sound(table, frame)
    if unsound.height:
        reasons = "; ".join(f"{reason} ({n} rows)" for reason, n in unsound.head(3).iter_rows())
        raise PricingError(f"{path}: not rows of the table {table.name}: {reasons}", "mend the rows, or leave them out")
    for problem in violations(table, frame):
        raise PricingError(f"{path}: {problem}", "keep one row of each key")


def _over(table: Table, rows: pl.DataFrame, newer: pl.DataFrame) -> pl.DataFrame:
    same = list(SAME.get(table.name, table.key))
    return pl.concat([rows.join(newer, on=same, how="anti", nulls_equal=True), newer])


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
