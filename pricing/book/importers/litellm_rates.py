"""Rates per token of one model of LiteLLM's map, by service tier and context, as LiteLLM itself would take them.

They follow litellm_core_utils/llm_cost_calc at 1.106.2: a rate above a threshold replaces the rate below it for the
whole request; a service tier takes from the standard rates what it does not state; a write for an hour costs what a
write costs unless it has a price; batch rates stand alone.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, NamedTuple

KINDS: Final = {
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "cache_creation_input_token_cost": "cache_write_5m",
    "cache_read_input_token_cost": "cache_read",
    "input_cost_per_token": "uncached_input",
    "output_cost_per_reasoning_token": "reasoning",
    "output_cost_per_token": "output",
}
STANDARD, BATCH = "standard", "batches"
_RATE: Final = re.compile(
    rf"({'|'.join(KINDS)})(?:_above_(\d+)(k?)_tokens)?(?:_(batches|flex|balanced|priority|ultrafast))?"
)
_INCLUSIVE: Final = frozenset({"xai"})
"""Providers that bill the higher rate from the threshold on, not only above it."""
_N_ENDS: Final = 2

Rates = dict[tuple[str, int], dict[str, Any]]
"""(service tier, input tokens above which) -> kind -> price in USD per token."""


class Rate(NamedTuple):
    """What a field of the map is the price of."""

    tier: str
    threshold: int
    kind: str


def token_rates(fields: Mapping[str, Any], provider: str) -> Rates:
    """Every rate of a model, its tiers completed; of ``tiered_pricing`` where it has that."""
    return _of_ranges(fields) or _completed(_stated(fields, provider))


def has_ranges(fields: Mapping[str, Any]) -> bool:
    """Say whether the rates are those of ``tiered_pricing``: ranges of input tokens, each with its own."""
    return bool(_ranges(fields))


@cache
def rate(field: str) -> Rate | None:
    """Read the name of a field; null: it is no rate of text tokens."""
    match = _RATE.fullmatch(field)
    if match is None:
        return None
    base, size, thousand, tier = match.groups()
    return Rate(tier or STANDARD, int(size or 0) * (1_000 if thousand else 1), KINDS[base])


def _stated(fields: Mapping[str, Any], provider: str) -> Rates:
    rates: Rates = {}
    for field, usd in fields.items():
        named = rate(field)
        if named is not None and usd is not None:
            lowered = 1 if named.threshold and provider in _INCLUSIVE else 0
            rates.setdefault((named.tier, named.threshold - lowered), {})[named.kind] = usd
    return rates


def _completed(stated: Rates) -> Rates:
    complete: Rates = {}
    for tier in {tier for tier, _ in stated}:
        lenders = (tier,) if tier in (STANDARD, BATCH) else (tier, STANDARD)
        thresholds = {threshold for other, threshold in stated if other in lenders}
        for threshold in thresholds:
            own = stated.get((tier, threshold), {})
            lent = dict(stated.get((lenders[-1], threshold), {}))
            if "output" in own:
                lent.pop("reasoning", None)
            complete[tier, threshold] = {**lent, **own}
        _write_for_an_hour([complete[tier, threshold] for threshold in thresholds])
    return complete


def _write_for_an_hour(by_threshold: list[dict[str, Any]]) -> None:
    if not any("cache_write_1h" in prices for prices in by_threshold):
        for prices in by_threshold:
            if "cache_write_5m" in prices:
                prices["cache_write_1h"] = prices["cache_write_5m"]


def _of_ranges(fields: Mapping[str, Any]) -> Rates:
    """The range the input lies in prices the whole request, by its own rates alone."""
    ranges = _ranges(fields)
    named = {field for part in ranges for field in part if field in KINDS}
    rates: Rates = {}
    for part in ranges:
        prices = {KINDS[field]: part.get(field, part.get(_lender(field, part))) for field in named}
        rates[STANDARD, int(part["range"][0])] = {kind: usd for kind, usd in prices.items() if usd is not None}
    _write_for_an_hour(list(rates.values()))
    return rates


def _ranges(fields: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = [part for part in fields.get("tiered_pricing") or () if "input_cost_per_token" in part]
    ranges = [part for part in listed if len(part.get("range", ())) == _N_ENDS]
    return sorted(ranges, key=lambda part: int(part["range"][0]))


def _lender(field: str, part: Mapping[str, Any]) -> str:
    if field.startswith("output"):
        return "output_cost_per_token"
    is_hour = field.endswith("1hr") and "cache_creation_input_token_cost" in part
    return "cache_creation_input_token_cost" if is_hour else "input_cost_per_token"
