"""The fields of a mini-SWE-agent trajectory that a replay needs, as msgspec reads them; all text is skipped."""

from typing import Any

import msgspec

from traces.decode import Count
from traces.usage import Usage


class Response(msgspec.Struct, gc=False):
    """The raw completion a model API returned."""

    id: str | None = None
    provider: str | None = None
    model: str | None = None
    created: Count = None
    usage: Usage | None = None
    service_tier: str | None = None


class Extra(msgspec.Struct, gc=False):
    """What the scaffold adds to a message; cost and timestamp only from version 2 on."""

    response: Response | None = None
    cost: Count = None
    timestamp: Count = None


class Message(msgspec.Struct, gc=False):
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
    wall_time_limit_seconds: Count = None


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
