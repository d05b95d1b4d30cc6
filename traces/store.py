"""A store: a folder of Parquet shards per table and a manifest, opened by any tool, replaced only as a whole.

``store/<table>/<shard>.parquet`` and ``store/manifest.json``. Writing builds a sibling folder and swaps it in by two
renames; whatever moment the writer is killed at, the old or the new store is whole, and opening repairs the rest.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from traces.errors import StoreError
from traces.schema import TABLES, Table

MANIFEST: Final = "manifest.json"
ROWS_PER_GROUP: Final = 131_072


@dataclass(frozen=True, slots=True)
class Store:
    """A store on disk; its tables are read lazily."""

    path: Path
    manifest: Mapping[str, Any]
    declared: Mapping[str, Table]

    def scan(self, name: str) -> pl.LazyFrame:
        """All shards of a table as one lazy frame."""
        shards = self.shards(name)
        return pl.scan_parquet(shards) if shards else self.declared[name].empty().lazy()

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
        manifest = json.loads((path / MANIFEST).read_text())
    except FileNotFoundError as error:
        raise StoreError(
            f"{path}: not a store (no {MANIFEST})", f"make one: evalreplay read TRACES -o {path}"
        ) from error
    except (OSError, ValueError) as error:
        raise StoreError(f"{path / MANIFEST}: {error}", "write the store again with --force") from error
    return Store(path, manifest, declared)


def is_store(path: Path) -> bool:
    """Tell whether a folder is a store (or one whose swap was interrupted)."""
    return (path / MANIFEST).is_file() or (_aside(path, "old") / MANIFEST).is_file()


def repair(path: Path) -> None:
    """Finish or undo a swap that was interrupted: the store is whole afterwards."""
    old = _aside(path, "old")
    if old.is_dir():
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(path)


def write_parquet(frame: pl.DataFrame, path: Path) -> None:
    """Write a shard so that equal frames give equal bytes."""
    frame.rechunk().write_parquet(path, compression="zstd", compression_level=3, row_group_size=ROWS_PER_GROUP)


def write_json(document: Mapping[str, Any], path: Path) -> None:
    """Write JSON so that equal documents give equal bytes."""
    path.write_text(json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False, default=str) + "\n")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give an empty folder to build a store in; it replaces ``path`` when the block ends without an error.

    Raises:
        StoreError: if another process is writing the same store.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new, old = _aside(path, "new"), _aside(path, "old")
    with _locked(_aside(path, "lock"), path):
        repair(path)
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        try:
            yield new
            _sync(new)
            if path.exists():
                path.rename(old)
            new.rename(path)
        finally:
            shutil.rmtree(new, ignore_errors=True)
            if path.exists():
                shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _locked(lock: Path, path: Path) -> Iterator[None]:
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StoreError(f"{path}: another process is writing this store", "wait for it to finish") from error
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def _aside(path: Path, what: str) -> Path:
    return path.with_name(f".{path.name}.{what}")


def _sync(folder: Path) -> None:
    """Hand the files to the disk before the swap, so that a power cut does not swap in empty files."""
    for file in folder.rglob("*"):
        if file.is_file() and file.stat().st_nlink == 1:
            descriptor = os.open(file, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
