"""Runs of SWE-bench boards as canonical tables, with what their details and their published figures disagree on."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.files import peek, printable
from traces.parquet import has_columns
from traces.readers.swebench_leaderboards.copies import named_runs
from traces.readers.swebench_leaderboards.file import NOBODY, Instance, Result, Run, read_details, read_runs
from traces.registry import Batch, Source
from traces.rejects import RejectLog
from traces.rows import frame_of
from traces.schema import CALLS, ROLLOUTS, RUNS

_ROUNDED: Final = 0.0051  # scores are in percent with up to two decimals
_EXACT: Final = 1e-6
_ONE_ATTEMPT: Final = "System: Attempts - 1"
_MODEL: Final = "Model: "
_STEP_LIMIT: Final = 250
"""Calls at which the table's hit_limit speaks of calls; below, it speaks of dollars."""
_MINI: Final = "mini-SWE-agent"

Row = dict[str, Any]


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map the boards to their runs, each once."""
    file = source.files[0]
    is_table = has_columns(peek(file.path), ())
    runs = read_details(file, log) if is_table else read_runs(file, log)
    for run_id, run in named_runs(runs, file.name, log):
        instances = _known(run.instances)
        _check(run, instances, file.name, log)
        row = _run_row(run_id, run, instances, source.name)
        place = {PATH_COLUMN: file.name, PLACE_COLUMN: run.place}
        rollouts = [_rollout_row(row, task_id, one) for task_id, one in instances.items()]
        calls = [_call_row(row, rollout) for rollout in rollouts] or [_total_row(row, run.result)]
        batch = {
            "runs": frame_of(RUNS, [row | place]),
            "calls": frame_of(CALLS, [one | place for one in calls]),
        }
        if rollouts:
            batch["rollouts"] = frame_of(ROLLOUTS, [one | place for one in rollouts])
            batch["tasks"] = batch["rollouts"].select("benchmark", "task_id")
        yield batch


def _known(instances: Mapping[str, Instance]) -> dict[str, Instance]:
    """Tell zeros that are known from those that stand for nothing recorded."""
    has_calls = any(one.n_calls for one in instances.values())
    has_costs = any(one.cost_usd for one in instances.values())
    return {
        task_id: Instance(
            one.resolved,
            one.cost_usd if one.cost_usd or (has_costs and one.n_calls == 0) else None,
            one.n_calls if one.n_calls or has_calls else None,
            one.has_hit_limit,
        )
        for task_id, one in sorted(instances.items())
    }


def _check(run: Run, instances: Mapping[str, Instance], path: str, log: RejectLog) -> None:
    """Report a published score or cost that the instances do not give.

    The score may leave out what has no verdict, or what was never attempted; nothing else explains a difference.
    """
    published, costs = run.result, [one.cost_usd for one in instances.values()]
    solved = sum(one.resolved is True for one in instances.values())
    totals = {len(instances), *(sum(map(is_one, instances.values())) for is_one in (_is_scored, _is_attempted))} - {0}
    if published.resolved is not None and totals:
        rates = [100 * solved / total for total in sorted(totals)]
        if min(abs(rate - published.resolved) for rate in rates) > _ROUNDED:
            said = f"the published score is {published.resolved} %, but {solved} of {len(instances)} are resolved"
            log.contradiction(path, run.place, f"{_name(published)}: {said} ({rates[-1]:.1f} %)")
    known = [cost for cost in costs if cost is not None]
    if published.cost and known and len(known) == len(costs) and not _is_near(math.fsum(known), published.cost):
        said = f"the published cost is {published.cost}, that of the instances {math.fsum(known)}"
        log.contradiction(path, run.place, f"{_name(published)}: {said}")


def _is_scored(one: Instance) -> bool:
    return one.resolved is not None


def _is_attempted(one: Instance) -> bool:
    return one.resolved is True or one.n_calls != 0


def _is_near(value: float, other: float) -> bool:
    return abs(value - other) <= _EXACT * abs(other)


def _run_row(run_id: str, run: Run, instances: Mapping[str, Instance], source_path: str) -> Row:
    result, scaffold = run.result, _scaffold(run)
    name, effort = _name(result), result.reasoning_effort
    shown = name if scaffold is None or _MINI in name else f"{scaffold} + {name}"
    is_one = _ONE_ATTEMPT in (result.tags or ())
    row = {
        "run_id": run_id, "benchmark": run.benchmark, "scaffold": scaffold, "model": _model(run),
        "reasoning_effort": effort, "agent": shown, "settings": _settings(result),
        "submissions_allowed": 1 if is_one else None, "score_metric": "resolved", "score_min": 0.0, "score_max": 1.0,
        "success_rule": "all tests of the task pass", "source_format": "swebench_leaderboards",
        "source_path": source_path,
        "recorded_score": None if result.resolved is None else round(result.resolved / 100, 9),
        "recorded_cost_usd": result.cost or None, "recorded_n_rollouts": len(instances) or _n_rollouts(result),
    }  # fmt: skip
    return {name: printable(value) if isinstance(value, str) else value for name, value in row.items()}


def _name(result: Result) -> str:
    return printable(result.name or result.folder or "")


def _scaffold(run: Run) -> str | None:
    """Name the program: told since 2026; the board without it is that of one program."""
    result = run.result
    named = result.agent or (_MINI if result.version is not None or run.board.lower() == "bash-only" else None)
    return " ".join(filter(None, (named, result.version))) if named else None


def _model(run: Run) -> str | None:
    tagged = [tag.removeprefix(_MODEL) for tag in run.result.tags or () if tag.startswith(_MODEL)]
    if len(tagged) > 1:
        return None
    is_named_for_it = run.board.lower() in {"bash-only", ""} and run.result.name != NOBODY
    return tagged[0] if tagged else run.result.model_display or (run.result.name if is_named_for_it else None)


def _settings(result: Result) -> str | None:
    told = {"folder": result.folder, "date": result.date, "checked": result.checked, "warning": result.warning}
    kept = {name: value for name, value in told.items() if value is not None}
    return json.dumps(kept, sort_keys=True, default=str) if kept else None


def _n_rollouts(result: Result) -> int | None:
    """Number of instances, where the dollars of the run are a whole multiple of those of an instance."""
    if not result.cost or not result.instance_cost:
        return None
    ratio = result.cost / result.instance_cost
    return round(ratio) if math.isfinite(ratio) and _is_near(ratio, round(ratio)) else None


def _rollout_row(run: Row, task_id: str, one: Instance) -> Row:
    limit = "limit_turns" if (one.n_calls or 0) >= _STEP_LIMIT else "limit_cost"
    return {
        "run_id": run["run_id"], "rollout_id": f"{run['run_id']}/{task_id}/0", "benchmark": run["benchmark"],
        "task_id": task_id, "attempt": 0, "score": None if one.resolved is None else float(one.resolved),
        "is_success": one.resolved, "stop_reason": limit if one.has_hit_limit else "unknown", "n_calls": one.n_calls,
        "recorded_cost_usd": one.cost_usd,
    }  # fmt: skip


def _call_row(run: Row, rollout: Row) -> Row:
    return {
        "run_id": run["run_id"], "rollout_id": rollout["rollout_id"], "call_id": f"{rollout['rollout_id']}#total",
        "model": run["model"], "n_requests": rollout["n_calls"], "granularity": "rollout",
        "recorded_cost_usd": rollout["recorded_cost_usd"],
    }  # fmt: skip


def _total_row(run: Row, result: Result) -> Row:
    n_rollouts, calls = run["recorded_n_rollouts"], result.instance_calls
    n_requests = round(calls * n_rollouts) if calls and n_rollouts and math.isfinite(calls) else None
    return {
        "run_id": run["run_id"], "rollout_id": None, "call_id": f"{run['run_id']}#total", "model": run["model"],
        "n_requests": n_requests, "granularity": "run", "recorded_cost_usd": run["recorded_cost_usd"],
    }  # fmt: skip
