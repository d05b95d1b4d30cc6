"""A Terminal-Bench run as canonical tables: trials as rollouts, one total of tokens each."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import polars as pl
import xxhash

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import whole
from traces.files import printable
from traces.readers.terminal_bench.file import Metadata, RunResults, read_metadata
from traces.readers.terminal_bench.trials import Placed, Span, attempts, read_trials, span
from traces.registry import Batch, Source
from traces.rejects import RejectLog
from traces.rows import frame_of
from traces.schema import CALLS, ROLLOUTS, RUNS, SCORES

_STOP_REASONS: Final = {
    "none": "submitted", "unset": "submitted", "test_timeout": "submitted", "agent_timeout": "limit_time",
    "context_length_exceeded": "limit_context", "output_length_exceeded": "limit_other",
    "unknown_agent_error": "error", "parse_error": "error", "fatal_llm_parse_error": "error",
    "agent_installation_failed": "error_infra",
}  # fmt: skip
_BENCHMARK: Final = "terminal-bench"
_OWN_FOLDERS: Final = frozenset({"", ".", "tasks", "original-tasks", "datasets"})
_EXACT: Final = 1e-9

Row = dict[str, Any]


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map a run to its tables."""
    results, placed = read_trials(source.files, log)
    if not placed:
        log.malformed(source.files[0].name, "results", "no trial in it")
        return
    metadata = read_metadata(source.companions, log)
    run = _run_row(results, placed, metadata, source, log)
    rollouts, scores, calls = [], [], []
    for one, task_id, attempt in attempts(placed):
        key = {"run_id": run["run_id"], "rollout_id": f"{run['run_id']}/{task_id}/{attempt}"}
        key |= {PATH_COLUMN: one.path, PLACE_COLUMN: one.place}
        whole_span = span(one.trial.trial_started_at, one.trial.trial_ended_at, one, log)
        of_agent = span(one.trial.agent_started_at, one.trial.agent_ended_at, one, log)
        rollouts.append(key | {"task_id": task_id, "attempt": attempt} | _rollout_row(run, one, whole_span))
        calls.append(key | _call_row(metadata, one, of_agent, str(key["rollout_id"])))
        scores += [key | score for score in _score_rows(one)]
    tables = {"runs": frame_of(RUNS, [run]), "rollouts": frame_of(ROLLOUTS, rollouts)}
    tables |= {"calls": frame_of(CALLS, calls), "tasks": _tasks(tables["rollouts"], metadata)}
    yield tables | ({"scores": frame_of(SCORES, scores)} if scores else {})


def _tasks(rollouts: pl.DataFrame, metadata: Metadata) -> pl.DataFrame:
    """All tasks of the run, attempted or not."""
    names = sorted({*rollouts["task_id"], *map(printable, metadata.task_ids or ())})
    return pl.DataFrame({"task_id": names}).with_columns(benchmark=pl.lit(rollouts["benchmark"][0]))


def _run_row(results: RunResults, placed: Sequence[Placed], metadata: Metadata, source: Source, log: RejectLog) -> Row:
    """Describe the run; its id is that of its trials, whichever level they were read from."""
    told = sorted(f"{one.trial.trial_name or one.trial.id} {one.trial.trial_started_at}" for one in placed)
    provider, model = _billed(metadata)
    named = [name for name in (metadata.agent_name, model if provider is None else metadata.model_name) if name]
    dataset = "==".join(filter(None, (metadata.dataset_name or _local(metadata), metadata.dataset_version)))
    clock = span(metadata.start_time, metadata.end_time, Placed(placed[0].trial, source.name, "run_metadata"), log)
    n_listed, accuracy = len(results.results or ()), results.accuracy
    accuracy = metadata.accuracy if accuracy is None else accuracy
    row = {
        "run_id": f"terminal_bench-{xxhash.xxh3_128_hexdigest(_bytes(told))[:12]}", "benchmark": dataset,
        "scaffold": metadata.agent_name, "model": metadata.model_name, "agent": " + ".join(named) or "unknown",
        "settings": _settings(metadata), "limit_s": float(metadata.global_agent_timeout_sec or 0) or None,
        "submissions_allowed": 1, "score_metric": "is_resolved", "score_min": 0.0,
        "score_max": 1.0, "success_rule": "all tests of the task pass", "started_at": clock.started_at,
        "ended_at": clock.ended_at, "source_format": "terminal_bench", "source_path": source.name,
        "recorded_score": accuracy,
        "recorded_n_rollouts": n_listed or None,
    }  # fmt: skip
    _check(results, accuracy, source.files[0].name, log)
    return {name: printable(value) if isinstance(value, str) else value for name, value in row.items()}


def _local(metadata: Metadata) -> str:
    """Name tasks of no registry by the folder they were in, as adapters of other benchmarks are."""
    folder = (metadata.dataset_path or "").rstrip("/").rpartition("/")[2]
    return folder if folder not in _OWN_FOLDERS else _BENCHMARK


def _bytes(told: Sequence[str]) -> bytes:
    return "\n".join(told).encode("utf-8", "backslashreplace")


def _check(results: RunResults, accuracy: float | None, path: str, log: RejectLog) -> None:
    """Report an accuracy that is not the share of the listed trials that are resolved."""
    listed = results.results or []
    n_resolved = sum(trial.is_resolved is True for trial in listed)
    if listed and accuracy is not None and abs(accuracy - n_resolved / len(listed)) > _EXACT:
        log.contradiction(path, "accuracy", f"accuracy is {accuracy}, but {n_resolved} of {len(listed)} are resolved")


def _billed(metadata: Metadata) -> tuple[str | None, str | None]:
    """Read the biller off LiteLLM's model name, ``biller/model``."""
    prefix, slash, name = (metadata.model_name or "").partition("/")
    return (prefix, name) if slash else (None, metadata.model_name)


def _settings(metadata: Metadata) -> str | None:
    told = {
        "run_id": metadata.run_id, "commit_hash": metadata.commit_hash, "n_attempts": metadata.n_attempts,
        "n_concurrent_trials": metadata.n_concurrent_trials,
    }  # fmt: skip
    kept = {name: value for name, value in told.items() if value is not None}
    return json.dumps(kept, sort_keys=True) if kept else None


def _rollout_row(run: Row, one: Placed, whole_span: Span) -> Row:
    resolved = one.trial.is_resolved
    return {
        "benchmark": run["benchmark"], "score": None if resolved is None else float(resolved), "is_success": resolved,
        "stop_reason": _stop_reason(one.trial.failure_mode), "started_at": whole_span.started_at,
        "ended_at": whole_span.ended_at, "wall_s": whole_span.seconds,
        "time_basis": "measured" if whole_span.seconds else None, "is_tz_assumed": whole_span.is_zone_assumed,
        "native_id": None if one.trial.id is None else printable(one.trial.id),
    }  # fmt: skip


def _stop_reason(failure_mode: str | None) -> str:
    return _STOP_REASONS.get((failure_mode or "").lower(), "unknown")


def _call_row(metadata: Metadata, one: Placed, of_agent: Span, rollout_id: str) -> Row:
    """Total of a trial; counts of 0 are what an agent writes that does not count."""
    provider, model = _billed(metadata)
    tokens = (whole(count) or None for count in (one.trial.total_input_tokens, one.trial.total_output_tokens))
    input_tokens, output_tokens = tokens
    return {
        "call_id": f"{rollout_id}#total", "provider": provider, "model": model, "started_at": of_agent.started_at,
        "ended_at": of_agent.ended_at, "latency_s": of_agent.seconds,
        "time_basis": "upper_bound" if of_agent.seconds else None, "is_tz_assumed": of_agent.is_zone_assumed,
        "input_tokens": input_tokens, "output_tokens": output_tokens, "n_requests": None, "granularity": "rollout",
    }  # fmt: skip


def _score_rows(one: Placed) -> Iterator[Row]:
    """The verdict, and the share of tests that passed."""
    resolved, tests = one.trial.is_resolved, one.trial.parser_results or {}
    if resolved is not None:
        yield {"metric": "is_resolved", "value": float(resolved), "is_success": resolved}
    if tests:
        passed = sum(status == "passed" for status in tests.values())
        yield {"metric": "tests_passed_frac", "value": passed / len(tests), "is_success": None}
