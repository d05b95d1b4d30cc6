"""Terminal-Bench runs for tests: folders as the harness of 0.2 writes them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def trial(task: str = "maze", number: int = 1, **values: Any) -> dict[str, Any]:
    at = "2025-09-05T23:5{}:{:02}.5+00:00"
    return {
        "id": f"{task}-{number}", "trial_name": f"{task}.{number}-of-2.2025-09-05__16-26-44", "task_id": task,
        "instruction": "\u2026", "is_resolved": True, "failure_mode": "unset",
        "parser_results": {"test_a": "passed", "test_b": "passed"}, "recording_path": None,
        "total_input_tokens": 1000, "total_output_tokens": 50, "trial_started_at": at.format(2, number),
        "trial_ended_at": at.format(4, number), "agent_started_at": at.format(2, 10 + number),
        "agent_ended_at": at.format(3, 10 + number), "test_started_at": None, "test_ended_at": None, **values,
    }  # fmt: skip


def metadata(**values: Any) -> dict[str, Any]:
    return {
        "run_id": "2025-09-05__16-26-44", "uuid": "u", "dataset_path": None, "dataset_name": "terminal-bench-core",
        "dataset_version": "0.1.1", "output_path": "runs", "agent_name": "robot", "no_rebuild": False,
        "n_concurrent_trials": 4, "n_attempts": 2, "dataset_size": 80, "accuracy": None, "model_name": "acme/large-1",
        "start_time": "2025-09-05T23:26:44+00:00", "end_time": "2025-09-06T01:00:00+00:00", **values,
    }  # fmt: skip


def results(*trials: dict[str, Any], **values: Any) -> dict[str, Any]:
    solved = [one["task_id"] for one in trials if one["is_resolved"]]
    share = len(solved) / len(trials) if trials else 0.0
    lists = {"resolved_ids": solved, "unresolved_ids": [], "n_resolved": len(solved)}
    return {"id": "r", "results": list(trials), "pass_at_k": {}, **lists, "accuracy": share, **values}


def write_run(
    folder: Path, trials: Sequence[dict[str, Any]], run: dict[str, Any] | None, about: dict[str, Any] | None
) -> list[Path]:
    """Write a run with the files of its trials, and its own and its metadata where given; all paths."""
    documents = {folder / one["task_id"] / str(one["trial_name"]) / "results.json": one for one in trials}
    documents |= {folder / "results.json": run} if run is not None else {}
    documents |= {folder / "run_metadata.json": about} if about is not None else {}
    for path, document in documents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=4))
    return sorted(documents)
