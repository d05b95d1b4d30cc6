"""What else a model may cost on a day it was asked for: at other hours, or where a change may have begun already."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import polars as pl

from analyzer.prices.listing import rows_of_model
from analyzer.words import listed
from pricing.book import PriceBook
from pricing.book.windows import parse_hours
from pricing.moments import Moment, as_moment, is_day
from pricing.schema import PRICES

_SAME: Final = (
    "provider", "model", "kind", "unit", "min_input_tokens", "service_tier", "is_batch", "region", "price_pusd",
)  # fmt: skip


def notes_of_day(book: PriceBook, model: str, day: Moment, provider: str | None = None) -> Iterator[str]:
    """Say in words what the rows in force at a moment do not.

    Args:
        book: Prices.
        model: Model, by any of its names.
        day: Moment asked for; without an hour, its midnight (UTC) was shown.
        provider: Who bills; null: any.
    """
    moment = as_moment("on", day)
    rows = rows_of_model(book, model, provider)
    if is_day(day) and (hours := _other_hours(book, rows, model, moment, provider)):
        example = f"{hours[0]:%Y-%m-%dT%H:%MZ}"
        told = listed([f"{at:%H:%M}" for at in hours])
        yield f"these are the prices of 00:00 UTC; others hold from {told}: --on {example}"
    changes = rows.filter(pl.col("effective_earliest") <= moment, pl.col("effective_from") > moment)
    changes = changes.join(book.on(model, moment, provider), on=_SAME, how="anti", nulls_equal=True)
    for (since, until), found in changes.group_by("effective_earliest", "effective_latest", maintain_order=True):
        kinds = listed(found["kind"].unique().sort().to_list())
        yield f"another price of {kinds} may hold already: it began between {since:%Y-%m-%d} and {until:%Y-%m-%d}"


def _other_hours(
    book: PriceBook, rows: pl.DataFrame, model: str, midnight: datetime, provider: str | None
) -> list[datetime]:
    """Moments of the day at which prices change."""
    edges = {minute for hours in rows["hours_utc"].unique() for span in parse_hours(hours) for minute in span}
    moments = {midnight + timedelta(minutes=minute) for minute in edges if minute < 24 * 60}
    for name in ("effective_from", "effective_until"):
        moments |= {at for at in rows[name].drop_nulls() if midnight < at < midnight + timedelta(days=1)}
    ordered = [midnight, *sorted(moments - {midnight})]
    held = {at: book.on(model, at, provider).select(PRICES.schema.names()) for at in ordered}
    return [later for earlier, later in pairwise(ordered) if not held[earlier].equals(held[later])]
