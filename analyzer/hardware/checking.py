"""Whether measured loads hold together: bookkeeping identities, and published throughput beside the best of them."""

from typing import Final

import polars as pl

from pricing.hardware.front import front_rows
from pricing.hardware.identities import identities
from pricing.hardware.shelf import Hardware

_PUBLISHED: Final = "output_tokens_per_gpu_s"
_MEASURED: Final = "measured_output_tokens_per_gpu_s"


def identity_table(serving: pl.DataFrame) -> pl.DataFrame:
    """Predicted over measured seconds and throughput, at 10, 50 and 90 % of the rows that state them.

    Args:
        serving: Rows of SERVING.

    Returns:
        quantity, n_rows (that state it), n_not_stated, p10, p50, p90; the quantiles are null where none states it.
    """
    found = identities(serving).rename({"n": "n_rows"})
    return found.with_columns(n_not_stated=serving.height - pl.col("n_rows")).select(
        "quantity", "n_rows", "n_not_stated", "p10", "p50", "p90"
    )


def cross_check_table(hardware: Hardware) -> pl.DataFrame:
    """Published output throughput at full load beside the best that was measured of the model on the accelerator.

    The two differ in lengths, speed of a request and software: they agree in order of magnitude, or something is wrong.

    Returns:
        One row per suite, model, accelerator and scenario: the best published output tokens per second and accelerator
        of n_published, the best measured ones of n_measured loads (of the same lengths, where the suite states them;
        null: none), measured_over_published, weights_precision, measured_precision, source.
    """
    keys = ["suite", "model", "accelerator", "scenario", "isl", "osl"]
    published = (
        hardware.cross_checks.sort(_PUBLISHED, descending=True)
        .group_by(keys, maintain_order=True)
        .agg(pl.len().alias("n_published"), pl.col(_PUBLISHED, "weights_precision", "source").first())
    )
    any_length, same_length = _best(hardware, []), _best(hardware, ["isl", "osl"])
    of_suite = published.filter(pl.col("isl").is_null()).join(any_length, on=["model", "accelerator"], how="left")
    on = ["model", "accelerator", "isl", "osl"]
    of_length = published.filter(pl.col("isl").is_not_null()).join(same_length, on=on, how="left")
    both = pl.concat([of_suite, of_length], how="diagonal").with_columns(pl.col("n_measured").fill_null(0))
    compared = both.with_columns(measured_over_published=pl.col(_MEASURED) / pl.col(_PUBLISHED))
    return compared.select(
        *keys[:4], _PUBLISHED, "n_published", "weights_precision", _MEASURED, "n_measured", "measured_precision",
        "measured_over_published", "source",
    ).sort(keys[:4])  # fmt: skip


def _best(hardware: Hardware, shape: list[str]) -> pl.DataFrame:
    """Best measured output throughput of a model on an accelerator."""
    rows = front_rows(hardware.serving)
    output = pl.col("tokens_per_gpu_s") * pl.col("osl") / (pl.col("isl") + pl.col("osl"))
    best = rows.with_columns(output.alias(_MEASURED)).sort(_MEASURED, descending=True)
    return best.group_by("model", "accelerator", *shape, maintain_order=True).agg(
        pl.col(_MEASURED).first(),
        pl.len().alias("n_measured"),
        pl.col("weights_precision").first().alias("measured_precision"),
    )
