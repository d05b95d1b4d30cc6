"""Several attempts at a task: one after the other they take the sum of their seconds, side by side the longest."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from pricing.hardware.hosted import HARDWARE
from traces.sums import known_total, total

COST: Final = ("cost_usd", "cost_low_usd", "cost_high_usd")


def best_of_n(
    rollouts: pl.LazyFrame, n: int, clock: tuple[str, str, str] = HARDWARE, cost: Sequence[str] = COST
) -> pl.LazyFrame:
    """Seconds and cost of the first n attempts at each task, in series and in parallel: the cost is the same.

    Args:
        rollouts: ROLLOUTS with the clock's columns (seconds, at least, at most) and those of the cost.
        n: Attempts to take, in the order of their number.
        clock: Names of the seconds, what they are at least and at most.
        cost: Names of the cost, what it is at least and at most.

    Returns:
        One row per run_id, benchmark and task_id, in that order: n_attempts (fewer than n where the run has no more),
        serial_ and parallel_ with each name of the clock, and the cost. Null where one of the attempts is not known;
        what it is at least is of those known.
    """
    key = ["run_id", "benchmark", "task_id"]
    first = rollouts.sort(*key, "attempt").group_by(key, maintain_order=True).head(n)
    low, sums = clock[1], (clock[0], clock[2])
    low_cost = cost[1]
    return first.group_by(key, maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("n_attempts"),
        *(total(name).alias(f"serial_{name}") for name in sums),
        known_total(low).alias(f"serial_{low}"),
        *(_longest(name).alias(f"parallel_{name}") for name in sums),
        pl.col(low).max().alias(f"parallel_{low}"),
        *(total(name) for name in cost if name != low_cost),
        known_total(low_cost),
    ).select(
        *key, "n_attempts", *(f"{way}_{name}" for way in ("serial", "parallel") for name in clock), *cost
    )  # fmt: skip


def _longest(name: str) -> pl.Expr:
    return pl.when(pl.col(name).null_count() == 0).then(pl.col(name).max())
