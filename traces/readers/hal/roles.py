"""Who calls a model in a HAL run: told by the models that the settings give to judges and users."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from traces.readers.hal.calls import Role
from traces.readers.hal.file import Config

_JUDGE: Final = re.compile("judge|grader|evaluator|scorer", re.IGNORECASE)
_USER: Final = re.compile("user", re.IGNORECASE)
_MODEL: Final = re.compile("model|llm", re.IGNORECASE)
_SNAPSHOT: Final = re.compile(r"[-@:]?(?:\d{8}|\d{4}-\d\d-\d\d|\d{4}|latest)?(?:-v\d+)?(?::\d+)?$")
_WITH_USER: Final = ("taubench", "colbench")
"""Benchmarks whose tasks talk to a simulated user; its model is a setting of the benchmark, not of the run."""
_MODEL_ARGS: Final = ("model_name", "model", "agent.model.name", "model.name", "model_id")


def agent_model(config: Config) -> str | None:
    """Model the agent was given."""
    arguments = config.agent_args or {}
    named = (arguments.get(name) for name in _MODEL_ARGS)
    return next((model for model in named if isinstance(model, str) and model), None)


def role_of(config: Config) -> Role:
    """Give a function from a model to the role of its calls; the agent's where nothing else is told."""
    own, arguments = bare(agent_model(config)), config.agent_args or {}
    judges, users = _models(arguments, _JUDGE), _models(arguments, _USER)
    has_user = (config.benchmark_name or "").startswith(_WITH_USER)

    @cache
    def role(model: str | None) -> str:
        name = bare(model)
        if name is None or _is_same(name, own):
            return "agent"
        if name in judges:
            return "judge"
        return "user" if name in users or (has_user and own is not None) else "agent"

    return role


def bare(model: str | None) -> str | None:
    """Name of a model without the path before it, which depends on the client."""
    return model.rpartition("/")[2].lower() if model else None


def _is_same(name: str, own: str | None) -> bool:
    """Tell whether an answer's model is the one asked for: answers add the date of a snapshot, and dots are dashes."""
    return own is not None and _undated(name) == _undated(own)


def _undated(name: str) -> str:
    return _SNAPSHOT.sub("", name.rpartition("anthropic.")[2].replace(".", "-"))


def _models(arguments: Mapping[str, Any], who: re.Pattern[str]) -> set[str | None]:
    named = (value for name, value in arguments.items() if who.search(name) and _MODEL.search(name))
    return {bare(value) for value in named if isinstance(value, str)}
