"""Score at a budget: what each agent would have scored had every rollout been cut off at B."""

from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl

from analyzer.curves.parts.attempts import GROUP, OPTIONS, every_attempt, of_chosen_tasks
from analyzer.curves.parts.axes import AXES, COST, Axis, chosen_axis
from analyzer.curves.parts.coverage import coverage, gaps, rules, uneven
from analyzer.curves.parts.recorded import left_out
from analyzer.curves.parts.staircase import staircase
from analyzer.curves.registry import Curve, CurveResult, Option, Tables

NAME: Final = "score_at_budget"
MAX_POINTS: Final = 2000
_AXIS: Final = Option("axis", tuple(AXES), "Resource that is capped.")
_USE: Final = Option("use", ("point", "low", "high"), "Figure of the resource that places a rollout on the axis.")


def compute(tables: Tables, chosen: Mapping[str, str]) -> CurveResult:
    """S(B) = sum over tasks of w_t (1/n_t) sum over attempts of y_i 1(C_i <= B), at every distinct B of each group.

    Where lower scores are better, or scores may be negative, an unfinished rollout has no value: there y is the mean
    over the rollouts finished by B, with finished_frac beside it, and nothing says that y grows.

    x is a chosen budget, so x_low = x = x_high. y_low and y_high hold whatever the unknown costs and scores are and
    whatever rollouts stopped by a limit of their own at or below B would have gone on to score.

    Raises:
        UsageError: if recorded dollars are chosen on another axis than dollars.
        AnalysisError: if a rollout has no run, or weights or directions contradict each other.
    """
    axis = chosen_axis(AXES[chosen["axis"]], chosen)
    whole = every_attempt(tables, axis, chosen)
    rows = of_chosen_tasks(whole, chosen)
    steps = staircase(rows, chosen["use"])
    frame = _thinned(steps).join(coverage(rows), on=GROUP, nulls_equal=True, maintain_order="left")
    named = pl.lit(NAME).alias("curve"), pl.lit(axis.name).alias("axis"), pl.lit(chosen["use"]).alias("use")
    bounds = pl.col("x").alias("x_low"), pl.col("x").alias("x_high")
    frame = frame.select(*named, *GROUP, "x", *bounds, pl.exclude(*GROUP, "x"))
    notes = (*_definition(rows), *_placing(rows, axis, chosen["use"]), *rules(rows, axis, chosen), *_limits(rows))
    notes = (*notes, *uneven(whole, chosen), *gaps(rows, axis), *_thinning(steps, frame))
    notes = (*notes, *left_out(tables, axis, chosen, is_point=False))
    y_label = "Score" if chosen["measure"] == "score" else "Share of tasks solved"
    label = f"Budget per rollout ({', '.join(filter(None, (axis.unit, axis.origin)))})"
    return CurveResult(NAME, "Score at a budget", frame, label, y_label, notes, "steps")


def _thinned(steps: pl.DataFrame) -> pl.DataFrame:
    """At most MAX_POINTS rows per group, evenly by rank, the last always kept: each kept row is exact."""
    n, rank = pl.len().over(GROUP), pl.int_range(pl.len()).over(GROUP)
    stride = ((n - 1) / (MAX_POINTS - 1)).ceil().clip(lower_bound=1).cast(pl.Int64)
    return steps.filter((rank % stride == 0) | (rank == n - 1))


def _thinning(steps: pl.DataFrame, frame: pl.DataFrame) -> Iterator[str]:
    if frame.height < steps.height:
        yield f"{frame.height} of {steps.height} steps are listed; the listed ones are exact."


def _definition(rows: pl.DataFrame) -> Iterator[str]:
    yield "A replayed cap is a truncation: an agent told its budget acts differently."
    if rows["floor"].count():
        yield "Rollouts not ended by the budget count with the lowest score."
    if rows["floor"].null_count():
        yield "Where lower is better or scores can be negative, y is the mean over rollouts finished by the budget."


def _placing(rows: pl.DataFrame, axis: Axis, use: str) -> Iterator[str]:
    words = {"point": "best single figure", "low": "lowest possible figure", "high": "highest possible figure"}
    is_highest = (pl.col("x_low") < pl.col("x")) & (pl.col("x") == pl.col("x_high"))
    n_wide = rows.filter(is_highest).height
    is_upper = use == "point" and n_wide
    upper = f": for {n_wide} of {rows.height}, not told apart in full, the highest they can be" if is_upper else ""
    yield f"A rollout is placed by the {words[use]} of its {axis.noun}{upper}."
    n_ranged = rows.filter((pl.col("x_low") < pl.col("x")) & (pl.col("x") < pl.col("x_high"))).height
    if n_ranged:
        of = f"{n_ranged} of {rows.height}"
        yield f"The {axis.noun} of {of} are an estimate with a range: the band is what that leaves open."


def _limits(rows: pl.DataFrame) -> Iterator[str]:
    stopped = rows.filter("is_limit_stopped")
    if stopped.is_empty():
        yield "No rollout was stopped by a limit: each line is exact at every budget where the resource is known."
        return
    n_kept = stopped["floor"].count()
    words = "rollouts were stopped by a limit of their own: from there on the band runs from the"
    if n_kept:
        yield f"{n_kept} {words} score they stopped with to the highest score."
    if n_kept < stopped.height:
        yield f"{stopped.height - n_kept} {words} lowest to the highest score, as no answer has no value of its own."
    if stopped["score_max"].null_count():
        yield "The highest possible score is not known for some of them: no upper bound from there on."


CURVE: Final = Curve(
    NAME,
    "Score if every rollout had been cut off at a budget, with what is not identified as a band.",
    "METR/eval-analysis-public src/horizon/wrangle/score_over_resource.py: runs above the cap count as 0.",
    (_AXIS, COST, _USE, *OPTIONS),
    compute,
)
