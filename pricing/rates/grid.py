"""Which price applies where: the rows of a book turned into a grid of rates, small and dense.

A call's place in the grid is its price key (who bills which model at which tier), the interval between two changes of
price, its context bucket and its slot of the week. A rate has a low and a high value: they differ where only a window
is known for a change, and for totals whose requests cannot be placed in a bucket or slot.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, product
from typing import Any, Final

import polars as pl

from pricing.book import PriceBook
from pricing.book.windows import parse_hours, parse_weekdays
from pricing.names.resolve import resolve
from pricing.rates.in_force import DAY_MINUTES, END, START, PriceRow, PriceRows, price_rows, rates_at
from traces.errors import PricingError
from traces.schema import UTC_TIME

KINDS: Final = ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning", "request")
"""Kinds of usage a call is priced by."""

STANDARD_TIERS: Final = frozenset({"", "standard", "default", "auto", "on_demand"})
KEY_COLUMNS: Final = ("provider", "model", "service_tier", "is_batch")
_MAX_CODE: Final = 1 << 12


@dataclass(frozen=True, slots=True)
class Grid:
    """Rates by place. Every place a call can have has a cell.

    Args:
        keys: provider, model, service_tier, is_batch -> key, price_model (null: no such model in the book). Its text
            columns give the numbers that place calls, so it must live as long as a query is run.
        cells: key, interval, bucket, slot -> <kind>_low, <kind>_high, price_from.
        breaks: Moments at which some price changes; interval i lies before break i.
        thresholds: Input tokens above which some price changes; bucket i lies below threshold i.
        slots: Minutes of the week at which some price changes.
    """

    keys: pl.DataFrame
    cells: pl.DataFrame
    breaks: tuple[datetime, ...]
    thresholds: tuple[int, ...]
    slots: tuple[int, ...]

    @property
    def no_interval(self) -> int:
        """Interval of calls without any moment: nothing is in force."""
        return len(self.breaks) + 1

    @property
    def any_bucket(self) -> int:
        """Bucket of calls whose input is not known: any. Totals are up to their bucket: len(thresholds) + bucket."""
        return 2 * len(self.thresholds)

    @property
    def any_slot(self) -> int:
        """Slot of totals: any of them."""
        return len(self.slots) + 1


def rate_grid(
    pairs: pl.DataFrame, book: PriceBook, span: tuple[datetime, datetime] | None, *, is_timed: bool = False
) -> Grid:
    """Build the grid for the price keys of a trace.

    Args:
        pairs: Distinct provider, model, service_tier, is_batch of the calls.
        book: Prices.
        span: Earliest and latest moment priced; null: no call has a time.
        is_timed: Every call has a moment in the span.
    """
    keys = _keys(pairs, book)
    rows = _rows(keys, book)
    flat = [row for stretches in rows.values() for row in _flat(stretches)]
    moments = set(chain.from_iterable(map(_moments, rows.values())))
    breaks = _breaks(moments, span)
    thresholds = tuple(sorted({row.series.min_input_tokens for row in flat} - {0}))
    slots = _slots({(row.series.weekdays, row.series.hours_utc) for row in flat})
    intervals = _intervals(breaks, span, is_timed=is_timed)
    cells = [
        {"key": key, "interval": interval, "bucket": bucket, "slot": slot, **rates}
        for key, stretches in rows.items()
        for interval, places in _by_interval(stretches, intervals, thresholds, slots)
        for bucket, slot, rates in places
    ]
    return Grid(_coded(keys), pl.DataFrame(cells, schema=_CELLS), breaks, thresholds, slots)


_Stretch = tuple[tuple[datetime, datetime], PriceRows]
"""From when to when a name meant one model, and that model's rows by kind."""
_Places = list[tuple[int, int, dict[str, Any]]]
"""Bucket, slot, rates."""


def _keys(pairs: pl.DataFrame, book: PriceBook) -> pl.DataFrame:
    resolved = resolve(pairs.select("provider", "model"), book.directory)
    label = pl.concat_str("price_provider", "price_model", separator="/")
    labels = resolved.group_by("provider", "model", maintain_order=True).agg(price_model=label.drop_nulls().last())
    unique = pairs.select(KEY_COLUMNS).unique().sort(KEY_COLUMNS, nulls_last=False)
    named = unique.join(labels, on=["provider", "model"], how="left", nulls_equal=True, maintain_order="left")
    return named.with_row_index("key")


def _coded(keys: pl.DataFrame) -> pl.DataFrame:
    """Number the texts of the keys: by their category, which calls may carry already, where these are few."""
    numbered = keys.with_columns(pl.col(KEY_COLUMNS[:3]).cast(pl.Categorical))
    return numbered.with_columns(
        keys[name].cast(pl.Enum(keys[name].unique().drop_nulls().sort()))
        for name in KEY_COLUMNS[:3]
        if (numbered.select(pl.col(name).to_physical().max()).item() or 0) >= _MAX_CODE
    )


def _rows(keys: pl.DataFrame, book: PriceBook) -> dict[int, list[_Stretch]]:
    targets = resolve(keys.select("provider", "model"), book.directory)
    models = targets.select(pl.col("price_provider", "price_model").name.replace("price_", "")).unique()
    listed = book.rows.join(models, on=["provider", "model"], how="semi")
    listed = listed.filter(pl.col("kind").is_in(KINDS), pl.col("region").is_null())
    rows: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in listed.iter_rows(named=True):
        rows.setdefault((row["provider"], row["model"], row["service_tier"], row["is_batch"]), []).append(row)
    meant: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for target in targets.iter_rows(named=True):
        meant.setdefault((target["provider"], target["model"]), []).append(target)
    return {
        key["key"]: [_stretch(target, key, rows) for target in meant[key["provider"], key["model"]]]
        for key in keys.iter_rows(named=True)
    }


def _stretch(
    target: dict[str, Any], key: dict[str, Any], rows: dict[tuple[Any, ...], list[dict[str, Any]]]
) -> _Stretch:
    found = rows.get((target["price_provider"], target["price_model"], *_tier(key)), [])
    _refuse_marginal(found)
    span = (target["alias_from"] or START, target["alias_until"] or END)
    return span, {kind: price_rows([row for row in found if row["kind"] == kind]) for kind in KINDS}


def _tier(key: dict[str, Any]) -> tuple[str, bool]:
    stated = str(key["service_tier"] or "").lower()
    if stated == "batch":
        return "standard", True
    return ("standard" if stated in STANDARD_TIERS else stated), bool(key["is_batch"])


def _refuse_marginal(rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        if not row["is_whole_request"]:
            raise PricingError(
                f"{row['provider']}/{row['model']}: a tier that prices only the tokens above its threshold",
                "this version prices whole requests by tier: remove is_whole_request = false",
            )


def _flat(stretches: Iterable[_Stretch]) -> Iterator[PriceRow]:
    return (row for _, by_kind in stretches for listed in by_kind.values() for row in listed)


def _moments(stretches: Sequence[_Stretch]) -> set[datetime]:
    """Moments at which the price of one key changes, or may."""
    moments = {moment for limits, _ in stretches for moment in limits}
    for row in _flat(stretches):
        moments |= {row.since, row.until, *row.covered}
    return moments - {START, END}


def _breaks(moments: Iterable[datetime], span: tuple[datetime, datetime] | None) -> tuple[datetime, ...]:
    if span is None:
        return ()
    inside = sorted(moment for moment in moments if moment <= span[1])
    first = max(bisect_right(inside, span[0]) - 1, 0)
    return tuple(inside[first:])


def _slots(windows: Iterable[tuple[str | None, str | None]]) -> tuple[int, ...]:
    edges: set[int] = set()
    for weekdays, hours in windows:
        if weekdays is not None or hours is not None:
            for day, (low, high) in product(parse_weekdays(weekdays), parse_hours(hours)):
                edges |= {day * DAY_MINUTES + low, day * DAY_MINUTES + high}
    return tuple(sorted(edges - {0, 7 * DAY_MINUTES}))


def _intervals(
    breaks: Sequence[datetime], span: tuple[datetime, datetime] | None, *, is_timed: bool
) -> list[tuple[int, datetime | None]]:
    """Intervals a call can lie in, each with a moment inside; null: the one of calls without any moment."""
    intervals = list[tuple[int, datetime | None]](enumerate((START, *breaks)))
    if not is_timed:
        return [*intervals, (len(breaks) + 1, None)]
    return intervals[1:] if span is not None and breaks and breaks[0] <= span[0] else intervals


def _by_interval(
    stretches: Sequence[_Stretch],
    intervals: Sequence[tuple[int, datetime | None]],
    thresholds: Sequence[int],
    slots: Sequence[int],
) -> Iterator[tuple[int, _Places]]:
    """Places of each interval; worked out once for all intervals between two changes of this key's own prices."""
    own = sorted(_moments(stretches))
    known: dict[int | None, _Places] = {}
    for interval, moment in intervals:
        number = None if moment is None else bisect_right(own, moment)
        if number not in known:
            known[number] = list(_places(_rows_at(stretches, moment), moment or START, thresholds, slots))
        yield interval, known[number]


def _rows_at(stretches: Sequence[_Stretch], moment: datetime | None) -> PriceRows:
    """Rows at a moment; without one nothing is in force, and a fee is only known of models that never had one."""
    if moment is None:
        has_fee = any(rows["request"] for _, rows in stretches)
        return {kind: () for kind in KINDS if not (has_fee and kind == "request")}
    nothing: PriceRows = dict.fromkeys(KINDS, ())
    return next((rows for (since, until), rows in stretches if since <= moment < until), nothing)


def _places(
    rows: PriceRows, moment: datetime, thresholds: Sequence[int], slots: Sequence[int]
) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Rates of every bucket and slot, of "up to this bucket" and "any slot" as the span over them."""
    tokens, minutes = (0, *thresholds), (0, *slots)
    exact = {
        (bucket, slot): rates_at(rows, moment, tokens[bucket], minutes[slot])
        for bucket, slot in product(range(len(tokens)), range(len(minutes)))
    }
    buckets = [[bucket] for bucket in range(len(tokens))] + [[*range(bucket + 1)] for bucket in range(1, len(tokens))]
    of_slots = [[slot] for slot in range(len(minutes))] + [[*range(len(minutes))]]
    for (bucket, in_buckets), (slot, in_slots) in product(enumerate(buckets), enumerate(of_slots)):
        yield bucket, slot, _merged([exact[place] for place in product(in_buckets, in_slots)])


def _merged(cells: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Span rates over places: the lowest low and the highest high; null where one of them is not known."""
    if len(cells) == 1:
        return cells[0]
    since = [cell["price_from"] for cell in cells if cell["price_from"] is not None]
    names = [name for name in cells[0] if name != "price_from"]
    merged = {name: _spanned([cell[name] for cell in cells], is_low=name.endswith("_low")) for name in names}
    return {"price_from": max(since, default=None), **merged}


def _spanned(values: Sequence[int | None], *, is_low: bool) -> int | None:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    return min(known) if is_low else max(known)


_RATES: Final = [f"{kind}_{end}" for kind in KINDS for end in ("low", "high")]
_CELLS: Final = pl.Schema(
    dict.fromkeys(("key", "interval", "bucket", "slot"), pl.UInt32)
    | {"price_from": UTC_TIME}
    | dict.fromkeys(_RATES, pl.Int64)
)
