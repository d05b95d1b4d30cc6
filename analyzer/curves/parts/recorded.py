"""What sources state in dollars and scores beside, or instead of, calls and rollouts."""

from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl

from analyzer.curves.parts.attempts import GROUP
from analyzer.curves.parts.axes import AXES, RECORDED, Axis
from analyzer.curves.registry import Tables
from analyzer.words import counted, listed
from traces.sums import total

_STATED: Final = ("recorded_score", "recorded_cost_usd", "recorded_n_rollouts")


def stated_points(tables: Tables, chosen: Mapping[str, str]) -> pl.DataFrame:
    """One point per group of which there are only runs without rollouts: what their source states.

    x = dollars per stated rollout, y = score (null unless it is the score that is measured), runs weighted by their
    rollouts; null where one run does not state it. There are no bounds beside what a source states.
    """
    group = GROUP if chosen["by"] == "run" else GROUP[:2]
    seen = tables["rollouts"].select("run_id").unique().with_columns(is_seen=pl.lit(value=True))
    runs = tables["runs"].join(seen, on="run_id", how="left")
    bare = runs.filter(pl.col("is_seen").is_null().all().over(group)).sort(*GROUP, nulls_last=False)
    n = pl.col("recorded_n_rollouts")
    y = total(pl.col("recorded_score") * n) / total(n) if chosen["measure"] == "score" else pl.lit(None, pl.Float64)
    points = bare.group_by(group, maintain_order=True).agg(
        *([] if chosen["by"] == "run" else [_only_run()]),
        (total("recorded_cost_usd") / total(n)).fill_nan(None).alias("x"),
        y.fill_nan(None).alias("y"),
        pl.col("is_higher_better").first(),
    )
    ends = {f"{axis}_{end}": pl.col(axis) for axis in "xy" for end in ("low", "high")}
    nothing = (pl.lit(0, pl.UInt32).alias(name) for name in ("n_rollouts", "n_tasks"))
    return points.with_columns(*nothing, **ends)


def left_out(tables: Tables, axis: Axis, chosen: Mapping[str, str], *, is_point: bool) -> Iterator[str]:
    """Count the runs without rollouts, and say where the source states dollars that could not be recomputed."""
    rollouts = tables["rollouts"]
    bare = tables["runs"].join(rollouts, on="run_id", how="anti")
    if bare.height and is_point and axis is RECORDED:
        placed = stated_points(tables, chosen).height
        yield (
            f"{counted(bare.height, 'run')} without rollouts: {counted(placed, 'point')} from the score, dollars and "
            "number of rollouts the source states for a run; where an agent has rollouts too, such runs are left out."
        )
    elif bare.height:
        yield f"{counted(bare.height, 'run')} without rollouts not in this curve."
    if axis.name == "dollars":
        yield from _hints(tables, bare)


def _hints(tables: Tables, bare: pl.DataFrame) -> Iterator[str]:
    owned = tables["rollouts"].join(tables["runs"].select("run_id", "agent"), on="run_id", how="left")
    agents = owned.group_by("agent").agg(
        n_known=AXES["dollars"].point.count(), n_stated=pl.col("recorded_cost_usd").count()
    )
    only_stated = agents.filter((pl.col("n_known") == 0) & (pl.col("n_stated") > 0))["agent"].to_list()
    stated_whole = bare.filter(pl.all_horizontal(pl.col(name).is_not_null() for name in _STATED))["agent"].to_list()
    names = sorted({*only_stated, *stated_whole})
    if names:
        yield f"No dollars could be recomputed, but the source states some (cost=recorded uses them): {listed(names)}."


def _only_run() -> pl.Expr:
    return pl.when(pl.len() == 1).then(pl.col("run_id").first()).alias("run_id")
