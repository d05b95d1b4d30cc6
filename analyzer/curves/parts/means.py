"""One point per group: task-weighted mean score against the task-weighted mean of a resource."""

from collections.abc import Iterator, Mapping

import polars as pl

from analyzer.curves.parts.attempts import GROUP, attempts
from analyzer.curves.parts.axes import Axis
from analyzer.curves.parts.coverage import coverage, gaps, rules
from analyzer.curves.registry import CurveResult, Tables
from traces.sums import total


def mean_points(name: str, axis: Axis, tables: Tables, chosen: Mapping[str, str]) -> CurveResult:
    """Mean score and mean resource of one attempt, tasks weighted, of every group.

    x is null if the resource of any rollout is not known, with x_low and x_high (null: unbounded) beside it. y is
    the mean over scored rollouts; in y_low and y_high an unscored one takes the lowest and the highest score (null:
    no such score is known).

    Raises:
        AnalysisError: if a rollout has no run, or weights or directions contradict each other.
    """
    rows = attempts(tables, axis, chosen)
    points = rows.group_by(GROUP, maintain_order=True).agg(*_resource(), *mean_score())
    frame = points.join(coverage(rows), on=GROUP, nulls_equal=True, maintain_order="left")
    frame = frame.select(pl.lit(name).alias("curve"), pl.lit(axis.name).alias("axis"), pl.all())
    notes = (*_definition(axis), *rules(rows, axis, chosen), *gaps(rows, axis), *_unplaced(frame, axis))
    label = f"{axis.unit[0].upper()}{axis.unit[1:]} per attempt, mean over tasks"
    y_label = "Score" if chosen["measure"] == "score" else "Share of tasks solved"
    return CurveResult(name, f"{y_label} versus {axis.name}", frame, label, y_label, notes, "points")


def _resource() -> Iterator[pl.Expr]:
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
    yield f"x: mean {axis.name} of one attempt at a task; y: mean score; both task-weighted, failed attempts included."


def _unplaced(frame: pl.DataFrame, axis: Axis) -> Iterator[str]:
    rows = frame.filter(pl.col("x").is_null()).select("agent", "x_low").iter_rows()
    named = [f"{agent} ({f'at least {low:.4g}' if low else 'not known'})" for agent, low in rows]
    if named:
        yield f"Not placed, as its {axis.unit} per attempt are not known in full: {', '.join(named)}."
