"""One name for tasks that sources name differently: a CSV of the user, applied to every batch that is read."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from traces.errors import TraceError
from traces.registry import Batch

COLUMNS: Final = ("benchmark", "task_id", "to_benchmark", "to_task_id")
_N_SHOWN: Final = 3
_HINT: Final = f"a task map is a CSV with the columns {', '.join(COLUMNS)}"


@dataclass(frozen=True)
class TaskMap:
    """Names of tasks and benchmarks to be replaced.

    Args:
        benchmarks: New name of a benchmark by its old one.
        tasks: benchmark and task_id as sources write them, _to_task_id, and _line of the file.
    """

    benchmarks: Mapping[str, str]
    tasks: pl.DataFrame

    def lines_of(self, batch: Batch) -> set[int]:
        """Lines of the file that name a task of this batch, as its source writes it."""
        keys = [frame for frame in batch.values() if {"benchmark", "task_id"} <= set(frame.columns)]
        named = (frame.select(pl.col("benchmark", "task_id").cast(pl.String)).unique() for frame in keys)
        found = (self.tasks.join(frame, on=["benchmark", "task_id"], how="semi")["_line"] for frame in named)
        return {line for lines in found for line in lines}

    def renamed(self, batch: Batch) -> Batch:
        """Replace names in all tables of a batch that have them; ids of rollouts stay those of the source."""
        return {name: self._of_benchmark(self._of_task(frame)) for name, frame in batch.items()}

    def _of_task(self, frame: pl.DataFrame) -> pl.DataFrame:
        if not {"benchmark", "task_id"} <= set(frame.columns):
            return frame
        found = frame.with_columns(pl.col("benchmark", "task_id").cast(pl.String))
        found = found.join(self.tasks.drop("_line"), on=["benchmark", "task_id"], how="left", maintain_order="left")
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
    numbers: dict[tuple[str, str], int] = {}
    for row in reader:
        benchmark, task, to_benchmark, to_task = ((row[name] or "").strip() for name in COLUMNS)
        where = f"{path}: line {reader.line_num}"
        if not (benchmark and task and to_benchmark and to_task):
            raise TraceError(f"{where}: an empty cell", _HINT)
        if tasks.setdefault((benchmark, task), to_task) != to_task:
            raise TraceError(f"{where}: a second name for {benchmark}/{task}", "keep one")
        if benchmarks.setdefault(benchmark, to_benchmark) != to_benchmark:
            raise TraceError(f"{where}: {benchmark} would become two benchmarks", "give it one name in all rows")
        numbers.setdefault((benchmark, task), reader.line_num)
    rows = [(*key, to, numbers[key]) for key, to in tasks.items()]
    schema = {**dict.fromkeys(("benchmark", "task_id", "_to_task_id"), pl.String), "_line": pl.Int64}
    return TaskMap(benchmarks, pl.DataFrame(rows, schema=schema, orient="row"))


def unmatched(path: Path, lines: Iterable[int]) -> list[str]:
    """Say, in a warning, which rows of a task map name no task of any input; nothing where all do.

    Args:
        path: The map.
        lines: Lines that name a task of some input (``TaskMap.lines_of``).
    """
    tasks = load_task_map(path).tasks
    idle = tasks.filter(~pl.col("_line").is_in(list(lines)))
    if not idle.height:
        return []
    shown = idle.select("_line", "benchmark", "task_id").head(_N_SHOWN).rows()
    named = "; ".join(f"line {line}: {benchmark}/{task_id}" for line, benchmark, task_id in shown)
    more = f"; and {idle.height - len(shown):,} more" if idle.height > len(shown) else ""
    return [f"{path.name}: {idle.height:,} of {tasks.height:,} rows match no task of the inputs ({named}{more})"]
