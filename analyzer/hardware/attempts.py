"""Several attempts at each task on accelerators: in series they take the sum of their seconds, in parallel the longest.

Either way they cost the same: all of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from analyzer.hardware.fleet_calls import hosted_of
from analyzer.words import counted
from pricing.hardware.hosted import HARDWARE, hosted_seconds
from pricing.hardware.replay.attempts import best_of_n
from pricing.hardware.replay.clock import rollout_seconds
from pricing.scenario import Scenario


@dataclass(frozen=True)
class AttemptsView:
    """Attempts at each task.

    Args:
        frame: One row: n_attempts asked for, n_tasks, and means over tasks of serial_ and parallel_ hardware_s (with
            low and high) and marginal_usd (calls on busy accelerators, all attempts); null: not known of some task.
        notes: What it rests on, in words.
    """

    frame: pl.DataFrame
    notes: tuple[str, ...]


def attempts_view(tables: Mapping[str, pl.DataFrame], scenario: Scenario, n: int) -> AttemptsView:
    """Take the first n attempts at each task, at the load of the deployment, every rollout on its own.

    Args:
        tables: Canonical tables.
        scenario: With one deployment.
        n: Attempts at each task.

    Raises:
        PricingError: as ``fleet_view``.
    """
    hosted = hosted_of(tables, scenario)
    seconds = rollout_seconds(hosted_seconds(hosted.calls, [hosted.point]), hosted.rollouts)
    rollouts = hosted.rollouts.join(seconds.lazy().select("rollout_id", *HARDWARE), on="rollout_id", how="left")
    rollouts = rollouts.join(hosted.of_rollouts.lazy(), on="rollout_id", how="left")
    costed = rollouts.with_columns(_low=pl.col("marginal_usd"))
    tasks = best_of_n(costed, n, cost=("marginal_usd", "_low")).drop("_low").collect()
    names = [f"{way}_{name}" for way in ("serial", "parallel") for name in HARDWARE]
    means = [pl.when(pl.col(name).null_count() == 0).then(pl.col(name).mean()) for name in (*names, "marginal_usd")]
    frame = tasks.select(pl.lit(n).alias("n_attempts"), pl.len().cast(pl.Int64).alias("n_tasks"), *means)
    return AttemptsView(frame, tuple(_notes(tasks, n)))


def _notes(tasks: pl.DataFrame, n: int) -> Iterator[str]:
    yield "serial: one attempt after the other, the sum of their seconds; parallel: the longest; both cost all of them."
    n_fewer = tasks.filter(pl.col("n_attempts") < n).height
    if n_fewer:
        yield f"{counted(n_fewer, 'task')} with fewer than {n} attempts: those there are."
