"""mini-SWE-agent run folders: one trajectory file per task, and whichever score file lies beside them."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import polars as pl

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import Count, UndecodableError, decode
from traces.files import content, content_hash
from traces.registry import Batch, Peek, Reader, Source, SourceFile
from traces.rejects import RejectLog
from traces.swebench_verdicts import group_runs, is_score_file, read_verdicts
from traces.usage import TOKEN_SCHEMA, Usage, token_counts

_CALLS_PER_BATCH: Final = 20_000


class Response(msgspec.Struct):
    """The raw completion a model API returned."""

    id: str | None = None
    provider: str | None = None
    model: str | None = None
    created: Count = None
    usage: Usage | None = None
    service_tier: str | None = None


class Extra(msgspec.Struct):
    """What the scaffold adds to a message; cost and timestamp only from version 2 on."""

    response: Response | None = None
    cost: Count = None
    timestamp: Count = None


class Message(msgspec.Struct):
    """One message; its text is skipped."""

    role: str | None = None
    extra: Extra | None = None


class ModelStats(msgspec.Struct):
    """What the scaffold counted."""

    instance_cost: Count = None
    api_calls: Count = None


class AgentConfig(msgspec.Struct):
    """Limits of a rollout; 0: none."""

    step_limit: Count = None
    cost_limit: Count = None


class ModelConfig(msgspec.Struct):
    """Model asked for, and its settings."""

    model_name: str | None = None
    model_kwargs: dict[str, Any] | None = None


class EnvironmentConfig(msgspec.Struct):
    """Where the commands ran."""

    image: str | None = None


class Config(msgspec.Struct):
    """Configuration of the run, repeated in every trajectory."""

    agent: AgentConfig = msgspec.field(default_factory=AgentConfig)
    model: ModelConfig = msgspec.field(default_factory=ModelConfig)
    environment: EnvironmentConfig = msgspec.field(default_factory=EnvironmentConfig)
    agent_type: str | None = None
    model_type: str | None = None


class Info(msgspec.Struct):
    """Header of a trajectory."""

    exit_status: str | None = None
    model_stats: ModelStats = msgspec.field(default_factory=ModelStats)
    mini_version: str | None = None
    config: Config = msgspec.field(default_factory=Config)


class Trajectory(msgspec.Struct):
    """One ``.traj.json`` file."""

    messages: list[Message]
    info: Info = msgspec.field(default_factory=Info)
    instance_id: str | None = None


_CALL_SCHEMA: Final = {
    "run_id": pl.String, "rollout_id": pl.String, "call_index": pl.Int64, "call_id": pl.String, "provider": pl.String,
    "upstream_provider": pl.String, "model": pl.String, "started_at": pl.Int64, "ended_at": pl.Int64,
    "time_basis": pl.String, **TOKEN_SCHEMA, "service_tier": pl.String, "recorded_cost_usd": pl.Float64,
    "claimed_cost_usd": pl.Float64, PATH_COLUMN: pl.String, PLACE_COLUMN: pl.String,
}  # fmt: skip
_ROLLOUT_SCHEMA: Final = {
    "run_id": pl.String, "rollout_id": pl.String, "benchmark": pl.String, "task_id": pl.String, "attempt": pl.Int64,
    "score": pl.Float64, "is_success": pl.Boolean, "stop_reason": pl.String, "started_at": pl.Int64,
    "ended_at": pl.Int64, "wall_s": pl.Float64, "time_basis": pl.String, "n_calls": pl.Int64,
    "recorded_cost_usd": pl.Float64, PATH_COLUMN: pl.String, PLACE_COLUMN: pl.String,
}  # fmt: skip

_STOP_REASONS: Final = {
    "Submitted": "submitted",
    "ContextWindowExceededError": "limit_context",
    "TimeExceeded": "limit_time",
    **dict.fromkeys(
        (
            "APIError", "APIConnectionError", "AuthenticationError", "BadGatewayError", "InternalServerError",
            "PermissionDeniedError", "RateLimitError", "ServiceUnavailableError", "Timeout", "TimeoutExpired",
            "CalledProcessError",
        ),
        "error_infra",
    ),
}  # fmt: skip


@dataclass(slots=True)
class _Run:
    """What is gathered over the files of a run."""

    run_id: str
    verdicts: Mapping[str, bool | None]
    benchmark: str | None = None
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    rollouts: list[tuple[Any, ...]] = field(default_factory=list)
    attempts: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    seen: dict[str, str] = field(default_factory=dict)
    first: Trajectory | None = None
    started_us: list[int] = field(default_factory=list)


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map a run folder to batches; the run itself comes with the last one."""
    hashes = {file: content_hash(file.path) for file in source.files}
    run_id = f"mini-swe-agent-{_digest(sorted(hashes.values()))}"
    verdicts = read_verdicts(source.companions, log)
    run = _Run(run_id, verdicts.by_task)
    for file in source.files:
        if hashes[file] in run.seen:
            log.duplicate(file.name, "", run.seen[hashes[file]])
            continue
        run.seen[hashes[file]] = file.name
        _add_file(run, file, log)
        if len(run.calls) >= _CALLS_PER_BATCH:
            yield _flush(run)
    yield {**_flush(run), **_run_tables(run, source, verdicts.recorded_score, verdicts.n_scored)}


def _digest(parts: list[str]) -> str:
    import xxhash

    return xxhash.xxh3_128("\n".join(parts).encode()).hexdigest()[:12]


def _add_file(run: _Run, file: SourceFile, log: RejectLog) -> None:
    try:
        with content(file.path) as raw:
            trajectory, problems = decode(raw, Trajectory)
    except UndecodableError as error:
        log.malformed(file.name, "document", str(error))
        return
    for problem in problems:
        place, _, reason = problem.partition(": ")
        log.malformed(file.name, place, reason)
    task_id = trajectory.instance_id or file.path.name.split(".traj")[0]
    _add_rollout(run, file, task_id, trajectory)


def _add_rollout(run: _Run, file: SourceFile, task_id: str, trajectory: Trajectory) -> None:
    run.first = run.first or trajectory
    run.benchmark = run.benchmark or _benchmark(trajectory)
    attempt = run.attempts[task_id]
    run.attempts[task_id] += 1
    rollout_id = f"{run.run_id}/{task_id}/{attempt}"
    stamps = _add_calls(run, file, rollout_id, trajectory)
    run.started_us += [stamps[0], stamps[-1]] if stamps else []
    stats, resolved = trajectory.info.model_stats, run.verdicts.get(task_id)
    run.rollouts.append((
        run.run_id, rollout_id, run.benchmark, task_id, attempt,
        None if resolved is None else float(resolved), resolved,
        _stop_reason(trajectory.info), stamps[0] if stamps else None, stamps[-1] if stamps else None,
        (stamps[-1] - stamps[0]) / 1e6 if stamps else None, "lower_bound" if stamps else None, _whole(stats.api_calls),
        _known_cost(stats.instance_cost, stats.api_calls), file.name, "info.model_stats",
    ))  # fmt: skip


def _add_calls(run: _Run, file: SourceFile, rollout_id: str, trajectory: Trajectory) -> list[int]:
    """Append the calls of one trajectory; return every stamp in it, sorted, in microseconds."""
    config, index, previous_us, stamps = trajectory.info.config, 0, None, []
    for number, message in enumerate(trajectory.messages):
        extra = message.extra or Extra()
        ended_us = _microseconds(extra.timestamp)
        if extra.response is not None or message.role == "assistant":
            response = extra.response or Response()
            started_us = previous_us if ended_us and previous_us else _microseconds(response.created)
            run.models[response.model or config.model.model_name or ""] += 1
            run.calls.append(
                (
                    *(run.run_id, rollout_id, index, response.id or f"{rollout_id}#{index}"),
                    *_billing(response, config),
                    *(started_us, ended_us, "upper_bound" if ended_us else "lower_bound" if started_us else None),
                    *token_counts(response.usage),
                    *(response.service_tier, *_call_costs(response, extra), file.name, f"messages[{number}]"),
                )
            )
            stamps += [stamp for stamp in (started_us, ended_us) if stamp]
            index += 1
        previous_us = ended_us or previous_us
    return sorted(stamps)


def _billing(response: Response, config: Config) -> tuple[str | None, str | None, str | None]:
    """Who bills, who served it behind a gateway, and the model as the biller names it.

    OpenRouter bills itself and names its upstream in ``provider``; the other clients name the biller there, or
    (LiteLLM) only as the prefix of the model asked for.
    """
    model = response.model or config.model.model_name
    if "openrouter" in (config.model_type or "") or (response.id or "").startswith("gen-"):
        return "openrouter", response.provider, model
    if response.provider is not None:
        return response.provider, None, model
    prefix, slash, _ = (config.model.model_name or "").partition("/")
    return (prefix.removeprefix("@") if slash else None), None, model


def _call_costs(response: Response, extra: Extra) -> tuple[float | None, float | None]:
    """Give the dollars the biller stated, and those the scaffold estimated."""
    stated = response.usage.cost if response.usage is not None else None
    return _known_cost(stated, 1), _known_cost(extra.cost, 1)


def _known_cost(cost: Count, n_calls: Count) -> float | None:
    """A cost of 0 for calls that were made is that of a model without a price: not known."""
    return None if cost is None or (cost == 0 and n_calls != 0) else float(cost)


def _stop_reason(info: Info) -> str:
    status = info.exit_status or ""
    if status != "LimitsExceeded":
        return _STOP_REASONS.get(status, "error" if status else "unknown")
    limits, stats = info.config.agent, info.model_stats
    if limits.cost_limit and (stats.instance_cost or 0) >= limits.cost_limit:
        return "limit_cost"
    return "limit_turns" if limits.step_limit and (stats.api_calls or 0) >= limits.step_limit else "limit_other"


def _benchmark(trajectory: Trajectory) -> str | None:
    return "swe-bench" if "swebench/sweb.eval" in (trajectory.info.config.environment.image or "") else None


def _flush(run: _Run) -> dict[str, pl.DataFrame]:
    batch = {
        "calls": pl.DataFrame(run.calls, schema=_CALL_SCHEMA, orient="row").with_columns(
            latency_s=(pl.col("ended_at") - pl.col("started_at")) / 1e6
        ),
        "rollouts": pl.DataFrame(run.rollouts, schema=_ROLLOUT_SCHEMA, orient="row"),
    }
    run.calls, run.rollouts = [], []
    return batch


def _run_tables(run: _Run, source: Source, recorded_score: float | None, n_scored: int | None) -> Batch:
    info = run.first.info if run.first else Info()
    config, model = info.config, run.models.most_common(1)[0][0] if run.models else None
    effort = _effort(config.model.model_kwargs or {})
    scaffold = f"mini-SWE-agent {info.mini_version or ''}".strip()
    row = {
        "run_id": run.run_id, "benchmark": run.benchmark, "scaffold": scaffold, "model": model or None,
        "reasoning_effort": effort, "agent": " + ".join(filter(None, (scaffold, model, effort))),
        "settings": json.dumps(_settings(config), sort_keys=True), "limit_usd": config.agent.cost_limit or None,
        "limit_turns": _whole(config.agent.step_limit) or None, "submissions_allowed": 1,
        "score_metric": "resolved", "score_min": 0.0, "score_max": 1.0, "success_rule": "all tests of the task pass",
        "started_at": min(run.started_us, default=None), "ended_at": max(run.started_us, default=None),
        "source_format": "mini_swe_agent", "source_path": source.name, "recorded_score": recorded_score,
        "recorded_n_rollouts": n_scored,
    }  # fmt: skip
    tasks = [{"benchmark": run.benchmark, "task_id": task_id} for task_id in sorted({*run.attempts, *run.verdicts})]
    schema = {"benchmark": pl.String, "task_id": pl.String}
    return {"runs": pl.DataFrame([row], infer_schema_length=None), "tasks": pl.DataFrame(tasks, schema=schema)}


def _effort(model_kwargs: Mapping[str, Any]) -> str | None:
    nested = model_kwargs.get("extra_body") or {}
    reasoning = model_kwargs.get("reasoning") or (nested.get("reasoning") if isinstance(nested, dict) else None)
    effort = model_kwargs.get("reasoning_effort") or (reasoning.get("effort") if isinstance(reasoning, dict) else None)
    return None if effort is None else str(effort)


def _settings(config: Config) -> dict[str, Any]:
    kwargs = {key: value for key, value in (config.model.model_kwargs or {}).items() if "key" not in key.lower()}
    return {"agent_type": config.agent_type, "model_type": config.model_type, "model_kwargs": kwargs}


def _microseconds(seconds: Count) -> int | None:
    return None if not seconds else round(seconds * 1_000_000)


def _whole(value: Count) -> int | None:
    return None if value is None else int(value)


def sniff(peek: Peek) -> bool:
    """Recognise a trajectory by its format mark at either end, or by the header older versions write."""
    if not peek.start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return False
    marked = b'"trajectory_format"' in peek.start + peek.end and b'"mini-swe-agent' in peek.start + peek.end
    return marked or (b'"mini_version"' in peek.start and b'"model_stats"' in peek.start)


READER = Reader(
    name="mini_swe_agent",
    summary="mini-SWE-agent run folders: `.traj.json` files (plain, .gz, .zst) and the score file beside them.",
    upstream=("SWE-agent/mini-swe-agent 1.0-1.17 (mini-swe-agent-1)", "2.x (mini-swe-agent-1.1)"),
    token_convention=(
        "Chat Completions usage: prompt_tokens include cached tokens. Where a provider reports more reasoning than "
        "completion in any call, its reasoning lies outside completion_tokens: output gets a low and a high value."
    ),
    blind_spots=(
        "Version 1 stamps a call only when its response was created: call and rollout times are lower bounds.",
        "Calls that failed and were retried are not in the trajectory.",
        "Without a score file beside the trajectories scores are null.",
    ),
    sniff=sniff,
    parse=parse,
    group=group_runs,
    is_companion=is_score_file,
)
