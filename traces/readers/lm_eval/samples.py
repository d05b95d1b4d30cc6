"""Files of samples to rollouts: a line per document and filter; which task they are of, their hashes prove."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import msgspec

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.document import read_document
from traces.files import content, content_hash, printable
from traces.lines import read_lines
from traces.readers.lm_eval.file import Sample, sample_type
from traces.readers.lm_eval.runs import Evaluation, Row, base_name
from traces.registry import SourceFile
from traces.rejects import RejectLog

_FIXED: Final = frozenset(field.encode_name for field in msgspec.structs.fields(Sample)) | {
    "doc", "target", "arguments", "filtered_resps", "metrics",
}  # fmt: skip
_VERDICTS: Final = frozenset({"acc", "acc_norm", "exact_match", "em", "pass@1", "mc1"})


@dataclass(frozen=True, slots=True)
class Task:
    """Task and run a file of samples belongs to; the evaluation is null where no results file has it."""

    run_id: str
    name: str | None
    metric: str | None
    model: str | None
    evaluation: Evaluation | None


def task_of(file: SourceFile, evaluations: Sequence[Evaluation], scorer: str | None) -> Task:
    """Find the task: the hash over all samples proves it; of a cut file its name does, or there is one only."""
    hashes = [
        (evaluation, task, own)
        for evaluation in evaluations
        for task, own in (evaluation.results.task_hashes or {}).items()
    ]
    digest = _digest(file) if hashes else None
    proven = [(evaluation, task) for evaluation, task, own in hashes if own == digest]
    named = [
        (evaluation, task)
        for evaluation in evaluations
        for task in evaluation.tasks
        if _is_named(file, task) and (len(evaluations) == 1 or _is_dated_alike(file, evaluation))
    ]
    longest = sorted(named, key=lambda found: -len(found[1]))
    only = [(evaluation, task) for evaluation in evaluations for task in evaluation.tasks]
    for evaluation, task in (proven or longest or (only if len(only) == 1 else []))[:1]:
        metric = evaluation.main_metric(task, scorer)
        return Task(evaluation.task_run_id(task), task, metric, evaluation.model, evaluation)
    return Task(f"lm-eval-{content_hash(file.path)[:12]}", None, scorer, None, None)


def read_samples(file: SourceFile, log: RejectLog) -> Iterator[tuple[str, Sample, dict[str, Any]]]:
    """Give each line with its place and its metrics; versions 0.4.0 and 0.4.1 wrote one list."""
    metrics = _metrics(file)
    kind = sample_type(metrics)
    with_places = enumerate(read_document(file, list[kind], log) or ()) if _is_list(file) else None  # type: ignore[valid-type]
    lines = read_lines(file, kind, log) if with_places is None else ((f"[{n}]", each) for n, each in with_places)
    for place, sample in lines:
        if sample.doc_id is None:
            log.malformed(file.name, place, "no doc_id")
        else:
            yield place, sample, {name: getattr(sample, f"m{number}") for number, name in enumerate(metrics)}


def rollout_rows(
    file: SourceFile, task: Task, place: str, sample: Sample, values: dict[str, Any]
) -> tuple[Row, Row, list[Row]]:
    """Give the rollout of a line, its call or calls in one row, and its scores."""
    task_id = printable(str(sample.doc_id))
    where = {PATH_COLUMN: file.name, PLACE_COLUMN: place}
    rollout_id = f"{task.run_id}/{task_id}/0"
    shared = {"run_id": task.run_id, "rollout_id": rollout_id, **where}
    numbers = _numbers(sample, values)
    scores: list[Row] = [
        {**shared, "metric": name, "value": value, "is_success": _is_success(name, value)}
        for name, value in numbers.items()
    ]
    named = [row for row in scores if task.metric in {None, row["metric"], base_name(str(row["metric"]))}]
    first: Row = next(iter(named), {"value": None, "is_success": None})
    n_requests = _n_requests(sample)
    rollout = {
        **shared, "benchmark": task.name, "task_id": task_id, "attempt": 0,
        "score": first["value"], "is_success": first["is_success"],
        "stop_reason": "submitted", "n_calls": n_requests,
    }  # fmt: skip
    call = {
        **shared, "call_index": 0 if n_requests == 1 else None, "call_id": f"{rollout_id}#0", "model": task.model,
        "n_requests": n_requests, "granularity": "call" if n_requests == 1 else "rollout",
    }  # fmt: skip
    return rollout, call, scores


def _numbers(sample: Sample, values: dict[str, Any]) -> dict[str, float]:
    """Metrics that are one number, named with their filter as in the results file."""
    suffix = f",{printable(sample.filter)}" if sample.filter else ""
    numbers = {name: value for name, value in values.items() if isinstance(value, int | float)}
    return {f"{printable(name)}{suffix}": float(value) for name, value in numbers.items()}


def _is_success(metric: str, value: float) -> bool | None:
    return value == 1 if base_name(metric) in _VERDICTS and value in {0, 1} else None


def _n_requests(sample: Sample) -> int | None:
    """Requests of a document: one per choice or prompt, each as often as it was repeated."""
    if sample.resps is None:
        return None
    return sum(len(answers) if isinstance(answers, list) else 1 for answers in sample.resps) or None


def _metrics(file: SourceFile) -> tuple[str, ...]:
    """Names of the metrics, as the first line gives them, else its fields that are numbers."""
    silent = RejectLog(None, "skip")
    rows: Iterator[Any] = (
        iter(read_document(file, list[dict[str, Any]], silent) or ())
        if _is_list(file)
        else (row for _, row in read_lines(file, dict[str, Any], silent))
    )
    first: dict[str, Any] = next(rows, {})
    listed = first.get("metrics")
    numbers = [name for name, value in first.items() if isinstance(value, int | float)]
    names = (name for name in (listed if isinstance(listed, list) else numbers) if isinstance(name, str))
    return tuple(dict.fromkeys(name for name in names if name not in _FIXED and printable(name) == name))


def _is_list(file: SourceFile) -> bool:
    with content(file.path) as raw:
        return bytes(raw[:64]).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")


def _digest(file: SourceFile) -> str:
    """Hash over the samples as the harness makes it: of the hashes of document, prompt and target, in order."""
    digest = sha256()
    for _, sample, _ in read_samples(file, RejectLog(None, "skip")):
        parts = (sample.doc_hash, sample.prompt_hash, sample.target_hash)
        digest.update("".join(part or "" for part in parts).encode("utf-8", "replace"))
    return digest.hexdigest()


def _is_named(file: SourceFile, task: str) -> bool:
    name = file.path.name
    return name.startswith((f"samples_{task}_", f"{task}.", f"{task}_")) or f"_{task}." in name


def _is_dated_alike(file: SourceFile, evaluation: Evaluation) -> bool:
    """Whether both files carry the date of one run, which the harness puts at the end of their names."""
    stem = evaluation.path.rpartition("/")[2].partition("results_")[2].removesuffix(".json")
    return bool(stem) and stem in file.path.name
