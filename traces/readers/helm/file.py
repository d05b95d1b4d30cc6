"""The fields of a HELM run folder that a replay needs, as msgspec reads them; prompts and completions are skipped."""

from typing import Any

import msgspec

from traces.decode import Count


class Perturbation(msgspec.Struct, frozen=True):
    """How the text of an instance was changed."""

    name: str | None = None
    computed_on: str | None = None
    seed: Count = None


class StatName(msgspec.Struct):
    """What a statistic is of."""

    name: str | None = None
    split: str | None = None
    sub_split: str | None = None
    perturbation: Perturbation | None = None


class Stat(msgspec.Struct):
    """One statistic: how many values went into it, and their sum."""

    name: StatName | None = None
    count: Count = None
    sum: float | None = None
    mean: float | None = None

    @property
    def key(self) -> str:
        """Name alone."""
        return (self.name.name if self.name else None) or ""


class InstanceStats(msgspec.Struct):
    """Statistics of one instance in one trial; each metric may write its own such element."""

    instance_id: str | None = None
    perturbation: Perturbation | None = None
    train_trial_index: Count = None
    stats: list[Stat] | None = None


class AdapterSpec(msgspec.Struct):
    """How instances become requests."""

    method: str | None = None
    model: str | None = None
    model_deployment: str | None = None
    max_tokens: Count = None
    num_outputs: Count = None
    num_train_trials: Count = None
    max_train_instances: Count = None
    temperature: float | None = None
    reasoning_effort: str | None = None


class MetricSpec(msgspec.Struct):
    """A metric and what it is told."""

    class_name: str | None = None
    args: dict[str, Any] | None = None


class RunSpec(msgspec.Struct):
    """The run: its name, model and metrics, which version 0.1 calls ``metrics``."""

    name: str | None = None
    adapter_spec: AdapterSpec | None = None
    metric_specs: list[MetricSpec] | None = None
    metrics: list[MetricSpec] | None = None
    groups: list[str] | None = None


class InstanceId(msgspec.Struct):
    """Which instance a request was made for."""

    id: str | None = None
    perturbation: Perturbation | None = None


class RequestResult(msgspec.Struct):
    """When a request was made and how long it took."""

    success: bool | None = None
    cached: bool | None = None
    request_time: float | None = None
    request_datetime: Count = None


class RequestState(msgspec.Struct):
    """One request."""

    instance: InstanceId | None = None
    train_trial_index: Count = None
    result: RequestResult | None = None


class ScenarioState(msgspec.Struct):
    """All requests of a run."""

    request_states: list[RequestState] | None = None
