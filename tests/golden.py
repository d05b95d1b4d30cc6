"""Golden cases of readers: an input below ``tests/data/<format>`` and, beside it, the tables it must give as CSV."""

from pathlib import Path

import polars as pl
from trajectories import Tables, read

from traces.files import peek
from traces.registry import discover

DATA = Path(__file__).parent / "data"
FORMATS = ("arc", "harbor", "openhands", "openhands_index", "swe_agent", "tau_bench")
TABLES = ("runs", "tasks", "rollouts", "scores", "calls", "rejects")
CASES = [
    (name, entry.name)
    for name in FORMATS
    for entry in sorted((DATA / name).iterdir())
    if entry.is_dir() or entry.suffix != ".csv"
]


def read_case(name: str, case: str, store: Path) -> Tables:
    return read(DATA / name / case, store, "skip")


def known(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns of which some value is known, and not the same default everywhere."""
    return frame.select(column.name for column in frame if column.null_count() < len(column))


def golden(name: str, case: str, table: str) -> str:
    path = DATA / name / f"{case.split('.', maxsplit=1)[0]}.{table}.csv"
    return path.read_text() if path.is_file() else ""


def files(name: str) -> list[Path]:
    """Input files of a format that its reader recognises."""
    reader = discover()[name]
    inputs = [path for path in sorted((DATA / name).rglob("*")) if path.is_file() and path.suffix != ".csv"]
    return [path for path in inputs if reader.sniff(peek(path))]
