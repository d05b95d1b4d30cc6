"""Layers of price rows become one: the user's win over the history, the history over the catalogue."""

from collections.abc import Sequence
from functools import reduce
from typing import Final

import polars as pl

from pricing.book.price_file import PriceFile, joined
from pricing.book.resold import date_resold
from pricing.moments import END, START
from pricing.schema import PRICES, TOKEN_KINDS

_MODEL: Final = ("provider", "model")
_SLOT: Final = (*_MODEL, "service_tier", "is_batch", "region", "slot")
_IS_WINDOW: Final = pl.col("weekdays").is_not_null() | pl.col("hours_utc").is_not_null()


def merge_layers(
    catalogue: pl.DataFrame,
    history: Sequence[PriceFile],
    user: Sequence[PriceFile],
    makers: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Merge rows of PRICES so that of one price (and priority) at most one row is in force at any moment.

    The history rules a model from its first row until its file's ``checked_through_date``, then the catalogue where it
    has the model. Before the first row of the history nothing is in force. A price the history does not speak of
    (batch, a service tier, a search) stays the catalogue's. The user's rows win over both while they last.

    Args:
        catalogue: Rows of the catalogue.
        history: Price files of the package.
        user: Price files of the user.
        makers: Makers of resold models (MAKERS_SCHEMA), by whose prices undated ones are dated; null: none are.
    """
    dated = _timed(joined(history, "price"))
    listed = _subtract(_timed(catalogue), _before_history(dated), _MODEL)
    listed = _subtract(listed, _checked(dated, history), _SLOT)
    dated = _subtract(dated, _after_history(dated, listed), _SLOT)
    lower = pl.concat([listed, dated])
    if makers is not None:
        lower = date_resold(lower, makers, joined(history, "model"))
    own = _timed(joined(user, "price"))
    lower = _subtract(lower, _spans(own.filter(~_IS_WINDOW)), _SLOT)
    windowed = _subtract(lower.filter(_IS_WINDOW), _spans(own.filter(_IS_WINDOW)), _SLOT)
    return _untimed(pl.concat([lower.filter(~_IS_WINDOW), windowed, own]))


def _timed(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with their slot (all token kinds are one) and without open ends."""
    other = pl.format("{}/{}", "kind", "unit")
    return rows.with_columns(
        pl.when(pl.col("kind").is_in(TOKEN_KINDS)).then(pl.lit("token")).otherwise(other).alias("slot"),
        pl.col("effective_from").fill_null(START),
        pl.col("effective_until").fill_null(END),
    )


def _untimed(rows: pl.DataFrame) -> pl.DataFrame:
    open_ends = (("effective_from", START), ("effective_until", END))
    closed = [pl.when(pl.col(name) != end).then(pl.col(name)).alias(name) for name, end in open_ends]
    return PRICES.sort(rows.drop("slot").with_columns(closed))


def _before_history(dated: pl.DataFrame) -> pl.DataFrame:
    first = dated.group_by(_MODEL).agg(pl.col("effective_from").min().alias("span_until"))
    return first.with_columns(span_from=pl.lit(START).cast(pl.Datetime("us", "UTC")))


def _checked(dated: pl.DataFrame, history: Sequence[PriceFile]) -> pl.DataFrame:
    through = {file.provider: file.checked_through or END for file in history}
    until = pl.col("provider").replace_strict(through, default=END, return_dtype=pl.Datetime("us", "UTC"))
    spans = dated.select(_SLOT).unique().with_columns(span_until=until)
    return spans.with_columns(span_from=pl.lit(START).cast(pl.Datetime("us", "UTC")))


def _after_history(dated: pl.DataFrame, listed: pl.DataFrame) -> pl.DataFrame:
    """From where the catalogue has a price of its own for what the history prices."""
    shared = listed.join(dated.select(_SLOT).unique(), on=_SLOT, how="semi", nulls_equal=True)
    first = shared.group_by(_SLOT).agg(pl.col("effective_from").min().alias("span_from"))
    return first.with_columns(span_until=pl.lit(END).cast(pl.Datetime("us", "UTC")))


def _spans(rows: pl.DataFrame) -> pl.DataFrame:
    """Stretches of time rows cover, per slot; those that meet are one."""
    by_time = rows.sort("effective_from", "effective_until")
    reached = pl.col("effective_until").cum_max().shift(1).over(_SLOT)
    number = (pl.col("effective_from") > reached).fill_null(value=False).cum_sum().over(_SLOT)
    return (
        by_time.with_columns(number=number)
        .group_by(*_SLOT, "number")
        .agg(span_from=pl.col("effective_from").min(), span_until=pl.col("effective_until").max())
    )


def _subtract(rows: pl.DataFrame, spans: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Cut the spans out of the rows of the same key; a row may end earlier, begin later, split or vanish."""
    ranked = spans.with_columns(rank=pl.int_range(pl.len()).over(key))
    parts = ranked.sort("rank").partition_by("rank", include_key=False) if ranked.height else []
    return reduce(lambda left, part: _subtract_one(left, part, key), parts, rows)


def _subtract_one(rows: pl.DataFrame, spans: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    joined = rows.join(spans.select(*key, "span_from", "span_until"), on=key, how="left", nulls_equal=True)
    start, end = pl.col("effective_from"), pl.col("effective_until")
    untouched = joined.filter(pl.col("span_from").is_null())
    cut = joined.filter(pl.col("span_from").is_not_null())
    before = cut.with_columns(effective_until=pl.min_horizontal(end, "span_from"))
    moved = pl.col("span_until") > start
    after = cut.with_columns(
        pl.max_horizontal(start, "span_until").alias("effective_from"),
        *(pl.when(~moved).then(pl.col(name)).alias(name) for name in ("effective_earliest", "effective_latest")),
    )
    return pl.concat([untouched, before, after]).filter(start < end).select(rows.columns)
