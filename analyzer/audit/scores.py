"""Recomputed versus recorded scores and numbers of rollouts, one row per run and measure."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from analyzer.audit.causes import AGREES, NOT_RECORDED, UNEXPLAINED
from traces.sums import total

NO_ROLLOUTS: Final = "no_rollouts"
_ONLY_TOTALS: Final = pl.lit("the trace holds no rollouts of the run, only its totals")
_EXACT: Final = 1e-9


def score_rows(tables: Mapping[str, pl.DataFrame], tolerance: float) -> pl.DataFrame:
    """Compare each run's recorded score and number of rollouts with what its rollouts give.

    The score is the mean over tasks, equally weighted, of the mean over the scored attempts of each; low and high hold
    the unscored attempts at the lowest and highest possible score (null: no such score is known).

    Args:
        tables: Tables runs and rollouts.
        tolerance: Relative difference of a score that is still equal; numbers of rollouts must be equal.
    """
    runs = tables["runs"].select("run_id", "score_min", "score_max", "recorded_score", "recorded_n_rollouts")
    joined = runs.join(_means(tables["rollouts"], runs), on="run_id", how="left", maintain_order="left")
    joined = joined.with_columns(pl.col("n_rollouts", "n_unscored").fill_null(0))
    return pl.concat([_scores(joined, tolerance), _counts(joined)], how="diagonal")


def _means(rollouts: pl.DataFrame, runs: pl.DataFrame) -> pl.DataFrame:
    scored = rollouts.join(runs, on="run_id", how="left").with_columns(
        low=pl.coalesce("score", "score_min"), high=pl.coalesce("score", "score_max")
    )
    tasks = scored.group_by("run_id", "task_id").agg(
        pl.col("score").mean(), *(total(end) / pl.len() for end in ("low", "high"))
    )
    by_task = tasks.group_by("run_id").agg(
        pl.col("score").mean().alias("recomputed"), *(total(end) / pl.len() for end in ("low", "high"))
    )
    pooled = scored.group_by("run_id").agg(
        pooled=pl.col("score").mean(),
        n_rollouts=pl.len(),
        n_unscored=pl.col("score").null_count(),
    )
    return pooled.join(by_task, on="run_id")


def _scores(runs: pl.DataFrame, tolerance: float) -> pl.DataFrame:
    compared = runs.rename({"recorded_score": "recorded"}).with_columns(
        measure=pl.lit("score"), difference=pl.col("recomputed") - pl.col("recorded")
    )
    known = compared.filter(pl.col("recorded").is_not_null() | pl.col("recomputed").is_not_null())
    slack = pl.max_horizontal(pl.lit(_EXACT), pl.col("recorded").abs() * tolerance)
    has_unscored = pl.col("n_unscored") > 0
    is_open = (pl.col("recorded").is_between(pl.col("low") - slack, pl.col("high") + slack)).fill_null(value=True)
    unscored = pl.format("{} of {} attempts have no score", "n_unscored", "n_rollouts")
    return _told(
        known,
        (AGREES, pl.col("difference").abs() <= slack, pl.format("mean over tasks of scored attempts; {}", unscored)),
        (NOT_RECORDED, pl.col("recorded").is_null(), pl.lit("the source records no score")),
        (NO_ROLLOUTS, pl.col("n_rollouts") == 0, _ONLY_TOTALS),
        ("unscored_as_lowest", has_unscored & _equals("low"), pl.format("{} and count as the lowest", unscored)),
        ("attempts_pooled", _equals("pooled"), pl.lit("the mean over attempts, whatever their number per task")),
        ("unscored", has_unscored & (pl.col("recomputed").is_null() | is_open), unscored),
    )


def _counts(runs: pl.DataFrame) -> pl.DataFrame:
    recorded, found = pl.col("recorded").is_not_null(), pl.col("recomputed").cast(pl.Int64)
    compared = runs.select(
        "run_id",
        recorded=pl.col("recorded_n_rollouts").cast(pl.Float64),
        recomputed=pl.col("n_rollouts").cast(pl.Float64),
        measure=pl.lit("n_rollouts"),
    ).with_columns(difference=pl.col("recomputed") - pl.col("recorded"))
    return _told(
        compared,
        (AGREES, pl.col("difference") == 0, pl.format("all {} rollouts are in the trace", found)),
        (NOT_RECORDED, ~recorded, pl.lit("the source records no number of rollouts")),
        (NO_ROLLOUTS, found == 0, _ONLY_TOTALS),
    )


def _equals(column: str) -> pl.Expr:
    return ((pl.col("recorded") - pl.col(column)).abs() <= _EXACT).fill_null(value=False)


def _told(compared: pl.DataFrame, *causes: tuple[str, pl.Expr, pl.Expr]) -> pl.DataFrame:
    names = [pl.when(proof).then(pl.lit(name)) for name, proof, _ in causes]
    words = [pl.when(proof).then(said) for _, proof, said in causes]
    cause = pl.coalesce(*names, pl.lit(UNEXPLAINED))
    return compared.with_columns(
        level=pl.lit("score"),
        recorded_basis=pl.when(pl.col("recorded").is_not_null()).then(pl.lit("recorded")),
        relative_difference=pl.when(pl.col("recorded") != 0).then(pl.col("difference") / pl.col("recorded").abs()),
        cause=cause,
        is_explained=cause != UNEXPLAINED,
        explanation=pl.coalesce(*words, pl.lit("no cause proven")),
    )
