"""Checks of price rows that came from a table or a map: prices, moments, windows, and that no two contradict."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any, Final

import polars as pl

from pricing.book.windows import parse_hours, parse_weekdays, windows_meet
from pricing.schema import PRICES, UNITS
from traces.errors import PricingError
from traces.table import violations

_SLOT: Final = (
    "provider", "model", "kind", "unit", "min_input_tokens", "service_tier", "is_batch", "region", "priority",
)  # fmt: skip
_WINDOW: Final = ("weekdays", "hours_utc")
_IS_WINDOW: Final = pl.any_horizontal(pl.col(_WINDOW).is_not_null())


def check_rows(where: str, rows: pl.DataFrame) -> None:
    """Check rows of PRICES.

    Args:
        where: File they come from, for the message.
        rows: Rows of PRICES.

    Raises:
        PricingError: naming file, model, kind and remedy, at the first thing wrong.
    """
    for broken in violations(PRICES, rows):
        raise PricingError(f"{where}: {broken}", "see the columns of prices: docs/reference/prices.md")
    for wrong, problem, hint in _RULES:
        for row in rows.filter(wrong).head(1).iter_rows(named=True):
            raise PricingError(f"{where}: {_named(row)}: {problem.format(**row)}", hint)
    for weekdays, hours in rows.select(_WINDOW).unique().iter_rows():
        parse_weekdays(weekdays)
        parse_hours(hours)
    for row in _overlapping(rows):
        raise PricingError(
            f"{where}: {_named(row)}: two prices are in force at once",
            "end the earlier one, or give the narrower one a higher priority",
        )


_FROM, _UNTIL = pl.col("effective_from"), pl.col("effective_until")
_EARLIEST, _LATEST = pl.col("effective_earliest"), pl.col("effective_latest")
_RULES: Final = (
    (pl.col("price_pusd") < 0, "the price {price_pusd} is negative", "mend the source, or leave the model out"),
    (pl.col("min_input_tokens") < 0, "min_input_tokens is negative", "a tier begins at 0 tokens or more"),
    (~pl.col("unit").is_in(UNITS), "unit {unit!r} is not known", f"known units: {', '.join(UNITS)}"),
    (_UNTIL <= _FROM, "ends before it begins", "effective_until is the first moment it is no longer in force"),
    (_EARLIEST.is_null() != _LATEST.is_null(), "half a window", "state its earliest and its latest moment, or neither"),
    ((_EARLIEST > _FROM) | (_FROM > _LATEST), "begins outside its window", "earliest <= effective_from <= latest"),
    (_IS_WINDOW & (pl.col("priority") == 0), "a window without priority", "it lies over the price of the other hours"),
)


def _named(row: dict[str, Any]) -> str:
    tier = f" above {row['min_input_tokens']} tokens" if row["min_input_tokens"] else ""
    return f"{row['provider']}/{row['model']}, {row['kind']}{tier} ({row['source']})"


def _overlapping(rows: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Rows whose price another row contradicts: first those of one window, then of windows that meet."""
    key = (*_SLOT, *_WINDOW)
    by_time = rows.filter(rows.select(key).is_duplicated()).sort(*key, "effective_from", nulls_last=False)
    following = pl.col("effective_from").shift(-1).over(key)
    is_last = pl.int_range(pl.len()).over(key) == pl.len().over(key) - 1
    contradicted = ~is_last & (_UNTIL.is_null() | following.is_null() | (following < _UNTIL))
    yield from by_time.filter(contradicted).iter_rows(named=True)
    several = rows.filter(_IS_WINDOW).filter(pl.struct(_WINDOW).n_unique().over(_SLOT) > 1)
    for _, group in several.group_by(_SLOT, maintain_order=True):
        for one, other in combinations(group.iter_rows(named=True), 2):
            if _meet(one, other):
                yield other


def _meet(one: dict[str, Any], other: dict[str, Any]) -> bool:
    windows = [(row["weekdays"], row["hours_utc"]) for row in (one, other)]
    ends = [(one["effective_until"], other["effective_from"]), (other["effective_until"], one["effective_from"])]
    is_apart = any(until is not None and since is not None and until <= since for until, since in ends)
    return not is_apart and windows[0] != windows[1] and windows_meet(windows[0], windows[1])
