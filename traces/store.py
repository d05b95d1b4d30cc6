"""A store: a folder of Parquet shards per table and a manifest, opened by any tool, replaced only as a whole.

``store/<table>/<shard>.parquet`` and ``store/manifest.json``. How it is replaced: ``traces/swap.py``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from traces.errors import StoreError
from traces.schema import TABLES, Table
from traces.swap import aside, repair, replacing

MANIFEST: Final = "manifest.json"
ROWS_PER_GROUP: Final = 131_072

__all__ = ["MANIFEST", "Store", "is_store", "open_store", "replacing", "sink_parquet", "write_json", "write_parquet"]


@dataclass(frozen=True, slots=True)
class Store:
    """A store on disk; its tables are read lazily."""

    path: Path
    manifest: Mapping[str, Any]
    declared: Mapping[str, Table]

    def scan(self, name: str) -> pl.LazyFrame:
        """All shards of a table as one lazy frame of the declared types."""
        return self.scan_raw(name).cast(dict.fromkeys(self.declared[name].repeated, pl.String))

    def scan_raw(self, name: str) -> pl.LazyFrame:
        """All shards as they are stored: columns of few distinct values are categories, several times faster."""
        shards = self.shards(name)
        return pl.scan_parquet(shards) if shards else _packed(self.declared[name].empty().lazy(), self.declared[name])

    def table(self, name: str) -> pl.DataFrame:
        """All shards of a table in memory, sorted by its key."""
        return self.declared[name].sort(self.scan(name).collect())

    def tables(self) -> dict[str, pl.DataFrame]:
        """Every table in memory."""
        return {name: self.table(name) for name in self.declared}

    def shards(self, name: str) -> list[Path]:
        """Parquet files of a table, sorted by name."""
        return sorted((self.path / name).glob("*.parquet"))


def open_store(path: Path, declared: Mapping[str, Table] = TABLES) -> Store:
    """Open a store, repairing an interrupted swap first.

    Raises:
        StoreError: if the folder is no store.
    """
    repair(path)
    try:
        manifest = json.loads((path / MANIFEST).read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        hint = f"make one: evalreplay read TRACES -o {path}"
        raise StoreError(f"{path}: not a store (no {MANIFEST})", hint) from error
    except (OSError, ValueError) as error:
        raise StoreError(f"{path / MANIFEST}: {error}", "write the store again with --force") from error
    if not isinstance(manifest, dict) or "kind" not in manifest:
        raise StoreError(f"{path / MANIFEST}: not the manifest of a store", "give the folder of a store")
    return Store(path, manifest, declared)


def is_store(path: Path) -> bool:
    """Tell whether a folder is a store (or one whose swap was interrupted)."""
    return (path / MANIFEST).is_file() or (aside(path, "old") / MANIFEST).is_file()


def write_parquet(frame: pl.DataFrame, path: Path, table: Table | None = None) -> None:
    """Write a shard so that equal frames give equal bytes.

    Args:
        frame: Rows, sorted.
        path: Where to; its folder is made.
        table: Declared table whose repeated columns are stored as categories; null: as they are.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = frame if table is None else _packed(frame.lazy(), table).collect()
    frame.rechunk().write_parquet(path, compression="zstd", compression_level=3, row_group_size=ROWS_PER_GROUP)


def sink_parquet(rows: pl.LazyFrame, path: Path, table: Table) -> None:
    """Write sorted rows like ``write_parquet``, without holding them all in memory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _packed(rows, table).sink_parquet(
        path, compression="zstd", compression_level=3, row_group_size=ROWS_PER_GROUP, maintain_order=True
    )


def _packed(rows: pl.LazyFrame, table: Table) -> pl.LazyFrame:
    return rows.cast({name: pl.Categorical() for name in table.repeated})


def write_json(document: Mapping[str, Any], path: Path) -> None:
    """Write JSON so that equal documents give equal bytes."""
    path.write_text(json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False, default=str) + "\n")
