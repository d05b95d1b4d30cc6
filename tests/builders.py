"""Rows for tests: every required column filled, a test names only what it is about."""

from datetime import UTC, datetime
from typing import Any

import polars as pl

from traces.schema import CALLS, CHARGES, ROLLOUTS, RUNS, TASKS
from traces.table import Table

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


def run(**values: Any) -> dict[str, Any]:
    return {"run_id": "run", "benchmark": "bench", "agent": "agent", "source_format": "test", **values}


def task(**values: Any) -> dict[str, Any]:
    return {"benchmark": "bench", "task_id": "task", **values}


def rollout(**values: Any) -> dict[str, Any]:
    row = {"run_id": "run", "benchmark": "bench", "task_id": "task", "attempt": 0, **values}
    return {"rollout_id": f"{row['run_id']}/{row['task_id']}/{row['attempt']}", **row}


def call(**values: Any) -> dict[str, Any]:
    """Give a call of known usage: unnamed parts are 0, input_tokens is the sum of its parts."""
    parts = ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h", "cache_write_unspecified")
    row = {
        "run_id": "run", "rollout_id": "run/task/0", "call_index": 0, "provider": "acme", "model": "acme-large",
        "started_at": NOON, **{f"{part}_tokens": 0 for part in parts}, "output_tokens": 0, "reasoning_tokens": 0,
        **values,
    }  # fmt: skip
    known = [row[f"{part}_tokens"] for part in parts]
    row.setdefault("input_tokens", None if None in known else sum(known))
    row.setdefault("call_id", f"{row['rollout_id']}#{row['call_index']}")
    return row


def charge(**values: Any) -> dict[str, Any]:
    return {"run_id": "run", "kind": "web_search", "quantity": 1.0, "unit": "search", **values}


def frame(table: Table, *rows: dict[str, Any]) -> pl.DataFrame:
    columns = {name: dtype for name, dtype in table.schema.items() if any(name in row for row in rows)}
    return table.sort(table.conform(pl.DataFrame(list(rows), schema=columns, orient="row") if rows else table.empty()))


def tables(
    runs: list[dict[str, Any]] | None = None,
    rollouts: list[dict[str, Any]] | None = None,
    calls: list[dict[str, Any]] | None = None,
    tasks: list[dict[str, Any]] | None = None,
    charges: list[dict[str, Any]] | None = None,
) -> dict[str, pl.DataFrame]:
    named = ((RUNS, runs), (ROLLOUTS, rollouts), (CALLS, calls), (TASKS, tasks), (CHARGES, charges))
    return {table.name: frame(table, *(rows or [])) for table, rows in named}


def trace(*calls: dict[str, Any]) -> dict[str, pl.DataFrame]:
    """One rollout of one run, with these calls in order."""
    numbered = [{**row, "call_index": number, "call_id": f"c{number}"} for number, row in enumerate(calls)]
    return tables([run()], [rollout()], numbered)
