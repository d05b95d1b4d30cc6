"""Who leads at every moment: the cheapest agent that reaches a score, and the best-scoring one with its factors."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from analyzer.curves.parts.attempts import GROUP
from analyzer.history.costs import changes
from analyzer.history.factors import FACTORS, with_effects, with_factors
from analyzer.history.tables import COSTS, EFFECTS

_MOST_THRESHOLDS: Final = 4
_CHANGES: Final = ("change_usd", *EFFECTS)
_SLACK: Final = 1e-9
"""A mean of scores may lie this far below the score it stands for."""


def thresholds(agents: pl.DataFrame, scores: Sequence[float]) -> pl.DataFrame:
    """Scores to reach, per benchmark: those given, else the agents' own; of more than four, their quartiles.

    Returns:
        benchmark, score_threshold and _least, the gain that reaches it, from the easiest on.
    """
    scored = agents.filter(pl.col("score").is_not_null()).select("benchmark", "is_higher_better", _least=_gain())
    if scores:
        given = pl.DataFrame({"score_threshold": sorted(set(scores))}, schema={"score_threshold": pl.Float64})
        directions = scored.select("benchmark", "is_higher_better").unique()
        rows = directions.join(given, how="cross").with_columns(_least=pl.col("score_threshold") * _sign())
    else:
        own = scored.unique().sort("benchmark", "_least", nulls_last=False)
        rows = own.filter(_is_quartile()).with_columns(score_threshold=pl.col("_least") * _sign())
    return rows.select("benchmark", "score_threshold", "_least").sort("benchmark", "_least", nulls_last=False)


def cheapest(panel: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """Lowest cost of reaching each score at every change; rows of CHEAPEST.

    An agent whose cost is not one figure cannot be the cheapest: it only widens the bounds, and where it is not known
    in full not even those, as it may cost anything, unless nobody else reaches the score. Where it certainly costs less
    than the cheapest that has one figure, there is no one figure.

    Args:
        panel: Rows of ``compute.panel_of``.
        wanted: Rows of ``thresholds``.
    """
    key = ["benchmark", "score_threshold"]
    at = [*key, "priced_at"]
    moments = panel.select("benchmark", "priced_at").unique().join(wanted, on="benchmark", nulls_equal=True)
    those = reaching(panel.filter("is_callable"), wanted)
    bounds = those.group_by(at).agg(
        is_reached=pl.lit(value=True),
        mean_cost_low_usd=pl.coalesce(
            pl.col("mean_cost_low_usd").filter(pl.col("mean_cost_high_usd").is_not_null()).min(),
            pl.col("mean_cost_low_usd").min(),
        ),
        mean_cost_high_usd=pl.col("mean_cost_high_usd").min(),
    )
    points = those.filter(pl.col("mean_cost_usd").is_not_null()).sort("mean_cost_usd", *GROUP, nulls_last=False)
    points = points.unique(at, keep="first", maintain_order=True).select(
        *at, *GROUP[1:], "score", "n_tasks", "mean_cost_usd"
    )
    points = points.join(bounds.select(*at, "mean_cost_high_usd"), on=at, nulls_equal=True)
    points = points.filter((pl.col("mean_cost_usd") <= pl.col("mean_cost_high_usd")).fill_null(value=True))
    rows = moments.join(bounds, on=at, how="left", nulls_equal=True)
    rows = rows.join(points.drop("mean_cost_high_usd"), on=at, how="left", nulls_equal=True)
    rows = rows.sort("benchmark", "_least", "priced_at", nulls_last=False)
    rows = rows.with_columns(pl.col("is_reached").fill_null(value=False))
    return changes(rows, key, [*GROUP[1:], *COSTS, "is_reached"])


def reaching(rows: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """Pair rows of agents with every score they reach."""
    scored = rows.filter(pl.col("score").is_not_null()).join(wanted, on="benchmark", nulls_equal=True)
    return scored.filter(_gain() >= pl.col("_least") - _SLACK)


def best(panel: pl.DataFrame) -> pl.DataFrame:
    """Best-scoring agent at every change, of equal ones the cheaper, with factors and effects; rows of BEST."""
    at = ["benchmark", "priced_at"]
    first = panel.filter("is_callable").group_by("benchmark").agg(_first=pl.col("priced_at").min())
    moments = panel.select(at).unique().join(first, on="benchmark", nulls_equal=True)
    moments = moments.filter(pl.col("priced_at") >= pl.col("_first")).select(at)
    ranked = panel.filter("is_callable", pl.col("score").is_not_null()).sort(
        *at, _gain(), "mean_cost_usd", *GROUP[1:], descending=[False, False, True, *[False] * 3], nulls_last=True
    )
    leaders = ranked.unique(at, keep="first", maintain_order=True)
    rows = moments.join(leaders, on=at, how="left", nulls_equal=True).sort(at, nulls_last=False)
    rows = changes(with_factors(rows), ["benchmark"], [*GROUP[1:], *COSTS])
    return with_effects(rows, ["benchmark"], GROUP[1:]).select(
        *at, *GROUP[1:], "score", "n_tasks", *COSTS, *reversed(FACTORS), r"^.*change_usd$", r"^.*_effect_usd$"
    )


def best_change(rows: pl.DataFrame) -> pl.DataFrame:
    """Split the change from the first to the last known cost of a best-scoring agent; rows of BEST_CHANGE.

    Args:
        rows: Rows of ``best``.
    """
    known = rows.filter(pl.col("mean_cost_usd").is_not_null())
    place, n = pl.int_range(pl.len()).over("benchmark"), pl.len().over("benchmark")
    ends = with_effects(known.filter((place == 0) | (place == n - 1)), ["benchmark"], GROUP[1:])
    names = {"first_at": "priced_at", "first_agent": "agent", "last_at": "priced_at", "last_agent": "agent"}
    return ends.group_by("benchmark", maintain_order=True).agg(
        *(getattr(pl.col(column), name.partition("_")[0])().alias(name) for name, column in names.items()),
        *(pl.when(pl.len() == 1).then(0.0).otherwise(pl.col(name).last()).alias(name) for name in _CHANGES),
    )


def _gain() -> pl.Expr:
    return pl.col("score") * _sign()


def _sign() -> pl.Expr:
    return pl.when("is_higher_better").then(1.0).otherwise(-1.0)


def _is_quartile() -> pl.Expr:
    """All of a few sorted rows of a benchmark, else their nearest-rank quartiles."""
    n, rank = pl.len().over("benchmark"), pl.int_range(1, pl.len() + 1).over("benchmark")
    quartiles = (rank == (n * quarter / _MOST_THRESHOLDS).ceil() for quarter in range(1, _MOST_THRESHOLDS + 1))
    return (n <= _MOST_THRESHOLDS) | pl.any_horizontal(*quartiles)
