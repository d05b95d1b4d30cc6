"""The store a reading replaces: what may not get lost from it, and which of its shards need not be read again."""

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from traces.errors import StoreError
from traces.schema import TABLES
from traces.store import is_store, open_store

PARTS: Final = Path(".inputs") / "parts"
"""Where a store keeps shards as they were read, if its tables hold less of them (copies left out, tasks merged)."""


@dataclass(frozen=True, slots=True)
class Previous:
    """The store at the place of the output, if there is one: its folder and the units of its manifest by shard."""

    path: Path
    units: Mapping[str, Mapping[str, Any]]

    def holds(self, shard: str, *, is_stopping: bool) -> bool:
        """Tell whether a shard need not be read again; one with errors is, where an error is to stop the reading."""
        unit = self.units.get(shard)
        if unit is None or (is_stopping and unit["n_malformed"]):
            return False
        return all(self._place(name, shard) is not None for name, n_rows in unit["rows"].items() if n_rows)

    def link(self, shard: str, folder: Path) -> dict[str, int]:
        """Put a shard, as it was read, into a store that is being built; return its rows by table."""
        for name in TABLES:
            place = self._place(name, shard)
            if place is not None:
                (folder / name).mkdir(exist_ok=True)
                _link(place, folder / name / place.name)
        return dict(self.units[shard]["rows"])

    def _place(self, name: str, shard: str) -> Path | None:
        places = (self.path / PARTS / name / f"{shard}.parquet", self.path / name / f"{shard}.parquet")
        return next((place for place in places if place.is_file()), None)


def previous_store(path: Path, inputs: Iterable[str], *, is_forced: bool) -> Previous:
    """Look at what lies at the place of the output.

    Args:
        path: Folder of the output.
        inputs: Names of the files about to be read.
        is_forced: Allow files in the store, but not among the inputs, to be dropped from it.

    Raises:
        StoreError: if it is no store of traces, or holds files that are not among the inputs.
    """
    if not is_store(path):
        if path.exists() and not (path.is_dir() and not any(path.iterdir())):
            raise StoreError(f"{path}: exists and is not a store", "give another folder: it will not be replaced")
        return Previous(path, {})
    try:
        manifest = open_store(path).manifest
        if manifest["kind"] != "traces":
            raise StoreError(f"{path}: a {manifest['kind']} store, not one of traces", "give another folder")
        units = {str(unit["shard"]): _checked(unit) for unit in manifest["units"]}
        held = {str(file["name"]) for unit in units.values() for file in unit["files"]}
    except (KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{path}: damaged manifest ({error!r})", "give another folder, and delete this one") from error
    if not is_forced:
        _refuse_loss(path, sorted(held - set(inputs)))
    return Previous(path, units)


def _checked(unit: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        **unit,
        "rows": {name: int(n) for name, n in unit["rows"].items()},
        "n_malformed": int(unit.get("n_malformed", 1)),
    }


def _refuse_loss(path: Path, lost: list[str]) -> None:
    if lost:
        raise StoreError(
            f"{path}: holds {lost[0]}{f' and {len(lost) - 1} more' if lost[1:] else ''}, not among these inputs",
            "name all inputs again, give another folder, or pass --force to drop them",
        )


def _link(place: Path, target: Path) -> None:
    try:
        os.link(place, target)
    except OSError:  # a file system without links
        shutil.copyfile(place, target)
