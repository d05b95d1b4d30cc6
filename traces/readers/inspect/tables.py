"""An Inspect log to canonical tables: samples as rollouts, model events as calls, what exceeds them as residuals."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any, Final

import polars as pl

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.files import printable
from traces.inspect_usage import ModelUsage
from traces.readers.inspect.calls import CALL_SCHEMA
from traces.readers.inspect.container import Log, key_of, open_log
from traces.readers.inspect.events import walk_events
from traces.readers.inspect.file import Header, Results, Sample
from traces.readers.inspect.made import Made, Row
from traces.readers.inspect.roles import Roles, roles_of
from traces.readers.inspect.rollouts import ROLLOUT_SCHEMA, rollout_row
from traces.readers.inspect.run import benchmark_of, run_frame, run_id_of
from traces.readers.inspect.scores import Chosen, Scored, chosen_score, scores_of
from traces.readers.inspect.totals import Whose, exceeding, falling_short, summed, total_rows
from traces.readers.inspect.usage import Version, version_of
from traces.registry import Batch, Source
from traces.rejects import RejectLog
from traces.rows import frame_of_tuples
from traces.usage import UNKNOWN

_CALLS_PER_BATCH: Final = 5_000
_CHARGE_SCHEMA: Final = {
    "rollout_id": pl.String, "call_id": pl.String, "kind": pl.String, "quantity": pl.Float64, "unit": pl.String,
    "provider": pl.String, "model": pl.String, "started_at": pl.Int64, PLACE_COLUMN: pl.String,
}  # fmt: skip
_SCORE_SCHEMA: Final = {
    "rollout_id": pl.String, "metric": pl.String, "scorer": pl.String, "value": pl.Float64, "is_success": pl.Boolean,
    "event": pl.String, "call_index": pl.Int64, "elapsed_s": pl.Float64, PLACE_COLUMN: pl.String,
}  # fmt: skip


@dataclass(slots=True)
class _Run:
    """What is gathered over the samples of a log."""

    header: Header
    path: str
    run_id: str
    chosen: Chosen
    version: Version
    roles: Roles
    calls: list[Row] = field(default_factory=list)
    charges: list[Row] = field(default_factory=list)
    scores: list[Row] = field(default_factory=list)
    rollouts: list[Row] = field(default_factory=list)
    seen: dict[tuple[str, int], tuple[str, str | None]] = field(default_factory=dict)
    usages: dict[str, ModelUsage] = field(default_factory=dict)
    bases: Counter[str] = field(default_factory=Counter)
    metrics: Counter[str] = field(default_factory=Counter)
    compactions: Counter[str] = field(default_factory=Counter)
    is_verdict: bool = True
    is_share: bool = True


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map a log to batches."""
    file = source.files[0]
    with open_log(file, log) as opened:
        if opened is not None:
            yield from log_batches(opened, file.name, source.choices.scorer, log)


def log_batches(opened: Log, path: str, scorer: str | None, log: RejectLog) -> Iterator[Batch]:
    """Map an open log to batches of calls and scores; rollouts and the run itself come with the last one."""
    spec = opened.header.eval
    chosen = chosen_score(opened.header, scorer)
    run = _Run(opened.header, path, run_id_of(spec), chosen, version_of(spec.packages), roles_of(opened.header))
    for place, sample in opened.samples:
        _add_sample(run, sample, place, log)
        if len(run.calls) >= _CALLS_PER_BATCH:
            yield _frames(run)
    _report_unfinished(run, opened, log)
    _report_scorer(run, scorer, log)
    run.calls += _totals(run)
    yield {**_frames(run), "rollouts": _rollout_frame(run), "runs": _run_frame(run), "tasks": _task_frame(run)}


def _add_sample(run: _Run, sample: Sample, place: str, log: RejectLog) -> None:
    if sample.id is None:
        log.malformed(run.path, place, "a sample without id: an attempt at no task")
        return
    task_id, epoch = key_of(sample)
    first = run.seen.get((task_id, epoch))
    if first is not None and _is_other(sample, first):
        epoch = next(free for free in count(1) if (task_id, free) not in run.seen)
        said = f"another sample of the same epoch as {first[0]}: counted as epoch {epoch}"
        log.contradiction(run.path, place, said)
    elif first is not None:
        rollout_id = f"{run.run_id}/{task_id}/{epoch - 1}"
        log.duplicate(run.path, place, rollout_id, f"the same sample and epoch as {first[0]}")
        return
    rollout_id = f"{run.run_id}/{task_id}/{epoch - 1}"
    run.seen[task_id, epoch] = place, sample.uuid
    made = _made(run, sample, place, rollout_id)
    run.calls += made.rows
    run.calls += _rest(run, sample, made, place, log)
    run.charges += made.charges
    run.bases += made.bases
    run.compactions.update([made.compaction] if made.compaction is not None else [])
    score = _add_scores(run, sample, made, place, log)
    key = (rollout_id, task_id, epoch - 1, place)
    run.rollouts.append(rollout_row(sample, made, score, key, partial(log.malformed, run.path, place)))


def _is_other(sample: Sample, first: tuple[str, str | None]) -> bool:
    return bool(sample.uuid and first[1] and sample.uuid != first[1])


def _made(run: _Run, sample: Sample, place: str, rollout_id: str) -> Made:
    """Calls of a sample, after those of its attempts that failed: these are in no total but that of the log."""
    retried = Made(rollout_id, run.version, run.roles)
    for number, attempt in enumerate(sample.error_retries or ()):
        walk_events(attempt.events or (), f"{place} error_retries[{number}].events", retried)
    run.usages = summed([*run.usages.items(), *retried.usages])
    made = Made(rollout_id, run.version, run.roles, rows=retried.rows, charges=retried.charges, bases=retried.bases)
    walk_events(sample.all_events, f"{place} events", made)
    return made


def _rest(run: _Run, sample: Sample, made: Made, place: str, log: RejectLog) -> Iterator[Row]:
    """What the totals of a sample exceed its calls by; all it used, where its events are not there."""
    listed, total = summed(made.usages), sample.model_usage or {}
    above = falling_short(total, listed)
    used = {**listed, **{model: usage for model, usage in total.items() if model not in above}}
    run.usages = summed([*run.usages.items(), *used.items()])
    for model in above:
        log.contradiction(run.path, place, f"the calls of {printable(model)} add up to more than model_usage says")
    whose = Whose(made.rollout_id, run.version, run.roles)
    yield from total_rows(exceeding(total, listed), whose, f"{place} model_usage", is_residual=bool(made.usages))
    if not sample.all_events and not total:
        yield _unknown(made.rollout_id, place)


def _unknown(rollout_id: str | None, place: str) -> Row:
    """Row for calls of which nothing is told, not even their number."""
    granularity = "run" if rollout_id is None else "rollout"
    return (
        rollout_id, None, f"{rollout_id or 'stats'}#unknown", "agent", None, None, None, None, None, None, *UNKNOWN,
        None, None, True, granularity, None, False, False, None, place,
    )  # fmt: skip


def _add_scores(run: _Run, sample: Sample, made: Made, place: str, log: RejectLog) -> Scored | None:
    if sample.invalidation is not None:
        log.contradiction(run.path, place, "invalidated by its authors: its scores are not known")
        return None
    scores, rollout_id = scores_of(sample), made.rollout_id
    run.scores += [
        (rollout_id, scored.metric, scorer, scored.value, None, "intermediate", index, elapsed_s, place)
        for scorer, index, elapsed_s, scored in made.scores
    ]
    run.scores += [
        (rollout_id, scored.metric, scored.scorer, scored.value, _is_right(scored), "final", None, None, place)
        for scored in scores
    ]
    score = run.chosen.of(scores)
    if score is not None:
        run.metrics[score.metric] += 1
        run.is_verdict &= score.is_verdict or score.value is None
        run.is_share &= score.value is None or 0 <= score.value <= 1
    return score


def _is_right(scored: Scored) -> bool | None:
    return scored.value == 1 if scored.is_verdict and scored.value is not None else None


def _report_unfinished(run: _Run, opened: Log, log: RejectLog) -> None:
    if not opened.is_finished:
        planned = run.header.eval.dataset.samples
        of_planned = f" of {planned} tasks" if planned is not None else ""
        log.contradiction(run.path, "", f"an unfinished log: {len(run.rollouts)} samples{of_planned} are in it")


def _report_scorer(run: _Run, scorer: str | None, log: RejectLog) -> None:
    if scorer is not None and run.rollouts and not run.metrics:
        known = sorted({str(row[1]) for row in run.scores})
        log.contradiction(run.path, "", f"no scorer {scorer!r} in it (but {', '.join(known) or 'none'}): not scored")


def _totals(run: _Run) -> Iterator[Row]:
    """What the log used besides its samples: failed attempts that were made again, samples that are not in it."""
    stats, place = run.header.stats.model_usage or {}, "stats.model_usage"
    rest = exceeding(stats, run.usages)
    yield from total_rows(rest, Whose(None, run.version, run.roles), place, is_residual=bool(run.rollouts))
    results = run.header.results or Results()
    if not stats and not run.rollouts and (results.completed_samples or results.total_samples):
        yield _unknown(None, place)


def _frames(run: _Run) -> dict[str, pl.DataFrame]:
    frames = {
        "calls": _frame(run, run.calls, CALL_SCHEMA),
        "scores": _frame(run, run.scores, _SCORE_SCHEMA),
        "charges": _frame(run, run.charges, _CHARGE_SCHEMA),
    }
    run.calls, run.scores, run.charges = [], [], []
    return {name: frame for name, frame in frames.items() if frame.height}


def _rollout_frame(run: _Run) -> pl.DataFrame:
    is_success = pl.col("score") == 1
    frame = _frame(run, run.rollouts, ROLLOUT_SCHEMA)
    return frame.with_columns(
        is_success=is_success if run.is_verdict or run.is_share else pl.lit(None, pl.Boolean),
        benchmark=pl.lit(benchmark_of(run.header.eval), pl.String),
    )


def _run_frame(run: _Run) -> pl.DataFrame:
    metric = run.metrics.most_common(1)[0][0] if run.metrics else run.chosen.metric
    limits = {"score_min": 0.0, "score_max": 1.0} if run.metrics and run.is_verdict else {}
    settings = {"token_convention": dict(sorted(run.bases.items()))}
    compaction = run.compactions.most_common(1)[0][0] if run.compactions else None
    more = {
        "run_id": run.run_id, "source_path": run.path, "score_metric": metric, "compaction": compaction, **limits,
        "settings": settings,
    }  # fmt: skip
    return run_frame(run.header, run.chosen, more)


def _task_frame(run: _Run) -> pl.DataFrame:
    """All tasks the log names, run or not."""
    named = {printable(str(name)) for name in run.header.eval.dataset.sample_ids or ()}
    task_ids = sorted(named | {task_id for task_id, _ in run.seen})
    benchmark = pl.lit(benchmark_of(run.header.eval), pl.String).alias("benchmark")
    return pl.DataFrame({"task_id": task_ids}, schema={"task_id": pl.String}).with_columns(benchmark)


def _frame(run: _Run, rows: Sequence[Row], schema: dict[str, Any]) -> pl.DataFrame:
    shared = (pl.lit(run.run_id).alias("run_id"), pl.lit(run.path).alias(PATH_COLUMN))
    return frame_of_tuples(rows, schema).with_columns(shared)
