"""A second computation of every cost: Decimal, one call at a time, straight from the definitions of the tables.

Shares no code with the expressions it checks. Money is in pico-dollars; None = not known.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from decimal_rates import Row, Targets, rows_of_call, spans_of

Rates = dict[str, Decimal | None]

PARTS = ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h", "cache_write_unspecified")
SUMMED_PARTS = ("uncached_input", "cache_read", "cache_write", "visible_output", "reasoning", "request")


@dataclass(frozen=True)
class Cost:
    cost: Decimal | None
    low: Decimal
    high: Decimal | None
    basis: str
    parts: dict[str, Decimal | None]


@dataclass(frozen=True)
class Readings:
    """Rates by kind: the lowest, the lowest and the highest of the figure, and the highest."""

    low: Rates
    point_low: Rates
    point: Rates
    high: Rates


def price_call(call: Row, prices: Iterable[Row], moment: datetime | None, targets: Targets | None = None) -> Cost:
    """Cost of one call at the prices that may be in force at a moment (None: no moment is known)."""
    spans = spans_of(call, rows_of_call(call, list(prices), moment, targets), moment)
    lowest = {kind: low for kind, (low, _) in spans.items()}
    highest = {kind: high for kind, (_, high) in spans.items()}
    return cost_at(call, Readings(lowest, lowest, highest, highest))


def cost_at(call: Row, rates: Readings, *, is_what_if: bool = False) -> Cost:
    """Cost of one call at given rates."""
    if not call["is_billed"]:
        return Cost(Decimal(0), Decimal(0), Decimal(0), "not_billed", dict.fromkeys(SUMMED_PARTS, Decimal(0)))
    cheap, dear = _parts(call, rates.point_low), _parts(call, rates.point)
    low = sum((term for term in _cheapest(call, rates.low) if term is not None), Decimal(0))
    bottom, top, high = (_point(call, each) for each in (rates.point_low, rates.point, rates.high))
    parts = {name: dear[name] if dear[name] == cheap[name] else None for name in dear}
    cost = top if bottom == top else None
    known = "what_if" if is_what_if else "upper_bound" if high is not None and low < high else "exact"
    basis = _unknown(call, rates.high) if high is None else "range" if bottom != top else known
    return Cost(cost, low, high, basis, parts)


def _unknown(call: Row, rates: Rates) -> str:
    no_input = call["input_tokens"] is None and not _is_split_known(call)
    no_count = call["n_requests"] is None and rates["request"] != 0
    return "tokens_unknown" if no_input or no_count or call["output_tokens"] is None else "price_unknown"


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


def _point(call: Row, rate: Rates) -> Decimal | None:
    """Dearest reading of the tokens: no cache where the split is not known, reasoning outside where it may be."""
    if _is_split_known(call):
        dearest = _extreme(max, rate["cache_write_5m"], rate["cache_write_1h"])
        told = [_times(call[f"{kind}_tokens"], rate[kind]) for kind in PARTS[:4]]
        input_ = _added([*told, _times(call["cache_write_unspecified_tokens"], dearest)])
    else:
        input_ = _added([*_told(call, rate, max), _times(_rest(call), rate["uncached_input"])])
    return _added([input_, _point_output(call, rate), _fees(call, rate["request"])])


def _point_output(call: Row, rate: Rates) -> Decimal | None:
    if call["output_high_tokens"] is not None:
        outside = None if call["output_tokens"] is None else call["output_high_tokens"] - call["output_tokens"]
        return _added([_times(call["output_tokens"], rate["output"]), _times(outside, rate["reasoning"])])
    return _added(_output(call, rate, max))


def _output(call: Row, rate: Rates, pick: Any) -> list[Decimal | None]:
    """Terms of the output: what is shown, and what is reasoning."""
    output, reasoning = call["output_tokens"], call["reasoning_tokens"]
    if output is None:
        return [None]
    if reasoning is None:
        return [_times(output, _extreme(pick, rate["output"], rate["reasoning"]))]
    inside = min(reasoning, output)
    return [_times(output - inside, rate["output"]), _times(inside, rate["reasoning"])]


def _told(call: Row, rate: Rates, pick: Any) -> list[Decimal | None]:
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


def _cheapest(call: Row, rate: Rates) -> list[Decimal | None]:
    """Terms of the cheapest reading: all read from the cache where the split is not known."""
    rest = [*_output(call, rate, min), _fees(call, rate["request"])]
    if call["input_tokens"] is not None and not _is_split_known(call):
        unsplit = _times(_rest(call), _extreme(min, rate["uncached_input"], rate["cache_read"]))
        return [*_told(call, rate, min), unsplit, *rest]
    cheapest = _extreme(min, rate["cache_write_5m"], rate["cache_write_1h"])
    told = [_times(call[f"{kind}_tokens"], rate[kind]) for kind in PARTS[:4]]
    return [*told, _times(call["cache_write_unspecified_tokens"], cheapest), *rest]


def _parts(call: Row, rate: Rates) -> Rates:
    """Parts of the point; None: not told apart."""
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


def coverage(costs: Sequence[tuple[Cost, int]], n_missing: int = 0) -> float:
    """Share of requests and charges with a cost; all of nothing is covered."""
    n_rows = sum(n for _, n in costs) + n_missing
    return sum(n for each, n in costs if each.cost is not None) / n_rows if n_rows else 1.0


def usd(pusd: Decimal | None) -> float | None:
    return None if pusd is None else float(int(pusd)) / 1e12
