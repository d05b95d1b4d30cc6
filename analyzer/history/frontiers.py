"""The frontier at two moments: who stayed, who entered, who left."""

from datetime import datetime

import polars as pl

from analyzer.curves.parts.attempts import GROUP
from analyzer.frontier import frontier


def then_and_now(panel: pl.DataFrame, end: datetime) -> pl.DataFrame:
    """Mark the staircase frontier of each benchmark at the first moment with an agent and at the end; rows of FRONTIER.

    Args:
        panel: Rows of ``compute.panel_of``.
        end: The last moment.
    """
    callable_now = panel.filter("is_callable")
    first = callable_now.group_by("benchmark").agg(then_at=pl.col("priced_at").min())
    joined = callable_now.join(first, on="benchmark", nulls_equal=True)
    then = _marked(joined.filter(pl.col("priced_at") == pl.col("then_at")), "then")
    now = _marked(joined.filter(pl.col("priced_at") == end), "now")
    everyone = panel.select(*GROUP, "score").unique().join(first, on="benchmark", nulls_equal=True)
    rows = everyone.join(then, on=GROUP, how="left", nulls_equal=True).join(now, on=GROUP, how="left", nulls_equal=True)
    return rows.with_columns(_is_on("then"), _is_on("now"), now_at=pl.lit(end)).with_columns(status=_status())


def _marked(points: pl.DataFrame, when: str) -> pl.DataFrame:
    axes = {"x": "mean_cost_usd", "x_low": "mean_cost_low_usd", "x_high": "mean_cost_high_usd", "y": "score"}
    named = points.select(*GROUP, "is_higher_better", **{name: pl.col(column) for name, column in axes.items()})
    return frontier(named).select(
        *GROUP,
        pl.col("x").alias(f"mean_cost_{when}_usd"),
        pl.col("is_on_frontier").alias(f"is_on_frontier_{when}"),
        pl.lit(value=True).alias(f"_is_there_{when}"),
    )


def _is_on(when: str) -> pl.Expr:
    """Whether it is on the frontier; one that cannot be called is not."""
    return pl.when(f"_is_there_{when}").then(f"is_on_frontier_{when}").otherwise(pl.lit(value=False)).alias(
        f"is_on_frontier_{when}"
    )  # fmt: skip


def _status() -> pl.Expr:
    then, now = pl.col("is_on_frontier_then"), pl.col("is_on_frontier_now")
    return (
        pl.when(then.is_null() | now.is_null()).then(None)
        .when(then & now).then(pl.lit("stayed"))
        .when(now).then(pl.lit("entered"))
        .when(then).then(pl.lit("left"))
        .otherwise(pl.lit("off"))
    )  # fmt: skip
