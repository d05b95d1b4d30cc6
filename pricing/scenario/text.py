"""A scenario as text: TOML with every key, those without a value as comments."""

from collections.abc import Iterator
from typing import Any, Final

from pricing.scenario.model import Scenario


def to_toml(scenario: Scenario) -> str:
    """Write a scenario as TOML that can be read again, defaults included; TOML has no null: unset keys are comments."""
    import tomli_w

    stated = scenario.model_dump(mode="json")
    unset = [f"# {line}\n" for key, value in stated.items() for line in _unset(key, value)]
    return f"# {scenario.title}\n{''.join(unset)}{tomli_w.dumps(_without_nulls(stated))}"


_MEANING: Final = {
    "catalogue": "the one frozen in the package",
    "batch": "as recorded",
    "service_tier": "as recorded",
    "region": "as recorded",
    "currency": "dollars only",
    "gpu_hours": "what they cost is not known",
}
"""What a scenario does where a key is not set."""


def _unset(key: str, value: Any) -> Iterator[str]:
    """Name a key without a value, and those of the tables under it."""
    if value is None:
        yield f"{key}: not set ({_MEANING[key]})"
    tables = value if isinstance(value, list) else [value]
    for number, table in enumerate(tables, 1):
        names = [name for name, part in table.items() if part is None] if isinstance(table, dict) else []
        if names:
            yield f"{key}{f' {number}' if isinstance(value, list) else ''}: {', '.join(names)} not set"


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(part) for key, part in value.items() if part is not None}
    return [_without_nulls(part) for part in value] if isinstance(value, list) else value
