"""Which price applies where: the rows of a book turned into a grid of rates, small and dense.

A call's place in the grid is its price key (who bills which model at which tier), the interval between two changes of
price, its context bucket and its slot of the week. A rate has a low and a high value: they differ where only a window
is known for a change, and for totals whose requests cannot be placed in a bucket or slot.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from typing import Any, Final, NamedTuple

import polars as pl

from pricing.book import PriceBook
from pricing.names import resolve
from pricing.windows import parse_hours, parse_weekdays
from traces.errors import PricingError
from traces.schema import UTC_TIME

_DAY_MINUTES: Final = 1440
_START, _END = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
KINDS: Final = ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning", "request")
"""Kinds of usage a call is priced by."""

STANDARD_TIERS: Final = frozenset({None, "", "standard", "default", "auto", "on_demand"})
KEY_COLUMNS: Final = ("provider", "model", "service_tier", "is_batch")


class Rate(NamedTuple):
    """Pico-dollars per unit, lowest and highest; None: not known."""

    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of the book, with the moments it is possibly and certainly in force between."""

    price: int
    since: datetime
    until: datetime
    surely_since: datetime
    surely_until: datetime
    min_input_tokens: int
    priority: int
    window: tuple[str | None, str | None]
    stated_since: datetime | None


@dataclass(frozen=True, slots=True)
class Grid:
    """Rates by place.

    Args:
        keys: provider, model, service_tier, is_batch -> key, price_model (null: no such model in the book).
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
    def any_bucket(self) -> int:
        """Bucket of totals and of calls whose input is not known: any of them."""
        return len(self.thresholds) + 1

    @property
    def any_slot(self) -> int:
        """Slot of totals: any of them."""
        return len(self.slots) + 1


def rate_grid(
    pairs: pl.DataFrame, book: PriceBook, span: tuple[datetime, datetime] | None, kinds: Sequence[str] = KINDS
) -> Grid:
    """Build the grid for the price keys of a trace.

    Args:
        pairs: Distinct provider, model, service_tier, is_batch of the calls.
        book: Prices.
        span: Earliest and latest moment priced; null: no call has a time.
        kinds: Kinds of usage to price.
    """
    keys = _keys(pairs, book)
    rows = {key: _rows(key, keys, book, kinds) for key in keys["key"].to_list()}
    flat = [row for by_kind in rows.values() for _, listed in by_kind for part in listed.values() for row in part]
    breaks = _breaks(flat, rows, span)
    thresholds = tuple(sorted({row.min_input_tokens for row in flat} - {0}))
    slots = _slots({row.window for row in flat})
    cells = [
        {"key": key, "interval": interval, "bucket": bucket, "slot": slot, **rates}
        for key, stretches in rows.items()
        for interval, moment in enumerate((_START, *breaks))
        for listed in [_stretch_at(stretches, moment)]
        for bucket, slot, rates in _places(listed, moment, thresholds, slots)
    ]
    return Grid(keys, pl.DataFrame(cells, schema=_cell_schema(kinds)), breaks, thresholds, slots)


_Stretch = tuple[tuple[datetime, datetime], dict[str, list[_Row]]]
"""From when to when a name meant one model, and that model's rows by kind."""


def _keys(pairs: pl.DataFrame, book: PriceBook) -> pl.DataFrame:
    resolved = resolve(pairs.select("provider", "model"), book)
    label = pl.concat_str("price_provider", "price_model", separator="/")
    labels = resolved.group_by("provider", "model", maintain_order=True).agg(price_model=label.drop_nulls().last())
    unique = pairs.select(KEY_COLUMNS).unique().sort(KEY_COLUMNS, nulls_last=False)
    named = unique.join(labels, on=["provider", "model"], how="left", nulls_equal=True, maintain_order="left")
    return named.with_row_index("key")


def _rows(key: int, keys: pl.DataFrame, book: PriceBook, kinds: Sequence[str]) -> list[_Stretch]:
    wanted = keys.row(key, named=True)
    targets = resolve(pl.DataFrame([wanted]).select(pl.col("provider", "model").cast(pl.String)), book)
    tier, is_batch = _tier(wanted)
    stretches: list[_Stretch] = []
    for target in targets.iter_rows(named=True):
        rows = book.rows.filter(
            pl.col("provider") == pl.lit(target["price_provider"], pl.String),
            pl.col("model") == pl.lit(target["price_model"], pl.String),
            pl.col("service_tier") == tier,
            pl.col("is_batch") == is_batch,
            pl.col("region").is_null(),
            pl.col("kind").is_in(kinds),
        )
        _refuse_marginal(rows)
        span = (target["alias_from"] or _START, target["alias_until"] or _END)
        stretches.append((span, {kind: _linked(rows.filter(kind=kind)) for kind in kinds}))
    return stretches


def _tier(key: dict[str, Any]) -> tuple[str, bool]:
    stated = str(key["service_tier"] or "").lower()
    if stated == "batch":
        return "standard", True
    return ("standard" if (stated or None) in STANDARD_TIERS else stated), bool(key["is_batch"])


def _refuse_marginal(rows: pl.DataFrame) -> None:
    marginal = rows.filter(~pl.col("is_whole_request"))
    if marginal.height:
        first = marginal.row(0, named=True)
        raise PricingError(
            f"{first['provider']}/{first['model']}: a tier that prices only the tokens above its threshold",
            "this version prices whole requests by tier: remove is_whole_request = false",
        )


def _linked(rows: pl.DataFrame) -> list[_Row]:
    """Give each row its moments; where its successor's start is only a window, its own end is one too."""
    named = list(rows.iter_rows(named=True))
    starts = {(row["min_input_tokens"], row["weekdays"], row["hours_utc"], row["effective_from"]): row for row in named}
    linked = []
    for row in named:
        until = row["effective_until"] or _END
        follower = starts.get((row["min_input_tokens"], row["weekdays"], row["hours_utc"], row["effective_until"]), {})
        since = row["effective_from"] or _START
        linked.append(
            _Row(
                price=row["price_pusd"],
                since=row["effective_earliest"] or since,
                until=follower.get("effective_latest") or until,
                surely_since=row["effective_latest"] or since,
                surely_until=follower.get("effective_earliest") or until,
                min_input_tokens=row["min_input_tokens"],
                priority=row["priority"],
                window=(row["weekdays"], row["hours_utc"]),
                stated_since=row["effective_from"],
            )
        )
    return linked


def _breaks(
    rows: Iterable[_Row], stretches: dict[int, list[_Stretch]], span: tuple[datetime, datetime] | None
) -> tuple[datetime, ...]:
    if span is None:
        return ()
    moments = {moment for row in rows for moment in (row.since, row.until, row.surely_since, row.surely_until)}
    moments |= {moment for listed in stretches.values() for limits, _ in listed for moment in limits}
    inside = sorted(moment for moment in moments - {_START, _END} if moment <= span[1])
    first = max(bisect_right(inside, span[0]) - 1, 0)
    return tuple(inside[first:])


def _slots(windows: Iterable[tuple[str | None, str | None]]) -> tuple[int, ...]:
    edges: set[int] = set()
    for weekdays, hours in windows:
        if weekdays is not None or hours is not None:
            for day, (low, high) in product(parse_weekdays(weekdays), parse_hours(hours)):
                edges |= {day * _DAY_MINUTES + low, day * _DAY_MINUTES + high}
    return tuple(sorted(edges - {0, 7 * _DAY_MINUTES}))


def _stretch_at(stretches: Sequence[_Stretch], moment: datetime) -> dict[str, list[_Row]]:
    return next((rows for (since, until), rows in stretches if since <= moment < until), {})


def _places(
    rows: dict[str, list[_Row]], moment: datetime, thresholds: Sequence[int], slots: Sequence[int]
) -> Iterable[tuple[int, int, dict[str, Any]]]:
    """Rates of every bucket and slot, and of "any bucket" and "any slot" as the span over them."""
    tokens, minutes = (0, *thresholds), (0, *slots)
    exact = {
        (bucket, slot): _rates(rows, moment, tokens[bucket], minutes[slot])
        for bucket, slot in product(range(len(tokens)), range(len(minutes)))
    }
    for bucket, slot in product(range(len(tokens) + 1), range(len(minutes) + 1)):
        spanned = [rates for (b, s), rates in exact.items() if bucket in (b, len(tokens)) and slot in (s, len(minutes))]
        yield bucket, slot, _merged(spanned)


def _merged(cells: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Span rates over places: the lowest low and the highest high; null where one of them is not known."""
    if len(cells) == 1:
        return cells[0]
    names = [name for name in cells[0] if name != "price_from"]
    merged = {name: _spanned([cell[name] for cell in cells], is_low=name.endswith("_low")) for name in names}
    return {"price_from": cells[0]["price_from"], **merged}


def _spanned(values: Sequence[int | None], *, is_low: bool) -> int | None:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    return min(known) if is_low else max(known)


def _rates(rows: dict[str, list[_Row]], moment: datetime, tokens: int, minute: int) -> dict[str, Any]:
    found = {kind: _in_force(listed, moment, tokens, minute) for kind, listed in rows.items()}
    since = [row.stated_since for row in rows.get("uncached_input", ()) if row.since <= moment < row.until]
    rates: dict[str, Any] = {"price_from": since[-1] if since else None}
    for kind, listed in rows.items():
        rate = _with_fallback(kind, found) if kind in KINDS else Rate(*_span(found[kind][0]))
        rates |= {f"{kind}_low": rate.low, f"{kind}_high": rate.high} if listed or kind in KINDS else {}
    return rates


def _in_force(rows: Sequence[_Row], moment: datetime, tokens: int, minute: int) -> tuple[list[int], bool]:
    """Prices that may be in force, and whether one of them certainly is."""
    prices: list[int] = []
    fitting = [row for row in rows if row.min_input_tokens <= tokens and row.since <= moment < row.until]
    for row in sorted(fitting, key=lambda row: (-row.min_input_tokens, -row.priority)):
        if not _is_open(row.window, minute):
            continue
        prices.append(row.price)
        if row.surely_since <= moment < row.surely_until:
            return prices, True
    return prices, False


def _is_open(window: tuple[str | None, str | None], minute: int) -> bool:
    day, minute_of_day = divmod(minute, _DAY_MINUTES)
    return day in parse_weekdays(window[0]) and any(low <= minute_of_day < high for low, high in parse_hours(window[1]))


_FALLBACKS: Final = {
    "cache_read": "uncached_input",  # no cache price then: billed as any input
    "cache_write_5m": "uncached_input",
    "cache_write_1h": "uncached_input",
    "reasoning": "output",
}
_SIBLINGS: Final = {"cache_write_5m": "cache_write_1h", "cache_write_1h": "cache_write_5m"}


def _with_fallback(kind: str, found: dict[str, tuple[list[int], bool]]) -> Rate:
    prices, is_sure = found[kind]
    sibling = found.get(_SIBLINGS.get(kind, ""), ([], False))[0]
    if kind == "request":
        prices = [*prices, *([] if is_sure else [0])]
    elif kind in _FALLBACKS and not is_sure and not (sibling and not prices):
        fallback = _with_fallback(_FALLBACKS[kind], found)
        prices = [*prices, *(price for price in fallback if price is not None)]
    return Rate(*_span(prices))


def _span(prices: Sequence[int]) -> tuple[int | None, int | None]:
    return (min(prices), max(prices)) if prices else (None, None)


def _cell_schema(kinds: Sequence[str]) -> pl.Schema:
    schema = pl.Schema(dict.fromkeys(("key", "interval", "bucket", "slot"), pl.UInt32))
    schema["price_from"] = UTC_TIME
    for kind in kinds:
        schema |= {f"{kind}_low": pl.Int64(), f"{kind}_high": pl.Int64()}
    return pl.Schema(schema)
