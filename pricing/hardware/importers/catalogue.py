"""Catalogues of clouds (SkyPilot's and gpuhunt's CSV): price per INSTANCE -> USD per accelerator-hour, by tier.

One row per cloud, kind of instance and tier: the median over its regions, with the lowest and highest. A catalogue
carries no day.
"""

import io
from typing import Final

import polars as pl

from pricing.book.foreign import Foreign
from pricing.hardware.importer import Imported, Importer, csv_header, settle
from pricing.hardware.names import names_file, short_accelerator

_SKYPILOT: Final = {"AcceleratorName", "AcceleratorCount", "Price", "SpotPrice"}
_GPUHUNT: Final = {"gpu_name", "gpu_count", "price", "spot", "location"}
_GENERIC: Final = {"vms", "catalog", "catalogue"}
"""Names of files that do not name a cloud: their folder does."""
_NUMBERS: Final = ("n_gpus", "usd", "spot_usd")


def sniff(source: Foreign) -> bool:
    """Recognise a catalogue by its columns."""
    names = csv_header(source)
    return names >= _SKYPILOT or names >= _GPUHUNT


def parse(source: Foreign) -> Imported:
    """Make rows of accelerator-hours; instances without accelerators or without a price are counted."""
    table = pl.read_csv(io.StringIO(source.text), infer_schema=False, null_values=["", "nan", "NaN"])
    offers = _skypilot(table) if set(table.columns) >= _SKYPILOT else _gpuhunt(table)
    offers = offers.with_columns(pl.col(*_NUMBERS).cast(pl.Float64, strict=False))
    has_gpus = pl.col("accelerator").is_not_null() & (pl.col("n_gpus") > 0)
    with_gpus = offers.filter(has_gpus.fill_null(value=False))
    priced = _priced(with_gpus)
    n_unpriced = with_gpus.filter(~(pl.any_horizontal(pl.col("usd", "spot_usd") > 0)).fill_null(value=False)).height
    dropped = [
        ("no accelerator, or none counted", offers.height - with_gpus.height),
        ("no price above zero", n_unpriced),
    ]
    cloud = source.path.parent.name if source.path.stem.lower() in _GENERIC else source.path.stem
    notes = ("a catalogue carries no day: the rows are not dated",)
    return settle("gpu_hours", _hours(priced, cloud.lower(), source.path.name), dropped, notes)


def _skypilot(table: pl.DataFrame) -> pl.DataFrame:
    return table.select(
        instance=pl.col("InstanceType") if "InstanceType" in table.columns else pl.lit(None, dtype=pl.String),
        region=pl.col("Region") if "Region" in table.columns else pl.lit(None, dtype=pl.String),
        accelerator=short_accelerator(pl.col("AcceleratorName")),
        n_gpus=pl.col("AcceleratorCount"),
        usd=pl.col("Price"),
        spot_usd=pl.col("SpotPrice"),
    )


def _gpuhunt(table: pl.DataFrame) -> pl.DataFrame:
    is_spot = pl.col("spot").str.to_lowercase() == "true"
    return table.select(
        instance=pl.col("instance_name") if "instance_name" in table.columns else pl.lit(None, dtype=pl.String),
        region=pl.col("location"),
        accelerator=short_accelerator(pl.col("gpu_name")),
        n_gpus=pl.col("gpu_count"),
        usd=pl.when(~is_spot).then("price"),
        spot_usd=pl.when(is_spot).then("price"),
    )


def _priced(offers: pl.DataFrame) -> pl.DataFrame:
    """One row per offer and tier, in USD per accelerator-hour."""
    tiers = [offers.with_columns(usd=pl.col(name), tier=pl.lit(tier)) for name, tier in _TIERS.items()]
    both = pl.concat(tiers).filter((pl.col("usd") > 0).fill_null(value=False))
    return both.with_columns(usd=pl.col("usd") / pl.col("n_gpus"))


def _hours(priced: pl.DataFrame, cloud: str, name: str) -> pl.DataFrame:
    is_floor = cloud in names_file()["clouds"]["bid_floors"]
    spot = "spot_floor" if is_floor else "spot"
    by_kind = priced.group_by("accelerator", "tier", "instance", "n_gpus").agg(
        pl.col("usd").median(),
        pl.col("usd").min().alias("low"),
        pl.col("usd").max().alias("high"),
        pl.col("region").n_unique().alias("n_regions"),
    )
    instance = pl.col("instance").fill_null("instance not named")
    return by_kind.sort("accelerator", "tier", "instance", "n_gpus").select(
        "accelerator",
        tier=pl.col("tier").replace({"spot": spot}),
        cloud=pl.lit(cloud),
        usd_per_gpu_hour="usd",
        low_usd_per_gpu_hour="low",
        high_usd_per_gpu_hour="high",
        basis=pl.lit("stated"),
        source=pl.lit(f"{cloud}/{name}"),
        note=pl.format("{}: {} accelerators, {} regions", instance, pl.col("n_gpus").cast(pl.Int64), "n_regions"),
    )


_TIERS: Final = {"usd": "on_demand", "spot_usd": "spot"}

IMPORTER: Final = Importer(
    name="catalogue",
    summary="a cloud's instances: CSV with AcceleratorName, AcceleratorCount, Price (SkyPilot), or gpu_name (gpuhunt)",
    upstream=("skypilot-catalog v5 to v8", "gpuhunt 0.1"),
    sniff=sniff,
    parse=parse,
)
