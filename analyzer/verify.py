"""Do the numbers still hold? The inputs are hashed again, read again, priced again, and compared with the store."""

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pricing.priced_store import reprice_store, scenario_of
from traces.errors import ReplayError, TraceError
from traces.files import fast_hash
from traces.inputs import InputCache
from traces.inventory import changed
from traces.read import ReadOptions, read_traces
from traces.registry import Choices
from traces.store import Store


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found.

    Args:
        inputs: One row per input file: name, state (same, changed, missing), sha256 (null: missing).
        tables: One row per table: rows in the store, rows read again, whether they are equal (null: not read again).
        problems: What does not hold, in words; empty: everything holds.
    """

    inputs: pl.DataFrame
    tables: pl.DataFrame
    problems: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether every number still holds."""
        return not self.problems


def verify_store(store: Store, inputs: Path | None = None, chosen: Mapping[str, Any] | None = None) -> Verification:
    """Verify a store or a priced store: its shards by hash, its inputs by hash, its tables by reading again.

    Args:
        store: The store.
        inputs: Folder the inputs lie in now; null: where they lay when they were read.
        chosen: Options of ``ReadOptions`` that are not to be taken from the manifest.

    Raises:
        TraceError: if ``inputs`` does not exist.
    """
    if inputs is not None and not inputs.exists():
        raise TraceError(f"{inputs}: no such file or folder", "name the folder the inputs lie in now")
    traces = store.manifest.get("traces", store.manifest)
    places = _places(store, traces, inputs)
    files = pl.DataFrame(
        [_checked(file, places.get(file["name"])) for unit in traces["units"] for file in unit["files"]]
    )
    lost = files.filter(pl.col("state") != "same")
    problems = [f"{row['name']}: {row['state']}" for row in lost.iter_rows(named=True)]
    if files.height == lost.height and set(lost["state"]) == {"missing"}:
        problems = [f"none of the {files.height:,} inputs is where it lay: name their folder with --inputs"]
    damaged = changed(store.path, store.manifest["shards"], by_content=True)
    problems = [*damaged, *problems]
    tables = None if problems else _reread(store, places, traces["options"], chosen or {})
    if tables is not None:
        problems += [
            f"table {row['table']} differs when read again"
            for row in tables.filter(~pl.col("is_equal")).iter_rows(named=True)
        ]
    return Verification(files, tables if tables is not None else pl.DataFrame(), tuple(problems))


def _places(store: Store, traces: dict[str, Any], inputs: Path | None) -> dict[str, Path]:
    names = [file["name"] for unit in traces["units"] for file in unit["files"]]
    known = InputCache.load(store.path).paths()
    if inputs is not None:
        return {name: _beneath(inputs, name) for name in names}
    return {name: known[name] for name in names if name in known}


def _beneath(folder: Path, name: str) -> Path:
    """Find an input by its name beside or inside the folder given."""
    return folder / name if (folder / name).exists() else folder.parent / name


def _root(place: Path, name: str) -> Path:
    """Find the path that was named when the file was read: the file's place without the parts below the root."""
    depth = len(Path(name).parts) - 1
    return place.parents[depth - 1] if depth else place


def _checked(file: dict[str, Any], place: Path | None) -> dict[str, Any]:
    if place is None or not place.is_file():
        return {"name": file["name"], "state": "missing", "sha256": None}
    state = "same" if fast_hash(place) == file["xxh3_128"] else "changed"
    with place.open("rb") as content:
        return {"name": file["name"], "state": state, "sha256": hashlib.file_digest(content, "sha256").hexdigest()}


def _reread(
    store: Store, places: Mapping[str, Path], recorded: Mapping[str, Any], chosen: Mapping[str, Any]
) -> pl.DataFrame:
    roots = sorted({_root(place, name) for name, place in places.items()})
    with tempfile.TemporaryDirectory(prefix="evalreplay-") as folder:
        options = _as_read(recorded, chosen, Path(folder))
        again = read_traces(roots, Path(folder) / "store", options)
        if store.manifest["kind"] == "priced":
            again = reprice_store(again, Path(folder) / "priced", scenario_of(store))
        rows = [_compared(name, store, again) for name in store.declared]
    return pl.DataFrame(rows)


def _as_read(recorded: Mapping[str, Any], chosen: Mapping[str, Any], folder: Path) -> ReadOptions:
    """Options as the manifest records them, files of the user written out again, but for those chosen now."""
    kept = {name: _written_out(recorded.get(name), folder / name) for name in ("mapping", "task_map")}
    given = {**recorded, **kept, **chosen}
    choices = Choices(**{name: given.pop(name, None) for name in ("password", "scorer")})
    return ReadOptions(**given, choices=choices)


def _written_out(file: Mapping[str, str] | None, folder: Path) -> Path | None:
    if file is None:
        return None
    folder.mkdir()
    (folder / file["name"]).write_text(file["text"], encoding="utf-8")
    return folder / file["name"]


def _compared(name: str, store: Store, again: Store) -> dict[str, Any]:
    try:
        one, other = store.table(name), again.table(name)
    except ReplayError:
        return {"table": name, "n_rows": None, "n_rows_again": None, "is_equal": False}
    return {"table": name, "n_rows": one.height, "n_rows_again": other.height, "is_equal": one.equals(other)}
