"""What a store holds, in a few tables: per run its attempts, tokens, dates and coverage; rejects by kind."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from analyzer.stated import stated_costs
from traces.store import Store
from traces.sums import known_total, total

_RUN_COLUMNS: Final = (
    "run_id", "benchmark", "agent", "source_format", "recorded_score", "recorded_cost_usd", "recorded_n_rollouts",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Summary:
    """Tables of a store in short.

    Args:
        runs: One row per run: benchmark, agent, n_tasks, n_rollouts, attempts_min, attempts_max, n_scored, score,
            n_calls (null: only totals of an unknown number), n_totals, n_requests_in_totals, input_tokens,
            output_tokens (known part), shares of calls with tokens, cache split, time and recorded cost, first and
            last moment, what the source claims for the run, and the dollars it states in all.
        rejects: Count by kind, format and reason.
        n_rows: Rows by table.
    """

    runs: pl.DataFrame
    rejects: pl.DataFrame
    n_rows: dict[str, int]


def summarise(store: Store) -> Summary:
    """Sum up a store."""
    n_rows = {name: int(store.scan(name).select(pl.len()).collect().item()) for name in store.declared}
    runs = store.scan("runs").select(_RUN_COLUMNS).collect()
    parts = (_rollouts(store), _calls(store), stated_costs(store))
    joined = runs.join(_dates(store), on="run_id", how="left")
    for part in parts:
        joined = joined.join(part, on="run_id", how="left")
    rejects = store.scan("rejects").group_by("kind", "source_format", "reason").agg(n=pl.len()).collect()
    return Summary(
        joined.sort("benchmark", "agent", "run_id", nulls_last=True),
        rejects.sort("n", "kind", "reason", descending=[True, False, False]),
        n_rows,
    )


def _rollouts(store: Store) -> pl.DataFrame:
    by_task = store.scan("rollouts").group_by("run_id", "task_id").agg(
        n=pl.len(), n_scored=pl.col("score").count(), score=pl.col("score").mean(),
    )  # fmt: skip
    return by_task.group_by("run_id").agg(
        n_tasks=pl.len(), n_rollouts=pl.col("n").sum(), attempts_min=pl.col("n").min(), attempts_max=pl.col("n").max(),
        n_scored=pl.col("n_scored").sum(), score=pl.col("score").mean(),
    ).collect()  # fmt: skip


def _dates(store: Store) -> pl.DataFrame:
    """First and last moment of a run: of its calls and rollouts, else as the source dates the run itself."""
    stamps = [pl.col("started_at").alias("first_at"), pl.coalesce("ended_at", "started_at").alias("last_at")]
    inner = pl.concat([store.scan(name).select("run_id", *stamps) for name in ("rollouts", "calls")])
    seen = inner.group_by("run_id").agg(first_in=pl.col("first_at").min(), last_in=pl.col("last_at").max())
    of_run = store.scan("runs").select("run_id", *stamps).join(seen, on="run_id", how="left")
    return of_run.select(
        "run_id", first_at=pl.coalesce("first_in", "first_at"), last_at=pl.coalesce("last_in", "last_at")
    ).collect()


def _calls(store: Store) -> pl.DataFrame:
    time = pl.coalesce("started_at", "ended_at")
    calls, is_call = store.scan("calls"), (pl.col("granularity") == "call") & ~pl.col("is_residual")
    return calls.group_by("run_id").agg(
        n_calls=pl.when(is_call.any()).then(is_call.sum()),
        n_totals=(~is_call).sum(),
        n_requests_in_totals=total(pl.col("n_requests").filter(~is_call)),
        input_tokens=known_total("input_tokens"),
        output_tokens=known_total("output_tokens"),
        tokens_frac=(pl.col("input_tokens").is_not_null() & pl.col("output_tokens").is_not_null()).mean(),
        cache_split_frac=pl.col("uncached_input_tokens").is_not_null().mean(),
        input_known_frac=pl.col("input_tokens").is_not_null().mean(),
        output_known_frac=pl.col("output_tokens").is_not_null().mean(),
        n_outputs_ambiguous=pl.col("output_high_tokens").count(),
        time_frac=time.is_not_null().mean(),
        measured_time_frac=(pl.col("time_basis") == "measured").mean(),
        recorded_cost_frac=pl.col("recorded_cost_usd").is_not_null().mean(),
    ).collect()  # fmt: skip
