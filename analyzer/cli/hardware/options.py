"""Options that several hardware commands share."""

from datetime import date
from typing import TYPE_CHECKING, Any, Final

import click

from analyzer.cli.dates import DATE
from analyzer.cli.options import FILE, stacked
from analyzer.cli.printing import say_notes

if TYPE_CHECKING:
    from analyzer.hardware.opening import Opened
    from pricing.hardware.deployment import HourPrice

_TIERS: Final = click.Choice(
    ["hyperscaler", "neocloud", "rental", "retail", "on_demand", "spot", "spot_floor", "reserved", "stated"]
)
_TABLES: Final = ("rows", "mapping", "is_alone")
_PRICE: Final = ("tier", "cloud", "price_date", "usd_per_gpu_hour")


class Speeds(click.ParamType):  # type: ignore[type-arg] # generic in newer versions of click only
    """Output tokens per second of a request: numbers between commas."""

    name = "tokens/s,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """Read the numbers; each above zero."""
        if isinstance(value, tuple):
            return value
        try:
            speeds = tuple(float(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r}: write numbers between commas, such as 50,75,100", param, ctx)
        if not all(0 < speed < float("inf") for speed in speeds):
            self.fail(f"{value!r}: speeds are above zero", param, ctx)
        return speeds


rows_option = click.option(
    "--rows", multiple=True, type=FILE, help="Table of your own over the bundled ones (may be repeated)."
)
table_options = stacked(
    rows_option,
    click.option("--mapping", type=FILE, help="Which columns of --rows are which of ours (TOML)."),
    click.option("--alone", "is_alone", is_flag=True, help="Only the measured loads of --rows, not the bundled ones."),
)
"""Whose tables; ``tables_from`` takes them."""

price_options = stacked(
    click.option("--tier", type=_TIERS, help="Whose hour it is; default: neocloud."),
    click.option("--cloud", metavar="NAME", help="Cloud that rents it out; default: any of the tier."),
    click.option("--price-date", type=DATE, metavar="DATE", help="Day whose price of an hour counts; default: latest."),
    click.option("--usd-per-gpu-hour", type=float, metavar="USD", help="What an accelerator-hour costs, as you say."),
)
"""What an hour costs; ``price_from`` takes them."""

shape_options = stacked(
    click.option("--isl", type=click.IntRange(1), metavar="TOKENS", help="Only this input length."),
    click.option("--osl", type=click.IntRange(1), metavar="TOKENS", help="Only this output length."),
    click.option(
        "--speculation",
        type=click.Choice(["any", "none", "mtp", "eagle", "unlabelled"]),
        default="any",
        show_default=True,
        help="Only loads with this speculative decoding.",
    ),
)


def tables_from(options: dict[str, Any]) -> "Opened":
    """Take the table options out of a command's, load the tables, and say what was left out of the user's."""
    from analyzer.hardware.opening import open_tables

    files, mapping, is_alone = (options.pop(name) for name in _TABLES)
    opened = open_tables(files, mapping, is_alone=is_alone)
    say_notes(opened.notes)
    return opened


def price_keys(options: dict[str, Any]) -> dict[str, Any]:
    """Take the price options out of a command's, as keys of a price of hours."""
    tier, cloud, day, usd = (options.pop(name) for name in _PRICE)
    given = {"price_tier": tier, "price_cloud": cloud, "price_date": _day(day), "usd_per_gpu_hour": usd}
    return {name: value for name, value in given.items() if value is not None}


def price_from(options: dict[str, Any]) -> "HourPrice":
    """Take the price options out of a command's.

    Raises:
        PricingError: if they contradict each other, or an hour costs nothing.
    """
    from pricing.hardware.deployment import HourPrice

    price: HourPrice = validated(HourPrice, price_keys(options))
    return price


def validated(model: Any, given: dict[str, Any]) -> Any:
    """Make a deployment or a price of hours of its keys.

    Raises:
        PricingError: naming the key, if a value does not fit or two contradict each other.
    """
    from pydantic import ValidationError

    from traces.errors import PricingError

    try:
        return model(**given)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        value = f" ({first['input']})" if key else ""
        raise PricingError(
            f"{f'{key}{value}: ' if key else ''}{said}", "see --help for what each option takes"
        ) from error


def _day(given: Any) -> date | None:
    from pricing.moments import as_moment

    return None if given is None else as_moment("price-date", given).date()
