"""The store a reading replaces: what may not get lost from it, and which of its shards need not be read again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from traces.errors import StoreError
from traces.inventory import Shards, is_as_listed
from traces.store import is_store, looks_like_store, read_manifest
from traces.swap import link, repair

PARTS: Final = Path(".inputs") / "parts"
"""Where a store keeps shards as they were read, if its tables hold less of them (copies left out, tasks merged)."""


@dataclass(frozen=True, slots=True)
class Previous:
    """The store at the place of the output, if there is one: its folder, its units by shard, its shards by place."""

    path: Path
    units: Mapping[str, Mapping[str, Any]]
    shards: Shards

    def places(self, shard: str, *, is_stopping: bool) -> dict[str, Path] | None:
        """Where a shard lies as it was read, by table; null: it has to be read again.

        That is so if it is not there whole, or has errors and an error is to stop the reading.
        """
        unit = self.units.get(shard)
        if unit is None or (is_stopping and unit["n_malformed"]):
            return None
        found = {name: self._place(name, shard, n_rows) for name, n_rows in unit["rows"].items() if n_rows}
        places = {name: place for name, place in found.items() if place is not None}
        return places if len(places) == len(found) else None

    def _place(self, name: str, shard: str, n_rows: int) -> Path | None:
        part, place = self.path / PARTS / name / f"{shard}.parquet", f"{name}/{shard}.parquet"
        if part.is_file():
            return part if _n_readable_rows(part) == n_rows else None
        return self.path / place if is_as_listed(self.path, place, self.shards) else None


def link_shard(places: Mapping[str, Path], folder: Path) -> None:
    """Put a shard, as it was read, into a store that is being built."""
    for name, place in places.items():
        (folder / name).mkdir(exist_ok=True)
        link(place, folder / name / place.name)


def keep_part(path: Path, folder: Path) -> Path:
    """Move a shard to where the next reading finds it as it was read; its tables will hold less of it."""
    kept = folder / PARTS / path.parent.name / path.name
    kept.parent.mkdir(parents=True, exist_ok=True)
    return path.rename(kept)


def _n_readable_rows(path: Path) -> int | None:
    try:
        return pl.read_parquet(path).height
    except (pl.exceptions.PolarsError, OSError):
        return None


def previous_store(path: Path, inputs: Iterable[str], *, is_forced: bool) -> Previous:
    """Look at what lies at the place of the output; damaged shards of it are read again.

    Args:
        path: Folder of the output.
        inputs: Names of the files about to be read.
        is_forced: Allow files in the store, but not among the inputs, to be dropped from it, and a store whose
            manifest is damaged to be replaced.

    Raises:
        StoreError: if it is no store of traces, or holds files that are not among the inputs.
    """
    repair(path)
    is_empty = not path.exists() or (path.is_dir() and not any(path.iterdir()))
    if is_empty or (is_forced and _is_broken(path)):
        return Previous(path, {}, {})
    if not is_store(path) and not looks_like_store(path):
        raise StoreError(f"{path}: exists and is not a store", "give another folder: it will not be replaced")
    manifest = read_manifest(path)
    if manifest["kind"] != "traces":
        raise StoreError(f"{path}: a {manifest['kind']} store, not one of traces", "give another folder")
    units = _units(path, manifest)
    if not is_forced:
        held = {str(file["name"]) for unit in units.values() for file in unit["files"]}
        _refuse_loss(path, sorted(held - set(inputs)))
    return Previous(path, units, manifest.get("shards", {}))


def _is_broken(path: Path) -> bool:
    """Tell whether what lies there is a store, by its folders, that cannot be told more of."""
    if not looks_like_store(path):
        return False
    try:
        manifest = read_manifest(path)
        return manifest["kind"] == "traces" and not _units(path, manifest)
    except StoreError:
        return True


def _units(path: Path, manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Units of a manifest by shard."""
    try:
        return {str(unit["shard"]): _checked(unit) for unit in manifest["units"]}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        hint = "replace it with --force" if looks_like_store(path) else "give another folder, and delete this one"
        raise StoreError(f"{path}: damaged manifest ({error!r})", hint) from error


def _checked(unit: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        **unit,
        "rows": {name: int(n) for name, n in unit["rows"].items()},
        "files": [{"name": file["name"]} for file in unit["files"]],
        "n_malformed": int(unit.get("n_malformed", 1)),
        "task_map_lines": [int(line) for line in unit.get("task_map_lines", ())],
    }


def _refuse_loss(path: Path, lost: list[str]) -> None:
    if lost:
        raise StoreError(
            f"{path}: holds {lost[0]}{f' and {len(lost) - 1} more' if lost[1:] else ''}, not among these inputs",
            "name all inputs again, give another folder, or pass --force to drop them",
        )
