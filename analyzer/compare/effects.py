"""The change of a cost split into price, policy, mix and volume, by the Shapley value: free of order, and adding up.

The cost of a trace is V * sum over classes of s * r: V its tokens (volume), s what it uses of a class per token (mix),
r what a unit of that costs (under a price list and a policy). Each of the four is switched from A to B in every order;
its effect is the mean of what the switch changes (Shapley 1953, "A value for n-person games"; as a rule for
decompositions: Shorrocks 2013, "Decomposition procedures for distributional analysis", Journal of Economic Inequality
11, 99-126; equal to the complete decomposition of Sun 1998, Energy Economics 20, 85-100).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import factorial
from typing import Final

import numpy as np
import polars as pl

from analyzer.compare.classes import CLASS, Side, class_costs, hybrid
from pricing.rates.terms import Floats

EFFECTS: Final = ("price", "policy", "mix", "volume")
_A, _B = 0, 1
_SIDES: Final = (_A, _B)


def effects(before: Side, after: Side) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split the change of the cost of what can be compared.

    Args:
        before: Trace and scenario A.
        after: Trace and scenario B.

    Returns:
        One row per class (CLASS), with cost_before_usd, cost_after_usd, and price_usd, policy_usd, mix_usd and
        volume_usd, which add up to their difference. Volume is in tokens; a class only one side uses is mix.
        And what is left out, as only one side has a price of it: CLASS, cost_before_usd, cost_after_usd (null: none).
    """
    sides = (before, after)
    scenarios = [hybrid(sides[i].scenario, sides[j].scenario) for i, j in product(_SIDES, _SIDES)]
    of_sides = [class_costs(side, scenarios) for side in sides]
    lost = _lost(of_sides[_A][0], of_sides[_B][-1])
    of_sides = [[frame.filter("is_compared") for frame in frames] for frames in of_sides]
    classes = pl.concat(frame.select(CLASS) for frames in of_sides for frame in frames).unique().sort(CLASS)
    switches = _Switches(
        quantity=_stacked(of_sides, classes, "quantity"),
        priced=_stacked(of_sides, classes, "priced_quantity"),
        cost=_stacked(of_sides, classes, "cost_usd"),
        tokens=(_tokens(of_sides[_A][0]), _tokens(of_sides[_B][-1])),
    )
    parts = shapley(switches.cost_of, len(EFFECTS))
    named = {f"{name}_usd": parts[number] for number, name in enumerate(EFFECTS)}
    ends = {"cost_before_usd": switches.cost_of((_A,) * 4), "cost_after_usd": switches.cost_of((_B,) * 4)}
    return classes.with_columns(pl.Series(name, values) for name, values in (ends | named).items()), lost


def _lost(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Cost on each side, under its own scenario, of what the scenario of the other has no price of."""
    no_fee = (pl.col("kind") == "request") & (pl.col("cost_usd") == 0).fill_null(value=True)
    ends = [
        frame.filter(~pl.col("is_compared"), ~no_fee).select(*CLASS, pl.col("cost_usd").alias(f"cost_{end}_usd"))
        for end, frame in (("before", before), ("after", after))
    ]
    return ends[0].join(ends[1], on=CLASS, how="full", coalesce=True, nulls_equal=True).sort(CLASS)


def shapley(value: Callable[[tuple[int, ...]], Floats], n_players: int) -> list[Floats]:
    """Shapley value of every player: their effects add up to value(all switched) - value(none).

    Args:
        value: What a choice of switches (0 or 1 for every player) is worth.
        n_players: Number of switches.
    """
    worth = {chosen: value(chosen) for chosen in product((0, 1), repeat=n_players)}
    return [_share(worth, player, n_players) for player in range(n_players)]


def _share(worth: Mapping[tuple[int, ...], Floats], player: int, n_players: int) -> Floats:
    """Mean over all orders of what switching one player changes."""
    total = np.zeros_like(next(iter(worth.values())))
    for chosen in worth:
        if not chosen[player]:
            n_before = sum(chosen)
            weight = factorial(n_before) * factorial(n_players - n_before - 1) / factorial(n_players)
            switched = (*chosen[:player], 1, *chosen[player + 1 :])
            total += weight * (worth[switched] - worth[chosen])
    return total


@dataclass(frozen=True, slots=True)
class _Switches:
    """Quantities and costs by trace, price list, policy and class, each A or B; 0 where there is none.

    Args:
        quantity: Trace x price list x policy x class.
        priced: The same, of what has one price.
        cost: Dollars of that.
        tokens: Tokens of each trace under its own scenario.
    """

    quantity: Floats
    priced: Floats
    cost: Floats
    tokens: tuple[float, float]

    def cost_of(self, chosen: tuple[int, ...]) -> Floats:
        """Cost of every class with price list, policy, mix and volume of the sides chosen."""
        price, policy, mix, volume = chosen
        per_token = self.quantity[mix, mix, policy] / (self.tokens[mix] or 1.0)
        cost: Floats = self.tokens[volume] * per_token * self._rate(price, policy)
        return cost

    def _rate(self, price: int, policy: int) -> Floats:
        """Mean cost of a unit of each class; of a class the price list never met, that of the other list."""
        met = [(price, price), (1 - price, price), (1 - price, 1 - price), (price, 1 - price)]
        rate: Floats = np.zeros_like(self.quantity[0, 0, 0])
        for trace, listed in reversed(met):
            quantity, cost = self.priced[trace, listed, policy], self.cost[trace, listed, policy]
            rate = np.divide(cost, quantity, out=rate, where=quantity > 0)
        return rate


def _tokens(frame: pl.DataFrame) -> float:
    return float(sum(frame["tokens"].to_list()))


def _stacked(of_sides: Sequence[Sequence[pl.DataFrame]], classes: pl.DataFrame, column: str) -> Floats:
    """Trace x price list x policy x class."""
    return np.array([[_aligned(frame, classes, column) for frame in frames] for frames in of_sides]).reshape(
        2, 2, 2, classes.height
    )


def _aligned(frame: pl.DataFrame, classes: pl.DataFrame, column: str) -> Floats:
    joined = classes.join(frame, on=list(CLASS), how="left", nulls_equal=True, maintain_order="left")
    values: Floats = joined[column].fill_null(0.0).cast(pl.Float64).to_numpy()
    return values
