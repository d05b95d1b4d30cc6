"""The scorer a user chose, compared with those the inputs have: a name that none has is an error, not empty scores."""

from pathlib import Path
from typing import Any, Final

import polars as pl

from traces.errors import TraceError, nearest

_N_SHOWN: Final = 3
_N_NAMES: Final = 8


def check_scorer(folder: Path, scorer: str) -> list[str]:
    """Say, in a warning, which runs have no score of the chosen name; nothing where all have it.

    Args:
        folder: Store being built, all its tables written.
        scorer: Name of a scorer, of a metric, or both with a slash or a dot between.

    Raises:
        TraceError: if no run has it.
    """
    runs, names = _runs(folder), _names(folder)
    shown = dict(names.group_by("run_id", maintain_order=True).agg(pl.col("name").unique(maintain_order=True)).rows())
    beside = names.filter(pl.col("answers_to").list.contains(scorer))
    metrics = dict(beside.group_by("run_id").agg("name").rows())
    rows = runs.to_dicts()
    scored = [row["run_id"] for row in rows if _is_scored_by(row, {scorer, *metrics.get(row["run_id"], ())}, scorer)]
    aside = [row for row in rows if row["run_id"] in metrics and row["run_id"] not in scored]
    without = [row for row in rows if row["run_id"] not in {*scored, *metrics}]
    own = {row["run_id"]: [row["score_metric"]] if row["has_score"] else [] for row in rows}
    of_run = {**own, **shown}
    if not scored and not aside:
        known = {name for names_of in of_run.values() for name in names_of if name is not None}
        hint = nearest(scorer, known) if known else "leave it out: no input names its scores"
        raise TraceError(f"--scorer {scorer}: no run has a score of that name", hint)
    what = f"--scorer {scorer}: {{}} of {len(rows):,} runs "
    return [
        *_warning(f"{what}have no score of that name", without, of_run),
        *_warning(f"{what}have it in the table scores only, as their reader knows one score", aside, {}),
    ]


def _warning(what: str, runs: list[dict[str, Any]], of_run: dict[str, list[str | None]]) -> list[str]:
    if not runs:
        return []
    named = [f"{row['run_id']}{_has(row['run_id'], of_run)}" for row in runs[:_N_SHOWN]]
    more = [f"and {len(runs) - len(named):,} more"] if len(runs) > len(named) else []
    n_scored = sum(row["has_score"] for row in runs)
    kept = f"; {n_scored:,} of them keep the score their source names" if n_scored and of_run else ""
    return [f"{what.format(f'{len(runs):,}')} ({'; '.join([*named, *more])}){kept}"]


def _has(run_id: str, of_run: dict[str, list[str | None]]) -> str:
    names = [name or "an unnamed score" for name in of_run.get(run_id, ())]
    more = f" and {len(names) - _N_NAMES} more" if len(names) > _N_NAMES else ""
    return f" has {', '.join(names[:_N_NAMES]) or 'none'}{more}" if run_id in of_run else ""


def _is_scored_by(run: dict[str, Any], names: set[str], scorer: str) -> bool:
    metric = run["score_metric"] or ""
    return run["chosen"] == scorer or (run["has_score"] and not names.isdisjoint({metric, metric.partition(",")[0]}))


def _runs(folder: Path) -> pl.DataFrame:
    """Runs with the metric that scores them, and whether any score of it is known."""
    runs = _scan(folder, "runs").select(
        "run_id", "score_metric", "recorded_score",
        chosen=pl.col("settings").cast(pl.String).str.json_path_match("$.scorer"),
    )  # fmt: skip
    rollouts = _scan(folder, "rollouts")
    if "score" in rollouts.collect_schema():
        scored = rollouts.group_by("run_id").agg(n_scored=pl.col("score").count())
        runs = runs.join(scored, on="run_id", how="left")
    else:
        runs = runs.with_columns(n_scored=pl.lit(None, pl.Int64))
    has_score = (pl.col("n_scored") > 0).fill_null(value=False) | pl.col("recorded_score").is_not_null()
    return runs.with_columns(has_score=has_score).sort("run_id").collect()


def _names(folder: Path) -> pl.DataFrame:
    """Every score of every run by name, with all that it answers to: metric, scorer, both, and the metric in short."""
    scores = _scan(folder, "scores")
    if "metric" not in scores.collect_schema():
        return pl.DataFrame(schema={"run_id": pl.String, "name": pl.String, "answers_to": pl.List(pl.String)})
    metric, scorer = (pl.col(name).cast(pl.String) for name in ("metric", "scorer"))
    pairs = scores.select("run_id", metric, scorer).unique().collect()
    both = [pl.format(f"{{}}{mark}{{}}", "scorer", "metric") for mark in "/."]
    short = [pl.col("metric").str.split(",").list.first(), pl.col("metric").str.split(".").list.last()]
    answers = pl.concat_list("metric", "scorer", *both, *short)
    return pairs.sort("run_id", "metric", "scorer", nulls_last=False).select(
        "run_id", name="metric", answers_to=answers
    )


def _scan(folder: Path, name: str) -> pl.LazyFrame:
    shards = sorted((folder / name).glob("*.parquet"))
    return pl.scan_parquet(shards) if shards else pl.LazyFrame(schema={"run_id": pl.String})
