"""The rates a call may be billed at, worked out from price rows one row at a time; shares no code with the product.

Money is in pico-dollars per unit; None = not known.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

Row = dict[str, Any]
Span = tuple[Decimal | None, Decimal | None]
Targets = Callable[[str | None, str | None], Sequence[Row]]

TOKEN_KINDS = ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning")
KINDS = (*TOKEN_KINDS, "request")
STANDARD = (None, "", "standard", "default", "auto", "on_demand")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def spans_of(call: Row, rows: list[Row], moment: datetime | None, factor: Fraction | int = 1) -> dict[str, Span]:
    """Lowest and highest rate of each kind, by the rows of a model and tier.

    Args:
        call: Its time, size and granularity count.
        rows: Rows of PRICES.
        moment: When; None: not known.
        factor: Tokens that are billed per token of the call; rates are per billed token.
    """
    if moment is None:
        fee = None if any(row["kind"] == "request" for row in rows) else Decimal(0)
        return {**dict.fromkeys(TOKEN_KINDS, (None, None)), "request": (fee, fee)}
    minute = moment.weekday() * 1440 + moment.hour * 60 + moment.minute
    places = list(product(_request_sizes(call, rows, factor), _minutes(call, rows, minute)))
    spans = {place: _rates_at(rows, moment, *place) for place in places}
    return {kind: _spanned([spans[place][kind] for place in places]) for kind in KINDS}


def _spanned(spans: Sequence[Span]) -> Span:
    lows, highs = [low for low, _ in spans if low is not None], [high for _, high in spans if high is not None]
    return (min(lows), max(highs)) if len(lows) == len(spans) else (None, None)


def rows_of_call(call: Row, prices: list[Row], moment: datetime | None, targets: Targets | None) -> list[Row]:
    """Rows of the model a call was billed as, at its tier."""
    own = {"price_provider": call["provider"], "price_model": call["model"], "alias_from": None, "alias_until": None}
    meant = [own] if targets is None else targets(call["provider"], call["model"])
    models = {
        (target["price_provider"], target["price_model"])
        for target in meant
        if moment is None or _is_between(moment, target["alias_from"], target["alias_until"])
    }
    tier, is_batch = tier_of(call)
    return [
        row
        for row in prices
        if (row["provider"], row["model"]) in models
        and (row["service_tier"], row["is_batch"], row["region"]) == (tier, is_batch, None)
    ]


def tier_of(call: Row) -> tuple[str, bool]:
    """Service tier, and whether it was a batch."""
    tier = (call["service_tier"] or "").lower()
    is_batch = bool(call["is_batch"]) or tier == "batch"
    return "standard" if tier == "batch" or tier in STANDARD else tier, is_batch


def _is_between(moment: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or since <= moment) and (until is None or moment < until)


def _request_sizes(call: Row, rows: list[Row], factor: Fraction | int) -> list[Fraction | int]:
    """Billed input of the request, or one size of every tier its requests may lie in."""
    tokens = None if call["input_tokens"] is None else call["input_tokens"] * factor
    if tokens is not None and is_one(call):
        return [tokens]
    thresholds = [row["min_input_tokens"] for row in rows if row["min_input_tokens"]]
    return [1, *(least + 1 for least in thresholds if tokens is None or tokens > least)]


def _minutes(call: Row, rows: list[Row], minute: int) -> list[int]:
    if is_one(call):
        return [minute]
    edges = {0}
    for row in rows:
        for span in (row["hours_utc"] or "00:00-00:00").split(","):
            edges |= {day * 1440 + _clock(time) for day in range(7) for time in span.split("-")}
    return sorted(edges)


def _clock(text: str) -> int:
    hours, minutes = text.strip().split(":")
    return int(hours) * 60 + int(minutes)


def _is_open(row: Row, minute: int) -> bool:
    day, at = divmod(minute, 1440)
    return _is_day(row["weekdays"], day) and _is_hour(row["hours_utc"], at)


def _is_day(weekdays: str | None, day: int) -> bool:
    if weekdays is None:
        return True
    for part in weekdays.split(","):
        ends = [DAYS.index(name.strip()) for name in part.split("-")]
        steps = (ends[-1] - ends[0]) % 7
        if (day - ends[0]) % 7 <= steps:
            return True
    return False


def _is_hour(hours: str | None, at: int) -> bool:
    if hours is None:
        return True
    spans = [[_clock(time) for time in span.split("-")] for span in hours.split(",")]
    return any(low <= at < high if low < high else at >= low or at < high for low, high in spans)


def _rates_at(rows: list[Row], moment: datetime, tokens: Fraction | int, minute: int) -> dict[str, Span]:
    found = {kind: _prices(rows, kind, moment, tokens, minute) for kind in (*TOKEN_KINDS, "request")}
    input_, output = _known(found["uncached_input"]), _known(found["output"])
    rates = {
        "uncached_input": input_,
        "output": output,
        "request": {Decimal(0) if price is None else price for price in found["request"]},
        "cache_read": _or_else(found["cache_read"], input_),
        "reasoning": _or_else(found["reasoning"], output),
    }
    for kind, other in (("cache_write_5m", "cache_write_1h"), ("cache_write_1h", "cache_write_5m")):
        is_only_the_other = not _known(found[kind]) and _known(found[other])
        rates[kind] = set() if is_only_the_other else _or_else(found[kind], input_)
    return {kind: (min(prices), max(prices)) if prices else (None, None) for kind, prices in rates.items()}


def _known(prices: set[Decimal | None]) -> set[Decimal]:
    return {price for price in prices if price is not None}


def _or_else(prices: set[Decimal | None], fallback: set[Decimal]) -> set[Decimal]:
    """Prices of a kind; where it may have none, it is billed as the other kind."""
    return _known(prices) | (fallback if None in prices else set())


def _prices(rows: list[Row], kind: str, moment: datetime, tokens: Fraction | int, minute: int) -> set[Decimal | None]:
    """Prices of a kind in every world: each change in doubt at that moment has happened in some, not in others."""
    own = [row for row in rows if row["kind"] == kind]
    in_doubt = {_change(row) for row in own if _is_in_doubt(row, moment)}
    worlds = product(*([(change, True), (change, False)] for change in sorted(in_doubt, key=str)))
    return {_price(own, moment, tokens, minute, dict(world)) for world in worlds}


def _change(row: Row) -> tuple[Any, ...]:
    """Identify the start of a row: which price it changes, and when."""
    names = ("min_input_tokens", "weekdays", "hours_utc", "priority", "effective_from")
    return tuple(row[name] for name in names)


def _is_in_doubt(row: Row, moment: datetime) -> bool:
    return row["effective_earliest"] is not None and row["effective_earliest"] <= moment < row["effective_latest"]


def _price(
    own: list[Row], moment: datetime, tokens: Fraction | int, minute: int, world: dict[Any, bool]
) -> Decimal | None:
    fitting = [
        row
        for row in own
        if (row["min_input_tokens"] == 0 or tokens > row["min_input_tokens"])
        and _is_open(row, minute)
        and _has_begun(row, moment, world)
        and not _has_ended(row, own, moment, world)
    ]
    if not fitting:
        return None
    best = max(fitting, key=lambda row: (row["min_input_tokens"], row["priority"]))
    return Decimal(best["price_pusd"])


def _has_begun(row: Row, moment: datetime, world: dict[Any, bool]) -> bool:
    if _change(row) in world:
        return world[_change(row)]
    start = row["effective_latest"] or row["effective_from"]
    return start is None or start <= moment


def _has_ended(row: Row, own: list[Row], moment: datetime, world: dict[Any, bool]) -> bool:
    if row["effective_until"] is None:
        return False
    change = (*_change(row)[:-1], row["effective_until"])
    following = [other for other in own if _change(other) == change]
    return _has_begun(following[0], moment, world) if following else row["effective_until"] <= moment


def is_one(call: Row) -> bool:
    """Tell whether it is one request."""
    return bool(call["granularity"] == "call" and call["n_requests"] == 1)
