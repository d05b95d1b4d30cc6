"""Who calls a model in a HAL run: told by the models that the settings give to judges and users."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

from traces.readers.hal.calls import Role
from traces.readers.hal.file import Config

_JUDGE: Final = re.compile("judge|grader|evaluator|scorer", re.IGNORECASE)
_USER: Final = re.compile("user", re.IGNORECASE)
_MODEL: Final = re.compile("model|llm", re.IGNORECASE)
_SNAPSHOT: Final = re.compile(r"[-@:]?(?:\d{8}|\d{4}-\d\d-\d\d|\d\d-\d\d|\d{3,4}|latest)?(?:-v\d+)?(?::\d+)?$")
_WITH_USER: Final = ("taubench", "colbench")
"""Benchmarks whose tasks talk to a simulated user; its model is a setting of the benchmark, not of the run."""
_MODEL_ARGS: Final = ("model_name", "model", "agent.model.name", "model.name", "model_id")


def agent_model(config: Config) -> str | None:
    """Model the agent was given."""
    arguments = config.agent_args or {}
    named = (arguments.get(name) for name in _MODEL_ARGS)
    return next((model for model in named if isinstance(model, str) and model), None)


def role_of(config: Config, models: Iterable[str | None] = ()) -> Role:
    """Give a function from a model to the role of its calls; the agent's where nothing else is told.

    Args:
        config: Settings of the run.
        models: All models it called, as far as they are known.
    """
    own, judges, users = bare(agent_model(config)), _named(config, _JUDGE), _named(config, _USER)
    is_untold = unmatched(config, models) != []
    has_user = _has_user(config) and own is not None

    @cache
    def role(model: str | None) -> str:
        name = bare(model)
        if name is None or _is_same(name, own):
            return "agent"
        if name in judges:
            return "judge"
        if name in users:
            return "user"
        return "other" if is_untold else "user" if has_user else "agent"

    return role


def unmatched(config: Config, models: Iterable[str | None]) -> list[str]:
    """Models of a run with a simulated user of which it cannot be told whether they are the user's or the agent's.

    That is so if none of them is the one the agent was given: it goes by another name, or its calls are not there.
    """
    own, told = bare(agent_model(config)), _named(config, _JUDGE) | _named(config, _USER)
    known = sorted({model for model in models if model})
    if own is None or not _has_user(config) or any(_is_same(bare(model) or "", own) for model in known):
        return []
    return [model for model in known if bare(model) not in told]


def bare(model: str | None) -> str | None:
    """Name of a model without the path before it, which depends on the client."""
    return model.rpartition("/")[2].lower() if model else None


def _is_same(name: str, own: str | None) -> bool:
    """Tell whether an answer's model is the one asked for: answers add the date of a snapshot, and dots are dashes."""
    return own is not None and _undated(name) == _undated(own)


def _undated(name: str) -> str:
    return _SNAPSHOT.sub("", name.rpartition("anthropic.")[2].replace(".", "-"))


def _has_user(config: Config) -> bool:
    return (config.benchmark_name or "").startswith(_WITH_USER)


def _named(config: Config, who: re.Pattern[str]) -> set[str | None]:
    """Models that the settings give to somebody."""
    arguments = config.agent_args or {}
    named = (value for name, value in arguments.items() if who.search(name) and _MODEL.search(name))
    return {bare(value) for value in named if isinstance(value, str)}
