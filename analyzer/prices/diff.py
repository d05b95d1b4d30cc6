"""Which prices changed between two days: the rows in force on both, side by side."""

from datetime import datetime
from typing import Final

import polars as pl

from analyzer.prices.listing import in_usd, refuse_unknown, rows_of_model
from pricing.book import PriceBook
from pricing.moments import Moment, as_moment, written
from traces.errors import PricingError

_KEY: Final = (
    "provider", "model", "kind", "unit", "min_input_tokens", "service_tier", "is_batch", "region", "weekdays",
    "hours_utc",
)  # fmt: skip
_USUAL: Final = {"min_input_tokens": 0, "service_tier": "standard", "is_batch": False}


def price_diff(
    book: PriceBook, start: Moment, end: Moment, *, model: str | None = None, provider: str | None = None
) -> pl.DataFrame:
    """List the prices that are not the same on two days.

    Args:
        book: Prices.
        start: First day.
        end: Second day.
        model: Only this model, by any of its names; null: all.
        provider: Only this provider; null: all.

    Returns:
        One row per price that changed: what it is of, price_from_usd (null: none in force on the first day),
        price_to_usd (null: none on the second), change_frac, effective_from (since when the
        later price holds) and its source.

    Raises:
        PricingError: if the second day is not after the first, or the model or provider is not known.
        UsageError: if a day is not one.
    """
    first, second = as_moment("from", start), as_moment("to", end)
    if first >= second:
        raise PricingError(f"--to {written(second)} is not after --from {written(first)}", "name the earlier day first")
    if model is None:
        refuse_unknown(provider, book.rows["provider"].unique().sort().to_list())
    rows = book.rows if model is None else rows_of_model(book, model, provider)
    rows = rows if provider is None else rows.filter(provider=provider)
    before, after = _in_force(rows, first, "from"), _in_force(rows, second, "to")
    both = before.join(after, on=_KEY, how="full", coalesce=True, nulls_equal=True)
    changed = both.filter(pl.col("price_from_usd").ne_missing(pl.col("price_to_usd")))
    change = pl.col("price_to_usd") / pl.col("price_from_usd") - 1
    listed = changed.select(
        *_KEY, "price_from_usd", "price_to_usd", change.alias("change_frac"), "effective_from",
        pl.coalesce("source", "source_from").alias("source"),
    )  # fmt: skip
    return _plain(listed).sort("provider", "model", "kind", nulls_last=False)


def _in_force(rows: pl.DataFrame, moment: datetime, end: str) -> pl.DataFrame:
    began = pl.col("effective_from").is_null() | (pl.col("effective_from") <= moment)
    lasts = pl.col("effective_until").is_null() | (pl.col("effective_until") > moment)
    found = _with_first_day(rows.filter(began)).filter(lasts)
    usd, unit = in_usd()
    names = {"from": ("price_from_usd", "source_from"), "to": ("price_to_usd", "source")}[end]
    kept = found.select(
        *(name for name in _KEY if name != "unit"), unit, usd.alias(names[0]), pl.col("source").alias(names[1]),
        *(["effective_from"] if end == "to" else []),
    )  # fmt: skip
    return kept.unique(_KEY, keep="last", maintain_order=True)


def _with_first_day(rows: pl.DataFrame) -> pl.DataFrame:
    """Set effective_from to the moment since which the same price holds, through all rows that state it again."""
    before = {name: pl.col(name).shift(1).over(_KEY) for name in ("price_pusd", "effective_until")}
    is_new = pl.col("price_pusd").ne_missing(before["price_pusd"])
    has_gap = (pl.col("effective_from") > before["effective_until"]).fill_null(value=False)
    ordered = rows.sort(*_KEY, pl.col("effective_from"), nulls_last=False)
    stretches = ordered.with_columns(_stretch=(is_new | has_gap).cum_sum().over(_KEY))
    first = pl.col("effective_from").first().over(*_KEY, "_stretch")
    return stretches.with_columns(effective_from=first).drop("_stretch")


def _plain(listed: pl.DataFrame) -> pl.DataFrame:
    """Leave out the columns that say nothing."""
    usual = {**dict.fromkeys(("region", "weekdays", "hours_utc")), **_USUAL}
    dull = [
        name
        for name, value in usual.items()
        if listed[name].eq_missing(pl.Series([value], dtype=listed.schema[name])).all()
    ]
    return listed.drop(dull)
