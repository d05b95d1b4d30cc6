"""Raw traces in, a store out: recognise, read what changed, link what did not, swap the store in as a whole."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import polars as pl
import xxhash

from traces.copies import drop_copies
from traces.errors import TraceError
from traces.files import fast_hash
from traces.inputs import InputCache
from traces.jobs import ReadOptions, Written, table_reader, write_units
from traces.looks import look
from traces.merge import merge_tasks, n_calls_in_several_runs
from traces.previous import Previous, link_shard, previous_store
from traces.registry import Choices, Reader, Source, SourceFile, discover
from traces.rejects import RejectLog
from traces.schema import REJECTS, TABLES
from traces.scorers import check_scorer
from traces.store import SCHEMA_VERSION, Store, open_store, write_manifest, write_parquet
from traces.swap import replacing
from traces.task_map import load_task_map, unmatched
from traces.walk import Progress, Unit, recognise, walk
from traces.workers import Workers

__all__ = ["INPUT_SHARD", "ReadOptions", "read_traces"]

INPUT_SHARD: Final = "inputs"
"""Shard of ``rejects`` that lists what belongs to no unit: files nobody recognises, copies of runs."""


def read_traces(
    paths: Sequence[Path], output: Path, options: ReadOptions | None = None, progress: Progress | None = None
) -> Store:
    """Read raw traces into a store; units that did not change since the last read are not parsed again.

    Raises:
        TraceError: if an input is missing or (with ``on_error="stop"``) malformed, or none has the chosen scorer.
        StoreError: if the output is no store, or files would vanish from it without ``is_forced``.
    """
    options = options or ReadOptions()
    with Workers(options.jobs) as workers:
        return _read(paths, output, _Reading(options, progress, workers))


@dataclass(frozen=True, slots=True)
class _Reading:
    """How to read, who is told of it, and the processes that do it."""

    options: ReadOptions
    progress: Progress | None
    workers: Workers


def _read(paths: Sequence[Path], output: Path, reading: _Reading) -> Store:
    options, workers = reading.options, reading.workers
    log = RejectLog(None, options.on_error)
    units = _units(paths, output, log, reading)
    if options.task_map is not None:
        load_task_map(options.task_map)
    cache = InputCache.load(output)
    hashes = cache.hashes((file for unit in units for file in unit.files), workers)
    shards = {_shard_name(unit, hashes, options): unit for unit in units}
    previous = previous_store(output, hashes, is_forced=options.is_forced)
    with replacing(output) as folder:
        written = _write_units(shards, previous, folder, reading)
        workers.close()
        drop_copies(folder, {shard: unit.source for shard, unit in shards.items()}, log)
        merge_tasks(folder, log)
        if log.rows:
            write_parquet(log.frame(), folder / REJECTS.name / f"{INPUT_SHARD}.parquet", REJECTS)
        for name in TABLES:
            (folder / name).mkdir(exist_ok=True)
        described = [_described(shard, unit, hashes, written[shard]) for shard, unit in shards.items()]
        warnings = _warnings(options, written.values(), folder)
        write_manifest({**_manifest(described, options, folder), "warnings": warnings}, folder)
        cache.save(folder)
    return open_store(output)


def _units(paths: Sequence[Path], output: Path, log: RejectLog, reading: _Reading) -> list[Unit]:
    options = reading.options
    files = walk(paths, log, leave_out=output)
    if options.mapping is not None:
        units = _mapped(files, options.mapping, log)
    else:
        units = recognise(files, _readers(options.format), log, reading.progress, reading.workers)
    if not units:
        refused = "; ".join(f"{row['source_path']}: {row['reason']}" for row in log.rows[:3])
        raise TraceError(
            f"nothing to read in {', '.join(map(str, paths))} ({refused or 'no file'})",
            "known formats: evalreplay formats; for any other table: evalreplay read FILE --suggest-mapping",
        )
    return units


def _readers(chosen: str | None) -> list[Reader]:
    readers = discover()
    if chosen is not None and chosen not in readers:
        raise TraceError(f"unknown format {chosen!r}", f"known formats: {', '.join(readers)}")
    return [readers[chosen]] if chosen else list(readers.values())


def _mapped(named: Sequence[SourceFile], mapping: Path, log: RejectLog) -> list[Unit]:
    reader = table_reader(mapping)
    files = [file for file in named if _is_readable(file, log)]
    return [Unit(reader, Source(files[0].name if len(files) == 1 else "tables", tuple(files)))] if files else []


def _is_readable(file: SourceFile, log: RejectLog) -> bool:
    problem = look(file, {}).problem
    if problem is not None:
        log.malformed(file.name, "", problem)
    return problem is None


def _shard_name(unit: Unit, hashes: Mapping[str, str], options: ReadOptions) -> str:
    """Name a shard by everything its bytes depend on."""
    files = sorted((file.name, hashes[file.name]) for file in unit.files)
    parts = [unit.reader.name, unit.reader.version, SCHEMA_VERSION, options.benchmark, unit.source.name, files]
    parts += [options.choices] if options.choices != Choices() else []
    parts += [fast_hash(path) for path in (options.mapping, options.task_map) if path is not None]
    parts += ["task_map_lines"] if options.task_map is not None else []
    return f"{unit.reader.name}-{xxhash.xxh3_128_hexdigest(repr(parts).encode())[:16]}"


def _write_units(shards: Mapping[str, Unit], previous: Previous, folder: Path, reading: _Reading) -> dict[str, Written]:
    """Link what did not change, write the rest."""
    options = reading.options
    written, changed = {}, {}
    for shard, unit in shards.items():
        places = previous.places(shard, is_stopping=options.on_error == "stop")
        if places is None:
            changed[shard] = unit
        else:
            link_shard(places, folder)
            written[shard] = _as_before(previous.units[shard])
    written |= dict(write_units(changed, folder, options, reading.progress, reading.workers))
    shutil.rmtree(folder / ".aside", ignore_errors=True)
    return written


def _as_before(unit: Mapping[str, Any]) -> Written:
    return Written(unit["rows"], unit["n_malformed"], unit["task_map_lines"])


def _warnings(options: ReadOptions, written: Iterable[Written], folder: Path) -> list[str]:
    """What the user chose that does not fit the inputs."""
    lines = {line for each in written for line in each.task_map_lines}
    of_map = [] if options.task_map is None else unmatched(options.task_map, lines)
    scorer = options.choices.scorer
    return of_map + ([] if scorer is None else check_scorer(folder, scorer))


def _described(shard: str, unit: Unit, hashes: Mapping[str, str], written: Written) -> dict[str, Any]:
    files = [
        {"name": file.name, "bytes": file.path.stat().st_size, "xxh3_128": hashes[file.name]} for file in unit.files
    ]
    return {
        "name": unit.source.name,
        "shard": shard,
        "format": unit.reader.name,
        "reader_version": unit.reader.version,
        "files": files,
        "rows": written.rows,
        "n_malformed": written.n_malformed,
        **({"task_map_lines": list(written.task_map_lines)} if written.task_map_lines else {}),
    }


def _manifest(units: Sequence[Mapping[str, Any]], options: ReadOptions, folder: Path) -> dict[str, Any]:
    files = {"mapping": options.mapping, "task_map": options.task_map}
    chosen = {"format": options.format, "benchmark": options.benchmark, "on_error": options.on_error}
    chosen["scorer"] = options.choices.scorer
    return {
        "kind": "traces",
        "evalreplay": version("evalreplay"),
        "options": {**chosen, **{name: _kept(path) for name, path in files.items()}},
        "units": units,
        "rows": {name: _n_rows(folder / name) for name in TABLES},
        "n_calls_in_several_runs": n_calls_in_several_runs(folder),
    }


def _kept(mapping: Path | None) -> dict[str, str] | None:
    """Keep a file of the user whole: the store can be read again without knowing where it lay."""
    if mapping is None:
        return None
    return {"name": mapping.name, "xxh3_128": fast_hash(mapping), "text": mapping.read_text("utf-8-sig")}


def _n_rows(folder: Path) -> int:
    shards = sorted(folder.glob("*.parquet"))
    return int(pl.scan_parquet(shards).select(pl.len()).collect().item()) if shards else 0
