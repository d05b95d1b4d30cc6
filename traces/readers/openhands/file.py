"""The fields of an OpenHands evaluation record that a replay needs; all text is skipped."""

from typing import Any

import msgspec

from traces.decode import Count
from traces.usage import Usage

Stamp = str | int | float | None


class TokenUsage(msgspec.Struct, gc=False):
    """Usage of a call, or of all of a record."""

    model: str | None = None
    prompt_tokens: Count = None
    completion_tokens: Count = None
    cache_read_tokens: Count = None
    cache_write_tokens: Count = None
    reasoning_tokens: Count = None
    response_id: str | None = None


class CallCost(msgspec.Struct, gc=False):
    """What LiteLLM says a call cost, and when it ended."""

    model: str | None = None
    cost: Count = None
    timestamp: Stamp = None


class Latency(msgspec.Struct, gc=False):
    """Seconds a call took."""

    latency: Count = None
    response_id: str | None = None


class Metrics(msgspec.Struct):
    """What a record used; of trials that Harbor ran three totals only."""

    total_prompt_tokens: Count = None
    total_completion_tokens: Count = None
    total_cost_usd: Count = None

    accumulated_cost: Count = None
    accumulated_token_usage: TokenUsage | None = None
    token_usages: list[TokenUsage] | None = None
    costs: list[CallCost] | None = None
    response_latencies: list[Latency] | None = None


class ModelResponse(msgspec.Struct, gc=False):
    """The raw completion an action came of; several actions may share one."""

    id: str | None = None
    model: str | None = None
    usage: Usage | None = None


class ToolCallMetadata(msgspec.Struct, gc=False):
    """Where an action came from."""

    model_response: ModelResponse | None = None


class Event(msgspec.Struct, gc=False):
    """One event of a conversation; from version 1 on it names the response it came of."""

    timestamp: Stamp = None
    llm_response_id: str | None = None
    tool_call_metadata: ToolCallMetadata | None = None


def total_usage(metrics: Metrics) -> TokenUsage:
    """Totals of a record, under whichever names."""
    named = TokenUsage(None, metrics.total_prompt_tokens, metrics.total_completion_tokens)
    return metrics.accumulated_token_usage or named


def total_usd(metrics: Metrics) -> Count:
    """Dollars of a record, under whichever name."""
    return metrics.total_cost_usd if metrics.accumulated_cost is None else metrics.accumulated_cost


class Model(msgspec.Struct):
    """Settings of the model; keys and addresses among them are skipped."""

    model: str | None = None
    reasoning_effort: str | None = None
    temperature: Count = None


class Metadata(msgspec.Struct):
    """Settings of a run: ``llm_config`` until version 0, ``llm`` from version 1 on."""

    agent_class: str | None = None
    llm_config: Model | None = None
    llm: Model | None = None
    max_iterations: Count = None
    dataset: str | None = None
    data_split: str | None = None
    dataset_split: str | None = None
    git_commit: str | None = None


class Record(msgspec.Struct):
    """One line: an attempt at an instance. Each benchmark writes verdicts in its own way."""

    instance_id: str | int | None = None
    attempt: Count = None
    test_result: Any = None
    report: Any = None
    metadata: Metadata | None = None
    history: list[Event | list[Event] | None] | None = None
    metrics: Metrics | None = None
    error: str | None = None
