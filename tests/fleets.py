"""Rollouts for tests of fleets: calls of a model of open weights with tools between them, on accelerators."""

from datetime import timedelta
from typing import Any

import polars as pl
from builders import NOON, call, rollout, run, tables

from pricing.hardware.deployment import Deployment
from pricing.scenario import Scenario

GPT = "gpt-oss-120b"
Tables = dict[str, pl.DataFrame]


def on(**keys: Any) -> Scenario:
    stated = {"accelerator": "h200", "concurrency": 16, "usd_per_gpu_hour": 3.6, **keys}
    return Scenario(hardware={GPT: Deployment(**stated)}, allow_estimate=True)


def at(seconds: float) -> Any:
    return NOON + timedelta(seconds=seconds)


def calls_of(task: str, *outputs: int | None, tool_s: float = 7.0, **values: Any) -> list[dict[str, Any]]:
    """Calls of a second each with 1,000 tokens of input, and tools between them."""
    rows = []
    for number, output in enumerate(outputs):
        start = number * (1 + tool_s)
        stamps = {"started_at": at(start), "ended_at": at(start + 1), "latency_s": 1.0, "time_basis": "measured"}
        of = {"rollout_id": f"run/{task}/0", "model": GPT, "provider": None, "call_index": number, **values}
        rows.append(call(**of, **stamps, uncached_input_tokens=1000, output_tokens=output))
    return rows


def rollout_of(task: str, wall_s: float, **values: Any) -> dict[str, Any]:
    times = {"started_at": NOON, "ended_at": at(wall_s), "wall_s": wall_s, "time_basis": "measured"}
    return rollout(task_id=task, **{**times, **values})


def trace_of(*tasks: tuple[int | None, ...]) -> Tables:
    """Rollouts named a, b ... whose calls have these output tokens; 7 s of tools between calls, none at the end."""
    names = [chr(ord("a") + number) for number in range(len(tasks))]
    rows = [row for name, outputs in zip(names, tasks, strict=True) for row in calls_of(name, *outputs)]
    walls = [len(outputs) * 8 - 7 for outputs in tasks]
    return tables([run()], [rollout_of(*pair) for pair in zip(names, walls, strict=True)], rows)
