"""The fields of Harbor's trial results and of ATIF trajectories that a replay needs; all text is skipped."""

from typing import Any

import msgspec

from traces.decode import Count

Stamp = str | int | float | None


class CacheCreation(msgspec.Struct, gc=False):
    """Cache writes by duration, as Anthropic counts them."""

    ephemeral_5m_input_tokens: Count = None
    ephemeral_1h_input_tokens: Count = None


class Extra(msgspec.Struct, gc=False):
    """What an agent adds to the metrics of a step: the counts of the provider, or some of them."""

    input_tokens: Count = None
    cache_read_input_tokens: Count = None
    cache_creation_input_tokens: Count = None
    cache_write_tokens: Count = None
    cache_creation: CacheCreation | None = None
    reasoning_tokens: Count = None
    reasoning_output_tokens: Count = None
    total_tokens: Count = None
    service_tier: str | None = None
    total_cache_creation_input_tokens: Count = None
    total_reasoning_output_tokens: Count = None


class Metrics(msgspec.Struct, gc=False):
    """Usage of one step."""

    prompt_tokens: Count = None
    completion_tokens: Count = None
    cached_tokens: Count = None
    cost_usd: Count = None
    extra: Extra | None = None


class FinalMetrics(msgspec.Struct):
    """Totals of a trajectory."""

    total_prompt_tokens: Count = None
    total_completion_tokens: Count = None
    total_cached_tokens: Count = None
    total_cost_usd: Count = None
    total_steps: Count = None
    extra: Extra | None = None


class Reference(msgspec.Struct, gc=False):
    """Where the trajectory of a subagent lies: another file, or embedded under an id."""

    trajectory_path: str | None = None


class ObservationResult(msgspec.Struct, gc=False):
    """Result of a tool call."""

    subagent_trajectory_ref: list[Reference] | Reference | None = None


class Observation(msgspec.Struct, gc=False):
    """What the agent was shown."""

    results: list[ObservationResult] | None = None


class Step(msgspec.Struct, gc=False):
    """One step. Only those of the agent itself, and not copied from another trajectory, stand for model calls."""

    step_id: Count = None
    timestamp: Stamp = None
    source: str | None = None
    model_name: str | None = None
    metrics: Metrics | None = None
    observation: Observation | None = None
    is_copied_context: bool | None = None
    llm_call_count: Count = None


class TrajectoryAgent(msgspec.Struct):
    """Agent that produced a trajectory."""

    name: str | None = None
    version: str | None = None
    model_name: str | None = None


class Trajectory(msgspec.Struct):
    """One ATIF document; those of subagents may be embedded."""

    schema_version: str | None = None
    session_id: str | None = None
    trajectory_id: str | None = None
    agent: TrajectoryAgent | None = None
    steps: list[Step] | None = None
    final_metrics: FinalMetrics | None = None
    continued_trajectory_ref: str | None = None
    subagent_trajectories: list["Trajectory"] | None = None


class Span(msgspec.Struct):
    """A phase of a trial."""

    started_at: Stamp = None
    finished_at: Stamp = None


class ModelInfo(msgspec.Struct):
    """Model of an agent, and who serves it."""

    name: str | None = None
    provider: str | None = None


class AgentInfo(msgspec.Struct):
    """Agent of a trial."""

    name: str | None = None
    version: str | None = None
    model_info: ModelInfo | None = None


class Totals(msgspec.Struct):
    """What an agent reports to have used."""

    n_input_tokens: Count = None
    n_cache_tokens: Count = None
    n_output_tokens: Count = None
    cost_usd: Count = None
    model_usage: dict[str, "Totals"] | None = None


class VerifierResult(msgspec.Struct):
    """Scores; a single one in the first versions."""

    rewards: dict[str, float | None] | None = None
    reward: float | None = None


class ExceptionInfo(msgspec.Struct):
    """Why a trial broke off."""

    exception_type: str | None = None


class AgentConfig(msgspec.Struct):
    """Settings of the agent; its arguments may hold secrets, of which only harmless ones are kept."""

    name: str | None = None
    model_name: str | None = None
    override_timeout_sec: Count = None
    kwargs: dict[str, Any] | None = None


class TrialConfig(msgspec.Struct):
    """Settings of a trial."""

    agent: AgentConfig | None = None
    job_id: str | None = None


class StepResult(msgspec.Struct):
    """One step of a trial of several."""

    step_name: str | None = None
    agent_result: Totals | None = None
    verifier_result: VerifierResult | None = None
    agent_execution: Span | None = None


class Trial(msgspec.Struct):
    """One trial: an attempt of an agent at a task."""

    id: str | None = None
    task_name: str | None = None
    trial_name: str | None = None
    source: str | None = None
    config: TrialConfig | None = None
    agent_info: AgentInfo | None = None
    agent_result: Totals | None = None
    verifier_result: VerifierResult | None = None
    exception_info: ExceptionInfo | None = None
    started_at: Stamp = None
    finished_at: Stamp = None
    agent_execution: Span | None = None
    step_results: list[StepResult] | None = None
    trial_results: list["Trial"] | None = None
