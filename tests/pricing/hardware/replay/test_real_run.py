"""A real run of 500 rollouts: its recorded schedule, and the same rollouts on other numbers of slots.

It was started three times: with 10 workers, 40 minutes later with 40, and at the end for 15 rollouts that were tried
again, each time in shuffled order. For 30 minutes nothing ran, so that 19.8 were under way on average.
"""

from pathlib import Path

import polars as pl
import pytest
from reading import read_with
from replays import recorded

from pricing.hardware.replay.replay import Slots
from pricing.hardware.replay.stages import Stages, stages_of
from traces.readers.mini_swe_agent import READER

HOUR = 3600.0


@pytest.fixture(scope="module")
def tables(shared_data: Path) -> dict[str, pl.DataFrame]:
    return read_with(READER, [shared_data / "mini_swe_agent" / "run"])[0]


@pytest.fixture(scope="module")
def stages(tables: dict[str, pl.DataFrame]) -> Stages:
    return stages_of(tables["calls"].lazy(), tables["rollouts"].lazy())


def hours(stages: Stages, slots: Slots) -> float:
    done = recorded(stages, slots)
    assert done.high is not None
    assert done.high.elapsed_s == pytest.approx(done.low.elapsed_s)  # seconds as recorded, whoever took them
    return done.low.elapsed_s / HOUR


def test_recorded_starts_give_the_recorded_schedule(tables: dict[str, pl.DataFrame], stages: Stages) -> None:
    done = recorded(stages, Slots(is_as_arrived=True)).low
    first = tables["rollouts"]["started_at"].min()
    for name in ("started", "ended"):
        recorded_s = (tables["rollouts"][f"{name}_at"] - first).dt.total_microseconds() / 1e6
        assert (done.rollouts[f"{name}_s"] - recorded_s).abs().max() == pytest.approx(0, abs=1e-6)
    assert done.elapsed_s / HOUR == pytest.approx(1.897, abs=5e-4)
    assert done.in_flight_s / HOUR == pytest.approx(37.53, abs=5e-3)
    assert (stages.calls.height, done.peak_load) == (20_163, 40)
    idle_s = done.loads.row(0)
    assert idle_s == (0, pytest.approx(1797))


def test_twenty_slots_take_about_as_long_as_the_run_did(stages: Stages) -> None:
    """Within 5 % in the order of the tasks, and 5.01 % more in the recorded one: its last starts were tried again, and
    one of them then runs alone for 4 minutes. No order is faster than 37.53 h / 20 = 1.877 h."""
    assert hours(stages, Slots(20, order="key")) == pytest.approx(1.897, rel=0.05)
    assert hours(stages, Slots(20)) == pytest.approx(1.992, abs=5e-4)


def test_the_largest_start_is_reproduced_by_the_slots_it_had(tables: dict[str, pl.DataFrame]) -> None:
    """469 rollouts on 40 slots took 0.9975 h, and 2 to 20 s passed in a slot before the next rollout's first stamp."""
    starts = tables["rollouts"].with_columns(
        at_s=(pl.col("started_at") - pl.col("started_at").min()).dt.total_seconds()
    )
    largest = starts.filter(pl.col("at_s").is_between(2400, 6000))
    assert largest.height == 469
    elapsed = (largest["ended_at"].max() - largest["started_at"].min()).total_seconds()  # type: ignore[operator,union-attr]
    again = hours(stages_of(tables["calls"].lazy(), largest.lazy()), Slots(40)) * HOUR
    assert elapsed == 3591
    assert again == pytest.approx(elapsed - 10 * 469 / 40, rel=0.05)


@pytest.mark.parametrize(("n_slots", "expected"), [(8, 4.795), (64, 0.711), (256, 0.334)])
def test_other_numbers_of_slots_as_scheduling_what_ifs(stages: Stages, n_slots: int, expected: float) -> None:
    assert hours(stages, Slots(n_slots)) == pytest.approx(expected, abs=5e-4)
