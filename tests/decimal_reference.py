"""A second computation of every cost: Decimal, one call at a time, straight from the definitions of the tables.

Shares no code with the expressions it checks. Money is in pico-dollars; None = not known.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import product
from typing import Any

Row = dict[str, Any]
Span = tuple[Decimal | None, Decimal | None]
Targets = Callable[[str | None, str | None], Sequence[Row]]

PARTS = ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h", "cache_write_unspecified")
TOKEN_KINDS = ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning")
STANDARD = (None, "", "standard", "default", "auto", "on_demand")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class Cost:
    cost: Decimal | None
    low: Decimal
    high: Decimal | None
    basis: str
    parts: dict[str, Decimal | None]


def price_call(call: Row, prices: Iterable[Row], moment: datetime | None, targets: Targets | None = None) -> Cost:
    """Cost of one call at the prices that may be in force at a moment (None: no moment is known)."""
    if not call["is_billed"]:
        return Cost(Decimal(0), Decimal(0), Decimal(0), "not_billed", dict.fromkeys(SUMMED_PARTS, Decimal(0)))
    rates = _rates(call, list(prices), moment, targets)
    lowest = {kind: low for kind, (low, _) in rates.items()}
    highest = {kind: high for kind, (_, high) in rates.items()}
    cheap, dear = _parts(call, rates, 0), _parts(call, rates, 1)
    low = sum((term for term in _cheapest(call, lowest) if term is not None), Decimal(0))
    bottom, high = _point(call, lowest), _point(call, highest)
    parts = {name: dear[name] if dear[name] == cheap[name] else None for name in dear}
    cost = high if bottom == high else None
    return Cost(cost, low, high, _basis(call, rates, low, bottom, high), parts)


def _basis(call: Row, rates: dict[str, Span], low: Decimal, bottom: Decimal | None, high: Decimal | None) -> str:
    if high is None:
        no_input = call["input_tokens"] is None and not _is_split_known(call)
        no_count = call["n_requests"] is None and (None in rates["request"] or any(rates["request"]))
        return "tokens_unknown" if no_input or no_count or call["output_tokens"] is None else "price_unknown"
    if bottom != high:
        return "range"
    return "upper_bound" if low < high else "exact"


# Tokens times rates


def _is_split_known(call: Row) -> bool:
    return all(call[f"{part}_tokens"] is not None for part in PARTS)


def _times(tokens: int | None, rate: Decimal | None) -> Decimal | None:
    if tokens == 0:
        return Decimal(0)
    return None if tokens is None or rate is None else tokens * rate


def _fees(call: Row, rate: Decimal | None) -> Decimal | None:
    return Decimal(0) if rate == 0 else _times(call["n_requests"], rate)


def _added(terms: Iterable[Decimal | None]) -> Decimal | None:
    terms = list(terms)
    return None if None in terms else sum((term for term in terms if term is not None), Decimal(0))


def _extreme(pick: Any, *rates: Decimal | None) -> Decimal | None:
    known = [rate for rate in rates if rate is not None]
    return pick(known) if known else None


def _point(call: Row, rate: dict[str, Decimal | None]) -> Decimal | None:
    """Dearest reading of the tokens: no cache where the split is not known, reasoning outside where it may be."""
    if _is_split_known(call):
        dearest = _extreme(max, rate["cache_write_5m"], rate["cache_write_1h"])
        told = [_times(call[f"{kind}_tokens"], rate[kind]) for kind in PARTS[:4]]
        input_ = _added([*told, _times(call["cache_write_unspecified_tokens"], dearest)])
    else:
        input_ = _added([*_told(call, rate, max), _times(_rest(call), rate["uncached_input"])])
    return _added([input_, _point_output(call, rate), _fees(call, rate["request"])])


def _point_output(call: Row, rate: dict[str, Decimal | None]) -> Decimal | None:
    if call["output_high_tokens"] is not None:
        outside = None if call["output_tokens"] is None else call["output_high_tokens"] - call["output_tokens"]
        return _added([_times(call["output_tokens"], rate["output"]), _times(outside, rate["reasoning"])])
    return _output(call, rate, max)


def _output(call: Row, rate: dict[str, Decimal | None], pick: Any) -> Decimal | None:
    output, reasoning = call["output_tokens"], call["reasoning_tokens"]
    if output is None:
        return None
    if reasoning is None:
        return _times(output, _extreme(pick, rate["output"], rate["reasoning"]))
    inside = min(reasoning, output)
    return _added([_times(output - inside, rate["output"]), _times(inside, rate["reasoning"])])


def _told(call: Row, rate: dict[str, Decimal | None], pick: Any) -> list[Decimal | None]:
    """Terms of the parts of the input that are known, where others are not."""
    unspecified = _extreme(pick, rate["cache_write_5m"], rate["cache_write_1h"])
    priced = {**{kind: rate[kind] for kind in PARTS[:4]}, "cache_write_unspecified": unspecified}
    return [
        _times(call[f"{kind}_tokens"], price) for kind, price in priced.items() if call[f"{kind}_tokens"] is not None
    ]


def _rest(call: Row) -> int | None:
    """Input that no known part accounts for."""
    known = sum(call[f"{kind}_tokens"] or 0 for kind in PARTS)
    return None if call["input_tokens"] is None else call["input_tokens"] - known


def _cheapest(call: Row, rate: dict[str, Decimal | None]) -> list[Decimal | None]:
    """Terms of the cheapest reading: all read from the cache where the split is not known."""
    rest = [_output(call, rate, min), _fees(call, rate["request"])]
    if call["input_tokens"] is not None and not _is_split_known(call):
        unsplit = _times(_rest(call), _extreme(min, rate["uncached_input"], rate["cache_read"]))
        return [*_told(call, rate, min), unsplit, *rest]
    cheapest = _extreme(min, rate["cache_write_5m"], rate["cache_write_1h"])
    told = [_times(call[f"{kind}_tokens"], rate[kind]) for kind in PARTS[:4]]
    return [*told, _times(call["cache_write_unspecified_tokens"], cheapest), *rest]


def _parts(call: Row, rates: dict[str, Span], end: int) -> dict[str, Decimal | None]:
    """Parts of the point; None: not told apart."""
    rate = {kind: rates.get(kind, (None, None))[end] for kind in (*TOKEN_KINDS, "request")}
    dearest = _extreme(max, rate["cache_write_5m"], rate["cache_write_1h"])
    writes = [_times(call[f"{kind}_tokens"], rate[kind]) for kind in PARTS[2:4]]
    output, reasoning, highest = call["output_tokens"], call["reasoning_tokens"], call["output_high_tokens"]
    if highest is not None:
        visible, hidden = output, None if output is None else highest - output
    elif reasoning is None or output is None:
        visible, hidden = None, None
    else:
        visible, hidden = output - min(output, reasoning), min(output, reasoning)
    return {
        "uncached_input": _times(call["uncached_input_tokens"], rate["uncached_input"]),
        "cache_read": _times(call["cache_read_tokens"], rate["cache_read"]),
        "cache_write": _added([*writes, _times(call["cache_write_unspecified_tokens"], dearest)]),
        "visible_output": _times(visible, rate["output"]),
        "reasoning": _times(hidden, rate["reasoning"]),
        "request": _fees(call, rate["request"]),
    }


# Rates: the rows that may be in force


def _rates(call: Row, prices: list[Row], moment: datetime | None, targets: Targets | None) -> dict[str, Span]:
    rows = _rows_of(call, prices, moment, targets)
    if moment is None:
        fee = None if any(row["kind"] == "request" for row in rows) else Decimal(0)
        return {**dict.fromkeys(TOKEN_KINDS, (None, None)), "request": (fee, fee)}
    minute = moment.weekday() * 1440 + moment.hour * 60 + moment.minute
    places = list(product(_request_sizes(call, rows), _minutes(call, rows, minute)))
    spans = {place: _rates_at(rows, moment, *place) for place in places}
    return {kind: _spanned([spans[place][kind] for place in places]) for kind in (*TOKEN_KINDS, "request")}


def _spanned(spans: Sequence[Span]) -> Span:
    lows, highs = [low for low, _ in spans if low is not None], [high for _, high in spans if high is not None]
    return (min(lows), max(highs)) if len(lows) == len(spans) else (None, None)


def _rows_of(call: Row, prices: list[Row], moment: datetime | None, targets: Targets | None) -> list[Row]:
    own = {"price_provider": call["provider"], "price_model": call["model"], "alias_from": None, "alias_until": None}
    meant = [own] if targets is None else targets(call["provider"], call["model"])
    models = {
        (target["price_provider"], target["price_model"])
        for target in meant
        if moment is None or _is_between(moment, target["alias_from"], target["alias_until"])
    }
    tier, is_batch = (call["service_tier"] or "").lower(), bool(call["is_batch"])
    if tier == "batch":
        tier, is_batch = "standard", True
    tier = "standard" if tier in STANDARD else tier
    return [
        row
        for row in prices
        if (row["provider"], row["model"]) in models
        and (row["service_tier"], row["is_batch"], row["region"]) == (tier, is_batch, None)
    ]


def _is_between(moment: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or since <= moment) and (until is None or moment < until)


def _request_sizes(call: Row, rows: list[Row]) -> list[int]:
    """Input of the request, or one size of every tier its requests may lie in."""
    tokens = call["input_tokens"]
    above = [row["min_input_tokens"] + 1 for row in rows if row["min_input_tokens"]]
    if tokens is None:
        return [1, *above]
    return [tokens] if _is_one(call) else [1, *(size for size in above if size <= tokens)]


def _minutes(call: Row, rows: list[Row], minute: int) -> list[int]:
    if _is_one(call):
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


def _rates_at(rows: list[Row], moment: datetime, tokens: int, minute: int) -> dict[str, Span]:
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


def _prices(rows: list[Row], kind: str, moment: datetime, tokens: int, minute: int) -> set[Decimal | None]:
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


def _price(own: list[Row], moment: datetime, tokens: int, minute: int, world: dict[Any, bool]) -> Decimal | None:
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


# Sums


def add_up(costs: Sequence[Cost], n_missing: int = 0) -> Cost:
    """Sum of costs, of which some are missing altogether: only the low bound is then known."""
    known = {} if n_missing else {name: _added(each.parts[name] for each in costs) for name in SUMMED_PARTS}
    return Cost(
        None if n_missing else _added(each.cost for each in costs),
        sum((each.low for each in costs), Decimal(0)),
        None if n_missing else _added(each.high for each in costs),
        "sum",
        dict.fromkeys(SUMMED_PARTS) | known,
    )


def coverage(costs: Sequence[Cost], n_missing: int = 0) -> float:
    """Share of rows with a cost; all of nothing is covered."""
    n_rows = len(costs) + n_missing
    return sum(each.cost is not None for each in costs) / n_rows if n_rows else 1.0


SUMMED_PARTS = ("uncached_input", "cache_read", "cache_write", "visible_output", "reasoning", "request")


def _is_one(call: Row) -> bool:
    return bool(call["granularity"] == "call" and call["n_requests"] == 1)
