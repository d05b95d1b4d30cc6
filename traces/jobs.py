"""Parsing units and writing their shards; in several processes where there is enough to do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl

from traces.errors import ReplayError, UnreadableError
from traces.quiet import rare_collections
from traces.registry import Batch, Choices, Reader, Source, discover
from traces.rejects import OnError, RejectLog
from traces.schema import TABLES
from traces.shard import write_shard
from traces.task_map import load_task_map
from traces.walk import Progress, Unit
from traces.workers import FILE_BYTES, Workers

_UNIT_BYTES: Final = 2 * 1024 * 1024
"""What writing the tables of a unit costs, as bytes that could be read instead."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read.

    Args:
        format: Only this reader; None: every reader, by content.
        mapping: Mapping file (TOML) of plain tables; then only the tables it names are read.
        task_map: CSV of other names for tasks and their benchmarks (``task_map.load_task_map``).
        benchmark: Name to give the benchmark of every run, where the source does not say it or says it otherwise.
        on_error: "stop" at the first malformed record, or "skip" it and list it in rejects.
        is_forced: Allow runs that are in the store, but not among the inputs, to be dropped from it.
        choices: What readers are told.
        jobs: Processes to read in. More than one starts new interpreters: a script then needs the usual
            ``if __name__ == "__main__"``.
    """

    format: str | None = None
    mapping: Path | None = None
    task_map: Path | None = None
    benchmark: str | None = None
    on_error: OnError = "stop"
    is_forced: bool = False
    choices: Choices = field(default_factory=Choices)
    jobs: int = 1


@dataclass(frozen=True, slots=True)
class Written:
    """What a shard holds: rows by table, how many of its rejects are errors, lines of the task map it made use of."""

    rows: Mapping[str, int]
    n_malformed: int
    task_map_lines: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class _Job:
    """All a process needs to write one shard."""

    shard: str
    reader: str
    source: Source
    folder: Path
    options: ReadOptions


def write_units(
    units: Mapping[str, Unit], folder: Path, options: ReadOptions, progress: Progress | None, workers: Workers
) -> Iterator[tuple[str, Written]]:
    """Write the shard of every unit, and give it with what it holds, in the order of the units.

    Args:
        units: Units by the name of their shard.
        folder: Store being built.
        options: How to read.
        progress: Told before each unit.
        workers: Processes to write them in.

    Raises:
        TraceError: of the first unit that has an error, if errors stop.
    """
    jobs = [_Job(shard, unit.reader.name, unit.source, folder, options) for shard, unit in units.items()]
    sizes = [_n_bytes(job) for job in jobs]
    readers = (unit.reader for unit in units.values())
    is_apart = workers.are_worth(sizes)
    written = workers.map(_write_apart, jobs, sizes) if is_apart else map(_write, jobs, readers)
    for number, job in enumerate(jobs):
        if progress is not None:
            progress(f"reading {job.source.name}", number, len(jobs))
        yield job.shard, next(written)


def _n_bytes(job: _Job) -> int:
    files = (*job.source.files, *job.source.companions)
    return _UNIT_BYTES + sum(file.path.stat().st_size + FILE_BYTES for file in files)


def _write_apart(job: _Job) -> Written:
    """Find the reader again, as functions do not travel between processes."""
    return _write(job, table_reader(job.options.mapping) if job.options.mapping else discover()[job.reader])


def _write(job: _Job, reader: Reader) -> Written:
    log = RejectLog(reader.name, job.options.on_error)
    source = replace(job.source, choices=job.options.choices)
    batches: Iterator[Batch] = map(partial(_renamed, job.options.benchmark), _parsed(reader, source, log))
    lines: set[int] = set()
    if job.options.task_map is not None:
        batches = _by_map(job.options.task_map, batches, lines)
    with rare_collections():
        rows = write_shard(batches, job.folder, job.shard, source.name, log)
    return Written(rows, log.n_malformed, sorted(lines))


def _by_map(path: Path, batches: Iterator[Batch], lines: set[int]) -> Iterator[Batch]:
    """Rename tasks, and note which lines of the map did."""
    task_map = load_task_map(path)
    for batch in batches:
        lines |= task_map.lines_of(batch)
        yield task_map.renamed(batch)


def _parsed(reader: Reader, source: Source, log: RejectLog) -> Iterator[Batch]:
    """Batches of a unit; a file that cannot be read to its end is reported, whatever its reader stumbled over."""
    try:
        yield from reader.parse(source, log)
    except UnreadableError as error:
        log.malformed(*_place_of(error, source))
    except ReplayError:
        raise
    except Exception as error:  # noqa: BLE001 - a fault of one reader must not cost the other files
        problem = str(error).partition("\n")[0]
        log.malformed(source.name, "", f"the reader {reader.name} stumbled: {type(error).__name__}: {problem}")


def _place_of(error: UnreadableError, source: Source) -> tuple[str, str, str]:
    """Name the file that cannot be read as the tables do, not by its path: it is named once."""
    for file in (*source.files, *source.companions):
        if error.problem.startswith(f"{file.path}: "):
            return file.name, "", error.problem.removeprefix(f"{file.path}: ")
    return source.name, "", error.problem


def _renamed(benchmark: str | None, batch: Mapping[str, pl.DataFrame]) -> Mapping[str, pl.DataFrame]:
    if benchmark is None:
        return batch
    named = pl.lit(benchmark).alias("benchmark")
    return {
        name: frame.with_columns(named) if "benchmark" in TABLES[name].schema else frame
        for name, frame in batch.items()
    }


def table_reader(path: Path) -> Reader:
    """Reader of plain tables by a mapping."""
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
