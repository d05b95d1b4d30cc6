"""What a group of rollouts rests on: its counts as columns, and as sentences for under the figure."""

from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl

from analyzer.curves.parts.attempts import GROUP, TASKS
from analyzer.curves.parts.axes import Axis
from analyzer.words import listed

_ANSWER_RULE: Final = "An answer counts from the end of its rollout, with all it used up to there."


def coverage(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per group of ``attempts``: counts, and known_frac, the share of weight with known score and x."""
    is_known = pl.col("score").is_not_null() & pl.col("x").is_not_null()
    return rows.group_by(GROUP, maintain_order=True).agg(
        n_rollouts=pl.len(),
        n_tasks=pl.col("task_id").n_unique(),
        n_benchmark_tasks=pl.col("n_benchmark_tasks").first(),
        n_missing_tasks=pl.col("n_missing_tasks").first(),
        n_unscored=pl.col("score").null_count(),
        n_unknown_x=pl.col("x").null_count(),
        n_errors=pl.col("is_error").sum(),
        n_limit_stopped=pl.col("is_limit_stopped").sum(),
        is_higher_better=pl.col("is_higher_better").first(),
        known_frac=pl.col("weight").filter(is_known).sum() / pl.col("weight").sum(),
    )


def rules(rows: pl.DataFrame, axis: Axis, chosen: Mapping[str, str]) -> Iterator[str]:
    """Say the rules a curve was made by: answer time, errors, weights, what the axis holds."""
    yield _ANSWER_RULE
    n_errors = rows["is_error"].sum()
    if chosen["errors"] == "drop":
        yield "Rollouts ended by an infrastructure error are left out (errors=drop)."
    elif n_errors:
        yield f"{n_errors} rollouts ended by an infrastructure error count as failures (errors=drop leaves them out)."
    is_equal = rows["task_weight"].n_unique() <= 1
    yield f"{'Equal' if is_equal else 'Declared'} task weights; attempts share the weight of their task."
    if axis.name == "dollars":
        yield "Dollars of the roles that were priced."
    if axis.origin:
        yield f"{axis.unit[0].upper()}{axis.unit[1:]}, {axis.origin}: with the source's own roles and prices."
    if axis.is_tokens and rows["agent"].n_unique() > 1:
        yield "Tokens of different tokenizers are not one unit: compare agents in dollars."


def gaps(rows: pl.DataFrame, axis: Axis) -> Iterator[str]:
    """Say what is not known, and how many rollouts and tasks it concerns."""
    n_unscored, n_unknown = rows["score"].null_count(), rows["x"].null_count()
    if n_unscored:
        yield f"{n_unscored} of {rows.height} rollouts have no score: not in y; its bounds take the lowest and highest."
    if n_unknown:
        yield f"{n_unknown} of {rows.height} rollouts have no known {axis.noun}: bounds only, where it matters."
    n_missing = max(rows["n_missing_tasks"].to_list(), default=0)
    if n_missing:
        yield f"Up to {n_missing} listed tasks of a benchmark were never attempted and are not in its mean."


def whose(rows: pl.DataFrame) -> pl.Expr:
    """Agent of a row in words, with its benchmark where there are several."""
    if rows["benchmark"].n_unique() <= 1:
        return pl.col("agent")
    return pl.format("{} on {}", "agent", pl.col("benchmark").fill_null("an unnamed benchmark")).alias("agent")


def uneven(rows: pl.DataFrame, chosen: Mapping[str, str]) -> Iterator[str]:
    """Name the agents of ``every_attempt`` with fewer tasks than their benchmark, or say which tasks are shared."""
    tasks = pl.col("task_id")
    if chosen.get(TASKS.name, TASKS.default) != TASKS.default:
        counts = {"n": tasks.filter("is_common_task").n_unique(), "n_all": tasks.n_unique()}
        sets = rows.group_by("benchmark", maintain_order=True).agg(**counts).iter_rows()
        shared = [f"{n} of {n_all} of {name or 'an unnamed benchmark'}" for name, n, n_all in sets]
        yield f"Only tasks that every agent attempted (tasks=common): {listed(shared) or 'there are none'}."
        return
    sizes = rows.group_by(GROUP, maintain_order=True).agg(n=tasks.n_unique(), n_all=pl.col("n_benchmark_tasks").first())
    fewer = sizes.filter(pl.col("n") < pl.col("n_all")).select(whose(rows), "run_id", "n", "n_all").iter_rows()
    is_by_run = chosen["by"] == "run"
    names = [f"{agent}{f', run {run}' if is_by_run else ''}: {n} of {n_all} tasks" for agent, run, n, n_all in fewer]
    if names:
        yield f"Not all on the same tasks (tasks=common compares on shared ones): {listed(names, '; ')}."
