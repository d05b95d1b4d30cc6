"""Synthetic files of one JSON record a line: samples of Every Eval Ever and records of OpenHands, all text repeated."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

_START: Final = datetime(2026, 1, 15, 12)  # noqa: DTZ001 - OpenHands writes no zone
_SENTENCE: Final = 'He said "go"\nand they went, quickly, to the café. '
_TURNS: Final = 24
_CALLS: Final = 60


def write_lines(path: Path, record: Callable[[int], dict[str, Any]], size_mb: int) -> None:
    """Write records, numbered from 0, until the file has the size."""
    with path.open("w", encoding="utf-8") as file:
        number = 0
        while file.tell() < size_mb * 1_000_000:
            file.write(json.dumps(record(number)) + "\n")
            number += 1


def _text(chars: int) -> str:
    return _SENTENCE * (chars // len(_SENTENCE))


def short_sample(number: int) -> dict[str, Any]:
    """Sample of Every Eval Ever: one question with its answer, 3 kB as a line."""
    question = {"raw": _text(1_500), "formatted": None, "reference": ["C"]}
    return _sample(number, "single_turn") | {"input": question, "output": {"raw": [_text(500)]}}


def long_sample(number: int) -> dict[str, Any]:
    """Sample of Every Eval Ever: a transcript of 49 messages, 90 kB as a line."""
    messages = [{"turn_idx": 0, "role": "user", "content": _text(3_000)}]
    for turn in range(_TURNS):
        tool = {"id": f"c{turn}", "name": "bash", "arguments": {"cmd": _text(300)}}
        said = {"role": "assistant", "content": _text(600), "tool_calls": [tool]}
        messages += [{"turn_idx": 2 * turn + 1, **said}]
        messages += [{"turn_idx": 2 * turn + 2, "role": "tool", "content": _text(2_000), "tool_call_id": [f"c{turn}"]}]
    return _sample(number, "agentic") | {"input": {"raw": _text(3_000), "reference": []}, "messages": messages}


def _sample(number: int, interaction: str) -> dict[str, Any]:
    sent = 1_000 + number % 500
    return {
        "schema_version": "0.3.0", "evaluation_id": "bench/acme_large/1767225600", "model_id": "acme/large",
        "evaluation_name": "quiz", "evaluation_result_id": "quiz/accuracy", "sample_id": f"q{number}",
        "sample_hash": f"{number:064x}", "interaction_type": interaction, "answer_attribution": [],
        "evaluation": {"score": float(number % 2), "is_correct": bool(number % 2)},
        "token_usage": {"input_tokens": sent, "output_tokens": 20, "total_tokens": sent + 20},
        "performance": {"latency_ms": 500.0, "generation_time_ms": 2_000.0}, "metadata": {"epoch": "1"},
    }  # fmt: skip


def record(number: int) -> dict[str, Any]:
    """Record of OpenHands: an instance solved in 60 calls, 500 kB as a line; both events of a call hold its answer."""
    usages = [_usage(number, index) for index in range(_CALLS)]
    stamps = [_START + timedelta(seconds=10 * index) for index in range(2 * _CALLS)]
    history = [_event(index, stamp, usages[index // 2]) for index, stamp in enumerate(stamps)]
    total = {
        name: sum(int(usage[name]) for usage in usages)
        for name in ("prompt_tokens", "completion_tokens", "cache_read_tokens", "cache_write_tokens")
    }
    return {
        "instance_id": f"demo-{number}", "test_result": {"git_patch": _text(2_000)}, "instruction": _text(4_000),
        "metadata": {
            "agent_class": "CodeActAgent", "llm_config": {"model": "acme/large", "temperature": 0.0},
            "max_iterations": 100, "git_commit": "abc", "dataset": "demo/SWE-demo", "data_split": "test",
        },
        "history": history,
        "metrics": {
            "accumulated_cost": 0.25 * _CALLS, "accumulated_token_usage": {"model": "acme/large", **total},
            "costs": [
                {"model": "acme/large", "cost": 0.25, "timestamp": stamp.replace(tzinfo=UTC).timestamp()}
                for stamp in stamps[1::2]
            ],
            "response_latencies": [
                {"model": "acme/large", "latency": 4.0, "response_id": usage["response_id"]} for usage in usages
            ],
            "token_usages": usages,
        },
        "error": None, "instance": {"problem_statement": _text(4_000)},
    }  # fmt: skip


def _event(index: int, stamp: datetime, usage: dict[str, Any]) -> dict[str, Any]:
    tool = {"id": f"call-{index // 2}", "type": "function", "function": {"name": "run", "arguments": _text(300)}}
    message = {"role": "assistant", "content": _text(500), "tool_calls": [tool]}
    counted = {name: usage[name] for name in ("prompt_tokens", "completion_tokens")}
    response = {
        "id": usage["response_id"], "created": 1768478400, "model": "acme/large", "object": "chat.completion",
        "choices": [{"finish_reason": "tool_calls", "index": 0, "message": message}], "usage": counted,
    }  # fmt: skip
    said = {"action": "run", "args": {"command": _text(300), "thought": _text(500)}}
    seen = {"observation": "run", "content": _text(3_000), "extras": {"command": _text(300), "metadata": {}}}
    return {
        "id": index, "timestamp": stamp.isoformat(), "source": "agent", "message": "",
        "tool_call_metadata": {
            "function_name": "run", "tool_call_id": tool["id"], "model_response": response, "total_calls_in_response": 1
        },
        **(seen if index % 2 else said),
    }  # fmt: skip


def _usage(number: int, index: int) -> dict[str, Any]:
    return {
        "model": "acme/large", "prompt_tokens": 4_000 + 500 * index, "completion_tokens": 200,
        "cache_read_tokens": 500 * index, "cache_write_tokens": 400, "context_window": 0,
        "per_turn_token": 4_200 + 500 * index, "response_id": f"resp-{number}-{index}",
    }  # fmt: skip
