"""Policies as levers: the cost of every scope with a policy otherwise, as far as prices for that are listed."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from analyzer.tornado.lever import LEAST_FRAC, End, Lever
from analyzer.tornado.policies import Policy
from analyzer.tornado.question import Question
from pricing.rates.terms import Floats
from pricing.scenario import Scenario


def unassumed(policy: Policy) -> list[Scenario]:
    """Give the scenarios of a policy without what they assume; none: they assume nothing."""
    halved = (scenario for _, scenario in policy.ends if policy.is_listed and scenario.unlisted_tiers == "half")
    return [_listed(scenario) for scenario in halved]


def policy_levers(question: Question, chosen: Iterable[Policy]) -> Iterator[Lever]:
    """Every policy at its other settings; regions in which all cost the same are one lever."""
    alike: list[Lever] = []
    for policy in chosen:
        ends = tuple(_end(question, policy, *end) for end in policy.ends)
        lever = Lever(policy.lever, policy.base, ends, is_optional=policy.is_optional)
        if not policy.lever.startswith("region "):
            yield lever
        elif twin := next((each for each in alike if _is_same(each, lever)), None):
            alike[alike.index(twin)] = replace(twin, name=f"{twin.name}, {lever.name.removeprefix('region ')}")
        else:
            alike.append(lever)
    yield from alike


def _end(question: Question, policy: Policy, setting: str, scenario: Scenario) -> End:
    moved = question.usd(scenario)
    change_usd, known_frac = _change(question, moved)
    is_assumed = np.zeros(question.scopes.height, dtype=np.bool_)
    if policy.is_listed and scenario.unlisted_tiers == "half":
        is_halved = np.isnan(question.usd(_listed(scenario))) & ~np.isnan(moved)
        is_assumed = question.by_scope(np.where(is_halved, question.base_usd, 0.0)) > 0
    return End(setting, change_usd, known_frac, is_assumed)


def _change(question: Question, moved: Floats) -> tuple[Floats, Floats]:
    """Change of cost by scope, and the share of the priced dollars it is known of."""
    base = question.base_usd
    change, known = question.by_scope(moved - base), question.by_scope(np.where(np.isnan(moved), 0.0, base))
    priced = question.priced_usd
    share = np.divide(known, priced, out=np.ones_like(priced), where=priced > 0)
    share = np.where(np.abs(1 - share) < LEAST_FRAC, 1.0, share)
    return np.where(share < LEAST_FRAC, np.nan, change), share


def _listed(scenario: Scenario) -> Scenario:
    return scenario.model_copy(update={"unlisted_tiers": "unknown"})


def _is_same(one: Lever, other: Lever) -> bool:
    return all(np.allclose(a.change_usd, b.change_usd) for a, b in zip(one.ends, other.ends, strict=True))
