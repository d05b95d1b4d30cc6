"""The budget statement that belongs beside every score: one row per run, from priced tables."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from analyzer.curves.parts.attempts import BY, ERRORS, MEASURE, WEIGHTS, attempts
from analyzer.curves.parts.axes import AXES, RECORDED
from analyzer.curves.parts.coverage import coverage
from analyzer.curves.parts.means import mean_score
from analyzer.curves.registry import Tables
from analyzer.scenario import scenario_notes
from pricing.scenario import Scenario
from traces.sums import total

QUANTILE_RULE: Final = (
    "P50 and P95 are nearest-rank quantiles over attempts (inverse of the empirical distribution, type 1 of Hyndman "
    "and Fan 1996), the attempts of a task sharing its weight."
)
RESOURCES: Final = {"dollars": ("cost", "usd"), "tokens": ("", "tokens"), "turns": ("", "turns"), "seconds": ("", "s")}
"""Axis of each statistic, with the words its column names are made of."""

STATISTICS: Final = {"mean": None, "p50": 0.50, "p95": 0.95}
_BOUNDS: Final = {"": "x", "low": "x_low", "high": "x_high"}
_CLOSE: Final = 1e-9
_PROTOCOL: Final = (
    "run_id", "benchmark", "agent", "model", "reasoning_effort", "score_metric", "recorded_score", "recorded_cost_usd",
    "recorded_n_rollouts", "limit_usd", "limit_tokens", "limit_s", "limit_turns", "is_budget_told", "priced_from",
    "priced_until",
)  # fmt: skip


def cards(
    tables: Tables, scenario: Scenario | None = None, *, notes: Sequence[str] = (), errors: str = "fail"
) -> pl.DataFrame:
    """One row per run, sorted by benchmark, agent and run; a run without rollouts has its row too.

    score is the task-weighted mean over scored attempts, score_low and score_high hold the unscored ones (null: no such
    score is known). Each statistic of a resource per attempt, such as p95_cost_usd, has its bounds beside it
    (p95_cost_low_usd, p95_cost_high_usd): null is not known, a null high is unbounded. Quantiles follow
    ``QUANTILE_RULE``. priced_frac is the share of the run's calls and charges with a cost. mean_recorded_usd is the
    mean of the dollars the source states for the attempts, else for the run by its stated rollouts (null: neither).
    scenario says how it was priced, in a sentence (null: list prices on the day of each call, as recorded).

    Args:
        tables: Priced tables.
        scenario: How they were priced; null: the default.
        notes: What else the figures rest on, such as ``deployment_notes``.
        errors: ``fail`` or ``drop``, as for curves: what an attempt ended by an infrastructure error counts as.

    Raises:
        AnalysisError: if a rollout has no run, or weights or directions contradict each other.
    """
    chosen = {BY.name: "run", MEASURE.name: "score", WEIGHTS.name: "tasks", ERRORS.name: errors}
    scored = attempts(tables, AXES["dollars"], chosen)
    runs = tables["runs"].select(*_PROTOCOL, pl.col("coverage_frac").alias("priced_frac"))
    card = runs.join(_scores(scored), on="run_id", how="left")
    for axis in RESOURCES:
        rows = attempts(tables, AXES[axis], chosen)
        card = card.join(_statistics(rows, axis), on="run_id", how="left")
    stated = attempts(tables, RECORDED, chosen).group_by("run_id").agg(_mean("x").alias("mean_recorded_usd"))
    of_run = (pl.col("recorded_cost_usd") / pl.col("recorded_n_rollouts")).fill_nan(None)
    card = card.join(stated, on="run_id", how="left")
    said = " ".join((*scenario_notes(scenario or Scenario()), *notes)) or None
    card = card.with_columns(
        pl.coalesce("mean_recorded_usd", of_run).alias("mean_recorded_usd"), scenario=pl.lit(said, pl.String)
    )
    return card.sort("benchmark", "agent", "run_id", nulls_last=False)


def column(statistic: str, axis: str, bound: str = "") -> str:
    """Name the column of a statistic: p95_cost_low_usd, mean_tokens, p50_high_s."""
    what, unit = RESOURCES[axis]
    return "_".join(part for part in (statistic, what, bound, unit) if part)


def _scores(rows: pl.DataFrame) -> pl.DataFrame:
    means = rows.group_by("run_id", maintain_order=True).agg(mean_score())
    means = means.rename({"y": "score", "y_low": "score_low", "y_high": "score_high"})
    counts = coverage(rows).select("run_id", "^n_.*$").drop("n_unknown_x")
    per_task = rows.group_by("run_id", "task_id").len()
    spread = per_task.group_by("run_id").agg(n_attempts_min=pl.col("len").min(), n_attempts_max=pl.col("len").max())
    return means.join(counts, on="run_id").join(spread, on="run_id")


def _statistics(rows: pl.DataFrame, axis: str) -> pl.DataFrame:
    wide = rows.group_by("run_id", maintain_order=True).agg(_all(axis))
    for statistic in STATISTICS:
        point, low, high = (column(statistic, axis, bound) for bound in _BOUNDS)
        settled = pl.when(pl.col(low) == pl.col(high)).then(pl.col(low))
        wide = wide.with_columns(pl.coalesce(point, settled).alias(point))
    return wide


def _all(axis: str) -> Iterator[pl.Expr]:
    for statistic, share in STATISTICS.items():
        for bound, x in _BOUNDS.items():
            value = _mean(x) if share is None else _quantile(x, share)
            yield value.alias(column(statistic, axis, bound))


def _mean(x: str) -> pl.Expr:
    return total(pl.col(x) * pl.col("weight")) / pl.col("weight").sum()


def _quantile(x: str, share: float) -> pl.Expr:
    """Lowest value with at least this share of the weight at or below it; what is not known is above all else."""
    values = pl.col(x).fill_null(math.inf)
    reached = pl.col("weight").sort_by(values).cum_sum() >= (share - _CLOSE) * pl.col("weight").sum()
    quantile = values.sort().filter(reached).first()
    is_known = pl.lit(value=True) if x == "x_high" else pl.col(x).null_count() == 0
    return pl.when(is_known & quantile.is_finite()).then(quantile)
