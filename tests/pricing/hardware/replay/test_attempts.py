"""Best of n: the same cost, as long as all attempts together or as long as the longest."""

from typing import Any

import polars as pl
from builders import frame, rollout

from pricing.hardware.hosted import HARDWARE
from pricing.hardware.replay.attempts import COST, best_of_n
from traces.schema import ROLLOUTS


def best(n: int, *attempts: tuple[float | None, float | None]) -> dict[str, Any]:
    """Best of n attempts of so many seconds and dollars; what is not known is 0 at least."""
    table = frame(ROLLOUTS, *(rollout(attempt=i) for i in range(len(attempts))))
    names = [(HARDWARE, 0), (COST, 1)]
    columns = [
        pl.Series(name, [row[place] if i != 1 else row[place] or 0.0 for row in attempts], pl.Float64)
        for (kind, place) in names
        for i, name in enumerate(kind)
    ]
    return best_of_n(table.with_columns(columns).lazy(), n).collect().row(0, named=True)


def test_in_series_seconds_add_up_and_in_parallel_the_longest_counts() -> None:
    row = best(3, (10, 1), (30, 2), (20, 4))
    assert (row["n_attempts"], row["serial_hardware_s"], row["parallel_hardware_s"], row["cost_usd"]) == (3, 60, 30, 7)


def test_only_the_first_n_attempts_count() -> None:
    row = best(2, (10, 1), (30, 2), (90, 4))
    assert (row["n_attempts"], row["serial_hardware_s"], row["parallel_hardware_s"], row["cost_usd"]) == (2, 40, 30, 3)


def test_an_attempt_that_is_not_known_leaves_what_it_is_at_least() -> None:
    row = best(2, (10, 1), (None, None))
    assert (row["serial_hardware_s"], row["parallel_hardware_s"], row["cost_usd"]) == (None, None, None)
    assert (row["serial_hardware_low_s"], row["parallel_hardware_low_s"], row["cost_low_usd"]) == (10, 10, 1)


def test_a_task_with_fewer_attempts_says_so() -> None:
    assert best(4, (10, 1))["n_attempts"] == 1
