"""One name for tasks that sources name differently: a CSV of the user, applied to every batch that is read."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from traces.errors import TraceError
from traces.registry import Batch

COLUMNS: Final = ("benchmark", "task_id", "to_benchmark", "to_task_id")
_HINT: Final = f"a task map is a CSV with the columns {', '.join(COLUMNS)}"


@dataclass(frozen=True)
class TaskMap:
    """Names of tasks and benchmarks to be replaced.

    Args:
        benchmarks: New name of a benchmark by its old one.
        tasks: benchmark and task_id as sources write them, and _to_task_id.
    """

    benchmarks: Mapping[str, str]
    tasks: pl.DataFrame

    def renamed(self, batch: Batch) -> Batch:
        """Replace names in all tables of a batch that have them; ids of rollouts stay those of the source."""
        return {name: self._of_benchmark(self._of_task(frame)) for name, frame in batch.items()}

    def _of_task(self, frame: pl.DataFrame) -> pl.DataFrame:
        if not {"benchmark", "task_id"} <= set(frame.columns):
            return frame
        found = frame.with_columns(pl.col("benchmark", "task_id").cast(pl.String))
        found = found.join(self.tasks, on=["benchmark", "task_id"], how="left", maintain_order="left")
        return found.with_columns(task_id=pl.coalesce("_to_task_id", "task_id")).drop("_to_task_id")

    def _of_benchmark(self, frame: pl.DataFrame) -> pl.DataFrame:
        if "benchmark" not in frame.columns:
            return frame
        return frame.with_columns(pl.col("benchmark").cast(pl.String).replace(dict(self.benchmarks)))


def load_task_map(path: Path) -> TaskMap:
    """Read a task map.

    Raises:
        TraceError: if it cannot be read, a cell is empty, a task is named twice, or a benchmark gets two names.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TraceError(f"{path}: cannot be read as text", "name a CSV file in UTF-8") from error
    reader = csv.DictReader(lines)
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise TraceError(f"{path}: no column {', '.join(missing)}", _HINT)
    benchmarks: dict[str, str] = {}
    tasks: dict[tuple[str, str], str] = {}
    for row in reader:
        benchmark, task, to_benchmark, to_task = ((row[name] or "").strip() for name in COLUMNS)
        where = f"{path}: line {reader.line_num}"
        if not (benchmark and task and to_benchmark and to_task):
            raise TraceError(f"{where}: an empty cell", _HINT)
        if tasks.setdefault((benchmark, task), to_task) != to_task:
            raise TraceError(f"{where}: a second name for {benchmark}/{task}", "keep one")
        if benchmarks.setdefault(benchmark, to_benchmark) != to_benchmark:
            raise TraceError(f"{where}: {benchmark} would become two benchmarks", "give it one name in all rows")
    rows = [(*key, to) for key, to in tasks.items()]
    schema = dict.fromkeys(("benchmark", "task_id", "_to_task_id"), pl.String)
    return TaskMap(benchmarks, pl.DataFrame(rows, schema=schema, orient="row"))
