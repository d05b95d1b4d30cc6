"""Costs in another currency: the user's dated rates, one for each day calls were priced at; none is built in.

Amounts are whole 10**-12 units of the currency, rounded half up, so that sums do not depend on the order of rows.
"""

import csv
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

import polars as pl

from pricing.scenario.model import Currency
from traces.errors import PricingError

_SCALE: Final = 10**11
_LEAST: Final = Decimal("0.000001")
_MOST: Final = Decimal(100_000_000)
"""Units a dollar buys: a rate beyond is a mistake, would be lost in rounding, or leave 128 bits."""
_COLUMNS: Final = ("date", "currency")
_RATES: Final = ("units_per_usd", "usd_per_unit")
CONVERTED: Final = ("cost_pcur", "cost_low_pcur", "cost_high_pcur")
"""Amounts in 10**-12 units of the currency; null: no currency is asked for, or not known."""


@dataclass(frozen=True)
class FxTable:
    """Units of one currency a dollar bought, by day.

    Args:
        currency: Which, where its rates are, and how long one is carried.
        days: Days there is a rate of, ascending.
        rates: The rates of those days, in 10**-11 units per dollar.
    """

    currency: Currency
    days: Sequence[date]
    rates: Sequence[int]

    def of(self, days: Iterable[date]) -> pl.DataFrame:
        """Rates of days: _day, _rate.

        Raises:
            PricingError: if a day has none, and none of the days before is carried so far.
        """
        found = {day: self._rate(day) for day in sorted(set(days))}
        return pl.DataFrame({"_day": list(found), "_rate": list(found.values())}, schema=_FX)

    def _rate(self, day: date) -> int:
        number = bisect_right(self.days, day) - 1
        age = day - self.days[number] if number >= 0 else timedelta.max
        if age > timedelta(days=self.currency.carry_days):
            problem = f"{self.currency.rates}: no rate of {self.currency.code} for {day:%Y-%m-%d}"
            raise PricingError(problem, self._remedy(day, age))
        return self.rates[number]

    def _remedy(self, day: date, age: timedelta) -> str:
        if age == timedelta.max:
            first = f"its first is of {self.days[0]:%Y-%m-%d}" if self.days else "it has none at all"
            return f"add the row {day:%Y-%m-%d},{self.currency.code},RATE: {first}"
        last = day - age
        return f"add it, or use the rate of {last:%Y-%m-%d} on later days too: carry_days = {age.days} in [currency]"


_FX: Final = pl.Schema({"_day": pl.Date, "_rate": pl.Int128})


def load_fx(currency: Currency) -> FxTable:
    """Read the rates of a currency from its CSV.

    Raises:
        PricingError: naming file, line and remedy, if a column is missing, or a date or rate is not one.
    """
    try:
        lines = currency.rates.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PricingError(f"{currency.rates}: {error}", "name a CSV file of exchange rates") from error
    reader = csv.DictReader(lines)
    column = _column(currency.rates, reader.fieldnames or ())
    rates: dict[date, int] = {}
    for row in reader:
        if (row["currency"] or "").strip() == currency.code:
            day, rate = _row(currency.rates, reader.line_num, row, column)
            if rates.setdefault(day, rate) != rate:
                raise PricingError(f"{currency.rates}: line {reader.line_num}: a second rate for {day}", "keep one")
    return FxTable(currency, sorted(rates), [rates[day] for day in sorted(rates)])


def _column(path: Path, names: Sequence[str]) -> str:
    given = [name for name in _RATES if name in names]
    missing = [name for name in _COLUMNS if name not in names]
    if missing or len(given) != 1:
        problem = f"{path}: columns are {', '.join(names) or 'none'}"
        raise PricingError(problem, f"it needs date, currency and one of: {', '.join(_RATES)}")
    return given[0]


def _row(path: Path, number: int, row: Mapping[str, str | None], column: str) -> tuple[date, int]:
    where, text = f"{path}: line {number}", (row[column] or "").strip()
    try:
        day = date.fromisoformat((row["date"] or "").strip())
    except ValueError as error:
        raise PricingError(f"{where}: date {row['date']!r} is not one", "write 2026-08-31") from error
    try:
        stated = Decimal(text)
    except InvalidOperation as error:
        raise PricingError(f"{where}: {column} {text!r} is not a number", "write 0.9134") from error
    if not stated.is_finite() or stated <= 0:
        raise PricingError(f"{where}: {column} {text!r} is not above 0", "leave the row out if it is not known")
    units = stated if column == _RATES[0] else 1 / stated
    if not _LEAST <= units <= _MOST:
        hint = f"a dollar buys {_LEAST} to {_MOST:,} units: is {column} the right way round?"
        raise PricingError(f"{where}: {column} {text!r} cannot be", hint)
    return day, int((units * _SCALE).to_integral_value())


def converted(frame: pl.LazyFrame, rates: pl.DataFrame | None) -> pl.LazyFrame:
    """Add the costs in the currency at the rate of the day of ``_at`` (null: no moment).

    Args:
        frame: With cost_pusd, its low and high, and _at.
        rates: Rates by day (_day, _rate); null: no currency is asked for.
    """
    if rates is None:
        return frame.with_columns(pl.lit(None, pl.Int128).alias(name) for name in CONVERTED)
    dated = frame.with_columns(_day=pl.col("_at").dt.date())
    dated = dated.join(rates.lazy(), on="_day", how="left", maintain_order="left")
    amounts = {name: _amount(name.replace("_pcur", "_pusd")) for name in CONVERTED}
    return dated.with_columns(**amounts).drop("_day", "_rate")


def _amount(name: str) -> pl.Expr:
    """Amount in 128 bits: 64 would end at nine million units."""
    return (pl.col(name).cast(pl.Int128) * pl.col("_rate") + _SCALE // 2) // _SCALE
