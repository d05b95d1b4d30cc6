"""One HELM run folder to canonical tables: instances as rollouts, their metrics as scores, their tokens as calls."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import polars as pl
import xxhash

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import whole
from traces.document import read_document
from traces.files import printable
from traces.readers.helm.file import AdapterSpec, InstanceStats, RunSpec, ScenarioState, Stat
from traces.readers.helm.instances import Attempt, attempts, is_score, main_metric
from traces.readers.helm.kinds import kind_of
from traces.readers.helm.splits import by_split, is_plain
from traces.registry import Batch, Source, SourceFile
from traces.rejects import RejectLog
from traces.schema import CALLS, ROLLOUTS, RUNS, SCORES, TASKS
from traces.table import Table

_MODEL_ARGUMENT: Final = re.compile(r"(^|[:,])(model|model_deployment)=[^,]*")
_ONE_REQUEST: Final = frozenset(
    {"generation", "multiple_choice_joint", "multiple_choice_joint_chain_of_thought", "chat"}
)
_ROLLOUTS_PER_BATCH: Final = 2_000
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Run:
    run_id: str
    spec: RunSpec
    adapter: AdapterSpec
    benchmark: str | None
    metric: str | None
    is_binary: bool
    path: str
    split: str | None = None

    @property
    def provider(self) -> str | None:
        """Who serves a deployment; without one, the model's name only tells who made it."""
        host, slash, _ = (self.adapter.model_deployment or "").partition("/")
        return host if slash else None


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map a run folder to batches of instances; the run itself comes first."""
    kinds = {kind_of(file): file for file in (*source.files, *source.companions)}
    spec = _read(kinds, "run_spec", RunSpec, log) or RunSpec()
    stats: list[Stat] = _read(kinds, "stats", list[Stat], log) or []
    elements: list[InstanceStats] = _read(kinds, "per_instance", list[InstanceStats], log) or []
    states = _read(kinds, "scenario_state", ScenarioState, log) or ScenarioState()
    found = attempts(elements, states.request_states or ())
    place = kinds["per_instance"].name if "per_instance" in kinds else source.name
    if not (found or stats):
        log.malformed(source.name, "", "no statistics in it")
    parts = by_split(found, stats)
    for split, (own, of_split) in parts.items():
        run = _run(spec, own, of_split, source.choices.scorer, place)
        is_beside = split is not None and split != next(iter(parts))
        run = replace(run, split=split, benchmark=_of_split(run.benchmark, split) if is_beside else run.benchmark)
        yield from _batches(run, own, of_split, source)


def _batches(run: _Run, found: Sequence[Attempt], stats: Sequence[Stat], source: Source) -> Iterator[Batch]:
    calls = [] if found else _totals(stats, run)
    yield {"runs": _frame([_run_row(run, found, stats, source)], RUNS), "calls": _frame(calls, CALLS)}
    for start in range(0, len(found), _ROLLOUTS_PER_BATCH):
        part = found[start : start + _ROLLOUTS_PER_BATCH]
        yield {
            "rollouts": _frame([_rollout(attempt, run) for attempt in part], ROLLOUTS),
            "scores": _frame([row for attempt in part for row in _scores(attempt, run)], SCORES),
            "calls": _frame([_call(attempt, run) for attempt in part], CALLS),
            "tasks": _frame([_task(attempt, run) for attempt in part], TASKS),
        }


def _of_split(benchmark: str | None, split: str | None) -> str:
    """Name the split beside the one a run is compared by: its instances are other tasks."""
    return f"{benchmark or ''} ({split})".strip()


def _read(kinds: dict[str, SourceFile], kind: str, shape: Any, log: RejectLog) -> Any:
    return read_document(kinds[kind], shape, log) if kind in kinds else None


def _run(spec: RunSpec, found: Sequence[Attempt], stats: Sequence[Stat], chosen: str | None, path: str) -> _Run:
    content: list[Any] = [
        (attempt.task_id, attempt.trial, attempt.total("num_prompt_tokens"), attempt.total("inference_runtime"))
        for attempt in found
    ] or [(stat.key, stat.count, stat.sum) for stat in stats]
    digest = xxhash.xxh3_128_hexdigest(repr((spec.name, content)).encode("utf-8", "replace"))[:12]
    benchmark = _MODEL_ARGUMENT.sub("", spec.name or "").strip(":,") or None
    metric = main_metric(spec.metric_specs or spec.metrics or (), found, chosen)
    values = {attempt.scores[metric] for attempt in found if metric in attempt.scores} if metric else set()
    is_binary = bool(values) and values <= {0.0, 1.0}
    return _Run(f"helm-{digest}", spec, spec.adapter_spec or AdapterSpec(), benchmark, metric, is_binary, path)


def _run_row(run: _Run, found: Sequence[Attempt], stats: Sequence[Stat], source: Source) -> Row:
    adapter, stamps = run.adapter, [attempt.requests.started_at for attempt in found if attempt.requests.started_at]
    metric = run.metric or next((stat.key for stat in stats if is_score(stat.key)), None)
    score, n_instances = _recorded(stats, metric)
    settings = {
        "run_spec": run.spec.name, "method": adapter.method, "max_tokens": adapter.max_tokens,
        "num_outputs": adapter.num_outputs, "max_train_instances": adapter.max_train_instances,
        "temperature": adapter.temperature, "split": run.split,
        "model_deployment": adapter.model_deployment, "groups": run.spec.groups,
    }  # fmt: skip
    return {
        "run_id": run.run_id, "benchmark": run.benchmark, "scaffold": "HELM", "model": adapter.model,
        "reasoning_effort": adapter.reasoning_effort,
        "agent": " + ".join(filter(None, (adapter.model, adapter.reasoning_effort))) or "unknown",
        "settings": json.dumps({name: value for name, value in settings.items() if value is not None}, sort_keys=True),
        "limit_tokens": None, "submissions_allowed": 1, "score_metric": metric,
        "success_rule": f"{metric} = 1" if run.is_binary else None,
        "started_at": min(stamps, default=None), "ended_at": None, "source_format": "helm",
        "source_path": source.name, "recorded_score": score,
        "recorded_n_rollouts": n_instances * (whole(adapter.num_train_trials) or 1) if n_instances else None,
    }  # fmt: skip


def _recorded(stats: Sequence[Stat], metric: str | None) -> tuple[float | None, int | None]:
    """Mean a run states of a split, and of how many instances."""
    sizes = [stat.mean for stat in stats if stat.key == "num_instances" and is_plain(stat)]
    means = [stat.mean for stat in stats if stat.key == metric and is_plain(stat)]
    mean = next((mean for mean in means if mean is not None), None)
    n_instances = next((size for size in sizes if size), None)
    return mean, None if mean is None or n_instances is None else round(n_instances)


def _totals(stats: Sequence[Stat], run: _Run) -> list[Row]:
    """Tokens of the run from its means, where no instance tells its own."""
    totals = {name: _total(stats, name) for name in ("num_prompt_tokens", "num_output_tokens")}
    n_requests = _recorded(stats, "num_prompt_tokens")[1]
    if not any(totals.values()):
        return []
    is_one = run.adapter.method in _ONE_REQUEST and (whole(run.adapter.num_train_trials) or 1) == 1
    return [{
        "run_id": run.run_id, "call_id": f"{run.run_id}#total", "provider": run.provider, "model": run.adapter.model,
        "input_tokens": totals["num_prompt_tokens"], "output_tokens": totals["num_output_tokens"],
        "n_requests": n_requests if is_one else None, "granularity": "run",
    }]  # fmt: skip


def _total(stats: Sequence[Stat], name: str) -> int | None:
    mean, n_instances = _recorded(stats, name)
    return None if mean is None or n_instances is None else round(mean * n_instances)


def _rollout_id(attempt: Attempt, run: _Run) -> str:
    return f"{run.run_id}/{printable(attempt.task_id)}/{attempt.trial}"


def _rollout(attempt: Attempt, run: _Run) -> Row:
    score, seconds = attempt.scores.get(run.metric or ""), attempt.total("inference_runtime")
    started_at = attempt.requests.started_at
    return {
        "run_id": run.run_id, "rollout_id": _rollout_id(attempt, run), "benchmark": run.benchmark,
        "task_id": printable(attempt.task_id), "attempt": attempt.trial, "score": score,
        "is_success": score == 1 if run.is_binary and score is not None else None,
        "stop_reason": "error_infra" if attempt.requests.is_failed else "submitted",
        "started_at": started_at, "ended_at": _after(started_at, seconds), "wall_s": seconds,
        "model_s": None if seconds is None else seconds / _batch_size(attempt),
        "time_basis": _basis(attempt) if seconds is not None else None, "n_calls": attempt.n_requests,
        PATH_COLUMN: run.path, PLACE_COLUMN: attempt.place,
    }  # fmt: skip


def _basis(attempt: Attempt) -> str:
    """Seconds of several requests are summed, though they may have run side by side."""
    return "measured" if attempt.n_requests == 1 else "upper_bound"


def _batch_size(attempt: Attempt) -> float:
    """Requests that shared the seconds of one."""
    stat = attempt.stats.get("batch_size")
    return max(stat.mean, 1.0) if stat is not None and stat.mean is not None else 1.0


def _after(started_at: Any, seconds: float | None) -> Any:
    is_known = started_at is not None and seconds is not None and 0 <= seconds < 10**7
    return started_at + timedelta(seconds=seconds or 0) if is_known else None


def _call(attempt: Attempt, run: _Run) -> Row:
    """Tokens of an attempt: of its one request, or of several that are not told apart."""
    n_requests, seconds = attempt.n_requests, attempt.total("inference_runtime")
    is_one, started_at = n_requests == 1, attempt.requests.started_at
    prompt, output = attempt.total("num_prompt_tokens"), attempt.total("num_output_tokens", "num_completion_tokens")
    return {
        "run_id": run.run_id, "rollout_id": _rollout_id(attempt, run), "call_index": 0 if is_one else None,
        "call_id": f"{_rollout_id(attempt, run)}#0", "provider": run.provider, "model": run.adapter.model,
        "started_at": started_at, "ended_at": _after(started_at, seconds) if is_one else None,
        "latency_s": seconds if is_one else None,
        "time_basis": "measured" if is_one and seconds is not None else "lower_bound" if started_at else None,
        "input_tokens": whole(prompt), "output_tokens": whole(output), "n_requests": n_requests,
        "granularity": "call" if is_one else "rollout", PATH_COLUMN: run.path, PLACE_COLUMN: attempt.place,
    }  # fmt: skip


def _scores(attempt: Attempt, run: _Run) -> Iterator[Row]:
    for name, value in attempt.scores.items():
        is_success = value == 1 if name == run.metric and run.is_binary else None
        shared = {"run_id": run.run_id, "rollout_id": _rollout_id(attempt, run), PATH_COLUMN: run.path}
        yield {**shared, "metric": name, "value": value, "is_success": is_success, PLACE_COLUMN: attempt.place}


def _task(attempt: Attempt, run: _Run) -> Row:
    """Name the task; the perturbed copies of an instance are a family with it."""
    family = None if attempt.task_id == attempt.instance_id else printable(attempt.instance_id)
    return {"benchmark": run.benchmark, "task_id": printable(attempt.task_id), "family": family}


def _frame(rows: Sequence[Row], table: Table) -> pl.DataFrame:
    dtypes: dict[str, Any] = {**table.schema, PATH_COLUMN: pl.String, PLACE_COLUMN: pl.String}
    names: Sequence[str] = list(rows[0] if rows else dtypes)
    columns = {name: [_text(row[name]) for row in rows] for name in names}
    return pl.DataFrame([pl.Series(name, values, dtypes[name]) for name, values in columns.items()])


def _text(value: Any) -> Any:
    return printable(value) if isinstance(value, str) else value
