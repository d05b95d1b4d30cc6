"""Synthetic Inspect logs: agents that call tools, shaped like the public log of METR, reproducible from a seed."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from zips import DEFLATED, write_zip

_START: Final = datetime(2026, 1, 15, 12, tzinfo=UTC)
_MODEL: Final = "acme/large"
_WORDS: Final = 4_000
_N_KINDS: Final = 12
_NUMBER: Final = "########"


def write_log(
    path: Path, n_samples: int, method: int = DEFLATED, n_calls: int = 48, eval_id: str = "benchmark"
) -> None:
    """Write a log; ``.json`` as one document, else as an archive with members of the method."""
    header = _header(n_samples, n_calls, eval_id)
    if path.suffix == ".json":
        with path.open("w", encoding="utf-8") as file:
            file.write(json.dumps(header)[:-1] + ', "samples": [')
            for number in range(n_samples):
                file.write((", " if number else "") + _sample_text(number, n_calls))
            file.write("]}")
    else:
        write_zip(path, _members(header, n_samples, n_calls), method)


def _members(header: dict[str, Any], n_samples: int, n_calls: int) -> Iterator[tuple[str, bytes]]:
    yield "_journal/start.json", json.dumps({name: header[name] for name in ("version", "eval", "plan")}).encode()
    for number in range(n_samples):
        yield f"samples/task-{number:08}_epoch_1.json", _sample_text(number, n_calls).encode()
    yield "summaries.json", json.dumps([_summary(number, n_calls) for number in range(n_samples)]).encode()
    yield "header.json", json.dumps(header).encode()


def _sample_text(number: int, n_calls: int) -> str:
    """Text of a sample: one of a few, with its own number in all ids."""
    return _kind(number % _N_KINDS, n_calls).replace(_NUMBER, f"{number:08}")


@cache
def _kind(number: int, n_calls: int) -> str:
    return json.dumps(_sample(number, n_calls))


def _summary(number: int, n_calls: int) -> dict[str, Any]:
    scores = {"match": {"value": "C" if number % _N_KINDS % 3 else "I"}}
    shared = {"epoch": 1, "input": "…", "target": "C", "total_time": 100.0, "working_time": 80.0, "completed": True}
    own = {"id": f"task-{number:08}", "uuid": f"sample-{number:08}", "scores": scores}
    return {**own, **shared, "model_usage": {_MODEL: _usage(n_calls)}}


def _header(n_samples: int, n_calls: int, eval_id: str) -> dict[str, Any]:
    usage = {name: n_samples * count for name, count in _usage(n_calls).items()}
    return {
        "version": 2,
        "status": "success",
        "eval": {
            "eval_id": eval_id, "run_id": "r", "created": _START.isoformat(), "task": "acme/shop", "task_id": "t",
            "dataset": {"name": "shop", "samples": n_samples, "sample_ids": [f"task-{n:08}" for n in range(n_samples)]},
            "model": _MODEL, "config": {"epochs": 1}, "packages": {"inspect_ai": "0.3.199"},
        },
        "plan": {"name": "plan", "steps": [{"solver": "react", "params": {}}], "config": {}},
        "results": {
            "total_samples": n_samples,
            "completed_samples": n_samples,
            "scores": [{"name": "match", "scorer": "match", "params": {}, "metrics": {}}],
        },
        "stats": {"started_at": _START.isoformat(), "completed_at": _START.isoformat(), "model_usage": {_MODEL: usage}},
    }  # fmt: skip


def _usage(n_calls: int) -> dict[str, int]:
    counts = {"input_tokens": 8, "output_tokens": 150, "total_tokens": 2_158, "input_tokens_cache_read": 2_000}
    return {name: n_calls * count for name, count in counts.items()}


def _sample(number: int, n_calls: int) -> dict[str, Any]:
    random = np.random.default_rng(number)
    words = _vocabulary(random)
    messages = [_message("system", _text(random, words, 40), 0)]
    events: list[dict[str, Any]] = [_span("begin")]
    for index in range(n_calls):
        answer = _message("assistant", _text(random, words, 60), 2 * index + 1)
        events += [_model_event(messages, answer, number, index), *_tool_events(random, words, number, index)]
        messages = [*messages, answer, _message("tool", f"attachment://{number:08x}{index:08x}", 2 * index + 2)]
    events.append(_span("end"))
    return {
        "id": f"task-{_NUMBER}", "epoch": 1, "input": "…", "target": "C", "messages": messages,
        "output": events[-2].get("output", {"choices": []}),
        "scores": {"match": {"value": "C" if number % 3 else "I", "answer": "…", "history": []}},
        "metadata": {}, "store": {}, "events": events, "model_usage": {_MODEL: _usage(n_calls)},
        "total_time": 100.0, "working_time": 80.0, "uuid": f"sample-{_NUMBER}", "error_retries": [],
        "attachments": {f"{number:08x}{i:08x}": _text(random, words, 600) for i in range(n_calls)},
    }  # fmt: skip


def _model_event(messages: list[dict[str, Any]], answer: dict[str, Any], number: int, index: int) -> dict[str, Any]:
    started = _START + timedelta(seconds=100 * number + 4 * index)
    output = {
        "model": "large-2026-01", "choices": [{"message": answer, "stop_reason": "tool_calls"}],
        "completion": answer["content"], "usage": _usage(1), "time": 2.5,
    }  # fmt: skip
    request = [{"role": message["role"], "content": message["content"]} for message in messages]
    return {
        "uuid": f"e{_NUMBER}-{index}", "span_id": "agent", "timestamp": started.isoformat(),
        "working_start": 4.0 * index, "event": "model", "model": _MODEL, "input": messages, "tools": _TOOLS,
        "tool_choice": "auto", "config": {}, "output": output,
        "call": {
            "request": {"messages": request, "tools": _TOOLS, "model": "large"},
            "response": {"id": f"msg-{_NUMBER}-{index}", "content": [answer["content"]], "model": "large-2026-01"},
            "time": 2.5,
        },
        "completed": (started + timedelta(seconds=2.5)).isoformat(), "working_time": 2.5,
    }  # fmt: skip


def _tool_events(random: np.random.Generator, words: list[str], number: int, index: int) -> list[dict[str, Any]]:
    started = _START + timedelta(seconds=100 * number + 4 * index + 3)
    shared = {"span_id": "agent", "timestamp": started.isoformat(), "working_start": 4.0 * index}
    ran = {"completed": (started + timedelta(seconds=1)).isoformat(), "working_time": 1.0}
    command = _text(random, words, 20)
    return [
        {"uuid": f"b{_NUMBER}-{index}", **shared, "event": "sandbox", "action": "exec", "cmd": command, "result": 0,
         "output": f"attachment://{number:08x}{index:08x}"},
        {"uuid": f"t{_NUMBER}-{index}", **shared, "event": "tool", "type": "function", "id": f"call-{index}",
         "function": "bash", "arguments": {"cmd": command}, "result": f"attachment://{number:08x}{index:08x}",
         "events": [], **ran},
    ]  # fmt: skip


def _span(action: str) -> dict[str, Any]:
    return {
        "uuid": f"{action}{_NUMBER}", "span_id": "agent", "timestamp": _START.isoformat(), "working_start": 0.0,
        "event": f"span_{action}", "id": "agent", "type": "agent", "name": "react",
    }  # fmt: skip


def _message(role: str, text: str, index: int) -> dict[str, Any]:
    return {"id": f"m{_NUMBER}-{index}", "content": text, "role": role, "source": "generate"}


def _vocabulary(random: np.random.Generator) -> list[str]:
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    return ["".join(random.choice(letters, size)) for size in random.integers(2, 10, _WORDS)]


def _text(random: np.random.Generator, words: list[str], n_words: int) -> str:
    ranks = np.minimum(random.zipf(1.3, n_words), _WORDS) - 1
    return " ".join(words[rank] for rank in ranks)


_TOOLS: Final = [
    {
        "name": name,
        "description": f"Use this function to {name} whatever there is to {name} in the working directory. " * 3,
        "parameters": {
            "type": "object",
            "properties": {"cmd": {"type": "string", "description": f"What to {name}, and how. " * 4}},
            "required": ["cmd"],
            "additionalProperties": False,
        },
    }
    for name in ("bash", "python", "submit", "edit", "search")
]
