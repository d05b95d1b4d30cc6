"""Options of the commands that replay rollouts."""

from typing import TYPE_CHECKING, Any, Final

import click

from analyzer.cli.dates import DATE

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from pricing.scenario import Scenario
    from traces.store import Store

_TIERS: Final = click.Choice(
    ["hyperscaler", "neocloud", "rental", "retail", "on_demand", "spot", "spot_floor", "reserved"]
)
_KEYS: Final = {
    "tier": "price_tier", "cloud": "price_cloud", "price_date": "price_date", "usd_per_gpu_hour": "usd_per_gpu_hour",
}  # fmt: skip


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


def hour_options(command: "Callable[..., Any]") -> "Callable[..., Any]":
    """Add what an accelerator-hour costs; ``hour_keys`` takes it."""
    for option in reversed(_HOUR):
        command = option(command)
    return command


_HOUR: Final = (
    click.option("--tier", type=_TIERS, help="Whose hour it is; default: as the deployment says, else neocloud."),
    click.option("--cloud", metavar="NAME", help="Cloud that rents it out; default: any of the tier."),
    click.option("--price-date", type=DATE, metavar="DATE", help="Day whose price of an hour counts; default: latest."),
    click.option("--usd-per-gpu-hour", type=float, metavar="USD", help="What an accelerator-hour costs, as you say."),
)


def hour_keys(options: dict[str, Any]) -> dict[str, Any]:
    """Take what an hour costs out of a command's options, as keys of a deployment."""
    from pricing.moments import as_moment

    given = {key: options.pop(name) for name, key in _KEYS.items()}
    if given["price_date"] is not None:
        given["price_date"] = as_moment("price-date", given["price_date"]).date()
    return {key: value for key, value in given.items() if value is not None}


def with_hour(scenario: "Scenario", keys: dict[str, Any]) -> "Scenario":
    """Give every deployment of a scenario another price of an hour; no keys: as it is.

    Raises:
        PricingError: if the price contradicts itself, or is not above zero.
    """
    from pricing.scenario import load_scenario

    if not keys:
        return scenario
    hardware = {
        model: {**deployment.model_dump(exclude_unset=True, exclude=set(_KEYS.values())), **keys}
        for model, deployment in scenario.hardware.items()
    }
    priced = load_scenario(hardware=hardware).hardware
    return scenario.model_copy(update={"hardware": priced})


def traces_in(store: "Store", benchmark: tuple[str, ...]) -> "dict[str, pl.DataFrame]":
    """Canonical tables of a store, of some benchmarks."""
    from analyzer.api import of_benchmarks, traces_of

    return of_benchmarks(traces_of(store), benchmark)
