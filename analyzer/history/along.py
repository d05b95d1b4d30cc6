"""An attribute in the place of time: the cheapest agent that reaches a score, of those up to a value of it."""

from typing import Final

import polars as pl

from analyzer.curves.parts.attempts import GROUP
from analyzer.history.attributes import numbers_of
from analyzer.history.leaders import reaching

_AXES: Final = ("attribute_value", "attribute_date")


def with_axis(agents: pl.DataFrame, name: str) -> pl.DataFrame:
    """Add attribute_value or attribute_date, whichever the attribute is; the other is null.

    Raises:
        UsageError: if there is no such attribute, or it is neither a number nor a date.
    """
    values = numbers_of(agents, "--axis", name)
    is_date = values.dtype == pl.Date
    nothing = pl.lit(None, pl.Float64 if is_date else pl.Date)
    filled, empty = _AXES[::-1] if is_date else _AXES
    return agents.with_columns(values.alias(filled), nothing.alias(empty))


def along(now: pl.DataFrame, agents: pl.DataFrame, wanted: pl.DataFrame, name: str | None) -> pl.DataFrame:
    """Lowest cost of reaching each score by agents up to each value of an attribute; rows of ALONG.

    Args:
        now: Rows of ``compute.panel_of`` at the last moment, of agents that count.
        agents: Agents with their attributes.
        wanted: Rows of ``leaders.thresholds``.
        name: The attribute; null: none is asked for.
    """
    placed = now.clear() if name is None else now
    valued = agents.with_columns(_nothing()) if name is None else with_axis(agents, name)
    rows = placed.join(valued.select(*GROUP, *_AXES), on=GROUP, how="left", nulls_equal=True)
    rows = rows.filter(pl.col("mean_cost_usd").is_not_null(), pl.any_horizontal(pl.col(_AXES).is_not_null()))
    key = ["benchmark", "score_threshold"]
    ordered = reaching(rows, wanted).sort(*key, *_AXES, "mean_cost_usd", *GROUP[1:], nulls_last=False)
    lowest = pl.col("mean_cost_usd").cum_min().shift(1).over(key)
    return ordered.filter((pl.col("mean_cost_usd") < lowest).fill_null(value=True))


def _nothing() -> list[pl.Expr]:
    return [pl.lit(None, pl.Float64).alias(_AXES[0]), pl.lit(None, pl.Date).alias(_AXES[1])]
