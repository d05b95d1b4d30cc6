"""What every curve starts from: rollouts with their agent, score, resource and weight, one row each."""

from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl

from analyzer.curves.parts.axes import Axis
from analyzer.curves.registry import Option, Tables
from traces.errors import AnalysisError

GROUP: Final = ("benchmark", "agent", "run_id")
MEASURE: Final = Option("measure", ("score", "success"), "What y is: rollouts.score, or is_success as 0 and 1.")
ERRORS: Final = Option(
    "errors",
    ("fail", "drop"),
    "Rollouts ended by an infrastructure error: fail counts one without a score as the lowest score, drop leaves them "
    "out. Both count them.",
)
WEIGHTS: Final = Option(
    "weights", ("tasks", "equal"), "Weight of a task: tasks.weight where the benchmark has any, or equal."
)
BY: Final = Option("by", ("agent", "run"), "What a curve is drawn for: an agent (its runs are attempts) or a run.")
TASKS: Final = Option(
    "tasks",
    ("own", "common"),
    "Tasks in a mean: own, all an agent attempted; common, only those every agent (by=run: every run) of the "
    "benchmark attempted.",
)
OPTIONS: Final = (MEASURE, ERRORS, WEIGHTS, BY, TASKS)


def attempts(tables: Tables, axis: Axis, chosen: Mapping[str, str]) -> pl.DataFrame:
    """Rows of ``every_attempt`` at the chosen tasks: all, or those every agent of the benchmark attempted.

    Raises:
        AnalysisError: if a rollout has no run, or weights or directions contradict each other.
    """
    return of_chosen_tasks(every_attempt(tables, axis, chosen), chosen)


def of_chosen_tasks(rows: pl.DataFrame, chosen: Mapping[str, str]) -> pl.DataFrame:
    """Keep the attempts at common tasks where those are chosen."""
    return rows if chosen.get(TASKS.name, TASKS.default) == TASKS.default else rows.filter("is_common_task")


def every_attempt(tables: Tables, axis: Axis, chosen: Mapping[str, str]) -> pl.DataFrame:
    """One row per rollout, sorted by group, task and rollout, with everything a curve needs.

    Columns: benchmark, agent, run_id (null: several runs in the group), rollout_id, task_id; score (null: not known),
    score_min, score_max, is_higher_better; floor (value of a rollout that has not answered; null: it has none, see
    ``_floor``); x, x_low, x_high; is_error, is_limit_stopped; weight (task weight / attempts of the group at the task)
    and scored_weight (the same over scored attempts, 0 for others); n_missing_tasks (listed tasks never attempted);
    n_benchmark_tasks (tasks any agent of the benchmark attempted), is_common_task (every one of them attempted it).

    Raises:
        AnalysisError: if a rollout has no run, or weights or directions contradict each other.
    """
    protocols = _protocols(tables["runs"], chosen["measure"])
    rows = tables["rollouts"].join(protocols, on="run_id", how="left")
    if rows["agent"].null_count():
        raise AnalysisError(f"{rows['agent'].null_count()} rollouts belong to no run", "read the traces again")
    rows = rows.select(*GROUP, "rollout_id", "task_id", *_scores(chosen["measure"]), *axis.columns(), *_stops())
    _check_directions(rows)
    rows = rows.with_columns(_floor())
    rows = rows.with_columns(pl.when("is_error").then(pl.coalesce("score", "floor")).otherwise("score").alias("score"))
    if chosen["errors"] == "drop":
        rows = rows.filter(~pl.col("is_error"))
    rows = _weighted(rows, tables["tasks"], chosen).with_columns(_shared_tasks(chosen))
    rows = rows.sort(*GROUP, "task_id", "rollout_id", nulls_last=False)
    return rows if chosen["by"] == "run" else rows.with_columns(_shared_run())


def _protocols(runs: pl.DataFrame, measure: str) -> pl.DataFrame:
    columns = runs.select("run_id", "agent", "score_min", "score_max", "is_higher_better")
    if measure == "score":
        return columns
    return columns.with_columns(score_min=pl.lit(0.0), score_max=pl.lit(1.0), is_higher_better=pl.lit(value=True))


def _scores(measure: str) -> tuple[pl.Expr, ...]:
    score = pl.col("score") if measure == "score" else pl.col("is_success").cast(pl.Float64).alias("score")
    return (score.fill_nan(None), pl.col("score_min"), pl.col("score_max"), pl.col("is_higher_better"))


def _stops() -> tuple[pl.Expr, pl.Expr]:
    reason = pl.col("stop_reason")
    return (reason == "error_infra").alias("is_error"), reason.str.starts_with("limit_").alias("is_limit_stopped")


def _check_directions(rows: pl.DataFrame) -> None:
    both = rows.group_by("benchmark").agg(pl.col("is_higher_better").n_unique()).filter(pl.col("is_higher_better") > 1)
    if both.height:
        names = ", ".join(sorted(str(name) for name in both["benchmark"]))
        raise AnalysisError(f"higher scores are better in some runs of {names} and worse in others", "filter the runs")


def _floor() -> pl.Expr:
    """Value of a rollout without an answer: the lowest score, 0 where none is declared.

    There is none where lower is better or a score of the benchmark is (or may be) negative: there, doing nothing
    could beat an honest answer.
    """
    lowest = pl.min_horizontal(pl.col("score").min(), pl.col("score_min").min()).over("benchmark")
    return pl.when(pl.col("is_higher_better") & (lowest.is_null() | (lowest >= 0))).then(
        pl.col("score_min").fill_null(0.0)
    ).alias("floor")  # fmt: skip


def _weighted(rows: pl.DataFrame, tasks: pl.DataFrame, chosen: Mapping[str, str]) -> pl.DataFrame:
    key = [*GROUP, "task_id"] if chosen["by"] == "run" else [*GROUP[:2], "task_id"]
    listed = tasks.select("benchmark", "task_id", pl.col("weight").alias("task_weight"), is_listed=pl.lit(value=True))
    listed = listed.with_columns(n_listed=pl.len().over("benchmark"))
    rows = rows.join(listed, on=["benchmark", "task_id"], how="left", nulls_equal=True)
    rows = rows.with_columns(pl.lit(1.0).alias("task_weight") if chosen["weights"] == "equal" else _task_weight(rows))
    n_listed_here = pl.col("task_id").filter(pl.col("is_listed")).n_unique().over(key[:-1])
    is_scored = pl.col("score").is_not_null()
    return rows.with_columns(
        weight=pl.col("task_weight") / pl.len().over(key),
        scored_weight=pl.when(is_scored).then(pl.col("task_weight") / is_scored.sum().over(key)).otherwise(0.0),
        n_missing_tasks=pl.col("n_listed").max().over("benchmark").fill_null(0).cast(pl.Int64) - n_listed_here,
    ).drop("is_listed", "n_listed")


def _task_weight(rows: pl.DataFrame) -> pl.Expr:
    """Weights as declared, equal where a benchmark declares none.

    Raises:
        AnalysisError: if only some tasks of a benchmark have one, or one is negative.
    """
    known = pl.col("task_weight")
    bad = rows.group_by("benchmark").agg(n=known.count(), n_null=known.null_count(), low=known.min())
    bad = bad.filter((pl.col("n") > 0) & ((pl.col("n_null") > 0) | (pl.col("low") < 0)))
    if bad.height:
        names = ", ".join(sorted(str(name) for name in bad["benchmark"]))
        raise AnalysisError(
            f"weights of {names}: missing for some tasks, or negative", "mend tasks.weight, or use equal"
        )
    return known.fill_null(1.0)


def _shared_tasks(chosen: Mapping[str, str]) -> Iterator[pl.Expr]:
    who = pl.struct("agent", "run_id") if chosen["by"] == "run" else pl.col("agent")
    yield pl.col("task_id").n_unique().over("benchmark").alias("n_benchmark_tasks")
    yield (who.n_unique().over("benchmark", "task_id") == who.n_unique().over("benchmark")).alias("is_common_task")


def _shared_run() -> pl.Expr:
    run = pl.col("run_id")
    return pl.when(run.n_unique().over("benchmark", "agent") == 1).then(run).alias("run_id")
