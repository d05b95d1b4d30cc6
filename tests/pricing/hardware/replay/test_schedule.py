"""Schedules worked out on paper, properties of all, and a second computation in small steps of time."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replays import Row, chains, hardware, on, recorded, spans, staged, whole

from pricing.hardware.replay.replay import Replay, Slots
from pricing.hardware.replay.work import clock_work
from traces.errors import PricingError

Needs = Sequence[Sequence[tuple[Sequence[float], float]]]
HALVED = [0.0, 1.0, 2.0, 3.0, 4.0]
"""An engine that does one second of work a second, whatever it is shared by."""


def times(done: Replay) -> list[tuple[float, float]]:
    return list(done.low.rollouts.select("started_s", "ended_s").iter_rows())


def one(*seconds: float) -> list[list[tuple[list[float], float]]]:
    """Rollouts of one call each."""
    return [[([need], 0.0)] for need in seconds]


def test_a_slot_takes_the_next_rollout_when_its_last_one_has_ended() -> None:
    assert times(on(chains(one(3, 5, 2)), Slots(2))) == [(0, 3), (0, 5), (3, 5)]


def test_tools_hold_the_slot_and_not_the_engine() -> None:
    done = on(chains([[([3], 4), ([1], 0)], [([2], 0)]]), Slots(1))
    assert times(done) == [(0, 8), (8, 10)]
    assert done.low.loads.rows() == [(0, 4), (1, 6)]
    assert done.low.rollouts.rows()[0][1:] == (0, 8, 0, 4, 4)
    assert done.low.rollouts["queue_s"].to_list() == [0, 8]


def test_a_stage_ends_with_its_last_call_and_the_load_falls_with_each() -> None:
    done = on(chains([[([1, 4, 2], 0), ([1], 0)]]))
    assert times(done) == [(0, 5)]
    assert done.low.loads.rows() == [(1, 3), (2, 1), (3, 1)]
    assert (done.low.in_flight_s, done.low.mean_load, done.low.peak_load) == (8, 8 / 5, 3)


def test_requests_that_share_an_engine_slow_each_other() -> None:
    """Two at half speed until the first is done at 4; the other has 3 of its 5 seconds left, alone."""
    done = on(chains(one(2, 5)), Slots(slowdown=HALVED))
    assert times(done) == [(0, 4), (0, 7)]
    assert done.low.loads.rows() == [(1, 3), (2, 4)]


def test_a_request_that_joins_slows_the_one_under_way_from_then_on() -> None:
    """The second arrives at 2, when the first has 4 left: both end after 4 more seconds of work, shared."""
    rows = hardware(spans("a", (0, 1)) + spans("b", (2, 3)), 6, 2)
    stages = staged(rows, [whole("a", 0, 1), whole("b", 2, 3)])
    assert times(on(stages, Slots(slowdown=HALVED, is_as_arrived=True))) == [(0, 8), (2, 6)]


def test_two_engines_share_the_requests_evenly() -> None:
    """Three on two engines: two go at half speed and one at full, two seconds of work a second together."""
    assert times(on(chains(one(2, 2, 2)), Slots(slowdown=HALVED, n_engines=2))) == [(0, 3)] * 3


def test_requests_above_the_cap_wait_in_the_order_they_were_sent_in() -> None:
    done = on(chains([[([4, 3, 2], 0)], [([1], 0)]]), Slots(most_in_flight=2))
    assert times(done) == [(0, 5), (0, 5)]
    assert done.low.peak_load == 2


def test_rollouts_start_in_the_recorded_order_or_that_of_their_key() -> None:
    rows = hardware(spans("a", (9, 10)) + spans("b", (0, 1)), 3, 5)
    stages = staged(rows, [whole("a", 9, 10), whole("b", 0, 1)])
    assert times(on(stages, Slots(1))) == [(5, 8), (0, 5)]
    assert times(on(stages, Slots(1, order="key"))) == [(0, 3), (3, 8)]


MESSY = (spans("a", (5, 20), (15, 40), (50, 60)) + spans("b", (12, 12.5), (13, 30), time_basis="upper_bound"),
         [whole("a", 3, 71), whole("b", 11, 37)])  # fmt: skip


def test_recorded_starts_and_a_slot_each_give_the_recorded_schedule() -> None:
    done = recorded(staged(*MESSY), Slots(is_as_arrived=True))
    assert done.high is not None
    for reading in (done.low, done.high):
        assert list(reading.rollouts.select("started_s", "ended_s").iter_rows()) == [(0, 68), (8, 34)]


def test_what_is_not_told_apart_is_calls_in_one_reading_and_tools_in_the_other() -> None:
    done = recorded(staged(*MESSY), Slots(is_as_arrived=True))
    assert done.high is not None
    assert done.low.rollouts["in_model_s"].to_list() == [25 + 10, 0.5 + 17]
    assert done.high.rollouts["in_model_s"].to_list() == [25 + 10, 0]
    assert done.high.rollouts["tool_s"].to_list() == [68 - 35, 26]


def test_the_extremes_of_tool_time_give_low_and_high() -> None:
    stamp = {"ended_at": None, "latency_s": None, "time_basis": "lower_bound"}
    rows = [{**row, **stamp} for row in spans("a", (0, 1), (20, 21))]
    done = on(staged(hardware(rows, 2, 3), [whole("a", 0, 50)]))
    assert done.high is not None
    assert (done.low.elapsed_s, done.high.elapsed_s) == (5, 55)


def test_what_has_no_bound_has_no_high_and_is_counted() -> None:
    rows = hardware(spans("a", (0, 1), (20, 21)), 2, None)
    done = on(staged(rows, [whole("a", 0, 21)]))
    assert (done.low.elapsed_s, done.high, done.n_unknown) == (21, None, 1)


def test_nothing_to_replay_takes_no_time() -> None:
    done = on(staged([], []))
    assert (done.low.elapsed_s, done.low.mean_load, done.low.peak_load) == (0, None, 0)


@pytest.mark.parametrize(
    ("slots", "words"),
    [
        (Slots(0), "n_slots is 0"),
        (Slots(n_engines=0), "n_engines is 0"),
        (Slots(slowdown=HALVED[:3]), "more than 2 requests are in flight"),
        (Slots(slowdown=[0, 1, -1, 1]), "slowdown at 2 requests in flight is -1"),
        (Slots(slowdown=lambda n: float("nan") if n == 3 else 1.0), "slowdown at 3 requests in flight is nan"),
    ],
)
def test_what_no_fleet_can_do_is_refused(slots: Slots, words: str) -> None:
    with pytest.raises(PricingError, match=words):
        on(chains(one(1, 1, 1)), slots)


def test_recorded_starts_that_are_not_known_are_refused() -> None:
    unknown: Row = {"started_at": None, "ended_at": None}
    rows = [{**row, **unknown} for row in hardware(spans("a", (0, 1)), 1)]
    with pytest.raises(PricingError, match="1 of 1 rollouts have no recorded start"):
        on(staged(rows, [whole("a", 0, 1, **unknown)]), Slots(is_as_arrived=True))


SECONDS = st.integers(1, 40).map(lambda tenths: tenths / 10)
STAGE = st.tuples(st.lists(SECONDS, min_size=1, max_size=3), st.sampled_from([0.0, 0.7, 3.0]))
NEEDS = st.lists(st.lists(STAGE, min_size=1, max_size=3), min_size=1, max_size=5)


def alone_s(stages: Sequence[tuple[Sequence[float], float]]) -> float:
    return sum(max(seconds) + tool_s for seconds, tool_s in stages)


@settings(max_examples=25)
@given(NEEDS)
def test_one_slot_takes_the_sum_and_a_slot_each_the_longest(needs: Any) -> None:
    stages = chains(needs)
    assert on(stages, Slots(1)).low.elapsed_s == pytest.approx(sum(map(alone_s, needs)))
    assert on(stages).low.elapsed_s == pytest.approx(max(map(alone_s, needs)))


@settings(max_examples=25)
@given(NEEDS)
def test_fewer_slots_are_never_faster_where_load_slows_nothing(needs: Any) -> None:
    stages = chains(needs)
    elapsed = [on(stages, Slots(n)).low.elapsed_s for n in (1, 2, 3, 4, 5)]
    assert all(fewer >= more - 1e-9 for fewer, more in pairwise(elapsed))


@settings(max_examples=25)
@given(NEEDS, st.integers(1, 3), st.integers(1, 2), st.sampled_from([None, 2]))
def test_work_is_neither_lost_nor_made(needs: Any, n_slots: int, n_engines: int, cap: int | None) -> None:
    """Seconds at each load over the pace there add up to the work asked for; loads and gaps to the time there is."""
    stages = chains(needs)
    done = on(stages, Slots(n_slots, lambda n: 1 + (n - 1) / 3, n_engines, cap)).low
    rates = {n: served_per_s(n, n_engines) for n in range(20)}
    asked = sum(sum(seconds) for stages in needs for seconds, _ in stages)
    assert sum(rates[n] * s for n, s in done.loads.rows()) == pytest.approx(asked)
    assert done.loads["seconds"].sum() == pytest.approx(done.elapsed_s)
    for _, started_s, ended_s, _, in_model_s, tool_s in done.rollouts.rows():
        assert ended_s - started_s == pytest.approx(in_model_s + tool_s)


def served_per_s(n: int, n_engines: int) -> float:
    """Seconds of work done a second by engines that n requests are spread over one by one."""
    loads = [n // n_engines + (engine < n % n_engines) for engine in range(n_engines)]
    return sum(load / (1 + (load - 1) / 3) for load in loads if load)


STEP_S = 0.002


def stepped(needs: Needs, n_slots: int, slowdown: Sequence[float]) -> list[float]:
    """Ends of rollouts, by going on in steps and looking at all of them in each."""
    ends: dict[int, float] = {}
    under_way: dict[int, tuple[int, list[float], float]] = {}
    waiting, now = list(range(len(needs))), 0.0
    while len(ends) < len(needs):
        while waiting and len(under_way) < n_slots:
            number = waiting.pop(0)
            under_way[number] = (0, list(needs[number][0][0]), needs[number][0][1])
        load = sum(left > 0 for _, lefts, _ in under_way.values() for left in lefts)
        now += STEP_S
        for number, (stage, lefts, tool_s) in list(under_way.items()):
            if any(left > 0 for left in lefts):
                done = STEP_S / slowdown[load]
                under_way[number] = (stage, [left - done for left in lefts], tool_s)
            elif tool_s > STEP_S / 2:
                under_way[number] = (stage, [], tool_s - STEP_S)
            elif stage + 1 < len(needs[number]):
                seconds, next_tool_s = needs[number][stage + 1]
                under_way[number] = (stage + 1, list(seconds), next_tool_s)
            else:
                ends[number] = now
                del under_way[number]
    return [ends[number] for number in range(len(needs))]


@settings(max_examples=15)
@given(NEEDS, st.integers(1, 3), st.sampled_from([0.0, 0.3, 1.0]))
def test_a_simulation_in_small_steps_gives_the_same_ends(needs: Any, n_slots: int, slope: float) -> None:
    slowdown = [1 + slope * max(n - 1, 0) for n in range(20)]
    exact = on(chains(needs), Slots(n_slots, slowdown)).low.rollouts["ended_s"].to_list()
    n_events = sum(len(seconds) + 1 for stages in needs for seconds, _ in stages)
    assert exact == pytest.approx(stepped(needs, n_slots, slowdown), abs=2 * n_events * STEP_S)


def test_both_readings_of_a_clock_use_its_bounds() -> None:
    rows = [{**row, "hardware_s": 2.0, "hardware_low_s": 1.0, "hardware_high_s": 4.0} for row in spans("a", (0, 1))]
    done = on(staged(rows, [whole("a", 0, 1)]))
    assert done.high is not None
    assert (done.low.elapsed_s, done.high.elapsed_s) == (1, 4)


def test_a_chain_in_a_stage_is_side_by_side_in_low_and_in_series_in_high() -> None:
    rows = hardware(spans("a", (0, 30), (5, 10), (15, 30)), 9, 2, 3)
    readings = clock_work(staged(rows, [whole("a", 0, 30)]))
    assert readings.high is not None
    assert (readings.low.first_request.tolist(), readings.high.first_request.tolist()) == ([0, 3], [0, 1, 2, 3])
