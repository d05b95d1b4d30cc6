"""What a change of cost is due to: price, tokens per turn and turns, by the logarithmic mean Divisia index.

LMDI-I, additive: effect of factor x = L(c1, c0) ln(x1 / x0) with L(a, b) = (a - b) / ln(a / b), L(a, a) = a, so that
the effects add up to the change (Ang, "Decomposition analysis for policymaking in energy: which is the preferred
method?", Energy Policy 32, 2004; "The LMDI approach to decomposition analysis: a practical guide", Energy Policy 33,
2005). Where one of two costs is 0, all of the change is due to the price: the limit of small values (Ang and Liu,
"Handling zero values in the logarithmic mean Divisia index decomposition approach", Energy Policy 35, 2007).
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

from analyzer.history.tables import EFFECTS

FACTORS: Final = ("blended_usd_per_mtok", "turn_tokens", "mean_turns")
"""Their product is the cost, but for the million."""

_MTOK: Final = 1e6
_NEAR: Final = 1e-6
"""Below this difference of logarithms their mean is the arithmetic one: closer to L than its own rounding."""


def with_factors(rows: pl.DataFrame) -> pl.DataFrame:
    """Add turn_tokens and blended_usd_per_mtok to rows with mean_cost_usd, mean_tokens and mean_turns."""
    tokens, turns = pl.col("mean_tokens"), pl.col("mean_turns")
    return rows.with_columns(
        turn_tokens=pl.when(turns > 0).then(tokens / turns),
        blended_usd_per_mtok=pl.when(tokens > 0).then(pl.col("mean_cost_usd") / (tokens / _MTOK)),
    )


def with_effects(rows: pl.DataFrame, key: Sequence[str], who: Sequence[str]) -> pl.DataFrame:
    """Add change_usd and its three effects, against the row before of the same key; all null in the first.

    Where the same agent stays, only the price can have changed, so that its usage need not be known.

    Args:
        rows: With mean_cost_usd and ``FACTORS``, sorted by key and time.
        key: Columns within which rows follow each other.
        who: Columns that identify an agent.
    """
    cost = pl.col("mean_cost_usd")
    before = cost.shift(1).over(key)
    change = cost - before
    is_same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1).over(key)) for name in who)
    is_price_only = is_same | (cost == 0) | (before == 0)
    none = pl.when(change.is_not_null()).then(0.0)
    weight = _logarithmic_mean(cost, before)
    shares = [weight * (pl.col(name) / pl.col(name).shift(1).over(key)).log() for name in FACTORS]
    price, *others = (
        pl.when(is_price_only).then(alone).when(change.is_not_null()).then(share)
        for alone, share in zip((change, none, none), shares, strict=True)
    )  # fmt: skip
    effects = dict(zip(EFFECTS, (price, *others), strict=True))
    return rows.with_columns(change_usd=change, **effects)


def _logarithmic_mean(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    difference = (a / b).log()
    return pl.when(difference.abs() < _NEAR).then((a + b) / 2).otherwise((a - b) / difference)
