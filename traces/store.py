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
from traces.inventory import changed, listed
from traces.schema import TABLES
from traces.swap import aside, repair
from traces.table import Table

MANIFEST: Final = "manifest.json"
SCHEMA_VERSION: Final = 4
ROWS_PER_GROUP: Final = 131_072
_COPIES: Final = frozenset({"prices", "books", "rates", "catalogue"})
"""Folders of the files a priced store was priced with."""


@dataclass(frozen=True, slots=True, repr=False)
class Store:
    """A store on disk; its tables are read lazily."""

    path: Path
    manifest: Mapping[str, Any]
    declared: Mapping[str, Table]

    def __repr__(self) -> str:
        rows = self.manifest.get("rows", {})
        counts = ", ".join(f"{rows[name]:,} {name}" for name in ("runs", "rollouts", "calls") if name in rows)
        return f"<Store {self.path}: {self.manifest.get('kind')}, {counts or 'no rows counted'}>"

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


def open_store(path: Path | str, declared: Mapping[str, Table] = TABLES) -> Store:
    """Open a store, repairing an interrupted swap first; its shards are compared with the manifest by name and size.

    Raises:
        StoreError: if the folder is no store, is one of another version, or a shard is missing, foreign or damaged.
    """
    path = Path(path)
    repair(path)
    manifest = read_manifest(path)
    made_by = manifest.get("schema_version")
    if made_by != SCHEMA_VERSION:
        problem = f"{path}: a store of version {made_by}; this evalreplay reads and writes version {SCHEMA_VERSION}"
        is_newer = isinstance(made_by, int) and made_by > SCHEMA_VERSION
        raise StoreError(problem, "upgrade evalreplay" if is_newer else made_again(path, manifest))
    problems = changed(path, manifest["shards"])
    if problems:
        more = f" (and {len(problems) - 1:,} more such)" if problems[1:] else ""
        raise StoreError(f"{path}: {problems[0]}{more}", made_again(path, manifest))
    return Store(path, manifest, declared)


def made_again(path: Path, manifest: Mapping[str, Any]) -> str:
    """Hint how to make a store again, by its kind."""
    if manifest["kind"] == "priced":
        return f"price the traces again: evalreplay reprice STORE -o {path} --force"
    return f"read the traces again: evalreplay read TRACES -o {path}"


def read_manifest(path: Path) -> dict[str, Any]:
    """Read the manifest of a store of any version, whatever state its shards are in.

    Raises:
        StoreError: if there is none, or it is damaged.
    """
    is_like_one = looks_like_store(path)
    again = f"read the traces again: evalreplay read TRACES -o {path} --force"
    hint = again if is_like_one else "give the folder of a store"
    try:
        manifest = json.loads((path / MANIFEST).read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        if is_like_one:
            raise StoreError(f"{path}: looks like a store without its {MANIFEST}", again) from error
        raise StoreError(
            f"{path}: not a store (no {MANIFEST})", f"make one: evalreplay read TRACES -o {path}"
        ) from error
    except OSError as error:
        raise StoreError(f"{path / MANIFEST}: {error.strerror}", "check that it may be read") from error
    except ValueError as error:
        raise StoreError(f"{path / MANIFEST}: damaged ({error})", hint) from error
    if not isinstance(manifest, dict) or "kind" not in manifest:
        raise StoreError(f"{path / MANIFEST}: not the manifest of a store", hint)
    if manifest.get("schema_version") == SCHEMA_VERSION and not _is_listing(manifest.get("shards")):
        raise StoreError(f"{path / MANIFEST}: damaged (it lists no shards)", hint)
    return manifest


def _is_listing(shards: object) -> bool:
    return isinstance(shards, dict) and all(isinstance(shard, dict) for shard in shards.values())


def damage(store: Store) -> StoreError | None:
    """Read and hash every shard; the error to raise if one is not what was written. Null: all are."""
    problems = changed(store.path, store.manifest["shards"], by_content=True)
    return StoreError(f"{store.path}: {problems[0]}", made_again(store.path, store.manifest)) if problems else None


def is_store(path: Path) -> bool:
    """Tell whether a folder is a store (or one whose swap was interrupted)."""
    return (path / MANIFEST).is_file() or (aside(path, "old") / MANIFEST).is_file()


def looks_like_store(path: Path) -> bool:
    """Tell whether a folder holds the folders of tables and nothing foreign, whatever state its manifest is in."""
    if not path.is_dir():
        return False
    names = {place.name for place in path.iterdir() if not place.name.startswith(".")}
    folders = names - {MANIFEST}
    is_known = not folders.isdisjoint(TABLES) and folders <= TABLES.keys() | _COPIES
    return is_known and all((path / name).is_dir() for name in folders)


def write_parquet(frame: pl.DataFrame, path: Path, table: Table | None = None) -> None:
    """Write a shard so that equal frames give equal bytes.

    Args:
        frame: Rows, sorted.
        path: Where to; its folder is made.
        table: Declared table whose repeated columns are stored as categories; null: as they are.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if table is not None and table.repeated:
        frame = frame.cast(dict.fromkeys(table.repeated, pl.Categorical()))
    frame.rechunk().write_parquet(path, compression="zstd", compression_level=3, row_group_size=ROWS_PER_GROUP)


def sink_parquet(rows: pl.LazyFrame, path: Path, table: Table) -> None:
    """Write sorted rows like ``write_parquet``, without holding them all in memory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _packed(rows, table).sink_parquet(
        path, compression="zstd", compression_level=3, row_group_size=ROWS_PER_GROUP, maintain_order=True
    )


def _packed(rows: pl.LazyFrame, table: Table) -> pl.LazyFrame:
    return rows.cast({name: pl.Categorical() for name in table.repeated})


def write_manifest(document: Mapping[str, Any], store: Path) -> None:
    """Write the manifest of a store whose shards are all written: it lists them. Equal stores give equal bytes."""
    whole = {**document, "schema_version": SCHEMA_VERSION, "shards": listed(store)}
    text = json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False, default=str)
    (store / MANIFEST).write_text(text + "\n")
