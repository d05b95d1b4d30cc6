"""mini-SWE-agent run folders for tests, and reading them to checked tables."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from traces.read import ReadOptions, read_traces
from traces.rejects import OnError
from traces.schema import TABLES
from traces.table import violations

Tables = dict[str, pl.DataFrame]
NOON_S = 1_768_478_400  # 2026-01-15T12:00:00Z


def usage(prompt: Any = 100, completion: Any = 10, cached: Any = 40, **values: Any) -> dict[str, Any]:
    details = {} if cached is None else {"prompt_tokens_details": {"cached_tokens": cached}}
    return {"prompt_tokens": prompt, "completion_tokens": completion, **details, **values}


def answer(number: int = 0, **response: Any) -> dict[str, Any]:
    """Give a message of version 1: the model's answer with its raw response."""
    raw = {
        "id": f"gen-{number}", "provider": "Acme", "model": "acme-large", "created": NOON_S + 10 * number,
        "usage": usage(cost=0.5), **response,
    }  # fmt: skip
    return {"role": "assistant", "content": "…", "extra": {"response": raw}}


def trajectory(task: str, *messages: dict[str, Any], **info: Any) -> dict[str, Any]:
    said = [{"role": "system", "content": "…"}, *messages]
    n_calls = sum(message["role"] == "assistant" for message in messages)
    stats = {"instance_cost": 0.5 * n_calls, "api_calls": n_calls}
    config = {
        "agent": {"step_limit": 250, "cost_limit": 3.0},
        "model": {"model_name": "acme-large", "model_kwargs": {}},
        "environment": {"image": "docker.io/swebench/sweb.eval.x"},
        "model_type": "openrouter",
    }
    header = {"exit_status": "Submitted", "model_stats": stats, "mini_version": "1.15.0", "config": config, **info}
    return {"info": header, "messages": said, "trajectory_format": "mini-swe-agent-1", "instance_id": task}


def write(folder: Path, document: dict[str, Any] | bytes | str, name: str | None = None) -> Path:
    """Write a trajectory where the scaffold puts it: a folder for its task."""
    task = name or (document["instance_id"] if isinstance(document, dict) else "task")
    path = folder / str(task) / f"{task}.traj.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document) if isinstance(document, dict) else document
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def write_run(folder: Path, *tasks: str, n_calls: int = 2, first: int = 0) -> Path:
    for number, task in enumerate(tasks):
        numbers = range(first + 100 * number, first + 100 * number + n_calls)
        write(folder, trajectory(task, *(answer(index) for index in numbers)))
    return folder


def write_scores(folder: Path, **resolved: Any) -> Path:
    rows = [{"instance_id": task, "resolved": value} for task, value in resolved.items()]
    path = folder / "results_summary.json"
    path.write_text(json.dumps({"instances": rows}))
    return path


def read(folder: Path, store: Path, on_error: OnError = "stop") -> Tables:
    """Read a folder and check every rule of every table."""
    tables = read_traces([folder], store, ReadOptions(on_error=on_error)).tables()
    assert [broken for name in tables for broken in violations(TABLES[name], tables[name])] == []
    return tables
