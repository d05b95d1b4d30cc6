"""One point per group: task-weighted mean score against the task-weighted mean of a resource."""

from collections.abc import Iterator, Mapping
from functools import partial

import polars as pl

from analyzer.curves.parts.attempts import GROUP, OPTIONS, every_attempt, of_chosen_tasks
from analyzer.curves.parts.axes import AXES, COST, RECORDED, SECONDS, Axis, chosen_axis
from analyzer.curves.parts.coverage import coverage, gaps, rules, uneven, whose
from analyzer.curves.parts.recorded import left_out, stated_points
from analyzer.curves.registry import Curve, CurveResult, Tables
from analyzer.words import at_least, listed
from traces.sums import total


def mean_curve(name: str, axis: str, summary: str, source: str) -> Curve:
    """Make a curve of ``mean_points`` over an axis; dollars offer recorded ones too, seconds those as recorded."""
    own = {"dollars": (COST,), "seconds": (SECONDS,)}.get(axis, ())
    return Curve(name, summary, source, (*own, *OPTIONS), partial(mean_points, name, AXES[axis]))


def mean_points(name: str, axis: Axis, tables: Tables, chosen: Mapping[str, str]) -> CurveResult:
    """Mean score and mean resource of one attempt, tasks weighted, of every group.

    x is null if the resource of any rollout is not known, with x_low and x_high (null: unbounded) beside it. y is
    the mean over scored rollouts; in y_low and y_high an unscored one takes the lowest and the highest score (null:
    no such score is known). With recorded dollars, a group without rollouts is placed by what its source states.

    Raises:
        AnalysisError: if a rollout has no run, or weights or directions contradict each other.
    """
    axis = chosen_axis(axis, chosen)
    whole = every_attempt(tables, axis, chosen)
    rows = of_chosen_tasks(whole, chosen)
    points = rows.group_by(GROUP, maintain_order=True).agg(*mean_resource(), *mean_score())
    frame = points.join(coverage(rows), on=GROUP, nulls_equal=True, maintain_order="left")
    if axis is RECORDED:
        frame = pl.concat([frame, stated_points(tables, chosen)], how="diagonal_relaxed").sort(*GROUP, nulls_last=False)
    frame = frame.select(pl.lit(name).alias("curve"), pl.lit(axis.name).alias("axis"), pl.all())
    notes = (*_definition(axis), *rules(rows, axis, chosen), *uneven(whole, chosen), *gaps(rows, axis))
    notes = (*notes, *_placed(frame, axis), *_unplaced(frame, axis), *left_out(tables, axis, chosen, is_point=True))
    label = f"{axis.unit[0].upper()}{axis.unit[1:]} per attempt, {axis.origin or 'mean over tasks'}"
    y_label = "Score" if chosen["measure"] == "score" else "Share of tasks solved"
    return CurveResult(name, f"{y_label} versus {axis.noun}", frame, label, y_label, notes, "points")


def mean_resource() -> Iterator[pl.Expr]:
    """Aggregate ``attempts`` to x, x_low and x_high: the task-weighted mean resource of one attempt."""
    for name in ("x", "x_low", "x_high"):
        yield (total(pl.col(name) * pl.col("weight")) / pl.col("weight").sum()).alias(name)


def mean_score() -> Iterator[pl.Expr]:
    """Aggregate ``attempts`` to y, y_low and y_high: the task-weighted mean score and what unscored ones leave open."""
    scored = pl.col("scored_weight")
    yield ((pl.col("score") * scored).sum() / scored.sum()).fill_nan(None).alias("y")
    for name in ("low", "high"):
        extreme = pl.col("score_min" if name == "low" else "score_max")
        value = pl.coalesce("score", extreme) * pl.col("weight")
        yield (total(value) / pl.col("weight").sum()).alias(f"y_{name}")


def _definition(axis: Axis) -> Iterator[str]:
    yield f"x: mean {axis.noun} of one attempt at a task; y: mean score; both task-weighted, failed attempts included."


def _placed(frame: pl.DataFrame, axis: Axis) -> Iterator[str]:
    """Name the points that stand at the upper end of what is possible, and those inside a range."""
    is_wide, is_highest = pl.col("x_low") < pl.col("x"), pl.col("x") == pl.col("x_high")
    names = frame.filter(is_wide & is_highest).select(whose(frame)).to_series().to_list()
    if names:
        yield (
            f"Placed at the highest {axis.noun} they can have, as not all in them is told apart; the bar shows "
            f"the range: {listed(names)}."
        )
    names = frame.filter(is_wide & ~is_highest.fill_null(value=False)).select(whose(frame)).to_series().to_list()
    if names:
        yield f"Placed at the single figure of their {axis.noun}; the bar shows where it can lie: {listed(names)}."


def _unplaced(frame: pl.DataFrame, axis: Axis) -> Iterator[str]:
    rows = frame.filter(pl.col("x").is_null()).select(whose(frame), "x_low").iter_rows()
    named = [f"{agent} ({at_least('{:.4g}'.format, low)})" for agent, low in rows]
    if named:
        yield f"Not placed, as its {axis.unit} per attempt are not known in full: {', '.join(named)}."
    unscored = (
        frame.filter(pl.col("x").is_not_null() & pl.col("y").is_null()).select(whose(frame)).to_series().to_list()
    )
    if unscored:
        yield f"Not placed, as no score is known: {', '.join(unscored)}."
