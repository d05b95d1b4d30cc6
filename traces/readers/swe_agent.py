"""SWE-agent run folders: one `.traj` file per task with totals of its usage, and the score file beside them."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import Count, whole
from traces.document import read_document
from traces.errors import TraceError
from traces.files import content_hash
from traces.readers.mini_swe_agent.verdicts import SCORE_NAMES, Verdicts, group_runs, is_score_file, read_verdicts
from traces.registry import Batch, Peek, Reader, Source, SourceFile
from traces.rejects import RejectLog
from traces.rows import digest, frame_of, known_usd
from traces.schema import CALLS, ROLLOUTS, RUNS, TASKS

Row = dict[str, Any]
_STOP_REASONS: Final = (
    ("cost", "limit_cost"), ("context", "limit_context"), ("time", "limit_time"), ("forfeit", "gave_up"),
    ("api", "error_infra"), ("environment", "error_infra"), ("exit", "error"), ("submitted", "submitted"),
)  # fmt: skip
"""By the first word found in the exit status: ``submitted (exit_cost)`` was submitted for the agent at its limit."""


class Stats(msgspec.Struct):
    """Totals over all calls, as the agent counted them."""

    instance_cost: Count = None
    tokens_sent: Count = None
    tokens_received: Count = None
    api_calls: Count = None


class Info(msgspec.Struct):
    """How the attempt ended, and what it used."""

    exit_status: str | None = None
    model_stats: Stats | None = None
    rmodel_stats: Stats | None = None
    swe_agent_version: str | None = None


class Step(msgspec.Struct, gc=False):
    """One turn; its text is skipped."""

    execution_time: Count = None


class Attempt(msgspec.Struct):
    """One of several tries at a task of which the agent submits one."""

    info: Info | None = None


class Trajectory(msgspec.Struct):
    """One ``.traj`` file. The configuration is JSON, or JSON in a string."""

    trajectory: list[Step] | None = None
    info: Info | None = None
    replay_config: Any = None
    attempts: list[Attempt] | None = None


@dataclass(frozen=True, slots=True)
class _Settings:
    """What a file tells of its agent."""

    task_id: str | None = None
    models: tuple[str, ...] = ()
    limit_usd: float | None = None
    limit_turns: int | None = None
    temperature: float | None = None


@dataclass(slots=True)
class _Run:
    run_id: str
    verdicts: Verdicts
    settings: _Settings = field(default_factory=_Settings)
    version: str | None = None
    attempts: Counter[str] = field(default_factory=Counter)
    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map a run folder to its run."""
    hashes = _hashes(source, log)
    run = _Run(f"swe-agent-{digest(sorted(hashes))}", read_verdicts(source.companions, log))
    for file in hashes.values():
        trajectory = read_document(file, Trajectory, log)
        if trajectory is not None:
            _add(run, file, trajectory)
    if run.rows["rollouts"]:
        run.rows["runs"] = [_run_row(run, source)]
        tasks = sorted({*run.attempts, *run.verdicts.by_task})
        run.rows["tasks"] = [{"benchmark": None, "task_id": task} for task in tasks]
        tables = {table.name: table for table in (RUNS, TASKS, ROLLOUTS, CALLS)}
        yield {name: frame_of(tables[name], rows) for name, rows in run.rows.items() if rows}


def _hashes(source: Source, log: RejectLog) -> dict[str, SourceFile]:
    by_hash: dict[str, SourceFile] = {}
    for file in source.files:
        try:
            first = by_hash.setdefault(content_hash(file.path), file)
        except TraceError as error:
            log.malformed(file.name, "file", error.problem.removeprefix(f"{file.path}: "))
            continue
        if first is not file:
            log.duplicate(file.name, "", first.name)
    return by_hash


def _add(run: _Run, file: SourceFile, trajectory: Trajectory) -> None:
    settings = _settings(trajectory.replay_config)
    info = trajectory.info or Info()
    run.settings = run.settings if run.settings.models else settings
    run.version = run.version or info.swe_agent_version
    task_id = settings.task_id or file.path.name.split(".traj")[0]
    rollout_id = f"{run.run_id}/{task_id}/{run.attempts[task_id]}"
    resolved, stats = run.verdicts.by_task.get(task_id), info.model_stats or Stats()
    tool_s = [float(step.execution_time) for step in trajectory.trajectory or () if step.execution_time is not None]
    run.rows["rollouts"].append({
        "run_id": run.run_id, "rollout_id": rollout_id, "task_id": task_id, "attempt": run.attempts[task_id],
        "score": None if resolved is None else float(resolved), "is_success": resolved,
        "stop_reason": _stop_reason(info.exit_status), "tool_s": sum(tool_s) if tool_s else None,
        "n_calls": whole(stats.api_calls), "recorded_cost_usd": known_usd(stats.instance_cost, stats.api_calls),
        PATH_COLUMN: file.name, PLACE_COLUMN: "info",
    })  # fmt: skip
    key = {"run_id": run.run_id, "rollout_id": rollout_id, PATH_COLUMN: file.name}
    run.rows["calls"] += [{**key, **row} for row in _call_rows(trajectory, rollout_id, settings)]
    run.attempts[task_id] += 1


def _call_rows(trajectory: Trajectory, rollout_id: str, settings: _Settings) -> Iterator[Row]:
    """One total for each try, and one for the model that chose among them; else one for all calls."""
    info = trajectory.info or Info()
    tries = [attempt.info.model_stats if attempt.info else None for attempt in trajectory.attempts or ()]
    models = dict(enumerate(settings.models))
    for number, stats in enumerate(tries or [info.model_stats]):
        place = f"attempts[{number}]" if tries else "info.model_stats"
        model = models.get(number % len(models) if models else 0)
        yield _total_row(stats or Stats(), f"{rollout_id}#{number}", model, "agent", place)
    if info.rmodel_stats is not None and (info.rmodel_stats.api_calls or info.rmodel_stats.instance_cost):
        yield _total_row(info.rmodel_stats, f"{rollout_id}#review", None, "other", "info.rmodel_stats")


def _total_row(stats: Stats, call_id: str, model: str | None, role: str, place: str) -> Row:
    """Row of a total; 0 tokens of calls that were made are those of a model nobody counted: not known."""
    prefix, slash, name = (model or "").partition("/")
    is_counted = bool(stats.tokens_sent or stats.tokens_received or stats.api_calls == 0)
    return {
        "call_id": call_id, "role": role, "granularity": "rollout", "n_requests": whole(stats.api_calls),
        "provider": prefix if slash else None, "model": name if slash else model,
        "input_tokens": whole(stats.tokens_sent) if is_counted else None,
        "output_tokens": whole(stats.tokens_received) if is_counted else None,
        "claimed_cost_usd": known_usd(stats.instance_cost, stats.api_calls), PLACE_COLUMN: place,
    }  # fmt: skip


def _settings(replay_config: Any) -> _Settings:
    """Read what the configuration tells; versions before 1.0 do not hold it."""
    if isinstance(replay_config, str):
        try:
            replay_config = json.loads(replay_config)
        except (ValueError, RecursionError):
            return _Settings()
    agent, statement = _part(replay_config, "agent"), _part(replay_config, "problem_statement")
    listed = agent.get("agent_configs")
    agents = [part for part in listed if isinstance(part, dict)] if isinstance(listed, list) else [agent]
    models = [_part(part, "model") for part in agents]
    names = [
        name for model in models for name in [model.get("name") or model.get("model_name")] if isinstance(name, str)
    ]
    first, task_id = models[0] if models else {}, statement.get("id")
    limit_usd, limit_turns = (_positive(first.get(f"per_instance_{name}_limit")) for name in ("cost", "call"))
    temperature = first.get("temperature")
    return _Settings(
        task_id if isinstance(task_id, str) else None, tuple(names), limit_usd,
        None if limit_turns is None else whole(limit_turns),
        float(temperature) if isinstance(temperature, int | float) else None,
    )  # fmt: skip


def _part(value: Any, name: str) -> Mapping[str, Any]:
    part = value.get(name) if isinstance(value, dict) else None
    return part if isinstance(part, dict) else {}


def _positive(limit: Any) -> float | None:
    """Limit; 0 is none."""
    return float(limit) if isinstance(limit, int | float) and 0 < limit < 1e12 else None  # noqa: PLR2004 # no limit is higher


def _stop_reason(status: str | None) -> str:
    found = (reason for word, reason in _STOP_REASONS if word in (status or "").lower())
    return next(found, "error" if status else "unknown")


def _run_row(run: _Run, source: Source) -> Row:
    scaffold = " ".join(filter(None, ("SWE-agent", run.version)))
    model = run.settings.models[0] if run.settings.models else None
    return {
        "run_id": run.run_id, "scaffold": scaffold, "model": model,
        "agent": " + ".join(filter(None, (scaffold, model))),
        "settings": json.dumps({"models": run.settings.models, "temperature": run.settings.temperature}),
        "limit_usd": run.settings.limit_usd, "limit_turns": run.settings.limit_turns, "submissions_allowed": 1,
        "score_metric": "resolved", "score_min": 0.0, "score_max": 1.0, "success_rule": "all tests of the task pass",
        "source_format": "swe_agent", "source_path": source.name, "recorded_score": run.verdicts.recorded_score,
        "recorded_n_rollouts": run.verdicts.n_scored, PATH_COLUMN: source.name,
    }  # fmt: skip


def sniff(seen: Peek) -> bool:
    """Recognise a trajectory by its list of turns beside the history, or the statistics of the model."""
    start = seen.start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start.startswith(b"{") or b'"trajectory"' not in start:
        return False
    has_turn = b'"action"' in start and b'"observation"' in start and (b'"thought"' in start or b'"response"' in start)
    return has_turn or (b'"history"' in start and b'"model_stats"' in start + seen.end)


READER = Reader(
    name="swe_agent",
    summary="SWE-agent run folders: `.traj` files (plain, .gz, .zst) and the score file beside them.",
    upstream=("SWE-agent/SWE-agent 0.6-0.7", "SWE-agent/SWE-agent 1.0-1.1"),
    token_convention=(
        "tokens_sent and tokens_received are totals of a rollout without a cache split; from 1.0 on counted with "
        "LiteLLM's tokenizer, not by the provider: reasoning and tool arguments may be missing."
    ),
    blind_spots=(
        "No call is recorded for itself, and no time but that of the commands (tool_s).",
        "Costs are LiteLLM's estimate, at its own price table: claimed_cost_usd of calls.",
        "Versions before 1.0 name the model only in the folder: it is unknown.",
        "Which benchmark the tasks come from is not in the files.",
        "Without a score file beside the trajectories scores are null.",
    ),
    sniff=sniff,
    names=("trajectory action observation", "trajectory history model_stats"),
    parse=parse,
    group=group_runs,
    is_companion=is_score_file,
    companion_names=SCORE_NAMES,
    fills=(
        "runs.scaffold", "runs.model", "runs.settings", "runs.limit_usd", "runs.submissions_allowed",
        "runs.score_metric", "runs.score_min", "runs.score_max", "runs.success_rule", "runs.recorded_n_rollouts",
        "runs.limit_turns", "runs.recorded_score", "rollouts.score", "rollouts.is_success", "rollouts.tool_s",
        "rollouts.n_calls", "rollouts.recorded_cost_usd", "calls.provider", "calls.model", "calls.input_tokens",
        "calls.output_tokens", "calls.n_requests", "calls.claimed_cost_usd",
    ),
)  # fmt: skip
