"""Files of leaderboards and run tables for tests: reading any of them to checked tables."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from traces.checks import checked
from traces.files import peek
from traces.registry import Choices, Reader, Source, SourceFile
from traces.rejects import OnError, RejectLog
from traces.schema import TABLES
from traces.table import violations

Tables = dict[str, pl.DataFrame]


def read_files(
    reader: Reader, paths: Sequence[Path], on_error: OnError = "stop", choices: Choices | None = None
) -> tuple[Tables, RejectLog]:
    """Read files as the units the reader makes of them, into tables whose rules hold."""
    log = RejectLog(reader.name, on_error)
    files = [SourceFile(path, path.name) for path in paths]
    companions = [file for file in files if reader.is_companion(peek(file.path))]
    traces = [file for file in files if file not in companions]
    parts: dict[str, list[pl.DataFrame]] = {name: [table.empty()] for name, table in TABLES.items()}
    for unit in reader.group(traces, companions):
        source = Source(unit.name, unit.files, unit.companions, choices or Choices())
        for batch in reader.parse(source, log):
            for name, frame in checked(batch, log).items():
                parts[name].append(frame)
    tables = {name: TABLES[name].sort(pl.concat(frames)) for name, frames in parts.items()}
    broken = [violation for name in tables if name != "tasks" for violation in violations(TABLES[name], tables[name])]
    assert broken == []
    return tables, log


def read_text(
    reader: Reader, folder: Path, content: str | bytes, on_error: OnError = "stop", name: str = "file"
) -> tuple[Tables, RejectLog]:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_files(reader, [path], on_error)


def known_csv(frame: pl.DataFrame) -> str:
    """The columns in which anything is known, as CSV."""
    return frame.select(column.name for column in frame if column.null_count() < len(column)).write_csv()


def assert_golden(tables: Tables, folder: Path, name: str) -> None:
    """Compare every table that has rows with the CSV beside the input."""
    for table, frame in tables.items():
        golden = folder / f"{name}.{table}.csv"
        assert (known_csv(frame) if frame.height else None) == (golden.read_text() if golden.exists() else None), table
