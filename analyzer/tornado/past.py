"""How prices have moved: ratios of the book's own prices some days apart."""

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from traces.errors import AnalysisError

Days = npt.NDArray[np.int64]
_PRICE: Final = ("provider", "model", "kind")
_KINDS: Final = ("uncached_input", "output")


def past_ratios(rows: pl.DataFrame, days: int) -> npt.NDArray[np.float64]:
    """Ratios of a price to what it was some days before, once for every day both are known.

    Plain prices of uncached input and output count: of the standard tier, with a date, in force at any hour, in any
    region and for any request. They are known up to the day the book was last checked.

    Args:
        rows: Rows of PRICES.
        days: How many days lie between the two.

    Raises:
        AnalysisError: if there are no such prices.
    """
    last = pl.lit(rows["retrieved_date"].max())
    dated = _plain(rows).filter(pl.col("effective_from").dt.date() <= last)
    until = pl.col("effective_until").dt.date().fill_null(last).clip(upper_bound=last)
    timed = dated.select(
        *_PRICE,
        "price_pusd",
        _from=pl.col("effective_from").dt.date().to_physical().cast(pl.Int64),
        _until=until.to_physical().cast(pl.Int64),
    )
    series = timed.sort(*_PRICE, "_from").partition_by(_PRICE, maintain_order=True)
    ratios = [_ratios(each, days) for each in series] if days > 0 else []
    found = np.concatenate(ratios) if ratios else np.empty(0)
    if not found.size:
        raise AnalysisError(f"no price is known {days} days apart", "give fewer days, or a spread instead (--sd)")
    return found


def _plain(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(
        pl.col("kind").is_in(_KINDS),
        pl.col("effective_from").is_not_null(),
        pl.col("weekdays").is_null() & pl.col("hours_utc").is_null() & pl.col("region").is_null(),
        pl.col("price_pusd") > 0,
        ~pl.col("is_batch"),
        service_tier="standard",
        min_input_tokens=0,
    )


def _ratios(series: pl.DataFrame, days: int) -> npt.NDArray[np.float64]:
    starts, ends = series["_from"].to_numpy(), series["_until"].to_numpy()
    prices = series["price_pusd"].to_numpy().astype(np.float64)
    then = np.arange(starts[0], ends.max() - days)
    before, after = (_at(day, starts, ends, prices) for day in (then, then + days))
    ratios: npt.NDArray[np.float64] = after / before
    return ratios[~np.isnan(ratios)]


def _at(day: Days, starts: Days, ends: Days, prices: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Price in force at the start of each day; nan: none."""
    number = np.searchsorted(starts, day, side="right") - 1
    return np.where((number >= 0) & (day < ends[number]), prices[number], np.nan)
