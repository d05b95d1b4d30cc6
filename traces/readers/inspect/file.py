"""The fields of an Inspect log that a replay needs, as msgspec reads them; all text is skipped."""

from datetime import datetime
from typing import Any

import msgspec

from traces.decode import Count
from traces.inspect_usage import ModelUsage


class Skipped(msgspec.Struct, gc=False):
    """An object of which nothing is kept."""


Usages = dict[str, ModelUsage] | None


class Response(msgspec.Struct, gc=False):
    """The provider's own answer; its shape is the provider's."""

    id: Any = None
    service_tier: Any = None
    usage: Any = None


class ModelCall(msgspec.Struct, gc=False):
    """The raw call; newer logs keep it of a few calls only."""

    response: Response | str | None = None


class Output(msgspec.Struct, gc=False):
    """What a model returned."""

    model: str | None = None
    usage: ModelUsage | None = None
    time: Count = None
    response_id: str | None = None


class Batching(msgspec.Struct, gc=False):
    """Settings of one call."""

    batch: bool | int | Skipped | None = None


class Score(msgspec.Struct, gc=False):
    """A score; its value may be a letter, a number, or several by name."""

    value: Any = None


class Event(msgspec.Struct, gc=False):
    """One event of any kind; ``output`` is a text for some, ``error`` a text for a model call."""

    event: str | None = None
    timestamp: datetime | None = None
    completed: datetime | None = None
    working_time: Count = None
    uuid: str | None = None
    span_id: str | None = None
    pending: bool | None = None
    model: str | None = None
    role: str | None = None
    cache: str | None = None
    error: str | Skipped | None = None
    output: Output | str | None = None
    call: ModelCall | None = None
    config: Batching | None = None
    id: str | int | None = None
    parent_id: str | None = None
    type: str | None = None
    action: str | Skipped | None = None
    events: list["Event"] | None = None
    score: Score | None = None
    scorer: str | None = None
    intermediate: bool | None = None


class Message(msgspec.Struct, gc=False):
    """An error: its message."""

    message: str | None = None


class Retried(msgspec.Struct, gc=False):
    """An attempt that failed and was made again; its events are kept from 2026 on."""

    events: list[Event] | None = None


class Transcript(msgspec.Struct, gc=False):
    """Where a sample held its events until 0.3.41 (October 2024)."""

    events: list[Event] | None = None


class Limit(msgspec.Struct, gc=False):
    """The limit that ended a sample."""

    type: str | None = None


class Sample(msgspec.Struct, gc=False):
    """A sample in one epoch: a rollout. In summaries, ``error`` and ``limit`` are plain texts."""

    id: str | int | None = None
    epoch: int | None = None
    uuid: str | None = None
    events: list[Event] | None = None
    transcript: Transcript | None = None
    scores: dict[str, Score | None] | None = None
    score: Score | None = None
    model_usage: Usages = None
    started_at: str | None = None
    completed_at: str | None = None
    total_time: Count = None
    working_time: Count = None
    error: Message | str | None = None
    limit: Limit | str | None = None
    error_retries: list[Retried] | None = None
    invalidation: Skipped | None = None
    completed: bool | None = None

    @property
    def all_events(self) -> list[Event]:
        """Events of the sample, wherever its version put them."""
        return self.events or (self.transcript.events if self.transcript is not None else None) or []


class Dataset(msgspec.Struct):
    """Where the tasks come from."""

    name: str | None = None
    samples: Count = None
    sample_ids: list[str | int] | None = None


class Limits(msgspec.Struct):
    """Configuration of an eval: its limits and how often each sample is run."""

    epochs: Count = None
    message_limit: Count = None
    max_messages: Count = None
    turn_limit: Count = None
    token_limit: Count = None
    time_limit: Count = None
    working_limit: Count = None
    cost_limit: Count = None


class Revision(msgspec.Struct):
    """State of the repository."""

    commit: str | None = None


class Scorer(msgspec.Struct):
    """A scorer, as declared; where it stands in results its options are called params."""

    name: str | None = None
    options: dict[str, Any] | None = None
    params: dict[str, Any] | None = None


class Spec(msgspec.Struct):
    """What was run."""

    eval_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    eval_set_id: str | None = None
    created: str | None = None
    task: str | None = None
    task_version: str | int | None = None
    task_args: dict[str, Any] | None = None
    solver: str | None = None
    solver_args: Any = None
    model: str | None = None
    model_generate_config: dict[str, Any] | None = None
    model_roles: dict[str, Any] | None = None
    dataset: Dataset = msgspec.field(default_factory=Dataset)
    config: Limits = msgspec.field(default_factory=Limits)
    packages: dict[str, Any] | None = None
    revision: Revision | None = None
    scorers: list[Scorer] | None = None
    tags: list[str] | None = None


class Step(msgspec.Struct):
    """One solver of the plan."""

    solver: str | None = None
    params: dict[str, Any] | None = None


class Plan(msgspec.Struct):
    """The solvers and their settings."""

    steps: list[Step] | None = None
    config: dict[str, Any] | None = None


class Metric(msgspec.Struct):
    """A figure over all samples."""

    value: Count = None


class EvalScore(msgspec.Struct):
    """The figures of one scorer."""

    name: str | None = None
    scorer: str | None = None
    metrics: dict[str, Metric | None] | None = None
    params: dict[str, Any] | None = None


class Results(msgspec.Struct):
    """What the eval claims over all samples; the first versions had one scorer."""

    total_samples: Count = None
    completed_samples: Count = None
    scores: list[EvalScore] | None = None
    scorer: Scorer | None = None
    metrics: dict[str, Metric | None] | None = None


class Stats(msgspec.Struct):
    """Times and tokens over all samples and all their attempts."""

    started_at: str | None = None
    completed_at: str | None = None
    model_usage: Usages = None
    role_usage: Usages = None


class Header(msgspec.Struct):
    """A log without its samples."""

    status: str | None = None
    eval: Spec = msgspec.field(default_factory=Spec)
    plan: Plan = msgspec.field(default_factory=Plan)
    results: Results | None = None
    stats: Stats = msgspec.field(default_factory=Stats)
    error: Message | None = None
    invalidated: bool | None = None


class WholeDocument(Header):
    """A log as one JSON document."""

    samples: list[Sample] | None = None


class Document(Header):
    """The same, its samples to be read one by one."""

    samples: list[msgspec.Raw] | None = None
