"""What the hardware tables hold: accelerators and models with their counts, and everything known of one of them."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from pricing.hardware.facts import folded, names_of
from pricing.hardware.names import name_of, short_accelerator
from pricing.hardware.shelf import Hardware
from traces.errors import PricingError, nearest

_FACTS: Final = {
    "kind": pl.String, "name": pl.String, "value": pl.Float64, "low": pl.Float64, "high": pl.Float64,
    "first_date": pl.Date, "last_date": pl.Date, "basis": pl.String, "source": pl.String, "licence": pl.String,
    "note": pl.String,
}  # fmt: skip


def listing(hardware: Hardware) -> pl.DataFrame:
    """One row per accelerator and per model: measured loads, with what, and the tiers an hour has a price at.

    Columns: kind (accelerator, model), name, n_loads, measured_with (models of an accelerator, accelerators of a
    model), precisions, shapes (input/output tokens), first_date, last_date (null: no dated load), price_tiers (null:
    a model).
    """
    accelerators = _counts(hardware.serving, "accelerator", "model")
    known = pl.DataFrame({"name": sorted({*hardware.chips["accelerator"], *hardware.gpu_hours["accelerator"]})})
    tiers = hardware.gpu_hours.group_by(name="accelerator").agg(price_tiers=_joined("tier"))
    chips = accelerators.join(known, on="name", how="full", coalesce=True).join(tiers, on="name", how="left")
    models = _counts(hardware.serving, "model", "accelerator")
    weighed = models.join(hardware.architectures.select(name="model"), on="name", how="full", coalesce=True)
    both = [chips.with_columns(kind=pl.lit("accelerator")), weighed.with_columns(kind=pl.lit("model"))]
    found = pl.concat(both, how="diagonal").with_columns(pl.col("n_loads").fill_null(0))
    return found.select("kind", pl.exclude("kind")).sort("kind", "n_loads", "name", descending=[False, True, False])


def _counts(serving: pl.DataFrame, of: str, others: str) -> pl.DataFrame:
    shape = pl.format("{}/{}", "isl", "osl").unique().sort()
    shapes = pl.when(shape.len() <= 3).then(shape.str.join(", ")).otherwise(pl.format("{} shapes", shape.len()))  # noqa: PLR2004 - as many as fit
    return serving.group_by(name=of).agg(
        n_loads=pl.len(),
        measured_with=_joined(others),
        precisions=_joined("weights_precision"),
        shapes=shapes,
        first_date=pl.col("date").min(),
        last_date=pl.col("date").max(),
    )


def _joined(name: str) -> pl.Expr:
    return pl.col(name).drop_nulls().unique().sort().str.join(", ")


def known_of(hardware: Hardware, name: str) -> pl.DataFrame:
    """Everything the tables hold of an accelerator or a model, each figure with low, high, source and licence.

    Columns: kind (fact, price, load, check, draft), name (with its unit), value, low, high, first_date, last_date,
    basis, source, licence, note. A load is an engine: its value is the number of its loads; a check is the best
    published throughput of its kind.

    Args:
        hardware: The tables.
        name: Accelerator or model, by any of its names.

    Raises:
        PricingError: if it is neither.
    """
    tables = (hardware.chips, hardware.gpu_hours, hardware.serving, hardware.cross_checks)
    accelerators = {name for table in tables for name in table["accelerator"]}
    models = names_of(hardware.architectures)
    measured = {folded(model): model for model in hardware.serving["model"].unique()}
    accelerator = name_of(name, short_accelerator)
    if accelerator in accelerators:
        parts = list(_of_accelerator(hardware, accelerator))
    elif (model := models.get(folded(name)) or measured.get(folded(name))) is not None:
        parts = list(_of_model(hardware, model))
    else:
        known = sorted({*accelerators, *measured.values(), *models.values()})
        raise PricingError(f"no accelerator or model {name!r} in the hardware tables", nearest(name, known))
    return pl.concat([part.match_to_schema(_FACTS, missing_columns="insert") for part in parts])


def _of_accelerator(hardware: Hardware, name: str) -> Iterator[pl.DataFrame]:
    chips = hardware.chips.filter(accelerator=name).sort("quantity", maintain_order=True)
    yield _kind("fact", chips.select(pl.col("quantity").alias("name"), *_bounds("value", "low", "high"), *_ORIGIN))
    hours = hardware.gpu_hours.filter(accelerator=name).sort("tier", "observed_from", "cloud", maintain_order=True)
    tier = pl.concat_str("tier", "cloud", separator=", ", ignore_nulls=True)
    yield _kind("price", hours.select(
        pl.format("usd_per_gpu_hour, {}", tier).alias("name"),
        *_bounds("usd_per_gpu_hour", "low_usd_per_gpu_hour", "high_usd_per_gpu_hour"),
        pl.col("observed_from").alias("first_date"), pl.col("observed_until").alias("last_date"), *_ORIGIN,
    ))  # fmt: skip
    yield from _measured(hardware.serving.filter(accelerator=name), "model")
    yield _checks(hardware.cross_checks.filter(accelerator=name), "model")


def _of_model(hardware: Hardware, name: str) -> Iterator[pl.DataFrame]:
    numbers = ("params_b", "active_params_b", "n_layers", "kv_values", "n_window_layers", "window_tokens", "n_experts",
               "n_active_experts")  # fmt: skip
    weighed = hardware.architectures.filter(model=name)
    facts = weighed.with_columns(pl.col(numbers).cast(pl.Float64)).unpivot(
        numbers, index=_ORIGIN, variable_name="name", value_name="value"
    )
    yield _kind("fact", facts.drop_nulls("value").with_columns(low="value", high="value"))
    yield from _measured(hardware.serving.filter(model=name), "accelerator")
    yield _checks(hardware.cross_checks.filter(model=name), "accelerator")
    drafts = hardware.drafts.filter(model=name)
    yield _kind("draft", drafts.select(
        pl.format("acceptance_length, {} depth {}, {}", "method", "depth", "setting").alias("name"),
        *_bounds("acceptance_length", "acceptance_length", "acceptance_length"), *_ORIGIN,
    ))  # fmt: skip


_ORIGIN: Final = ("basis", "source", "licence", "note")


def _kind(kind: str, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(kind=pl.lit(kind)).select("kind", pl.exclude("kind"))


def _bounds(value: str, low: str, high: str) -> list[pl.Expr]:
    return [pl.col(value).alias("value"), pl.col(low).alias("low"), pl.col(high).alias("high")]


def _measured(serving: pl.DataFrame, other: str) -> Iterator[pl.DataFrame]:
    """Engines, by what they serve or run on: number of loads, and what of."""
    engine = pl.concat_str(
        other, pl.format("{} GPUs", "n_gpus"), "weights_precision", "framework", "speculation", separator=", ",
        ignore_nulls=True,
    )  # fmt: skip
    shapes = pl.format("{}/{}", "isl", "osl").unique().sort().str.join(", ")
    concurrency = pl.format("concurrency {} to {}", pl.col("concurrency").min(), pl.col("concurrency").max())
    counts = serving.group_by(engine.alias("name"), "basis", "licence", maintain_order=True).agg(
        value=pl.len().cast(pl.Float64), low=pl.len().cast(pl.Float64), high=pl.len().cast(pl.Float64),
        first_date=pl.col("date").min(), last_date=pl.col("date").max(),
        source=pl.col("source").str.split(": ").list.first().unique().sort().str.join("; "),
        note=pl.format("loads of {}, {}", shapes, concurrency),
    )  # fmt: skip
    yield _kind("load", counts.sort("name"))


def _checks(rows: pl.DataFrame, other: str) -> pl.DataFrame:
    name = pl.format("output_tokens_per_gpu_s, {} {} {}", "suite", other, "scenario")
    best = (
        rows.sort("output_tokens_per_gpu_s", descending=True).group_by(name.alias("name"), maintain_order=True).first()
    )
    value = "output_tokens_per_gpu_s"
    return _kind("check", best.sort("name").select("name", *_bounds(value, value, value), *_ORIGIN))
