"""The policies a scenario can be moved by: cache, batches, tiers, regions, roles, discounts, substitutes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pricing.rates.keys import HALVED_TIERS, plain_tier
from pricing.scenario import Scenario
from pricing.scenario.model import Batch, Discount, Substitute
from pricing.sweep.offers import Offers

_CACHE_WORDS: Final = {"as_recorded": "as recorded", "none": "none", "upper_bound": "all it could hold"}
RECORDED: Final = "as recorded"


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy, and the scenarios that have it otherwise.

    Args:
        lever: What is moved.
        base: How the scenario in question has it.
        ends: How else it can be, and the scenario that has it so.
        is_listed: It rests on prices that may not be listed.
        is_optional: It is no lever at all where they are not.
    """

    lever: str
    base: str
    ends: tuple[tuple[str, Scenario], ...]
    is_listed: bool = False
    is_optional: bool = False


def policies(scenario: Scenario, offers: Offers, roles: Sequence[str], by_frac: float) -> list[Policy]:
    """List the policies a scenario can be moved by.

    Args:
        scenario: How a trace is priced.
        offers: Tiers and regions its models are offered in.
        roles: Roles that have calls.
        by_frac: Share by which discounts are moved.
    """
    return [
        _cache(scenario),
        _batch(scenario),
        *_tiers(scenario, offers),
        *_regions(scenario, offers),
        *_roles(scenario, roles),
        *_discounts(scenario, by_frac),
        *_substitutes(scenario),
    ]


def _changed(scenario: Scenario, **values: Any) -> Scenario:
    return scenario.model_copy(update=values)


def _cache(scenario: Scenario) -> Policy:
    others = [policy for policy in _CACHE_WORDS if policy != scenario.cache]
    ends = tuple((_CACHE_WORDS[policy], _changed(scenario, cache=policy)) for policy in others)
    return Policy("prompt cache", _CACHE_WORDS[scenario.cache], ends)


def _batch(scenario: Scenario) -> Policy:
    share = None if scenario.batch is None else scenario.batch.share_frac
    others = [frac for frac in (0.0, 1.0) if frac != share]
    ends = tuple((_percent(frac), _changed(scenario, batch=Batch(share_frac=frac))) for frac in others)
    return Policy("batch share", RECORDED if share is None else _percent(share), ends, is_listed=True)


def _tiers(scenario: Scenario, offers: Offers) -> Iterator[Policy]:
    base = plain_tier(scenario.service_tier)
    halved = HALVED_TIERS if scenario.unlisted_tiers == "half" else frozenset[str]()
    plain = {"standard"} if scenario.service_tier else set[str]()
    for tier in sorted({*offers.tiers, *halved, *plain} - {base}):
        yield Policy(
            f"service tier {tier}",
            scenario.service_tier or RECORDED,
            (("every call", _changed(scenario, service_tier=tier, unlisted_tiers=_unlisted(scenario, tier))),),
            is_listed=True,
            is_optional=True,
        )


def _unlisted(scenario: Scenario, tier: str) -> str:
    """What is assumed where a tier is not listed: that a dear one costs half is not."""
    return scenario.unlisted_tiers if tier in {*HALVED_TIERS, "standard"} else "unknown"


def _regions(scenario: Scenario, offers: Offers) -> Iterator[Policy]:
    for region in offers.regions:
        if region != scenario.region:
            moved = _changed(scenario, region=region)
            yield Policy(f"region {region}", scenario.region or RECORDED, (("every call", moved),))


def _roles(scenario: Scenario, roles: Sequence[str]) -> Iterator[Policy]:
    for role in roles:
        others = tuple(each for each in scenario.roles if each != role)
        if role != "agent" and role in scenario.roles and others:
            yield Policy(f"calls of the role {role}", "counted", (("not counted", _changed(scenario, roles=others)),))


def _discounts(scenario: Scenario, by_frac: float) -> Iterator[Policy]:
    """Move each discount by some percentage points; without any, take one off everything."""
    for number, each in enumerate(scenario.discount):
        fracs = (max(0.0, each.frac - by_frac), min(1.0, each.frac + by_frac))
        ends = tuple((_off(frac), _with(scenario, "discount", number, frac=frac)) for frac in fracs)
        whose = " ".join(filter(None, (each.provider, each.model, *each.kinds))) or "everything"
        yield Policy(f"{each.type} discount, {whose}", _off(each.frac), ends)
    if not scenario.discount:
        moved = _changed(scenario, discount=(Discount(frac=by_frac),))
        yield Policy("contract discount, everything", "none", ((_off(by_frac), moved),))


def _substitutes(scenario: Scenario) -> Iterator[Policy]:
    for number, each in enumerate(scenario.substitute):
        rest = tuple(other for other in scenario.substitute if other is not each)
        own = (("as itself", _changed(scenario, substitute=rest)),)
        yield Policy(f"{each.model} priced as", each.to, own)
        low, middle, high = each.factors
        if low < high:
            ends = tuple(
                (f"{factor:g}", _with(scenario, "substitute", number, **_factor(factor))) for factor in (low, high)
            )
            yield Policy(f"tokens of {each.to} per token of {each.model}", f"{middle:g}", ends)


def _factor(factor: float) -> dict[str, float | None]:
    return {"tokens_factor": factor, "tokens_factor_low": None, "tokens_factor_high": None}


def _with(scenario: Scenario, key: str, number: int, **values: Any) -> Scenario:
    """Return the scenario with one entry of a list changed."""
    entries: list[Discount | Substitute] = list(getattr(scenario, key))
    entries[number] = entries[number].model_copy(update=values)
    return _changed(scenario, **{key: tuple(entries)})


def _off(frac: float) -> str:
    return f"{_percent(frac)} off"


def _percent(frac: float) -> str:
    return f"{100 * frac:.4g} %"
