"""SWE-bench boards for tests, in the field layout of the site's file in 2025 and 2026."""

from typing import Any


def entry(name: str = "Large 1", **values: Any) -> dict[str, Any]:
    """A run as the board of 2025 lists it, without instances."""
    return {
        "name": name, "logo": None, "site": None, "folder": f"20250802_mini-v1.0.0_{name}", "resolved": 50.0,
        "date": "2025-08-02", "logs": None, "trajs": None, "cost": None, "instance_cost": None, "instance_calls": None,
        "os_model": False, "os_system": True, "checked": True, "tags": ["Model: large-1", "System: Attempts - 1"],
        "warning": None, **values,
    }  # fmt: skip


def detailed(name: str = "Large 1", **values: Any) -> dict[str, Any]:
    """A run of 2026 with its instances: 2 of 4 resolved for 1.5 dollars."""
    solved, failed = (("a__a-1", 0.25, 10), ("b__b-1", 0.75, 30)), (("a__a-2", 0.5, 20), ("b__b-2", 0.0, 0))
    told = sorted([(*one, True) for one in solved] + [(*one, False) for one in failed])
    details = {task: {"api_calls": calls, "cost": cost, "resolved": done} for task, cost, calls, done in told}
    of_2026 = {"agent": "mini-SWE-agent", "model_display": name, "reasoning_effort": "high"}
    totals = {"cost": 1.5, "instance_cost": 0.375, "instance_calls": 15.0, "mini-swe-agent_version": "2.0.0"}
    return {**entry(name), **of_2026, **totals, "per_instance_details": details, **values}


def boards(**results: list[dict[str, Any]]) -> dict[str, Any]:
    return {"leaderboards": [{"name": name.replace("_", "-"), "results": listed} for name, listed in results.items()]}
