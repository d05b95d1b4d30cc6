"""From whole pico-units to what is written: Float64 dollars, and units of another currency beside its code."""

from typing import Final

import polars as pl

from pricing.scenario.model import Currency
from pricing.schema import PUSD_PER_USD

_NAMES: Final = {"_pusd": "_usd", "_pcur": "_in_currency"}


def in_units(frame: pl.LazyFrame, currency: Currency | None) -> pl.LazyFrame:
    """Turn every ``_pusd`` column into ``_usd`` and every ``_pcur`` column into ``_in_currency``; add currency.

    Args:
        frame: With amounts in 10**-12 dollars or units of the currency.
        currency: Null: none is asked for, so that amounts in it are null.
    """
    names = [name for name in frame.collect_schema().names() if name.endswith(tuple(_NAMES))]
    written = {name[:-5] + _NAMES[name[-5:]]: _divided(name) for name in names}
    if currency is None:
        written = {name: pl.lit(None, pl.Float64) if "_in_" in name else value for name, value in written.items()}
    code = pl.lit(None if currency is None else currency.code, pl.String)
    return frame.with_columns(currency=code, **written).drop(names)


def _divided(name: str) -> pl.Expr:
    """Divide element by element: Polars divides by a single number through its reciprocal, one bit off at times."""
    amount = pl.col(name).cast(pl.Float64)
    return amount / (amount * 0 + PUSD_PER_USD)
