"""The keys of a scenario."""

from typing import Any

from docs.generate.markdown import documented, markdown_table


def scenario_keys() -> str:
    """List the keys of a scenario file, with their defaults."""
    from pricing.hardware.deployment import Deployment, GpuHours, HourPrice
    from pricing.scenario import Scenario
    from pricing.scenario.model import Batch, Currency, Discount, Speed, Substitute

    tables = {
        "": Scenario, "batch": Batch, "substitute": Substitute, "discount": Discount, "currency": Currency,
        "speed.MODEL": Speed, "hardware.MODEL": Deployment, "gpu_hours": GpuHours,
    }  # fmt: skip
    rows = [
        (f"`{table}.{name}`" if table else f"`{name}`", _default(field), docs[name])
        for table, model in tables.items()
        for docs in [documented(HourPrice) | documented(model)]
        for name, field in model.model_fields.items()
    ]
    return markdown_table(("key", "default", "meaning"), rows)


def _default(field: Any) -> str:
    return "required" if field.is_required() else _value(field.default)


def _value(value: object) -> str:
    if value in (None, (), {}):
        return "none"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
