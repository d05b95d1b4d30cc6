"""A lever: one price or one policy, the settings it can have, and what each does to the cost of every scope."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from analyzer.tornado.question import Question
from pricing.rates.terms import Floats

LEAST_FRAC: Final = 1e-9
"""Of the cost: less is the rounding of sums."""


@dataclass(frozen=True, slots=True)
class End:
    """One setting of a lever.

    Args:
        setting: It, in words.
        change_usd: Change of cost by scope, where cost is one figure both ways; nan: nowhere.
        known_frac: Share of the priced dollars of each scope for which it is.
        is_assumed: Whether, by scope, it rests on prices that are assumed.
    """

    setting: str
    change_usd: Floats
    known_frac: Floats
    is_assumed: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Lever:
    """One price or policy.

    Args:
        name: It, in words.
        base: Its setting in the scenario, in words.
        ends: Its other settings.
        price_model: Model whose price it is; null: a policy.
        kind: Kind of usage the price is of; null: a policy.
        part_usd: What the price adds to the cost, by scope; null: a policy.
        is_optional: It is no lever of a scope where its prices are not listed.
    """

    name: str
    base: str
    ends: tuple[End, ...]
    price_model: str | None = None
    kind: str | None = None
    part_usd: Floats | None = None
    is_optional: bool = False

    def settings(self, scope: int) -> list[tuple[str, float]]:
        """Its base and those of its other settings of which the change of cost is known, with that change in USD."""
        known = [end for end in self.ends if not np.isnan(end.change_usd[scope])]
        return [(self.base, 0.0), *((end.setting, float(end.change_usd[scope])) for end in known)]

    def is_unknown(self, scope: int) -> bool:
        """Whether some setting has no price in a scope, so that it may move more than is known."""
        return any(bool(np.isnan(end.change_usd[scope])) for end in self.ends)


def certain_end(question: Question, setting: str, change_usd: Floats) -> End:
    """Give a setting whose change is known in full, and rests on nothing assumed."""
    n = question.scopes.height
    return End(setting, change_usd, np.ones(n), np.zeros(n, dtype=np.bool_))
