"""Options of the commands that replay rollouts."""

from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    import polars as pl

    from pricing.scenario import Scenario
    from traces.store import Store

_PRICE: Final = ("price_tier", "price_cloud", "price_date", "usd_per_gpu_hour")


class Numbers(click.ParamType):  # type: ignore[type-arg] # generic in newer versions of click only
    """Whole numbers above zero, between commas."""

    name = "n,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Read the numbers."""
        if isinstance(value, tuple):
            return value
        parts = str(value).split(",")
        if not all(part.strip().isdigit() and int(part) > 0 for part in parts):
            self.fail(f"{value!r}: write whole numbers above zero, such as 8,20,64", param, ctx)
        return tuple(dict.fromkeys(int(part) for part in parts))


class Names(click.ParamType):  # type: ignore[type-arg] # generic in newer versions of click only
    """Names between commas, each once, in small letters."""

    name = "name,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Read the names."""
        if isinstance(value, tuple):
            return value
        names = [part.strip().lower() for part in str(value).split(",")]
        if not all(names):
            self.fail(f"{value!r}: write names between commas, such as h100,b200", param, ctx)
        return tuple(dict.fromkeys(names))


def with_hour(scenario: "Scenario", keys: dict[str, Any]) -> "Scenario":
    """Give every deployment of a scenario another price of an hour; no keys: as it is.

    Raises:
        PricingError: if the price contradicts itself, or is not above zero.
    """
    from pricing.scenario import load_scenario

    if not keys:
        return scenario
    hardware = {
        model: {**deployment.model_dump(exclude_unset=True, exclude=set(_PRICE)), **keys}
        for model, deployment in scenario.hardware.items()
    }
    priced = load_scenario(hardware=hardware).hardware
    return scenario.model_copy(update={"hardware": priced})


def traces_in(store: "Store", benchmark: tuple[str, ...]) -> "dict[str, pl.DataFrame]":
    """Canonical tables of a store, of some benchmarks."""
    from analyzer.api import of_benchmarks, traces_of

    return of_benchmarks(traces_of(store), benchmark)
