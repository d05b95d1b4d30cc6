"""Exgentic run folders for tests, built from the documented shapes."""

import json
from pathlib import Path
from typing import Any

from reading import Tables, read_with

from traces.readers.exgentic import READER
from traces.registry import Choices
from traces.rejects import OnError, RejectLog

SID = "a1b2c3d4"


def read(path: Path, on_error: OnError = "stop", choices: Choices | None = None) -> tuple[Tables, RejectLog]:
    return read_with(READER, [path], on_error, choices)


def write(path: Path, *documents: Any) -> Path:
    """Write documents: one as such, several one a line; text is written as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [document if isinstance(document, str) else json.dumps(document) for document in documents]
    path.write_text("\n".join(lines) + ("\n" if len(lines) > 1 else ""))
    return path


def result(**values: Any) -> dict[str, Any]:
    return {
        "session_id": SID, "success": True, "score": 1.0, "is_finished": True, "status": "success", "steps": 3,
        "action_count": 3, "invalid_action_count": 0, "agent_cost": 0.7, "benchmark_cost": 0.03,
        "execution_time": 42.5, "details": {"score": 1.0, "session_metrics": {"reward": 1.0}, "session_metadata": {}},
        "cost_reports": {
            "agent": {"model_name": "openai/acme/large", "total_cost": 0.7},
            "benchmark": {"model_name": "acme/small", "total_cost": 0.03},
        },
        "task_id": "7", **values,
    }  # fmt: skip


def run_result(*sessions: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {
        "benchmark_name": "Tau Bench 2", "benchmark_slug_name": "tau2", "agent_name": "LiteLLM Tool Calling",
        "agent_slug_name": "tool_calling", "model_name": "openai/acme/large", "subset_name": "retail",
        "total_sessions": len(sessions), "planned_sessions": len(sessions), "successful_sessions": 1,
        "benchmark_score": 0.5, "total_agent_cost": 0.7, "total_benchmark_cost": 0.03, "total_run_cost": 0.73,
        "session_results": list(sessions), "aggregation_mode": "completed_only", "exgentic_version": "0.3.5", **values,
    }  # fmt: skip


def step(number: int, agent_cost: float, benchmark_cost: float = 0.0, event: str = "action", **values: Any) -> Any:
    return {
        "event": event, "run_id": "0c890a5dde8c", "session_id": SID, "session_number": 1, "task_id": "7",
        "step": number, event: {"name": "search", "text": "…"}, "initial": number == 0, "agent_cost": agent_cost,
        "benchmark_cost": benchmark_cost, **values,
    }  # fmt: skip


def trajectory() -> list[Any]:
    """Three steps, of which the second is a further tool call of the first's model call; the user speaks twice."""
    return [
        step(0, 0.0, 0.01, "observation"), step(1, 0.2, 0.01), step(1, 0.2, 0.01, "observation"),
        step(2, 0.2, 0.01), step(2, 0.2, 0.03, "observation"), step(3, 0.5, 0.03), step(3, 0.5, 0.03, "observation"),
    ]  # fmt: skip


def logged(second: int = 1, response_id: str | None = "r1", **values: Any) -> dict[str, Any]:
    return {
        "timestamp": f"2026-02-01T10:00:{second:02}.500000+00:00", "status": "success", "model": "openai/acme/large",
        "prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050, "cost": 0.01,
        "request": {"messages": [{"role": "user", "content": "…"}]}, "response": {"id": response_id, "choices": []},
        "trace_id": f"t-{response_id}", **values,
    }  # fmt: skip


def span(span_id: str = "0x01", response_id: str | None = "r1", **attributes: Any) -> dict[str, Any]:
    return {
        "name": "chat openai/acme/large", "context": {"trace_id": "0xff", "span_id": span_id, "trace_state": "[]"},
        "kind": "SpanKind.CLIENT", "parent_id": "0x00", "start_time": "2026-02-01T10:00:00.500000Z",
        "end_time": "2026-02-01T10:00:01.500000Z", "status": {"status_code": "OK"},
        "attributes": {
            "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "openai/acme/large", "gen_ai.response.id": response_id,
            "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 50,
            "exgentic.session.id": SID, "exgentic.run.id": "0c890a5dde8c", **attributes,
        },
        "events": [], "links": [], "resource": {"attributes": {"service.name": "exgentic"}},
    }  # fmt: skip


def run_folder(tmp_path: Path, **files: list[Any]) -> Path:
    """Write a run with one session; ``files`` lie in its folder, ``__`` standing for a slash."""
    root = tmp_path / "outputs" / "0c890a5dde8c"
    session = root / "sessions" / SID
    write(root / "results.json", run_result(result()))
    write(session / "results.json", result())
    for name, documents in files.items():
        write(session / name.replace("__", "/").replace("_jsonl", ".jsonl").replace("_log", ".log"), *documents)
    return root
