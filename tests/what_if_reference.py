"""What scenarios do to a cost, computed a second time: in fractions, one call at a time, as docs/method.md says.

Shares no code with the product but the scenario, as a list of what is asked for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from decimal_rates import KINDS, Row, spans_of, tier_of
from decimal_reference import PARTS, Cost, Readings, cost_at

from pricing.scenario import Scenario
from pricing.scenario.model import Discount, Substitute

Spans = dict[str, tuple[Fraction | None, Fraction | None]]
HALVED = ("flex",)
START = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Listed:
    """What a provider lists: rows of PRICES, and since when a region's prices are multiplied by what (decimals)."""

    prices: Sequence[Row]
    multipliers: Sequence[tuple[str, datetime, str]] = ()


VIEWS = {"list": (), "contracted": ("contract",), "effective": ("contract", "commitment")}
"""Types of discounts taken off in each of the three figures of FOCUS."""


def what_if_costs(call: Row, listed: Listed, moment: datetime | None, scenario: Scenario) -> dict[str, Cost]:
    """Cost of one call under a scenario, in each view."""
    substitute = _substitute(call, scenario)
    factors = _factors(substitute)
    blended = {factor: _in_region(call, listed, moment, scenario, factor) for factor in set(factors)}
    costs = {}
    for view, types in VIEWS.items():
        taken = [each for each in scenario.discount if each.type in types]
        kept = {kind: _kept(taken, _billed_as(call, scenario), kind, moment) for kind in KINDS}
        changed = [{kind: _scaled(ends, kept[kind]) for kind, ends in blended[factor].items()} for factor in factors]
        costs[view] = cost_at(call, _readings(changed), is_what_if=substitute is not None)
    return costs


def _readings(changed: Sequence[Spans]) -> Readings:
    """Each rate at whichever number of tokens makes it lowest, as stated, and at whichever makes it highest."""
    return Readings(
        low={kind: _pick(min, [spans[kind][0] for spans in changed]) for kind in KINDS},
        point_low={kind: _whole(changed[1][kind][0]) for kind in KINDS},
        point={kind: _whole(changed[1][kind][1]) for kind in KINDS},
        high={kind: _pick(max, [spans[kind][1] for spans in changed]) for kind in KINDS},
    )


def _pick(extreme: Any, rates: list[Fraction | None]) -> Decimal | None:
    known = [rate for rate in rates if rate is not None]
    return _whole(extreme(known)) if len(known) == len(rates) else None


def _whole(rate: Fraction | None) -> Decimal | None:
    """Rounded once, half to even, to whole pico-dollars per token."""
    return None if rate is None else Decimal(round(rate))


def _substitute(call: Row, scenario: Scenario) -> Substitute | None:
    for each in scenario.substitute:
        if each.model == call["model"] and (each.provider is None or each.provider == call["provider"]):
            return each
    return None


def _factors(substitute: Substitute | None) -> list[Fraction]:
    """Fewest, stated and most tokens billed per token counted."""
    if substitute is None:
        return [Fraction(1)] * 3
    stated = substitute.tokens_factor
    ends = (substitute.tokens_factor_low or stated, stated, substitute.tokens_factor_high or stated)
    return [_exact(end) for end in ends]


def _exact(number: float) -> Fraction:
    """Give the decimal a person wrote."""
    return Fraction(str(number))


# List prices, then what is done to them


def _in_region(call: Row, listed: Listed, moment: datetime | None, scenario: Scenario, factor: Fraction) -> Spans:
    provider, model = _billed_as(call, scenario)
    region = scenario.region or call["region"]
    rows = [row for row in listed.prices if (row["provider"], row["model"]) == (provider, model)]
    regional = [row for row in rows if region is not None and row["region"] == region]
    rows = regional or [row for row in rows if row["region"] is None]
    multiplier = Fraction(1) if regional or not rows else _multiplier(listed, region, moment)
    blended = _blended(call, rows, moment, scenario, factor)
    return {kind: _scaled(ends, multiplier) for kind, ends in blended.items()}


def _billed_as(call: Row, scenario: Scenario) -> tuple[str | None, str | None]:
    substitute = _substitute(call, scenario)
    return (call["provider"], call["model"]) if substitute is None else (substitute.to_provider, substitute.to)


def _scaled(ends: tuple[Fraction | None, Fraction | None], by: Fraction) -> tuple[Fraction | None, Fraction | None]:
    low, high = ends
    return None if low is None else low * by, None if high is None else high * by


def _multiplier(listed: Listed, region: str | None, moment: datetime | None) -> Fraction:
    at = moment or START
    known = [(since, by) for name, since, by in listed.multipliers if name == region and since <= at]
    return Fraction(max(known)[1]) if known else Fraction(1)


def _kept(
    discounts: Iterable[Discount], billed: tuple[str | None, str | None], kind: str, moment: datetime | None
) -> Fraction:
    """Share of a price that is left after the discounts that fit, taken one after the other."""
    kept, day = Fraction(1), (moment or START).date()
    for each in discounts:
        is_then = (each.effective_date or day) <= day and (each.until_date is None or day < each.until_date)
        is_meant = each.provider in (None, billed[0]) and each.model in (None, billed[1])
        if is_then and is_meant and (not each.kinds or kind in each.kinds):
            kept *= 1 - _exact(each.frac)
    return kept


def _blended(call: Row, rows: list[Row], moment: datetime | None, scenario: Scenario, factor: Fraction) -> Spans:
    """Mean of what a call costs alone and in a batch, by the share that goes in batches."""
    tier, is_batch = tier_of(call)
    if scenario.service_tier is not None:
        tier, is_batch = tier_of({**call, "service_tier": scenario.service_tier})
    share = Fraction(is_batch) if scenario.batch is None else _exact(scenario.batch.share_frac)
    batch_tier = tier if scenario.batch is None else "standard"
    alone = _listed(call, rows, moment, factor, (tier, False))
    batch = _listed(call, rows, moment, factor, (batch_tier, True)) if share else alone
    if scenario.unlisted_tiers == "half":
        half = _halved(_listed(call, rows, moment, factor, ("standard", False)))
        alone = _filled(alone, half) if tier in HALVED else alone
        batch = _filled(batch, half) if share and batch_tier in ("standard", *HALVED) else batch
    return {kind: (_mean(alone, batch, share, kind, 0), _mean(alone, batch, share, kind, 1)) for kind in KINDS}


def _mean(alone: Spans, batch: Spans, share: Fraction, kind: str, end: int) -> Fraction | None:
    one, other = alone[kind][end], batch[kind][end]
    if share in (0, 1):
        return other if share else one
    return None if one is None or other is None else (1 - share) * one + share * other


def _listed(call: Row, rows: list[Row], moment: datetime | None, factor: Fraction, tier: tuple[str, bool]) -> Spans:
    """Rates per token counted; a fee per request is no matter of tokens."""
    own = [row for row in rows if (row["service_tier"], row["is_batch"]) == tier]
    spans = spans_of(call, own, moment, factor)
    return {
        kind: _scaled(
            (None if low is None else Fraction(low), None if high is None else Fraction(high)),
            Fraction(1) if kind == "request" else factor,
        )
        for kind, (low, high) in spans.items()
    }


def _halved(spans: Spans) -> Spans:
    return {kind: ends if kind == "request" else _scaled(ends, Fraction(1, 2)) for kind, ends in spans.items()}


def _filled(spans: Spans, assumed: Spans) -> Spans:
    """Fill what has no price; where input has none, a fee of 0 says nothing."""
    is_missing = {kind: None in ends for kind, ends in spans.items()}
    is_missing["request"] |= is_missing["uncached_input"]
    return {kind: assumed[kind] if is_missing[kind] else ends for kind, ends in spans.items()}


# The prompt cache


def uncached(call: Row) -> Row:
    """Give the call as if nothing of its input had met a cache."""
    tokens = call["input_tokens"]
    rest = dict.fromkeys((f"{part}_tokens" for part in PARTS[1:]), None if tokens is None else 0)
    return {**call, "uncached_input_tokens": tokens, **rest}


@dataclass(frozen=True)
class CacheRule:
    """What a provider caches: from how many tokens on, how long (None: not stated), and whether it bills writes."""

    min_tokens: int = 0
    ttl_s: int | None = None
    bills_writes: bool = False


def conversations(calls: Iterable[Row]) -> list[list[Row]]:
    """Calls of one context, in the order they were made."""
    names = ("run_id", "rollout_id", "role", "provider", "model", "parent_call_id")
    found: dict[tuple[Any, ...], list[Row]] = {}
    for call in sorted(calls, key=lambda call: (call["call_index"], call["started_at"] or START)):
        found.setdefault(tuple(call.get(name) for name in names), []).append(call)
    return list(found.values())


def fully_cached(conversation: Sequence[Row], rule: CacheRule) -> list[tuple[Row, bool]]:
    """Each call with all that a cache could hold read from it, and whether that is not known."""
    done = []
    for number, call in enumerate(conversation):
        before = conversation[number - 1] if number else None
        tokens, held = call["input_tokens"], None if before is None else _context(before)
        is_open = call["granularity"] != "call" or call["n_requests"] != 1 or call["rollout_id"] is None
        if is_open or tokens is None or (before is not None and held is None):
            done.append((call | dict.fromkeys(f"{part}_tokens" for part in PARTS), True))
            continue
        read = 0 if before is None or held is None else _readable(call, before, min(tokens, held), rule)
        written = tokens - read if rule.bills_writes and tokens >= rule.min_tokens else 0
        parts = dict(zip(PARTS, (tokens - read - written, read, written, 0, 0), strict=True))
        done.append((call | {f"{part}_tokens": count for part, count in parts.items()}, False))
    return done


def _context(before: Row) -> int | None:
    sent, received = before["input_tokens"], before["output_tokens"]
    return None if sent is None or received is None else sent + received


def _readable(call: Row, before: Row, held: int, rule: CacheRule) -> int:
    started, ended = call["started_at"], before["ended_at"] or before["started_at"]
    is_late = None not in (started, ended, rule.ttl_s) and (started - ended).total_seconds() > rule.ttl_s
    return 0 if is_late or held < rule.min_tokens else held
