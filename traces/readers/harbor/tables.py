"""Harbor jobs and ATIF trajectories to canonical tables: attempts as rollouts, their rewards as scores, the runs."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import Count, whole
from traces.document import read_document
from traces.readers.harbor.calls import Document, Rollout, call_rows
from traces.readers.harbor.file import AgentConfig, Span, Totals, Trajectory, Trial
from traces.readers.harbor.trials import Attempt, attempts
from traces.readers.harbor.usage import Used, reported
from traces.registry import Batch, Source
from traces.rejects import RejectLog
from traces.rows import Moment, digest, elapsed_s, frame_of, known_usd, reported_moment
from traces.schema import CALLS, ROLLOUTS, RUNS, SCORES, TASKS

Row = dict[str, Any]
_CALLS_PER_BATCH: Final = 20_000
_SUCCESS_FROM: Final = 1 - 1e-6
_STOP_REASONS: Final = {
    "AgentTimeoutError": "limit_time", "ContextLengthExceededError": "limit_context",
    "ContextWindowExceededError": "limit_context", "OutputLengthExceededError": "limit_context",
    "NonZeroAgentExitCodeError": "error", "BudgetExceededError": "limit_cost",
    **dict.fromkeys(
        (
            "AgentSetupTimeoutError", "EnvironmentStartTimeoutError", "EnvironmentBuildTimeoutError",
            "VerifierTimeoutError", "RewardFileNotFoundError", "RewardFileEmptyError", "VerifierOutputParseError",
            "AddTestsDirError", "DownloadVerifierDirError", "CancelledError", "KeyboardInterrupt", "DaytonaError",
            "RateLimitError", "AuthenticationError", "InternalServerError", "ServiceUnavailableError",
        ),
        "error_infra",
    ),
}  # fmt: skip
_MAX_TURNS: Final = ("max_turns", "max_episodes")


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map a job, or trajectories without one, to its runs; calls some thousand at a time, the rest with the last."""
    runs: dict[tuple[str, ...], list[Attempt]] = defaultdict(list)
    for attempt in attempts(source, log):
        runs[attempt.run_key].append(attempt)
    for members in runs.values():
        yield from _run(members, source, log)


def _run(members: Sequence[Attempt], source: Source, log: RejectLog) -> Iterator[Batch]:
    run_id = f"harbor-{digest(sorted(attempt.key for attempt in members))}"
    rows: dict[str, list[Row]] = defaultdict(list)
    for attempt, number in _numbered(members):
        rollout_id = f"{run_id}/{attempt.trial.task_name}/{number}"
        calls = _call_rows(attempt, rollout_id, log)
        rows["calls"] += [{**row, "run_id": run_id} for row in calls]
        rows["rollouts"].append({**_rollout_row(attempt, rollout_id, number, source, log), "run_id": run_id})
        rows["scores"] += [{**row, "run_id": run_id} for row in _score_rows(attempt, rollout_id)]
        if len(rows["calls"]) >= _CALLS_PER_BATCH:
            yield {"calls": frame_of(CALLS, rows.pop("calls"))}
    run = _run_row(members, rows["rollouts"], run_id, source)
    benchmark = run["benchmark"]
    tasks = [{"benchmark": benchmark, "task_id": task} for task in sorted({row["task_id"] for row in rows["rollouts"]})]
    tables = {"runs": (RUNS, [run]), "tasks": (TASKS, tasks), "rollouts": (ROLLOUTS, rows["rollouts"])}
    tables |= {"calls": (CALLS, rows["calls"]), "scores": (SCORES, rows["scores"])}
    yield {name: frame_of(table, listed) for name, (table, listed) in tables.items() if listed}


def _numbered(members: Sequence[Attempt]) -> Iterator[tuple[Attempt, int]]:
    """Number the attempts at each task by their start: Harbor does not."""
    seen: dict[str, int] = defaultdict(int)
    ordered = sorted(members, key=lambda attempt: (str(attempt.trial.started_at or ""), attempt.key))
    for attempt in ordered:
        task = attempt.trial.task_name or ""
        yield attempt, seen[task]
        seen[task] += 1


def _call_rows(attempt: Attempt, rollout_id: str, log: RejectLog) -> list[Row]:
    documents = list(attempt.documents)
    for file in attempt.beside:
        trajectory = read_document(file, Trajectory, log)
        if trajectory is not None:
            documents.append(Document(file, trajectory))
    model = attempt.model
    totals = _totals(attempt.trial)
    per_model = totals.model_usage if totals is not None and not documents else None
    if per_model:
        return [row for name, used in per_model.items() for row in _model_rows(attempt, rollout_id, name, used, log)]
    rollout = Rollout(rollout_id, model.provider, model.name, reported(totals), documents, attempt.file)
    return call_rows(rollout, log)[0]


def _model_rows(attempt: Attempt, rollout_id: str, name: str, used: Totals, log: RejectLog) -> list[Row]:
    """One total for a model, where an agent that used several tells them apart."""
    rollout = Rollout(rollout_id, attempt.model.provider, name, reported(used), (), attempt.file)
    rows, _ = call_rows(rollout, log)
    return [{**row, "call_id": f"{row['call_id']} {name}"} for row in rows]


def _totals(trial: Trial) -> Totals | None:
    """Totals of the agent, summed over the steps of a trial of several; null as soon as one of them is not told."""
    steps = [step.agent_result for step in trial.step_results or ()]
    if trial.agent_result is not None or not steps:
        return trial.agent_result
    return Totals(
        _sum([step.n_input_tokens if step else None for step in steps]),
        _sum([step.n_cache_tokens if step else None for step in steps]),
        _sum([step.n_output_tokens if step else None for step in steps]),
        _sum([step.cost_usd if step else None for step in steps]),
    )


def _sum(parts: Sequence[Count]) -> Count:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _rollout_row(attempt: Attempt, rollout_id: str, number: int, source: Source, log: RejectLog) -> Row:
    trial = attempt.trial
    started, ended, wall_s = _times(attempt, log)
    score = _score(attempt, source, log)
    totals, used = _totals(trial), reported(_totals(trial)) or Used()
    return {
        "rollout_id": rollout_id, "benchmark": trial.source, "task_id": trial.task_name, "attempt": number,
        "score": score, "is_success": None if score is None else score >= _SUCCESS_FROM,
        "stop_reason": _stop_reason(trial), "started_at": started.at, "ended_at": ended.at, "wall_s": wall_s,
        "time_basis": None if wall_s is None else "measured" if trial.started_at else "lower_bound",
        "recorded_cost_usd": known_usd(totals.cost_usd if totals else None, whole(used.prompt) or 1),
        "is_tz_assumed": started.is_assumed or ended.is_assumed, "native_id": trial.id,
        PATH_COLUMN: attempt.file.name, PLACE_COLUMN: trial.trial_name or "",
    }  # fmt: skip


def _times(attempt: Attempt, log: RejectLog) -> tuple[Moment, Moment, float | None]:
    """Start, end and seconds of the agent's part of a trial, steps summed; without it, of the stamps there are."""
    trial = attempt.trial
    spans = [step.agent_execution for step in trial.step_results or () if step.agent_execution is not None]
    spans = spans or [trial.agent_execution or Span(trial.started_at, trial.finished_at)]
    if attempt.documents:
        spans = [_stamped(attempt.documents)]
    read = [
        [reported_moment(stamp, attempt.file, "agent_execution", log) for stamp in (span.started_at, span.finished_at)]
        for span in spans
    ]
    seconds = [elapsed_s(start, end) for start, end in read]
    known = [second for second in seconds if second is not None]
    return read[0][0], read[-1][1], sum(known) if len(known) == len(seconds) else None


def _stamped(documents: Sequence[Document]) -> Span:
    stamps = [step.timestamp for document in documents for step in document.trajectory.steps or () if step.timestamp]
    return Span(stamps[0], stamps[-1]) if stamps else Span()


def _rewards(trial: Trial) -> dict[str, float | None]:
    found = trial.verifier_result
    if found is None:
        return {}
    return found.rewards if found.rewards is not None else {} if found.reward is None else {"reward": found.reward}


def _score(attempt: Attempt, source: Source, log: RejectLog) -> float | None:
    """Give the reward the user chose, else the one of that name, else the first."""
    rewards, chosen = _rewards(attempt.trial), source.choices.scorer
    if chosen is not None and rewards and chosen not in rewards:
        log.contradiction(attempt.file.name, "verifier_result", f"no reward {chosen!r} among {sorted(rewards)}")
        return None
    name = chosen or ("reward" if "reward" in rewards else next(iter(rewards), ""))
    return rewards.get(name)


def _score_rows(attempt: Attempt, rollout_id: str) -> Iterator[Row]:
    """Every reward where there are several, of the trial and of its steps."""
    rewards = _rewards(attempt.trial)
    for name, value in rewards.items() if len(rewards) > 1 else ():
        yield _score_row(rollout_id, name, value, "final")
    for number, step in enumerate(attempt.trial.step_results or ()):
        rewarded = step.verifier_result.rewards if step.verifier_result else None
        for name, value in (rewarded or {}).items():
            yield _score_row(rollout_id, f"{step.step_name or f'step {number}'}: {name}", value, "intermediate")


def _score_row(rollout_id: str, metric: str, value: float | None, event: str) -> Row:
    is_success = None if value is None else value >= _SUCCESS_FROM
    return {"rollout_id": rollout_id, "metric": metric, "value": value, "is_success": is_success, "event": event}


def _stop_reason(trial: Trial) -> str:
    if trial.exception_info is not None:
        return _STOP_REASONS.get(trial.exception_info.exception_type or "", "error")
    return "submitted" if _rewards(trial) or trial.finished_at else "unknown"


def _run_row(members: Sequence[Attempt], rollouts: Sequence[Row], run_id: str, source: Source) -> Row:
    first = members[0]
    trial, agent, model = first.trial, first.agent, first.model
    config = trial.config.agent if trial.config else None
    kwargs = (config.kwargs if config else None) or {}
    scaffold = " ".join(filter(None, (agent.name, agent.version))) or None
    effort = kwargs.get("reasoning_effort") or kwargs.get("thinking")
    effort = effort if effort is None or isinstance(effort, str) else json.dumps(effort, sort_keys=True)
    jobs = sorted({attempt.trial.config.job_id or "" for attempt in members if attempt.trial.config} - {""})
    stamps = [[row[name] for row in rollouts if row[name]] for name in ("started_at", "ended_at")]
    return {
        "run_id": run_id, "benchmark": trial.source, "scaffold": scaffold, "model": model.name,
        "reasoning_effort": effort, "agent": " + ".join(filter(None, (scaffold, model.name, effort))) or "unknown",
        "settings": json.dumps({"job_ids": jobs, "provider": model.provider}, sort_keys=True),
        **_limits(config, kwargs), "submissions_allowed": 1, "score_metric": _metric(members, source.choices.scorer),
        "success_rule": "reward >= 1", "started_at": min(stamps[0], default=None),
        "ended_at": max(stamps[1], default=None), "source_format": "harbor", "source_path": source.name,
        PATH_COLUMN: source.name,
    }  # fmt: skip


def _metric(members: Sequence[Attempt], chosen: str | None) -> str:
    """Name the reward that scores: the chosen one, where any trial has it."""
    is_there = any(chosen in _rewards(attempt.trial) for attempt in members)
    return chosen if chosen is not None and is_there else "reward"


def _limits(config: AgentConfig | None, kwargs: dict[str, Any]) -> Row:
    turns = next((kwargs[name] for name in _MAX_TURNS if isinstance(kwargs.get(name), int)), None)
    limit_s = config.override_timeout_sec if config is not None else None
    return {"limit_s": None if limit_s is None else float(limit_s), "limit_turns": turns}
