"""A folder of lm-evaluation-harness to canonical tables: a run per task, its samples some thousand at a time."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.document import read_document
from traces.errors import TraceError
from traces.files import content_hash, printable
from traces.readers.lm_eval.file import Results, kind_of
from traces.readers.lm_eval.runs import Evaluation, Row, charge_rows, run_rows
from traces.readers.lm_eval.samples import Task, read_samples, rollout_rows, task_of
from traces.registry import Batch, Source, SourceFile
from traces.rejects import RejectLog
from traces.schema import CALLS, CHARGES, ROLLOUTS, RUNS, SCORES, TASKS
from traces.table import Table

_ROWS_PER_BATCH: Final = 10_000


def group_folders(files: Sequence[SourceFile], _companions: Sequence[SourceFile]) -> Iterable[Source]:
    """Make a unit of every folder: the results of runs and their samples lie side by side."""
    by_folder: dict[Path, list[SourceFile]] = defaultdict(list)
    for file in files:
        by_folder[file.path.parent].append(file)
    for _, members in sorted(by_folder.items()):
        first = Path(members[0].name)
        is_folder = len(first.parts) > 1 and len(members) > 1
        yield Source(str(first.parent) if is_folder else members[0].name, tuple(members))


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map a folder to the runs of its results files, then to the rollouts of its samples."""
    kinds = {file: kind_of(file) for file in source.files}
    samples = list(_distinct([file for file, kind in kinds.items() if kind == "samples"], log))
    kept: list[Evaluation] = []
    runs: list[Row] = []
    charges: list[Row] = []
    for evaluation in _evaluations([file for file, kind in kinds.items() if kind == "results"], log):
        runs += run_rows(evaluation, source.choices.scorer, source.name)
        charges += charge_rows(evaluation)
        kept += [evaluation] if samples else []
        if len(runs) >= _ROWS_PER_BATCH:
            yield {"runs": _frame(runs, RUNS), "charges": _frame(charges, CHARGES)}
            runs, charges = [], []
    yield {"runs": _frame(runs, RUNS), "charges": _frame(charges, CHARGES)}
    for file in samples:
        task = task_of(file, kept, source.choices.scorer)
        if task.evaluation is None:
            yield {"runs": _frame([_nameless(task, source.name)], RUNS)}
        yield from _sample_batches(file, task, log)


def _evaluations(files: Sequence[SourceFile], log: RejectLog) -> Iterator[Evaluation]:
    seen: dict[str, str] = {}
    for file in files:
        results = read_document(file, Results, log)
        if results is None:
            continue
        evaluation = Evaluation(results, file.name)
        if not evaluation.tasks:
            log.malformed(file.name, "results", "no task with a score in it")
        elif seen.setdefault(evaluation.run_id, file.name) != file.name:
            log.duplicate(file.name, "", evaluation.run_id)
        else:
            yield evaluation


def _distinct(files: Sequence[SourceFile], log: RejectLog) -> Iterator[SourceFile]:
    seen: dict[str, SourceFile] = {}
    for file in files:
        try:
            first = seen.setdefault(content_hash(file.path), file)
        except TraceError as error:
            log.malformed(file.name, "file", error.problem.removeprefix(f"{file.path}: "))
            continue
        if first is file:
            yield file
        else:
            log.duplicate(file.name, "", first.name)


def _sample_batches(file: SourceFile, task: Task, log: RejectLog) -> Iterator[Batch]:
    rollouts: dict[str, Row] = {}
    calls: list[Row] = []
    scores: list[Row] = []
    for place, sample, values in read_samples(file, log):
        rollout, call, own = rollout_rows(file, task, place, sample, values)
        known = rollouts.setdefault(rollout["rollout_id"], rollout)
        if known is rollout:
            calls.append(call)
        elif known["score"] is None:
            known |= {"score": rollout["score"], "is_success": rollout["is_success"]}
        scores += own
        if len(scores) >= _ROWS_PER_BATCH:
            yield {"scores": _frame(scores, SCORES)}
            scores = []
    tasks = [{"benchmark": row["benchmark"], "task_id": row["task_id"]} for row in rollouts.values()]
    yield {
        "rollouts": _frame(list(rollouts.values()), ROLLOUTS), "scores": _frame(scores, SCORES),
        "calls": _frame(calls, CALLS), "tasks": _frame(tasks, TASKS),
    }  # fmt: skip


def _nameless(task: Task, source_path: str) -> Row:
    """Run of samples no results file names: neither its model nor its task is in them."""
    return {
        "run_id": task.run_id, "agent": "unknown", "scaffold": "lm-evaluation-harness", "score_metric": task.metric,
        "submissions_allowed": 1, "source_format": "lm_eval", "source_path": source_path,
    }  # fmt: skip


def _frame(rows: Sequence[Row], table: Table) -> pl.DataFrame:
    dtypes: dict[str, Any] = {**table.schema, PATH_COLUMN: pl.String, PLACE_COLUMN: pl.String}
    names: Sequence[str] = list(rows[0] if rows else dtypes)
    return pl.DataFrame([pl.Series(name, [_text(row[name]) for row in rows], dtypes[name]) for name in names])


def _text(value: Any) -> Any:
    return printable(value) if isinstance(value, str) else value
