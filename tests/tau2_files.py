"""tau2 results files for tests: built ones, and reading any of them to checked tables."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from traces.checks import checked
from traces.readers.tau2 import READER
from traces.registry import Source, SourceFile
from traces.rejects import OnError, RejectLog
from traces.schema import TABLES
from traces.table import violations

Tables = dict[str, pl.DataFrame]


def read_path(path: Path, on_error: OnError = "stop") -> tuple[Tables, RejectLog]:
    log = RejectLog("tau2", on_error)
    batches = READER.parse(Source(path.name, (SourceFile(path, path.name),)), log)
    parts: dict[str, list[pl.DataFrame]] = {name: [table.empty()] for name, table in TABLES.items()}
    for batch in batches:
        for name, frame in checked(batch, log).items():
            parts[name].append(frame)
    tables = {name: TABLES[name].sort(pl.concat(frames)) for name, frames in parts.items()}
    assert [violation for name in tables for violation in violations(TABLES[name], tables[name])] == []
    return tables, log


def read(tmp_path: Path, document: dict[str, Any] | str, on_error: OnError = "stop") -> tuple[Tables, RejectLog]:
    path = tmp_path / "results.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return read_path(path, on_error)


def results(*simulations: dict[str, Any], **info: Any) -> dict[str, Any]:
    settings = {
        "agent_info": {"implementation": "llm_agent", "llm": "large"},
        "user_info": {"implementation": "user_simulator", "llm": "acme/small"},
        "environment_info": {"domain_name": "shop"},
        "max_steps": 200,
        **info,
    }
    return {"timestamp": "2026-01-15T12:00:00", "info": settings, "tasks": [], "simulations": list(simulations)}


def simulation(*messages: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {
        "id": "s1", "task_id": "1", "start_time": "2026-01-15T12:00:00", "end_time": "2026-01-15T12:01:00",
        "duration": 60.0, "termination_reason": "user_stop", "agent_cost": 0.5, "user_cost": 0.25,
        "reward_info": {"reward": 1.0}, "messages": list(messages) or [greeting(), said(), answered()], "trial": 0,
        "seed": 1, **values,
    }  # fmt: skip


def greeting(**values: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": "Hi!", "cost": 0.0, "timestamp": "2026-01-15T12:00:01", **values}


def said(**values: Any) -> dict[str, Any]:
    return {"role": "user", "content": "…", "cost": 0.25, "timestamp": "2026-01-15T12:00:03", **usage(10, 1), **values}


def answered(**values: Any) -> dict[str, Any]:
    stamp = "2026-01-15T12:00:07"
    return {"role": "assistant", "content": "…", "cost": 0.5, "timestamp": stamp, **usage(100, 5), **values}


def usage(prompt: float, completion: float) -> dict[str, Any]:
    return {"usage": {"prompt_tokens": prompt, "completion_tokens": completion}}
