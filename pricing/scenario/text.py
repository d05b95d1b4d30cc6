"""A scenario as text: TOML with every key that has a value."""

from typing import Any

from pricing.scenario.model import Scenario


def to_toml(scenario: Scenario) -> str:
    """Write a scenario as TOML, defaults included; what is null is left out. It can be read again."""
    import tomli_w

    return f"# {scenario.title}\n{tomli_w.dumps(_without_nulls(scenario.model_dump(mode='json')))}"


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(part) for key, part in value.items() if part is not None}
    return [_without_nulls(part) for part in value] if isinstance(value, list) else value
