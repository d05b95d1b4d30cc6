"""One HAL upload to canonical tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Final

import polars as pl

from traces.checks import PLACE_COLUMN
from traces.readers.hal.calls import Request, Role, frame, in_order, of_leaves, of_tasks
from traces.readers.hal.documents import documents
from traces.readers.hal.doubling import n_nested
from traces.readers.hal.file import Call
from traces.readers.hal.inspect_tables import inspect_batches
from traces.readers.hal.leaves import has_parents, is_every_usage_repeated, leaves
from traces.readers.hal.load import Upload, load
from traces.readers.hal.roles import agent_model, role_of, unmatched
from traces.readers.hal.rollouts import Attempts, attempts, cost_usd, rollout_frame, score_frame
from traces.readers.hal.run import benchmark_of, run_frame, run_id_of, start_of
from traces.readers.hal.totals import Counted, Total, recorded_counts, reporter, total_frame, totals
from traces.readers.hal.usage import call_counts, summed_usage, used_by
from traces.registry import Batch, Source
from traces.rejects import RejectLog
from traces.usage import UNKNOWN

_CALLS_PER_BATCH: Final = 20_000


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map the uploads of a file to batches."""
    for name, text in documents(source.files[0], source.choices.password, log):
        upload = load(text, name, log)
        if upload is None:
            log.malformed(name, "document", "no HAL upload in it")
        elif _is_empty(upload):
            log.unrecognised(name, "neither results nor calls nor totals in it")
        else:
            yield from _batches(upload, source, log)


def _is_empty(upload: Upload) -> bool:
    rest = upload.rest
    calls, evaluation = upload.calls or upload.tasks, upload.evaluation.verdicts or upload.evaluation.log
    return not (calls or evaluation or rest.total_usage or rest.results.successful_tasks or rest.results.failed_tasks)


@dataclass(frozen=True, slots=True)
class _Reading:
    """An upload with its requests and its attempts."""

    upload: Upload
    run_id: str
    requests: list[Request]
    tried: Attempts
    role: Role


def _batches(upload: Upload, source: Source, log: RejectLog) -> Iterator[Batch]:
    run_id = run_id_of(upload)
    if upload.evaluation.log is not None:
        yield from inspect_batches(upload, run_id, source, log)
        return
    found = leaves(upload.calls, upload.name, log)
    by_task = of_tasks(upload.tasks, _only_model(upload), upload.name, log)
    requests = in_order(chain(of_leaves(found, upload.name, log), by_task))
    is_doubled = _is_doubled(upload, requests, log)
    read = _Reading(upload, run_id, requests, attempts(upload, log), _role(upload, requests, log))
    rest = _rest(read, log)
    upload.calls = []
    del found
    benchmark = pl.lit(benchmark_of(upload.config), pl.String).alias("benchmark")
    of_run = pl.lit(run_id).alias("run_id")
    tasks = pl.DataFrame({"task_id": list(read.tried.by_task)}, schema={"task_id": pl.String})
    yield {
        "runs": run_frame(upload, run_id, source.name, requests, is_doubled=is_doubled),
        "rollouts": rollout_frame(upload, read.tried, requests, run_id).with_columns(of_run, benchmark),
        "scores": score_frame(upload, read.tried, run_id).with_columns(of_run),
        "tasks": tasks.with_columns(benchmark),
    }
    yield {"calls": rest.with_columns(of_run)}
    yield from _call_batches(read)


def _role(upload: Upload, requests: Sequence[Request], log: RejectLog) -> Role:
    models = {*(request.model for request in requests), *(upload.rest.total_usage or ())}
    untold = unmatched(upload.config, models)
    if untold:
        log.contradiction(
            upload.name, "config.agent_args",
            f"no call is of the agent's model {agent_model(upload.config)}: whether {', '.join(untold)} is the agent's "
            "or the simulated user's is not known; its role is other",
        )  # fmt: skip
    return role_of(upload.config, models)


def _only_model(upload: Upload) -> str | None:
    """Model of the run, if it has but one."""
    recorded = list(upload.rest.total_usage or ())
    return recorded[0] if len(recorded) == 1 else None


def _listed(calls: Sequence[Call]) -> Iterator[Counted]:
    """Model and tokens of all calls, containing ones included, as HAL adds them up."""
    for call in calls:
        sums = summed_usage(call)
        yield from ((model, call_counts(usage)) for model, usage in sums)
        yield from (() if sums else ((model, counts) for model, counts, _ in used_by(call)))


def _is_doubled(upload: Upload, requests: Sequence[Request], log: RejectLog) -> bool:
    """Flag a run whose calls may contain each other, where no parents tell."""
    if has_parents(upload.calls) or not requests:
        return False
    by_task: dict[str | None, list[Request]] = {}
    for request in requests:
        by_task.setdefault(request.task_id, []).append(request)
    known = {task: [one for one in own if any(one.counts)] for task, own in by_task.items()}
    n = sum(n_nested([(one.counts, one.span) for one in own]) for own in known.values())
    if n:
        log.contradiction(
            upload.name, "raw_logging_results", f"calls that lie within another one of the same usage: {n}; {_TWICE}"
        )
        return True
    spans = any(one.span for one in requests)
    usages = [(one.task_id, one.counts) for one in requests if any(one.counts)]
    if not spans and is_every_usage_repeated(usages):
        log.contradiction(upload.name, "raw_logging_results", f"each usage occurs an even number of times; {_TWICE}")
        return True
    return False


_TWICE: Final = "perhaps counted twice; no parents are recorded, so nothing is left out"


def _call_batches(read: _Reading) -> Iterator[Batch]:
    ordered = read.requests
    while ordered:
        size = _whole_tasks(ordered)
        yield {"calls": _named(frame(ordered[:size], read.role, read.upload.name), read.tried, read.run_id)}
        del ordered[:size]


def _whole_tasks(ordered: Sequence[Request]) -> int:
    """Size of a batch that ends with a task."""
    size = min(_CALLS_PER_BATCH, len(ordered))
    while size < len(ordered) and ordered[size].task_id == ordered[size - 1].task_id:
        size += 1
    return size


def _named(rows: pl.DataFrame, tried: Attempts, run_id: str) -> pl.DataFrame:
    tasks = rows["_task"].unique().to_list()
    ids = {task: tried.rollout_id(run_id, task) for task in tasks}
    of_task = pl.DataFrame({"_task": tasks, "rollout_id": [ids[task] for task in tasks]}, schema=_OF_TASK)
    joined = rows.join(of_task, on="_task", how="left", nulls_equal=True)
    index = pl.when(pl.col("rollout_id").is_not_null()).then("call_index")
    own = pl.format("{}#{}", pl.coalesce("rollout_id", pl.lit(run_id)), PLACE_COLUMN)
    return joined.with_columns(
        pl.coalesce("call_id", own).alias("call_id"), index.alias("call_index"), pl.lit(run_id).alias("run_id")
    ).drop("_task")


_OF_TASK: Final = {"_task": pl.String, "rollout_id": pl.String}


def _rest(read: _Reading, log: RejectLog) -> pl.DataFrame:
    """Rows for what is known only as a total, or only to have happened."""
    upload, own = read.upload, [(one.model, one.counts) for one in read.requests]
    role, start = read.role, start_of(upload.config, read.requests)
    recorded = recorded_counts(upload.rest.total_usage, upload.config.date)
    if recorded:
        listed = partial(_listed, upload.calls) if upload.calls else (lambda: own)
        found = totals(recorded, own, listed, reporter(upload.name, log))
        return total_frame(found, read.run_id, role, start, upload.name)
    unlogged = _unlogged(read)
    ids = [one for one, _ in unlogged]
    return total_frame([total for _, total in unlogged], read.run_id, role, start, upload.name).with_columns(
        pl.Series("rollout_id", ids, pl.String),
        pl.Series("call_id", [f"{one}#unlogged" for one in ids], pl.String),
        pl.lit("rollout").alias("granularity"),
    )


def _unlogged(read: _Reading) -> list[tuple[str, Total]]:
    """Attempts of which no call is logged, in files without totals: what they used is not known, not nothing."""
    model = read.requests[0].model if read.requests else None
    logged = {request.task_id for request in read.requests}
    attempted = chain.from_iterable(found for task, found in read.tried.by_task.items() if task not in logged)
    return [
        (
            f"{read.run_id}/{one.task_id}/{one.attempt}",
            Total(model, UNKNOWN, is_residual=False, cost_usd=cost_usd(read.upload, one)),
        )
        for one in attempted
    ]
