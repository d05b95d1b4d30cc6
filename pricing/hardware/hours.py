"""What an accelerator-hour costs: stated, or read from the table by tier, cloud and day."""

from datetime import date
from typing import NamedTuple

import polars as pl

from pricing.hardware.deployment import DEFAULT_TIER, HourPrice
from traces.errors import PricingError, nearest


class Hour(NamedTuple):
    """Price of an accelerator-hour in USD, and what it rests on."""

    low_usd: float
    usd: float
    high_usd: float
    title: str
    source: str


def hour_of(accelerator: str, price: HourPrice, gpu_hours: pl.DataFrame) -> Hour:
    """Price of an hour of an accelerator.

    Of several prices of one tier the median counts, between the lowest and the highest any of them states.

    Args:
        accelerator: Which.
        price: As stated, or what to look for.
        gpu_hours: Rows of GPU_HOURS.

    Raises:
        PricingError: if the table has no such price.
    """
    stated = price.usd_per_gpu_hour
    if stated is not None:
        return Hour(stated, stated, stated, f"${stated:g} per GPU-hour (stated)", "stated")
    rows = _of_tier(accelerator, price, gpu_hours)
    rows = _in_force(rows, price.price_date, accelerator)
    low, middle, high = rows.select(
        pl.col("low_usd_per_gpu_hour").min(), pl.col("usd_per_gpu_hour").median(), pl.col("high_usd_per_gpu_hour").max()
    ).row(0)
    return Hour(low, middle, high, _title(rows, middle), "; ".join(dict.fromkeys(rows["source"])))


def _of_tier(accelerator: str, price: HourPrice, gpu_hours: pl.DataFrame) -> pl.DataFrame:
    tier = price.price_tier or DEFAULT_TIER
    rows = gpu_hours.filter(pl.col("accelerator") == accelerator)
    if rows.is_empty():
        raise PricingError(f"no price of an hour of {accelerator!r}", "state it: usd_per_gpu_hour = ...")
    of_tier = rows.filter(pl.col("tier") == tier)
    if of_tier.is_empty():
        known = ", ".join(sorted(set(rows["tier"])))
        raise PricingError(f"no {tier} price of an hour of {accelerator}", f"there are: {known}")
    if price.price_cloud is None:
        return of_tier
    clouds = sorted(set(of_tier["cloud"].drop_nulls()))
    of_cloud = of_tier.filter(pl.col("cloud") == price.price_cloud)
    if of_cloud.is_empty():
        problem = f"no {tier} price of an hour of {accelerator} at {price.price_cloud!r}"
        raise PricingError(problem, nearest(price.price_cloud, clouds) if clouds else _tiers_of_clouds(rows))
    return of_cloud


def _tiers_of_clouds(rows: pl.DataFrame) -> str:
    tiers = sorted(set(rows.filter(pl.col("cloud").is_not_null())["tier"]))
    return f"no cloud is named at that tier, only at: {', '.join(tiers) or 'none'}"


def _in_force(rows: pl.DataFrame, on: date | None, accelerator: str) -> pl.DataFrame:
    """Rows of the latest vintage by a day; of each cloud its own, undated ones where a cloud has no other."""
    if on is not None:
        dated = rows.filter(pl.col("observed_from") <= on)
        if dated.is_empty() and rows["observed_from"].null_count() == 0:
            first = rows.select(pl.col("observed_from").min()).item()
            raise PricingError(f"no price of an hour of {accelerator} on {on}", f"the first is of {first}")
        rows = pl.concat([dated, rows.filter(pl.col("observed_from").is_null())])
    latest = pl.col("observed_from").fill_null(date.min)
    return rows.filter(latest == latest.max().over("cloud"))


def _title(rows: pl.DataFrame, usd: float) -> str:
    tier, day = rows.select(pl.col("tier").first(), pl.col("observed_from").max()).row(0)
    clouds = sorted(set(rows["cloud"].drop_nulls()))
    where = [clouds[0]] if len(clouds) == 1 else [f"median of {len(clouds)} clouds"] if clouds else []
    words = [tier.replace("_", " "), *where, "undated" if day is None else f"{day}"]
    return f"${usd:.4g} per GPU-hour ({', '.join(words)})"
