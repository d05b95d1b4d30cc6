"""Inspect logs for tests: built ones in every container, and reading any of them to checked tables."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
from zips import DEFLATED, write_zip

from traces.checks import checked
from traces.readers.inspect import READER
from traces.registry import Choices, Reader, Source, SourceFile
from traces.rejects import OnError, RejectLog
from traces.schema import TABLES
from traces.table import violations

Tables = dict[str, pl.DataFrame]
MODEL = "anthropic/large"


def read_path(
    path: Path, on_error: OnError = "stop", scorer: str | None = None, reader: Reader = READER
) -> tuple[Tables, RejectLog]:
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    source = Source("log", tuple(SourceFile(file, "log") for file in files), choices=Choices(scorer=scorer))
    log = RejectLog(reader.name, on_error)
    parts: dict[str, list[pl.DataFrame]] = {name: [table.empty()] for name, table in TABLES.items()}
    for batch in reader.parse(source, log):
        for name, frame in checked(batch, log).items():
            parts[name].append(frame)
    tables = {name: TABLES[name].sort(pl.concat(frames)) for name, frames in parts.items()}
    tables["tasks"] = tables["tasks"].unique(maintain_order=True)  # batches may repeat them
    assert [violation for name in tables for violation in violations(TABLES[name], tables[name])] == []
    return tables, log


def read(
    folder: Path, document: dict[str, Any] | str, on_error: OnError = "stop", scorer: str | None = None
) -> tuple[Tables, RejectLog]:
    path = folder / "log.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return read_path(path, on_error, scorer)


def write_eval(path: Path, document: dict[str, Any], method: int = DEFLATED, *, is_chunked: bool = False) -> Path:
    """Write a document as an archive, as Inspect does."""
    write_zip(path, members(document, is_chunked=is_chunked), method)
    return path


def members(document: dict[str, Any], *, is_chunked: bool = False) -> Iterator[tuple[str, bytes]]:
    start = {name: document[name] for name in ("version", "eval", "plan")}
    yield "_journal/start.json", json.dumps(start).encode()
    for sample_ in document["samples"]:
        prefix = f"samples/{sample_['id']}_epoch_{sample_['epoch']}"
        yield from _chunks(prefix, sample_) if is_chunked else [(f"{prefix}.json", json.dumps(sample_).encode())]
    summaries = [{**sample_, "events": None, "completed": True} for sample_ in document["samples"]]
    yield "_journal/summaries/1.json", json.dumps(summaries).encode()
    yield "summaries.json", json.dumps(summaries).encode()
    header = {name: value for name, value in document.items() if name not in ("samples", "reductions")}
    yield "header.json", json.dumps(header).encode()


def _chunks(prefix: str, sample_: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    events = sample_["events"] or []
    shell = {name: value for name, value in sample_.items() if name not in ("events", "messages")}
    yield f"{prefix}/sample.json", json.dumps(shell).encode()
    for start in range(0, len(events), 2):  # written so that the order of names is not that of the chunks
        yield f"{prefix}/events/{start}.json", json.dumps(events[start : start + 2]).encode()
    yield f"{prefix}/events/stats.json", b'{"version": 1, "chunks": []}'
    yield f"{prefix}/messages/0.json", json.dumps(sample_["messages"]).encode()


def log(*samples: dict[str, Any], **values: Any) -> dict[str, Any]:
    spec = {
        "eval_id": "e1", "run_id": "r1", "created": "2026-01-15T12:00:00+00:00", "task": "pack/shop", "task_id": "t1",
        "dataset": {"name": "shop", "samples": 1, "sample_ids": ["a"]}, "model": MODEL, "config": {"epochs": 1},
        "packages": {"inspect_ai": "0.3.150"}, **values.pop("spec", {}),
    }  # fmt: skip
    return {
        "version": 2, "status": "success", "eval": spec, "plan": {"steps": [{"solver": "react", "params": {}}]},
        "results": {"total_samples": len(samples), "completed_samples": len(samples), "scores": [
            {"name": "match", "scorer": "match", "metrics": {"accuracy": {"name": "accuracy", "value": 1.0}}},
        ]},
        "stats": {"started_at": "2026-01-15T12:00:00+00:00", "completed_at": "2026-01-15T13:00:00+00:00"},
        "samples": list(samples), "reductions": [], **values,
    }  # fmt: skip


def sample(*events: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {
        "id": "a", "epoch": 1, "uuid": "u1", "input": "…", "target": "C", "messages": [], "output": {"choices": []},
        "scores": {"match": {"value": "C"}}, "events": list(events), "model_usage": None, "total_time": 60.0,
        "working_time": 50.0, "started_at": "2026-01-15T12:00:00+00:00", "completed_at": "2026-01-15T12:01:00+00:00",
        "error_retries": [], **values,
    }  # fmt: skip


def call(
    second: float = 0, *, seconds: float = 2, usage: dict[str, Any] | None = None, **values: Any
) -> dict[str, Any]:
    return {
        "uuid": f"e{second}", "event": "model", "model": MODEL, "timestamp": stamp(second),
        "completed": stamp(second + seconds), "working_time": seconds, "input": [], "tools": [],
        "output": {"model": "large-2026", "choices": [], "usage": usage if usage is not None else used(10, 5)},
        **values,
    }  # fmt: skip


def tool(second: float, *, seconds: float = 1, **values: Any) -> dict[str, Any]:
    return {
        "event": "tool", "type": "function", "id": "c1", "function": "bash", "timestamp": stamp(second),
        "completed": stamp(second + seconds), "working_time": seconds, **values,
    }  # fmt: skip


def used(sent: int, out: int, total: int | None = None, **more: Any) -> dict[str, Any]:
    """Usage; keyword arguments: read, write (cached tokens), reasoning, cost."""
    names = {"read": "input_tokens_cache_read", "write": "input_tokens_cache_write", "reasoning": "reasoning_tokens"}
    counts = {names.get(name, "total_cost"): value for name, value in more.items()}
    return {
        "input_tokens": sent,
        "output_tokens": out,
        "total_tokens": sent + out if total is None else total,
        **counts,
    }


def stamp(second: float) -> str:
    return f"2026-01-15T12:{int(second // 60):02}:{second % 60:09.6f}+00:00"
