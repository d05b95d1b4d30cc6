"""The fields of a HAL upload that a replay needs, as msgspec reads them; all text is skipped."""

from typing import Any

import msgspec

from traces.decode import Count
from traces.inspect_usage import ModelUsage
from traces.usage import Usage

Stamp = str | int | float | None
"""A moment: ISO text or seconds since 1970."""


class Blank(msgspec.Struct, gc=False):
    """An object of which nothing is needed."""


Anything = str | int | float | bool | list[Any] | None
"""What an operation that is no model call may take or return in place of an object."""


class CallUsage(Usage, gc=False):
    """Usage as any client returns it, or as Weave adds it up: then with the number of requests."""

    requests: Count = None
    bedrock_input: Count = msgspec.field(default=None, name="inputTokens")
    bedrock_output: Count = msgspec.field(default=None, name="outputTokens")
    bedrock_cache_read: Count = msgspec.field(default=None, name="cacheReadInputTokens")
    bedrock_cache_write: Count = msgspec.field(default=None, name="cacheWriteInputTokens")


class GoogleUsage(msgspec.Struct, gc=False):
    """Usage as Google's own client returns it; thoughts are counted apart."""

    prompt_token_count: Count = None
    cached_content_token_count: Count = None
    candidates_token_count: Count = None
    thoughts_token_count: Count = None


class Attributes(msgspec.Struct, gc=False):
    """Labels of a call."""

    weave_task_id: str | int | None = None


class Inputs(msgspec.Struct, gc=False):
    """Arguments of a call."""

    model: str | Blank | None = None


class Output(msgspec.Struct, gc=False):
    """What a call returned."""

    id: str | int | None = None
    model: str | Blank | None = None
    usage: CallUsage | None = None
    usage_metadata: GoogleUsage | None = None
    service_tier: str | None = None


class WeaveSummary(msgspec.Struct, gc=False):
    """What Weave measured."""

    latency_ms: Count = None


class Summary(msgspec.Struct, gc=False):
    """Usage of a call and of all calls inside it, by model, and Weave's own figures."""

    usage: dict[str, CallUsage | None] | list[dict[str, CallUsage | None]] | None = None
    weave: WeaveSummary | None = None


class Call(msgspec.Struct, gc=False):
    """One Weave call. ``parent_id`` is unset in files that name no parents."""

    id: str | None = None
    parent_id: str | msgspec.UnsetType | None = msgspec.UNSET
    op_name: str | None = None
    weave_task_id: str | int | None = None
    attributes: Attributes | None = None
    created_timestamp: Stamp = None
    started_at: Stamp = None
    ended_at: Stamp = None
    inputs: Inputs | Anything = None
    output: Output | Anything = None
    outputs: Output | Anything = None
    summary: Summary | None = None
    exception: str | Blank | None = None


class TaskCall(msgspec.Struct, gc=False):
    """One call of a task in files that keep no more of it."""

    usage: CallUsage | None = None
    started_at: Stamp = None
    ended_at: Stamp = None


class TaskLog(msgspec.Struct):
    """The calls of one task."""

    call_metadata: list[TaskCall] | None = None
    model: str | Blank | None = None
    call_count: Count = None


class RecordedUsage(ModelUsage):
    """Tokens of the whole run by one model, as Inspect adds them up, or as HAL does (``prompt_tokens`` ...)."""

    prompt_tokens: Count = None
    completion_tokens: Count = None
    cache_creation_input_tokens: Count = None
    cache_read_input_tokens: Count = None


class Config(msgspec.Struct):
    """Settings of the run."""

    agent_name: str | None = None
    agent_version: str | None = None
    benchmark_name: str | None = None
    date: str | None = None
    run_id: str | None = None
    agent_args: dict[str, Any] | None = None
    prompt_sensitivity: bool | None = None


class Latency(msgspec.Struct):
    """HAL's own time of a task: from the start of its first call to the START of its last."""

    total_time: Count = None


class Results(msgspec.Struct):
    """What HAL worked out."""

    accuracy: Count = None
    average_correctness: Count = None
    success_rate: Count = None
    average_score: Count = None
    overall_accuracy: Count = None
    successful_tasks: list[str | int] | None = None
    failed_tasks: list[str | int] | None = None
    similarity_threshold: Count = None
    total_cost: Count = None
    latencies: dict[str, Latency | float | int | None] | None = None
    costs: dict[str, Count] | None = None


class TaskMetrics(msgspec.Struct):
    """What the agent's program said of a task."""

    estimated_cost: Count = None


class GitInfo(msgspec.Struct):
    """Version of the harness."""

    commit: str | None = None


class Document(msgspec.Struct):
    """One upload."""

    config: Config = msgspec.field(default_factory=Config)
    metadata: Config = msgspec.field(default_factory=Config)
    results: Results = msgspec.field(default_factory=Results)
    raw_eval_results: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"null"))
    raw_logging_results: list[Call] | dict[str, TaskLog] | str | None = None
    total_usage: dict[str, RecordedUsage] | None = None
    total_cost: Count = None
    git_info: GitInfo | None = None
    wall_clock_times: dict[str, Count] | None = None
    task_metrics: dict[str, TaskMetrics] | None = None
