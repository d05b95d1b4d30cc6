"""tau2-bench results to canonical tables: simulations as rollouts, their rewards as scores, tasks, the run."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import msgspec
import polars as pl
import xxhash

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import whole
from traces.files import printable
from traces.readers.tau2.calls import (
    Party,
    Rollout,
    Row,
    call_frame,
    call_rows,
    host_of,
    is_zone_assumed,
    moment,
    report_stamps,
)
from traces.readers.tau2.file import Info, Participant, Results, RewardInfo, Simulation
from traces.readers.tau2.folder import read_run
from traces.registry import Batch, Source
from traces.rejects import RejectLog
from traces.schema import RUNS

_STOP_REASONS: Final = {
    "user_stop": "submitted", "agent_stop": "submitted", "max_steps": "limit_turns", "timeout": "limit_time",
    "context_window_exceeded": "limit_context", "too_many_errors": "error", "agent_error": "error",
    "user_error": "error", "unexpected_error": "error", "infrastructure_error": "error_infra",
}  # fmt: skip
_HARMLESS_ARGS: Final = frozenset({
    "temperature", "top_p", "top_k", "min_p", "n", "seed", "stop", "max_tokens", "max_completion_tokens",
    "max_input_tokens", "presence_penalty", "frequency_penalty", "repetition_penalty", "reasoning_effort", "thinking",
    "verbosity", "parallel_tool_calls", "tool_choice", "service_tier", "timeout", "num_retries", "enable_thinking",
})  # fmt: skip
_ROLLOUT_SCHEMA: Final = pl.Schema({
    "rollout_id": pl.String, "task_id": pl.String, "attempt": pl.Int64, "score": pl.Float64, "is_success": pl.Boolean,
    "stop_reason": pl.String, "start": pl.String, "end": pl.String, "wall_s": pl.Float64,
    "recorded_cost_usd": pl.Float64, "native_id": pl.String, PLACE_COLUMN: pl.String,
})  # fmt: skip
_SCORE_SCHEMA: Final = pl.Schema({
    "rollout_id": pl.String, "metric": pl.String, "value": pl.Float64, "is_success": pl.Boolean,
    PLACE_COLUMN: pl.String,
})  # fmt: skip
_SIMULATIONS_PER_BATCH: Final = 500
_MOST_TRIALS: Final = 10**6
_SUCCESS_WITHIN: Final = 1e-6  # as tau2's own is_successful

Placed = tuple[str, Simulation]


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map a results file to its run and tasks, then to its rollouts, some hundreds at a time."""
    file = source.files[0]
    results, placed = read_run(source.files, log)
    if results is None:
        return
    info, run_id = results.info or Info(), f"tau2-{_digest(results)}"
    rollouts = _rollouts(results, placed, run_id, file.name, log)
    yield {"runs": _run_frame(info, rollouts, run_id, source.name), "tasks": _task_frame(results, rollouts)}
    shared = (pl.lit(run_id).alias("run_id"), pl.lit(file.name).alias(PATH_COLUMN))
    for start in range(0, len(rollouts), _SIMULATIONS_PER_BATCH):
        frames = _frames(rollouts[start : start + _SIMULATIONS_PER_BATCH], info, file.name, log)
        frames["rollouts"] = frames["rollouts"].with_columns(pl.lit(_benchmark(info), pl.String).alias("benchmark"))
        yield {name: frame.with_columns(shared) for name, frame in frames.items()}


def _digest(results: Results) -> str:
    """Name a run by the ids of its simulations, or by its content where they have none."""
    ids = sorted({simulation.id for simulation in results.simulations or () if simulation.id})
    return xxhash.xxh3_128("\n".join(ids).encode() if ids else msgspec.json.encode(results)).hexdigest()[:12]


def _rollouts(results: Results, placed: Sequence[Placed], run_id: str, path: str, log: RejectLog) -> list[Rollout]:
    """Key the simulations in an order that does not depend on theirs in the file; copies and nameless ones go."""
    kept, copies = _sorted_out(placed, path, log)
    given = {
        str(task.id): len(task.initial_state.message_history or ())
        for task in results.tasks or ()
        if task.initial_state
    }
    rollouts = []
    for task_id, group in groupby(kept, key=lambda one: printable(str(one[1].task_id))):
        of_task = list(group)
        attempts = _attempts([simulation for _, simulation in of_task])
        for (place, simulation), attempt in zip(of_task, attempts, strict=True):
            rollout_id = f"{run_id}/{task_id}/{attempt}"
            rollouts.append(Rollout(simulation, place, rollout_id, task_id, attempt, given.get(task_id, 0)))
    by_id = {rollout.simulation.id: rollout.rollout_id for rollout in rollouts}
    for place, simulation in copies:
        log.duplicate(path, place, by_id[simulation.id], f"same simulation id {simulation.id}")
    return rollouts


def _sorted_out(placed: Sequence[Placed], path: str, log: RejectLog) -> tuple[list[Placed], list[Placed]]:
    kept: list[Placed] = []
    copies: list[Placed] = []
    seen: set[str] = set()
    for place, simulation in sorted(placed, key=_order):
        if simulation.task_id is None:
            log.malformed(path, place, "no task_id: an attempt at no task")
            continue
        (copies if simulation.id in seen else kept).append((place, simulation))
        if simulation.id is not None:
            seen.add(simulation.id)
    return kept, copies


def _order(placed: Placed) -> tuple[str, str, str]:
    simulation = placed[1]
    return printable(str(simulation.task_id)), simulation.start_time or "", simulation.id or ""


def _attempts(simulations: Sequence[Simulation]) -> list[int]:
    """Trials as the source numbers them, or the order of start where it does not, or twice the same."""
    trials = [simulation.trial for simulation in simulations]
    numbers = [trial for trial in trials if isinstance(trial, int) and 0 <= trial < _MOST_TRIALS]
    return numbers if len(set(numbers)) == len(trials) else list(range(len(trials)))


def _frames(rollouts: Sequence[Rollout], info: Info, path: str, log: RejectLog) -> dict[str, pl.DataFrame]:
    agent, user = Party.of("agent", info.agent_info), Party.of("user", info.user_info)
    calls: list[Row] = []
    rows: list[Row] = []
    scores: list[Row] = []
    for rollout in rollouts:
        own, cost_usd = call_rows(rollout, agent, user, lambda place, reason: log.contradiction(path, place, reason))
        calls += own
        rows.append(_rollout_row(rollout, cost_usd))
        scores += _score_rows(rollout)
    return {
        "rollouts": _rollout_frame(rows, path, log),
        "scores": pl.DataFrame(scores, schema=_SCORE_SCHEMA, orient="row"),
        "calls": call_frame(calls, path, log),
    }


def _rollout_row(rollout: Rollout, cost_usd: float | None) -> Row:
    simulation = rollout.simulation
    score = _reward(simulation).reward
    return (
        rollout.rollout_id, rollout.task_id, rollout.attempt, score, _is_success(score), _stop_reason(simulation),
        simulation.start_time, simulation.end_time, simulation.duration, cost_usd,
        None if simulation.id is None else printable(simulation.id), rollout.place,
    )  # fmt: skip


def _rollout_frame(rows: Sequence[Row], path: str, log: RejectLog) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=_ROLLOUT_SCHEMA, orient="row").with_columns(
        started_at=moment("start"),
        ended_at=moment("end"),
        is_tz_assumed=is_zone_assumed("start") | is_zone_assumed("end"),
    )
    report_stamps(frame, {"start": "started_at", "end": "ended_at"}, path, log)
    elapsed_s = (pl.col("ended_at") - pl.col("started_at")).dt.total_microseconds() / 1e6
    wall_s = pl.coalesce("wall_s", elapsed_s)
    basis = pl.when(wall_s.is_not_null()).then(pl.lit("measured"))
    return frame.with_columns(wall_s=wall_s, time_basis=basis).drop("start", "end")


def _score_rows(rollout: Rollout) -> Iterator[Row]:
    reward = _reward(rollout.simulation)
    if reward.reward is not None:
        yield rollout.rollout_id, "reward", reward.reward, _is_success(reward.reward), rollout.place
    for name, value in (reward.reward_breakdown or {}).items():
        yield rollout.rollout_id, f"reward.{name}", value, None, rollout.place


def _reward(simulation: Simulation) -> RewardInfo:
    """Give the reward; none for an infrastructure error, which says nothing of the agent."""
    is_scored = simulation.reward_info is not None and _stop_reason(simulation) != "error_infra"
    return simulation.reward_info if is_scored and simulation.reward_info else RewardInfo()


def _is_success(score: float | None) -> bool | None:
    return None if score is None else abs(score - 1) <= _SUCCESS_WITHIN


def _stop_reason(simulation: Simulation) -> str:
    return _STOP_REASONS.get(simulation.termination_reason or "", "unknown")


def _benchmark(info: Info) -> str | None:
    domain = info.environment_info.domain_name if info.environment_info else None
    return f"tau2-bench/{domain}" if domain else None


def _task_frame(results: Results, rollouts: Sequence[Rollout]) -> pl.DataFrame:
    """All tasks of the file, run or not, and those run but not described in it."""
    described = {printable(str(task.id)) for task in results.tasks or () if task.id is not None}
    names = sorted(described | {rollout.task_id for rollout in rollouts})
    benchmark = pl.lit(_benchmark(results.info or Info()), pl.String).alias("benchmark")
    return pl.DataFrame({"task_id": names}, schema={"task_id": pl.String}).with_columns(benchmark)


def _run_frame(info: Info, rollouts: Sequence[Rollout], run_id: str, source_path: str) -> pl.DataFrame:
    agent = info.agent_info or Participant()
    effort = _effort(agent.llm_args or {})
    row = {
        "run_id": run_id, "benchmark": _benchmark(info), "scaffold": agent.implementation, "model": agent.llm,
        "reasoning_effort": effort,
        "agent": " + ".join(filter(None, (agent.implementation, agent.llm, effort))) or "unknown",
        "settings": json.dumps(_settings(info), sort_keys=True), "submissions_allowed": 1,
        "limit_turns": whole(info.max_steps), "score_metric": "reward",
        "score_min": 0.0, "score_max": 1.0, "success_rule": "reward = 1", "source_format": "tau2",
        "source_path": source_path,
    }  # fmt: skip
    frame = pl.DataFrame([row], schema={name: dtype for name, dtype in RUNS.schema.items() if name in row})
    return frame.hstack(_span(rollouts))


def _span(rollouts: Sequence[Rollout]) -> pl.DataFrame:
    stamps = [(rollout.simulation.start_time, rollout.simulation.end_time) for rollout in rollouts]
    frame = pl.DataFrame(stamps, schema={"start": pl.String, "end": pl.String}, orient="row")
    return frame.select(started_at=moment("start").min(), ended_at=moment("end").max())


def _effort(llm_args: Mapping[str, Any]) -> str | None:
    setting = llm_args.get("reasoning_effort") or llm_args.get("thinking")
    return setting if setting is None or isinstance(setting, str) else json.dumps(setting, sort_keys=True)


def _settings(info: Info) -> dict[str, Any]:
    """Settings that are no column; of the model's arguments only the harmless ones, as files hold API keys there."""
    named = {"git_commit": info.git_commit, "num_trials": info.num_trials, "seed": info.seed}
    more = {"max_errors": info.max_errors, "retrieval_config": info.retrieval_config}
    user = info.user_info or Participant()
    parties = {
        "agent": _model_settings(info.agent_info or Participant()),
        "user": {"implementation": user.implementation, "llm": user.llm, **_model_settings(user)},
    }
    return {**named, **more, **parties}


def _model_settings(participant: Participant) -> dict[str, Any]:
    llm_args = participant.llm_args or {}
    kept = {name: value for name, value in llm_args.items() if name in _HARMLESS_ARGS}
    withheld = sorted(set(llm_args) - set(kept))
    return {"llm_args": kept, "llm_args_withheld": withheld, "host": host_of(llm_args)}
