"""What a reader says it fills is what its golden files fill."""

from pathlib import Path

import polars as pl
import pytest

from traces.checks import checked
from traces.registry import discover
from traces.rejects import RejectLog
from traces.schema import TABLES
from traces.walk import recognise, walk

KEYS = (".run_id", ".rollout_id", ".call_id", ".source_path")
DATA = Path(__file__).parents[1] / "data"


def filled(name: str) -> set[str]:
    """Columns of the golden files of a format that hold a value."""
    reader, log = discover()[name], RejectLog(name, "skip")
    found: set[str] = set()
    for unit in recognise(walk([DATA], log), [reader], log):
        for batch in reader.parse(unit.source, log):
            tables = checked(batch, log)
            found |= {f"{table}.{column}" for table, frame in tables.items() for column in known(frame)}
    return found


def known(frame: pl.DataFrame) -> list[str]:
    return [name for name in frame.columns if frame[name].null_count() < frame.height]


@pytest.mark.parametrize("name", sorted(discover()))
def test_every_column_that_golden_files_fill_is_declared(name: str) -> None:
    nullable = {f"{table}.{column.name}" for table in TABLES for column in TABLES[table].columns if column.nullable}
    found = {each for each in filled(name) & nullable if not each.startswith("rejects.") and not each.endswith(KEYS)}
    assert found
    assert found - set(discover()[name].fills) == set()
    assert set(discover()[name].fills) <= nullable
