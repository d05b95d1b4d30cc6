"""tau-bench trajectories (the first version): one JSON list per run, an attempt at a task each.

The files hold no usage at all, and the user simulator's cost alone: agent calls are listed with unknown tokens.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.document import read_document
from traces.files import content_hash, peek
from traces.registry import Batch, Peek, Reader, Source
from traces.rejects import RejectLog
from traces.rows import frame_of, known_usd
from traces.schema import CALLS, ROLLOUTS, RUNS, SCORES, TASKS

Row = dict[str, Any]
_SUCCESS_WITHIN: Final = 1e-6  # as tau-bench's own is_successful
_DOMAIN: Final = re.compile(rb'"content"\s*:\s*"#\s*(\w+)\s+agent\s+policy', re.IGNORECASE)
_MOST_TRIALS: Final = 10**6
_ROLLOUTS_PER_BATCH: Final = 500


class Message(msgspec.Struct, gc=False):
    """One message; its text is skipped."""

    role: str | None = None


class Factors(msgspec.Struct):
    """What a reward is made of."""

    r_actions: float | bool | None = None
    r_outputs: float | bool | None = None


class RewardInfo(msgspec.Struct):
    """The reward, once a conversation came to its end."""

    reward: float | None = None
    info: Factors | None = None


class Info(msgspec.Struct):
    """What the environment tells, or why the attempt broke off."""

    user_cost: float | None = None
    reward_info: RewardInfo | None = None
    error: str | None = None


class Attempt(msgspec.Struct):
    """One attempt at a task."""

    task_id: str | int | None = None
    reward: float | None = None
    info: Info | None = None
    traj: list[Message] | None = None
    trial: int | None = None


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map a trajectory file to its run, its attempts some hundreds at a time."""
    file = source.files[0]
    attempts = read_document(file, list[Attempt], log)
    if not attempts:
        if attempts is not None:
            log.malformed(file.name, "document", "no attempt in it")
        return
    run_id, benchmark = f"tau-bench-{content_hash(file.path)[:12]}", _benchmark(peek(file.path))
    rows = list(_rollouts(attempts, run_id, benchmark, file.name, log))
    tasks = [{"benchmark": benchmark, "task_id": task} for task in sorted({row["task_id"] for row, _ in rows})]
    yield {
        "runs": frame_of(RUNS, [_run_row(run_id, benchmark, source)], file.name), "tasks": frame_of(TASKS, tasks),
    }  # fmt: skip
    for start in range(0, len(rows), _ROLLOUTS_PER_BATCH):
        part = rows[start : start + _ROLLOUTS_PER_BATCH]
        listed = {
            "rollouts": [row for row, _ in part],
            "calls": [call for row, attempt in part for call in _call_rows(row, attempt)],
            "scores": [score for row, attempt in part for score in _score_rows(row, attempt)],
        }
        tables = {"rollouts": ROLLOUTS, "calls": CALLS, "scores": SCORES}
        yield {name: frame_of(tables[name], found, file.name) for name, found in listed.items() if found}


def _benchmark(seen: Peek) -> str:
    """Name the domain by the title of the policy the agent is given."""
    domain = _DOMAIN.search(seen.start)
    return f"tau-bench/{domain.group(1).decode().lower()}" if domain else "tau-bench"


def _rollouts(
    attempts: Sequence[Attempt], run_id: str, benchmark: str, path: str, log: RejectLog
) -> Iterator[tuple[Row, Attempt]]:
    by_task: dict[str, list[tuple[int, Attempt]]] = defaultdict(list)
    for number, attempt in enumerate(attempts):
        if attempt.task_id is None:
            log.malformed(path, f"[{number}]", "no task_id: an attempt at no task")
        else:
            by_task[str(attempt.task_id)].append((number, attempt))
    for task_id, numbered in by_task.items():
        trials = _trials([attempt for _, attempt in numbered])
        for (number, attempt), trial in zip(numbered, trials, strict=True):
            key = {"run_id": run_id, "rollout_id": f"{run_id}/{task_id}/{trial}", "benchmark": benchmark}
            yield {**key, "task_id": task_id, "attempt": trial, **_ended(attempt), PLACE_COLUMN: f"[{number}]"}, attempt


def _trials(attempts: Sequence[Attempt]) -> list[int]:
    """Trials as the source numbers them, or their order where it does not, or twice the same."""
    numbers = [attempt.trial for attempt in attempts if attempt.trial is not None and 0 <= attempt.trial < _MOST_TRIALS]
    return numbers if len(set(numbers)) == len(attempts) else list(range(len(attempts)))


def _ended(attempt: Attempt) -> Row:
    info = attempt.info or Info()
    stop_reason = "error" if info.error else "submitted" if info.reward_info is not None else "limit_turns"
    return {"score": attempt.reward, "is_success": _is_success(attempt.reward), "stop_reason": stop_reason}


def _is_success(score: float | None) -> bool | None:
    return None if score is None else abs(score - 1) <= _SUCCESS_WITHIN


def _call_rows(rollout: Row, attempt: Attempt) -> Iterator[Row]:
    """One row for each answer of the agent, and one total for the user simulator, whose cost alone is known."""
    key = {"run_id": rollout["run_id"], "rollout_id": rollout["rollout_id"]}
    index = 0
    for number, message in enumerate(attempt.traj or ()):
        if message.role == "assistant":
            place = f"{rollout[PLACE_COLUMN]}.traj[{number}]"
            call_id = f"{rollout['rollout_id']}#{index}"
            yield {**key, "call_index": index, "call_id": call_id, "n_requests": 1, PLACE_COLUMN: place}
            index += 1
    if any(message.role == "user" for message in attempt.traj or ()):
        cost_usd = known_usd((attempt.info or Info()).user_cost)
        total = {"role": "user", "granularity": "rollout", "n_requests": None, "recorded_cost_usd": cost_usd}
        yield {**key, "call_id": f"{rollout['rollout_id']}#user", **total, PLACE_COLUMN: rollout[PLACE_COLUMN]}


def _score_rows(rollout: Row, attempt: Attempt) -> Iterator[Row]:
    reward_info = (attempt.info or Info()).reward_info
    factors = reward_info.info if reward_info is not None and reward_info.info is not None else Factors()
    for name, value in (("r_actions", factors.r_actions), ("r_outputs", factors.r_outputs)):
        if value is not None:
            key = {"run_id": rollout["run_id"], "rollout_id": rollout["rollout_id"]}
            yield {**key, "metric": name, "value": float(value)}


def _run_row(run_id: str, benchmark: str, source: Source) -> Row:
    return {
        "run_id": run_id, "benchmark": benchmark, "agent": "unknown", "settings": json.dumps({}),
        "submissions_allowed": 1, "score_metric": "reward", "score_min": 0.0, "score_max": 1.0,
        "success_rule": "reward = 1", "source_format": "tau_bench", "source_path": source.name,
        PATH_COLUMN: source.name,
    }  # fmt: skip


def sniff(seen: Peek) -> bool:
    """Recognise a list of attempts by the keys of its first one."""
    start = seen.start.lstrip(b"\xef\xbb\xbf \t\r\n")
    keys = (b'"task_id"', b'"reward"', b'"info"')
    is_list = start.startswith(b"[") and all(key in start for key in keys)
    return is_list and (b'"traj"' in start or b'"trial"' in seen.end)


READER = Reader(
    name="tau_bench",
    summary="tau-bench trajectory files (version 1): one JSON list per run.",
    upstream=("sierra-research/tau-bench 2024-06 to 2025-09",),
    token_convention="No usage is recorded: tokens of every call are unknown.",
    blind_spots=(
        "Model, strategy and settings are only in the name of the file, which is no evidence: the agent is unknown.",
        "The agent's cost is not recorded, nor any time; of the user simulator there is the cost alone.",
        "A user_cost of 0 is that of a human or of a model without a price: not known.",
        "An attempt that ran out of steps carries no reward_info; that is how it is told.",
        "The domain is read off the title of the agent's policy.",
    ),
    sniff=sniff,
    names=("task_id reward info",),
    parse=parse,
    fills=(
        "runs.benchmark", "runs.settings", "runs.submissions_allowed", "runs.score_metric", "runs.score_min",
        "runs.score_max", "runs.success_rule", "tasks.benchmark", "rollouts.benchmark", "rollouts.score",
        "rollouts.is_success", "scores.value", "calls.call_index", "calls.n_requests", "calls.recorded_cost_usd",
    ),
)  # fmt: skip
