"""Rows of HAL's leaderboard to canonical tables: runs with their tokens and dollars, attempts by success alone."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

import polars as pl

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.files import open_stream
from traces.readers.hal.doubling import is_doubled
from traces.readers.hal.file import Config
from traces.readers.hal.run import Start, start_of
from traces.readers.hal.totals import total_counts
from traces.readers.hal_leaderboard.database import database_entries
from traces.readers.hal_leaderboard.entry import Entry
from traces.readers.hal_leaderboard.export import export_entries
from traces.registry import Batch, Source
from traces.rejects import RejectLog
from traces.schema import RUNS
from traces.usage import TOKEN_SCHEMA, UNKNOWN, TokenCounts

_MAGIC: Final = b"SQLite format 3\x00"
_BRACKET: Final = re.compile(r"\s*\(.*\)\s*$")
_ROLLOUTS: Final = {
    "run_id": pl.String, "rollout_id": pl.String, "benchmark": pl.String, "task_id": pl.String, "attempt": pl.Int64,
    "score": pl.Float64, "is_success": pl.Boolean, PLACE_COLUMN: pl.String,
}  # fmt: skip
_CALLS: Final = {
    "run_id": pl.String, "call_id": pl.String, "model": pl.String, "started_at": pl.Int64, "time_basis": pl.String,
    "is_tz_assumed": pl.Boolean, "n_requests": pl.Int64, "granularity": pl.String, "recorded_cost_usd": pl.Float64,
    PLACE_COLUMN: pl.String, **TOKEN_SCHEMA,
}  # fmt: skip


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map a database or an export to one batch."""
    file = source.files[0]
    with open_stream(file.path) as stream:
        is_database = stream.read(len(_MAGIC)) == _MAGIC
    entries = _once((database_entries if is_database else export_entries)(file, log), file.name, log)
    if not entries:
        return
    doubled = _doubled(entries, file.name, log)
    frames = {
        "runs": pl.concat([_run(entry, source.name, is_doubled=entry.run_id in doubled) for entry in entries]),
        "rollouts": pl.DataFrame([row for entry in entries for row in _rollouts(entry)], _ROLLOUTS, orient="row"),
        "calls": pl.DataFrame([row for entry in entries for row in _calls(entry)], _CALLS, orient="row"),
    }
    tasks = frames["rollouts"].select("benchmark", "task_id").unique(maintain_order=True)
    path = pl.lit(file.name).alias(PATH_COLUMN)
    yield {"tasks": tasks, **{name: frame.with_columns(path) for name, frame in frames.items()}}


def _once(entries: Iterator[Entry], name: str, log: RejectLog) -> list[Entry]:
    """Entries by run; a run listed again is left out."""
    found: dict[str, Entry] = {}
    for entry in entries:
        if found.setdefault(entry.run_id, entry) is not entry:
            log.duplicate(name, entry.place, _run_id(entry), "a second row of this run")
    return list(found.values())


def _doubled(entries: Sequence[Entry], name: str, log: RejectLog) -> set[str]:
    """Runs of the programs whose totals are even too often for chance: their calls were counted twice."""
    groups: dict[str, list[tuple[str, TokenCounts]]] = defaultdict(list)
    for entry in entries:
        for model, usage in entry.usage.items():
            groups[_scaffold(entry)].append((entry.run_id, total_counts(usage, entry.date, model)))
    found: set[str] = set()
    for scaffold, counted in groups.items():
        known = [
            (one.input_tokens, one.output_tokens)
            for _, one in counted
            if one.input_tokens is not None and one.output_tokens is not None
        ]
        if is_doubled(known):
            n_even = sum(prompt % 2 == 0 and completion % 2 == 0 for prompt, completion in known)
            problem = f"{scaffold}: {n_even} of {len(known)} totals even (by chance a quarter): counted twice?"
            log.contradiction(name, "token_usage", problem)
            found |= {run_id for run_id, _ in counted}
    return found


def _run_id(entry: Entry) -> str:
    return f"hal-{entry.run_id}"


def _start(entry: Entry) -> Start:
    return start_of(Config(run_id=entry.run_id, date=entry.date))


def _scaffold(entry: Entry) -> str:
    return _BRACKET.sub("", entry.agent) or entry.agent


def _model(entry: Entry) -> str | None:
    return next(iter(entry.usage), None) or entry.model


def _run(entry: Entry, path: str, *, is_doubled: bool) -> pl.DataFrame:
    settings = {
        "date": entry.date, "metrics": dict(entry.metrics), "mean_of_runs": entry.n_averaged,
        "is_doubling_suspected": is_doubled,
    }  # fmt: skip
    row = {
        "run_id": _run_id(entry), "benchmark": entry.benchmark, "scaffold": _scaffold(entry), "model": _model(entry),
        "agent": entry.agent, "settings": json.dumps(settings, sort_keys=True), "score_metric": "accuracy",
        "score_min": 0.0, "score_max": 1.0, "success_rule": "listed by HAL as solved",
        "started_at": _start(entry).us, "source_format": "hal_leaderboard", "source_path": path,
        "recorded_score": entry.score, "recorded_cost_usd": entry.cost_usd or None,
        "recorded_n_rollouts": len({*entry.solved, *entry.failed}) or None, PLACE_COLUMN: entry.place,
    }  # fmt: skip
    schema = {name: pl.Int64 if name == "started_at" else RUNS.schema.get(name, pl.String) for name in row}
    return pl.DataFrame([row], schema=schema)


def _rollouts(entry: Entry) -> Iterator[tuple[Any, ...]]:
    run_id = _run_id(entry)
    for tasks, is_success in ((entry.solved, True), (entry.failed, False)):
        for task in tasks:
            rollout_id = f"{run_id}/{task}/0"
            yield run_id, rollout_id, entry.benchmark, task, 0, float(is_success), is_success, entry.place


def _calls(entry: Entry) -> Iterator[tuple[Any, ...]]:
    """One total per model; one of unknown tokens where the site has none, so that the run is not taken for free."""
    run_id, start = _run_id(entry), _start(entry)
    basis = None if start.us is None else "lower_bound"
    totals = {model: total_counts(usage, entry.date, model) for model, usage in entry.usage.items()}
    totals = totals or ({} if entry.model is None else {entry.model: UNKNOWN}) or {"": UNKNOWN}
    for model, counts in totals.items():
        cost_usd = (entry.cost_usd or None) if len(totals) == 1 else None
        yield (
            run_id, f"{run_id}#total/{model}", model or None, start.us, basis, start.is_assumed, None, "run", cost_usd,
            f"{entry.place} {model}".strip(), *counts,
        )  # fmt: skip
