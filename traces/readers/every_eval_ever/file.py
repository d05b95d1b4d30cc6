"""The fields of Every Eval Ever's two files that a replay needs, as msgspec reads them; all text is skipped."""

from typing import Any

import msgspec

from traces.decode import Count
from traces.inspect_usage import ModelUsage

Number = int | float | str | None
"""A figure that may be written as text ("Infinity", "12.50")."""


class Library(msgspec.Struct):
    """Program that ran the evaluation."""

    name: str | None = None
    version: str | None = None


class Source(msgspec.Struct):
    """Who published the figures."""

    source_name: str | None = None
    source_type: str | None = None
    evaluator_relationship: str | None = None


class Model(msgspec.Struct):
    """Model evaluated; adapters of leaderboards put the agent and its cost into the details."""

    id: str | None = None
    name: str | None = None
    inference_platform: str | None = None
    additional_details: dict[str, Any] | None = None


class Metric(msgspec.Struct):
    """What a score is."""

    metric_id: str | None = None
    metric_name: str | None = None
    lower_is_better: bool | None = None
    min_score: Number = None
    max_score: Number = None


class Uncertainty(msgspec.Struct):
    """How many samples a score is of."""

    num_samples: Count = None


class ScoreDetails(msgspec.Struct):
    """A score; the adapters of some leaderboards put dollars into the details."""

    score: float | None = None
    details: dict[str, Any] | None = None
    uncertainty: Uncertainty | None = None


class DataSource(msgspec.Struct):
    """Dataset of the samples, and which of them were evaluated."""

    dataset_name: str | None = None
    sample_ids: list[Any] | None = None


class Limits(msgspec.Struct):
    """Limits of a sample; 0 or below: none."""

    time_limit: Count = None
    message_limit: Count = None
    token_limit: Count = None


class GenerationArgs(msgspec.Struct):
    """Settings of the generation."""

    temperature: float | None = None
    max_tokens: Count = None
    reasoning: bool | None = None
    eval_limits: Limits | None = None
    max_attempts: Count = None


class GenerationConfig(msgspec.Struct):
    """Settings of the generation, and what else the adapter knew."""

    generation_args: GenerationArgs | None = None
    additional_details: dict[str, Any] | None = None


class Result(msgspec.Struct):
    """One score of one evaluation by one metric."""

    evaluation_result_id: str | None = None
    evaluation_name: str | None = None
    evaluation_timestamp: str | None = None
    source_data: DataSource | list[Any] | None = None
    metric_config: Metric | None = None
    score_details: ScoreDetails | None = None
    generation_config: GenerationConfig | None = None

    @property
    def source(self) -> DataSource:
        """Dataset; early schemas list addresses instead."""
        return self.source_data if isinstance(self.source_data, DataSource) else DataSource()


class Detailed(msgspec.Struct):
    """The file of samples that belongs to an aggregate."""

    total_rows: Count = None


class Aggregate(msgspec.Struct):
    """One aggregate file; until schema 0.1.0 it named its dataset once for all results."""

    schema_version: str | None = None
    evaluation_id: str | None = None
    evaluation_timestamp: str | None = None
    source_metadata: Source | None = None
    eval_library: Library | None = None
    model_info: Model | None = None
    source_data: DataSource | list[Any] | None = None
    evaluation_results: list[Result] | None = None
    detailed_evaluation_results: Detailed | None = None


class Message(msgspec.Struct):
    """One message; its text is skipped."""

    role: str | None = None


class Evaluation(msgspec.Struct):
    """Score of a sample."""

    score: float | None = None
    is_correct: bool | None = None


class Performance(msgspec.Struct):
    """Milliseconds of a sample."""

    latency_ms: float | None = None
    time_to_first_token_ms: float | None = None
    generation_time_ms: float | None = None


class Sample(msgspec.Struct):
    """One line of the file of samples: one sample by one metric."""

    evaluation_id: str | None = None
    model_id: str | None = None
    evaluation_name: str | None = None
    evaluation_result_id: str | None = None
    sample_id: str | int | None = None
    sample_hash: str | None = None
    interaction_type: str | None = None
    messages: list[Message] | None = None
    evaluation: Evaluation | None = None
    token_usage: ModelUsage | None = None
    performance: Performance | None = None
    error: str | None = None
    metadata: dict[str, Any] | None = None
