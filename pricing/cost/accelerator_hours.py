"""Accelerator-hours that a trace states as charges, in dollars.

They cost what an hour of the accelerator costs that the trace names, or of another the user states a speed-up for.
"""

from typing import Final

import polars as pl

from pricing.hardware.deployment import GpuHours
from pricing.hardware.hours import hour_of
from pricing.hardware.names import short_accelerator
from pricing.hardware.shelf import load_hardware
from pricing.scenario import Scenario
from pricing.schema import PUSD_PER_USD

KIND: Final = "accelerator_s"
_SECONDS_PER_HOUR: Final = 3600.0
_READINGS: Final = {"cost_low_pusd": "_hour_low", "_point": "_hour", "cost_high_pusd": "_hour_high"}


def with_accelerator_hours(charges: pl.DataFrame, scenario: Scenario) -> pl.DataFrame:
    """Put the price of accelerator-hours in place of list prices, for the charges that are such.

    Args:
        charges: CHARGES with their costs in pico-dollars.
        scenario: Its ``gpu_hours``; a charge that names no accelerator, or of more than nine million dollars, has no
            cost.

    Raises:
        PricingError: if an accelerator has no such price.
    """
    price = scenario.gpu_hours
    is_such = pl.col("kind") == KIND
    if price is None or charges.filter(is_such).is_empty():
        return charges
    named = charges.with_columns(_accelerator=pl.when(is_such).then(short_accelerator(pl.col("resource"))))
    priced = named.join(
        _hours(named["_accelerator"].drop_nulls().unique(), price, scenario), on="_accelerator", how="left"
    )
    hours = pl.col("quantity") / _SECONDS_PER_HOUR
    costs = {
        name: (hours * pl.col(hour) * PUSD_PER_USD).round().cast(pl.Int64, strict=False)
        for name, hour in _READINGS.items()
    }
    point = costs.pop("_point")
    costs |= dict.fromkeys(("cost_pusd", "list_cost_pusd", "contracted_cost_pusd"), point)
    basis = pl.lit("hardware" if price.accelerator is None else "hardware_estimate")
    is_priced = costs["cost_high_pusd"].is_not_null()
    written = {name: pl.when(is_priced).then(value).otherwise(name) for name, value in costs.items()}
    written["cost_basis"] = pl.when(is_priced).then(basis).otherwise("cost_basis")
    return priced.with_columns(**written).drop("_accelerator", *_READINGS.values())


def _hours(accelerators: pl.Series, price: GpuHours, scenario: Scenario) -> pl.DataFrame:
    """USD of an hour of each accelerator: low, point and high."""
    table = load_hardware(scenario.hardware_files).gpu_hours
    rows = []
    for accelerator in accelerators.sort():
        hour = hour_of(price.accelerator or accelerator, price, table)
        speed_up = price.speed_up or 1.0
        rows.append((accelerator, hour.low_usd / speed_up, hour.usd / speed_up, hour.high_usd / speed_up))
    schema = {"_accelerator": pl.String, "_hour_low": pl.Float64, "_hour": pl.Float64, "_hour_high": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")
