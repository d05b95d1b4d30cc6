"""By what kind of evidence the calls of a store are priced: models, days, layer and date basis of the rows used."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from analyzer.words import percent
from traces.sums import known_total

_ROW: Final = ("provider", "model", "price_model", "price_evidence", "price_from", "price_time_basis", "cost_basis")
_FIRM: Final = (
    "release",
    "announcement",
    "vendor_page",
    "vendor_note",
    "billed",
    "observed_commit",
    "start_date",
    "scheduled",
)


def evidence(calls: pl.DataFrame) -> pl.DataFrame:
    """One row per model and kind of evidence, most calls first.

    Args:
        calls: PRICED_CALLS.

    Returns:
        provider, model (as the trace writes them), price_model (null: none), price_evidence (layer and date basis;
        null: no price), price_from, price_time_basis (whose time chose the price), cost_basis, first_date and
        last_date of the calls, n_calls, calls_frac, tokens and cost_low_usd (both what is known).
    """
    at = pl.coalesce("started_at", "ended_at").dt.date()
    tokens = pl.col("input_tokens").fill_null(0) + pl.col("output_tokens").fill_null(0)
    found = calls.group_by(_ROW).agg(
        first_date=at.min(), last_date=at.max(), n_calls=pl.len(), tokens=known_total(tokens),
        cost_low_usd=known_total("cost_low_usd"),
    )  # fmt: skip
    shared = found.with_columns(calls_frac=pl.col("n_calls") / pl.col("n_calls").sum())
    ordered = shared.sort("n_calls", *_ROW, descending=[True, *[False] * len(_ROW)], nulls_last=False)
    return ordered.select(*_ROW, "first_date", "last_date", "n_calls", "calls_frac", "tokens", "cost_low_usd")


def in_words(found: pl.DataFrame) -> Iterator[str]:
    """Say which share of the calls rests on what."""
    basis = pl.col("price_evidence").str.split("/").list.last()
    groups = {
        "on prices with a known day": basis.is_in(_FIRM),
        "on prices whose day is known only as a window, or not verified": basis.is_in(["window", "unverified_date"]),
        "on undated prices of the catalogue": basis == "undated",
        "on the last known prices of models that could no longer be called": basis == "retired",
        "on assumed prices": pl.col("price_evidence").str.starts_with("assumed"),
        "without a price": pl.col("price_evidence").is_null(),
    }
    for words, is_meant in groups.items():
        share = sum(found.filter(is_meant)["calls_frac"].to_list())
        if share:
            yield f"{percent(share)} of the calls {words}."
