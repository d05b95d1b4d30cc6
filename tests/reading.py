"""Reading files as the command does, unit by unit, to checked tables: for the tests of readers."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from traces.checks import checked
from traces.registry import Choices, Reader
from traces.rejects import OnError, RejectLog
from traces.schema import TABLES
from traces.table import violations
from traces.walk import recognise, walk

Tables = dict[str, pl.DataFrame]


def read_with(
    reader: Reader, paths: Sequence[Path], on_error: OnError = "stop", choices: Choices | None = None
) -> tuple[Tables, RejectLog]:
    log = RejectLog(reader.name, on_error)
    parts: dict[str, list[pl.DataFrame]] = {name: [table.empty()] for name, table in TABLES.items()}
    for unit in recognise(walk(paths, log), [reader], log):
        for batch in reader.parse(replace(unit.source, choices=choices or Choices()), log):
            for name, frame in checked(batch, log).items():
                parts[name].append(frame)
    tables = {name: TABLES[name].sort(pl.concat(frames)) for name, frames in parts.items()}
    tables["tasks"] = tables["tasks"].unique(maintain_order=True)
    assert [problem for name, table in TABLES.items() for problem in violations(table, tables[name])] == []
    return tables, log


def known(frame: pl.DataFrame) -> str:
    """Give the columns that hold anything, as CSV."""
    return frame.select(column.name for column in frame if column.null_count() < len(column)).write_csv()
