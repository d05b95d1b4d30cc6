"""What a scenario changes in list prices: the batch share blended in, the region's factor, discounts; then rounded.

Rates are changed before they meet tokens. After all changes a rate is rounded once, half to even, to whole pico-dollars
(six decimals of USD per million tokens), so that sums stay whole numbers.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

from pricing.moments import END, START, midnight
from pricing.rates.in_force import INPUT_KINDS, KINDS
from pricing.rates.key import Key
from pricing.rates.terms import Floats
from pricing.scenario import Scenario
from pricing.scenario.model import Discount

View = Literal["list", "contracted", "effective"]
"""FOCUS: at list prices; with negotiated discounts; with commitments on top."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Changes by cell.

    Args:
        share_frac: Share of the calls billed at the batch price.
        multiplier: Factor of the region.
        kept_frac: Share of the price that discounts leave, by kind.
    """

    share_frac: Floats
    multiplier: Floats
    kept_frac: Floats


def policy_of(
    keys: Sequence[Key], places: Sequence[tuple[int, datetime | None]], discounts: Sequence[Discount], n_above: int
) -> Policy:
    """Policy of each cell, by its key and moment (null: none)."""
    stretches = [None if moment is None else keys[key].at(moment) for key, moment in places]
    moments = [moment or START for _, moment in places]
    multipliers = [
        1.0 if stretch is None else stretch.multiplier(moment)
        for stretch, moment in zip(stretches, moments, strict=True)
    ]
    kinds = (*KINDS, *INPUT_KINDS * n_above)
    kept = np.ones((len(places), len(kinds)))
    for number, (stretch, moment) in enumerate(zip(stretches, moments, strict=True) if discounts else ()):
        if stretch is not None:
            paid = [stretch.paid_as(kind, moment) for kind in kinds]
            kept[number] = [kept_frac(discounts, stretch.biller, stretch.model, each, moment) for each in paid]
    share = np.array([keys[key].share_frac for key, _ in places], dtype=np.float64)
    return Policy(share, np.array(multipliers, dtype=np.float64), kept)


def discounts_of(scenario: Scenario, view: View) -> list[Discount]:
    """Discounts taken off in a view: none at list prices, negotiated ones when contracted, all in the end."""
    kinds = {"list": (), "contracted": ("contract",), "effective": ("contract", "commitment")}[view]
    return [discount for discount in scenario.discount if discount.type in kinds]


def kept_frac(
    discounts: Sequence[Discount], provider: str, model: str, kinds: Collection[str], moment: datetime
) -> float:
    """Share of a price that is left after the discounts that fit one of its kinds, taken one after the other."""
    return math.prod(1 - each.frac for each in discounts if _fits(each, provider, model, kinds, moment))


def _fits(discount: Discount, provider: str, model: str, kinds: Collection[str], moment: datetime) -> bool:
    is_then = midnight(discount.effective_date, START) <= moment < midnight(discount.until_date, END)
    is_meant = discount.provider in (None, provider) and discount.model in (None, model)
    return is_then and is_meant and (not discount.kinds or any(kind in discount.kinds for kind in kinds))


def applied(listed: Floats, policy: Policy) -> Floats:
    """Rates after a policy, rounded to whole pico-dollars: reading (as ``terms.READINGS``) x cell x kind.

    Args:
        listed: Cell x tokens (fewest, stated, most) x endpoint (own, batch) x end (low, high) x kind; nan: not known.
        policy: By cell.
    """
    own, batch = listed[:, :, 0], listed[:, :, 1]
    share = policy.share_frac[:, None, None, None]
    blended = np.where(share == 0, own, np.where(share == 1, batch, (1 - share) * own + share * batch))
    changed = _summed(blended * policy.multiplier[:, None, None, None] * policy.kept_frac[:, None, None, :])
    low, high = changed[:, :, 0].min(axis=1), changed[:, :, 1].max(axis=1)
    return _additions(np.rint(np.stack([low, changed[:, 1, 0], changed[:, 1, 1], high])))


def _summed(rates: Floats) -> Floats:
    """Rates in full above each threshold in place of additions, so that a rate is rounded and not its additions."""
    full = rates[..., None, : len(INPUT_KINDS)] + np.cumsum(_by_threshold(rates), axis=-2)
    return _joined(rates, full)


def _additions(rates: Floats) -> Floats:
    """Undo ``_summed``."""
    return _joined(rates, np.diff(_by_threshold(rates), axis=-2, prepend=rates[..., None, : len(INPUT_KINDS)]))


def _by_threshold(rates: Floats) -> Floats:
    n_above = (rates.shape[-1] - len(KINDS)) // len(INPUT_KINDS)
    return rates[..., len(KINDS) :].reshape(*rates.shape[:-1], n_above, len(INPUT_KINDS))


def _joined(rates: Floats, above: Floats) -> Floats:
    flat = above.reshape(*rates.shape[:-1], rates.shape[-1] - len(KINDS))
    return np.concatenate([rates[..., : len(KINDS)], flat], axis=-1)
