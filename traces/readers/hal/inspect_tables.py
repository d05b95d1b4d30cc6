"""Tables of an upload whose benchmark Inspect ran: samples as rollouts, their usage as one total per model."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import polars as pl

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.readers.hal.calls import Role, microseconds
from traces.readers.hal.inspect_log import EvalLog, Sample, sample_scores
from traces.readers.hal.load import Upload
from traces.readers.hal.roles import bare, role_of
from traces.readers.hal.run import benchmark_of, run_frame, start_of
from traces.readers.hal.totals import recorded_counts, reporter, total_frame, totals
from traces.readers.hal.usage import inspect_counts
from traces.readers.inspect.file import Header, Spec
from traces.readers.inspect.roles import roles_of
from traces.registry import Batch, Source
from traces.rejects import RejectLog
from traces.usage import TOKEN_SCHEMA

_ROLLOUTS: Final = {
    "rollout_id": pl.String, "task_id": pl.String, "attempt": pl.Int64, "score": pl.Float64, "is_success": pl.Boolean,
    "stop_reason": pl.String, "started_at": pl.Int64, "ended_at": pl.Int64, "wall_s": pl.Float64,
    "time_basis": pl.String, PLACE_COLUMN: pl.String,
}  # fmt: skip
_SCORES: Final = {"rollout_id": pl.String, "scorer": pl.String, "metric": pl.String, "value": pl.Float64}
_CALLS: Final = {
    "rollout_id": pl.String, "call_id": pl.String, "role": pl.String, "model": pl.String, "started_at": pl.Int64,
    "time_basis": pl.String, "granularity": pl.String, "n_requests": pl.Int64, PLACE_COLUMN: pl.String, **TOKEN_SCHEMA,
}  # fmt: skip
_MOST_EPOCHS: Final = 10**6
Score = tuple[str, str, float | None]
"""Scorer, name, value."""
_STARTED: Final = list(_ROLLOUTS).index("started_at")


def inspect_batches(upload: Upload, run_id: str, source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map the Inspect log in an upload to batches."""
    rollouts: list[tuple[Any, ...]] = []
    scores: list[tuple[Any, ...]] = []
    calls: list[tuple[Any, ...]] = []
    inspected = upload.evaluation.log or EvalLog()
    for number, sample in enumerate(inspected.samples or ()):
        place = f"raw_eval_results.samples[{number}]"
        if sample.epoch is not None and not 1 <= sample.epoch <= _MOST_EPOCHS:
            log.malformed(upload.name, place, f"epoch {sample.epoch}")
        known = list(sample_scores(sample))
        main = _main(known, source.choices.scorer)
        rollout = (*_identity(sample, run_id), *_judged(main), *_clocked(sample, place, upload.name, log), place)
        rollouts.append(rollout)
        scores += [(rollout[0], *score) for score in known]
        upload.evaluation.metric = upload.evaluation.metric or (main[1] if main is not None else None)
        calls += _calls(upload, sample, rollout[0], rollout[_STARTED])
    shared = (pl.lit(run_id).alias("run_id"), pl.lit(upload.name).alias(PATH_COLUMN))
    benchmark = pl.lit(benchmark_of(upload.config), pl.String).alias("benchmark")
    frames = {
        "rollouts": pl.DataFrame(rollouts, _ROLLOUTS, orient="row").with_columns(benchmark),
        "scores": pl.DataFrame(scores, _SCORES, orient="row"),
        "calls": pl.concat([pl.DataFrame(calls, _CALLS, orient="row"), _rest(upload, run_id, log)], how="diagonal"),
    }
    tasks = pl.DataFrame({"task_id": [row[1] for row in rollouts]}, {"task_id": pl.String})
    yield {
        "runs": run_frame(upload, run_id, source.name, (), is_doubled=False),
        "tasks": tasks.unique(maintain_order=True).with_columns(benchmark),
        **{name: table.with_columns(shared) for name, table in frames.items()},
    }


def _rest(upload: Upload, run_id: str, log: RejectLog) -> pl.DataFrame:
    """What the run used beyond its samples: attempts that were tried again."""
    samples = (upload.evaluation.log or EvalLog()).samples or ()
    own = [(model, inspect_counts(usage)) for one in samples for model, usage in (one.model_usage or {}).items()]
    recorded = recorded_counts(upload.rest.total_usage, upload.config.date)
    found = totals(recorded, own, lambda: own, reporter(upload.name, log))
    return total_frame(found, run_id, _role(upload), start_of(upload.config), upload.name).drop(PATH_COLUMN)


def _identity(sample: Sample, run_id: str) -> tuple[str, str, int]:
    task_id, epoch = str(sample.id), sample.epoch or 1
    attempt = epoch - 1 if 1 <= epoch <= _MOST_EPOCHS else 0
    return f"{run_id}/{task_id}/{attempt}", task_id, attempt


def _main(scores: Sequence[Score], scorer: str | None) -> Score | None:
    """Score that counts: of the scorer chosen, else the first that is known."""
    chosen = [one for one in scores if scorer in {one[0], one[1]}] if scorer is not None else scores
    return next((one for one in chosen if one[2] is not None), None)


def _judged(main: Score | None) -> tuple[float | None, bool | None]:
    score = None if main is None else main[2]
    return score, None if score is None else score >= 1


def _clocked(sample: Sample, place: str, name: str, log: RejectLog) -> tuple[Any, ...]:
    start, end = (microseconds(stamp, name, place, log) for stamp in (sample.started_at, sample.completed_at))
    wall_s = None if sample.total_time is None else float(sample.total_time)
    stop = "error" if sample.error is not None else ("limit_other" if sample.limit is not None else "unknown")
    return stop, start, end, wall_s, None if wall_s is None and start is None else "measured"


def _calls(upload: Upload, sample: Sample, rollout_id: str, started: int | None) -> list[tuple[Any, ...]]:
    """One total per model."""
    role, start = _role(upload), start_of(upload.config).us if started is None else started
    basis = None if start is None else "lower_bound"
    return [
        (
            rollout_id, f"{rollout_id}#{model}", role(model), model, start, basis, "rollout", None,
            f"{rollout_id} model_usage", *inspect_counts(usage),
        )
        for model, usage in (sample.model_usage or {}).items()
    ]  # fmt: skip


def _role(upload: Upload) -> Role:
    """Roles by model; those beside the evaluated one belong to scorers, where the log tells them, or to tools."""
    spec, of_config = (upload.evaluation.log or EvalLog()).eval, role_of(upload.config)
    named = Spec(model=spec.model, task_args=spec.task_args, model_roles=spec.model_roles, scorers=spec.scorers)
    evaluated, beside = bare(spec.model), roles_of(Header(eval=named))

    def role(model: str | None) -> str:
        return of_config(model) if evaluated in {None, bare(model)} else beside.of_model(model or "")

    return role
