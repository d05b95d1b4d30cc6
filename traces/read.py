"""Raw traces in, a store out: recognise, read what changed, link what did not, swap the store in as a whole."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import polars as pl
import xxhash

from traces.errors import StoreError, TraceError
from traces.files import fast_hash
from traces.inputs import InputCache
from traces.registry import Reader, Source, discover
from traces.rejects import OnError, RejectLog
from traces.schema import TABLES, TASKS
from traces.shard import write_shard
from traces.store import MANIFEST, Store, is_store, open_store, replacing, write_json, write_parquet
from traces.walk import Progress, Unit, recognise, walk

SCHEMA_VERSION: Final = 1
INPUT_SHARD: Final = "inputs"
"""Shard of ``rejects`` that lists what belongs to no unit: files nobody recognises, copies of runs."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read.

    Args:
        format: Only this reader; None: every reader, by content.
        mapping: Mapping file (TOML) of plain tables; then only the tables it names are read.
        benchmark: Name to give the benchmark of every run, where the source does not say it or says it otherwise.
        on_error: "stop" at the first malformed record, or "skip" it and list it in rejects.
        is_forced: Allow runs that are in the store, but not among the inputs, to be dropped from it.
    """

    format: str | None = None
    mapping: Path | None = None
    benchmark: str | None = None
    on_error: OnError = "stop"
    is_forced: bool = False


def read_traces(
    paths: Sequence[Path], output: Path, options: ReadOptions | None = None, progress: Progress | None = None
) -> Store:
    """Read raw traces into a store; units that did not change since the last read are not parsed again.

    Raises:
        TraceError: if an input is missing or (with ``on_error="stop"``) malformed.
        StoreError: if the output is no store, or runs would vanish from it without ``is_forced``.
    """
    options = options or ReadOptions()
    log = RejectLog(None, options.on_error)
    units = _units(paths, options, log, progress)
    cache = InputCache.load(output)
    hashed = {unit.source.name: cache.hashes(unit.files) for unit in units}
    shards = {_shard_name(unit, hashed[unit.source.name], options): unit for unit in units}
    _refuse_loss(output, units, options)
    with replacing(output) as folder:
        rows = _write_units(shards, output, folder, options, progress)
        _drop_copies(folder, shards, log)
        _merge_tasks(folder)
        if log.rows:
            _write(log.frame(), folder / "rejects" / f"{INPUT_SHARD}.parquet")
        for name in TABLES:
            (folder / name).mkdir(exist_ok=True)
        write_json(_manifest(shards, hashed, rows, folder), folder / MANIFEST)
        cache.save(folder)
    return open_store(output)


def _units(paths: Sequence[Path], options: ReadOptions, log: RejectLog, progress: Progress | None) -> list[Unit]:
    files = walk(paths, log)
    if options.mapping is not None:
        reader = _table_reader(options.mapping)
        return [Unit(reader, Source(files[0].name if len(files) == 1 else "tables", tuple(files)))]
    readers = discover()
    if options.format is not None and options.format not in readers:
        raise TraceError(f"unknown format {options.format!r}", f"known formats: {', '.join(readers)}")
    chosen = [readers[options.format]] if options.format else list(readers.values())
    units = recognise(files, chosen, log, progress)
    if not units:
        refused = "; ".join(f"{row['source_path']}: {row['reason']}" for row in log.rows[:3])
        raise TraceError(
            f"nothing to read in {', '.join(map(str, paths))} ({refused or 'no file'})",
            "known formats: evalreplay formats; for any other table: evalreplay read FILE --suggest-mapping",
        )
    return units


def _table_reader(path: Path) -> Reader:
    from traces.plain.mapping import load_mapping
    from traces.plain.read import read_tables

    mapping = load_mapping(path)
    return Reader(
        name="table",
        summary="Plain tables by a mapping.",
        upstream=(),
        token_convention="as the mapping says",
        blind_spots=(),
        sniff=lambda _peek: True,
        parse=lambda source, log: read_tables(source.files, mapping, log),
    )


def _shard_name(unit: Unit, hashes: Mapping[str, str], options: ReadOptions) -> str:
    """Name a shard by everything its bytes depend on."""
    parts = [unit.reader.name, unit.reader.version, SCHEMA_VERSION, options.benchmark, sorted(hashes.items())]
    parts += [fast_hash(options.mapping)] if options.mapping is not None else []
    return f"{unit.reader.name}-{xxhash.xxh3_128_hexdigest(repr(parts).encode())[:16]}"


def _refuse_loss(output: Path, units: Iterable[Unit], options: ReadOptions) -> None:
    if not output.exists() or options.is_forced:
        if output.exists() and not is_store(output) and any(output.iterdir()):
            raise StoreError(f"{output}: exists and is not a store", "give another folder: it will not be replaced")
        return
    if not is_store(output):
        raise StoreError(f"{output}: exists and is not a store", "give another folder: it will not be replaced")
    manifest = open_store(output).manifest
    if manifest.get("kind") != "traces":
        raise StoreError(f"{output}: a {manifest.get('kind')} store, not one of traces", "give another folder")
    lost = sorted({unit["name"] for unit in manifest["units"]} - {unit.source.name for unit in units})
    if lost:
        raise StoreError(
            f"{output}: holds {lost[0]}{f' and {len(lost) - 1} more' if lost[1:] else ''}, not among these inputs",
            "name all inputs again, give another folder, or pass --force to drop them",
        )


def _write_units(
    shards: Mapping[str, Unit], output: Path, folder: Path, options: ReadOptions, progress: Progress | None
) -> dict[str, dict[str, int]]:
    known = _known_units(output, options)
    rows: dict[str, dict[str, int]] = {}
    for number, (shard, unit) in enumerate(shards.items()):
        if progress is not None:
            progress(f"reading {unit.source.name}", number, len(shards))
        if shard in known:
            _link(shard, output, folder)
            rows[shard] = known[shard]
        else:
            log = RejectLog(unit.reader.name, options.on_error)
            batches = map(partial(_renamed, options.benchmark), unit.reader.parse(unit.source, log))
            rows[shard] = write_shard(batches, folder, shard, log)
    return rows


def _renamed(benchmark: str | None, batch: Mapping[str, pl.DataFrame]) -> Mapping[str, pl.DataFrame]:
    if benchmark is None:
        return batch
    named = pl.lit(benchmark).alias("benchmark")
    return {
        name: frame.with_columns(named) if "benchmark" in TABLES[name].schema else frame
        for name, frame in batch.items()
    }


def _known_units(output: Path, options: ReadOptions) -> dict[str, dict[str, int]]:
    """Find shards that need not be read again; those with rejects are, where an error is to stop the reading."""
    if not is_store(output):
        return {}
    units = open_store(output).manifest.get("units", [])
    is_whole = options.on_error == "skip"
    return {unit["shard"]: unit["rows"] for unit in units if is_whole or not unit["rows"]["rejects"]}


def _link(shard: str, output: Path, folder: Path) -> None:
    places = [*((output / name, folder / name) for name in TABLES), (output / ".inputs" / "tasks", folder / "tasks")]
    for old, new in places:
        if (old / f"{shard}.parquet").is_file():
            new.mkdir(parents=True, exist_ok=True)
            os.link(old / f"{shard}.parquet", new / f"{shard}.parquet")


def _drop_copies(folder: Path, shards: Mapping[str, Unit], log: RejectLog) -> None:
    """Keep each run once: the same run found again is left out of its later shards and listed."""
    owners: dict[str, str] = {}
    for shard, unit in shards.items():
        path = folder / "runs" / f"{shard}.parquet"
        run_ids = pl.read_parquet(path, columns=["run_id"])["run_id"].to_list() if path.is_file() else []
        copies = [run_id for run_id in run_ids if owners.setdefault(run_id, shard) != shard]
        for run_id in copies:
            log.duplicate(unit.source.name, "", run_id, f"the same run as in {shards[owners[run_id]].source.name}")
        if copies:
            _drop_runs(folder, shard, copies)


def _drop_runs(folder: Path, shard: str, run_ids: Sequence[str]) -> None:
    for name, table in TABLES.items():
        path = folder / name / f"{shard}.parquet"
        if "run_id" in table.schema and path.is_file():
            kept = pl.read_parquet(path).filter(~pl.col("run_id").is_in(run_ids))
            path.unlink()
            if kept.height:
                write_parquet(kept, path)


def _merge_tasks(folder: Path) -> None:
    """Make one table of the tasks all units name; the parts are kept for the next read."""
    parts = sorted((folder / "tasks").glob("*.parquet"))
    if not parts:
        return
    keep = folder / ".inputs" / "tasks"
    keep.mkdir(parents=True, exist_ok=True)
    tasks = pl.concat([pl.read_parquet(path) for path in parts])
    merged = tasks.group_by(TASKS.key, maintain_order=True).agg(
        pl.col(column).drop_nulls().first() for column in tasks.columns if column not in TASKS.key
    )
    for path in parts:
        path.rename(keep / path.name)
    _write(TASKS.sort(TASKS.conform(merged)), folder / "tasks" / "tasks.parquet")


def _write(frame: pl.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_parquet(frame, path)


def _manifest(
    shards: Mapping[str, Unit],
    hashed: Mapping[str, Mapping[str, str]],
    rows: Mapping[str, dict[str, int]],
    folder: Path,
) -> dict[str, Any]:
    units = [
        {
            "name": unit.source.name,
            "shard": shard,
            "format": unit.reader.name,
            "reader_version": unit.reader.version,
            "files": [
                {"name": file.name, "bytes": file.path.stat().st_size, "xxh3_128": hashed[unit.source.name][file.name]}
                for file in unit.files
            ],
            "rows": rows[shard],
        }
        for shard, unit in shards.items()
    ]
    return {
        "kind": "traces",
        "evalreplay": version("evalreplay"),
        "schema_version": SCHEMA_VERSION,
        "units": units,
        "rows": {name: _n_rows(folder / name) for name in TABLES},
    }


def _n_rows(folder: Path) -> int:
    shards = sorted(folder.glob("*.parquet"))
    return int(pl.scan_parquet(shards).select(pl.len()).collect().item()) if shards else 0
