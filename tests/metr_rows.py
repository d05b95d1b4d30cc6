"""Rows of METR run tables for tests, in the field layout of the public ones."""

import json
from typing import Any


def early(**values: Any) -> dict[str, Any]:
    """A row as in 2025-01: no tokens, no dollars."""
    return {
        "run_id": "mp4-server_1", "task_id": "maze/main", "score": 0.25, "time_limit": 1800,
        "started_at": 1734070000000, "completed_at": 1734070600000, "task_family": "maze", "alias": "Large 1",
        "model": "l1", "fatal_error_from": None, "human_minutes": 30.5, "human_score": 1.0, "human_source": "baseline",
        "dollar_equivalent": None, "total_tokens": None, "score_binarized": 0, "equal_task_weight": 0.25,
        "invsqrt_task_weight": 0.5, **values,
    }  # fmt: skip


def human(**values: Any) -> dict[str, Any]:
    """A human baseline: its clock begins at 0, its tokens and dollars are an equivalent of its time."""
    measured = {"run_id": "65", "alias": "human", "model": "human", "time_limit": 0, "started_at": 0}
    equivalent = {"completed_at": 1800000, "dollar_equivalent": 71.25, "total_tokens": 63984.0}
    return early(**measured, **equivalent, score=1.0, score_binarized=1) | values


def later(**values: Any) -> dict[str, Any]:
    """A row as in the time-horizon 1.1 report: a total of tokens, a cost of 0 that is none, the human's cost."""
    return {
        "task_id": "maze/main", "task_family": "maze", "run_id": "warehouse_A", "alias": "Large 2 (Inspect)",
        "model": "large_2_inspect", "score_cont": 0.75, "score_binarized": 1, "fatal_error_from": None,
        "human_minutes": 30.5, "human_score": 1.0, "human_source": "baseline", "task_source": "HCAST",
        "generation_cost": 0.0, "human_cost": 73.0, "time_limit": 28800.0, "started_at": 1758931705966.0,
        "completed_at": 1758931765966.0, "task_version": "1.0.11", "tokens_count": 402019.0, "cloned": 0.0,
        "scaffold": "mtb/start_metr_task,metr_agents/react", "equal_task_weight": 0.25, "invsqrt_task_weight": 0.5,
        **values,
    }  # fmt: skip


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row).replace("/", "\\/") + "\n" for row in rows)
