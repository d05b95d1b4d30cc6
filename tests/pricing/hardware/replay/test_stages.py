"""Which calls run side by side, and what lies between: worked out on paper for small traces."""

from itertools import accumulate
from typing import Any

import pytest
from builders import call, rollout
from hypothesis import given, settings
from hypothesis import strategies as st
from replays import Row, at, hardware, lazy, on, spans, staged, whole

from pricing.hardware.hosted import HARDWARE
from pricing.hardware.replay.clock import rollout_seconds


def tools(calls: list[Row], *rollouts: Row) -> tuple[list[float], list[float]]:
    gaps = staged(calls, list(rollouts)).gaps
    return gaps.tool_low_s.tolist(), gaps.tool_high_s.tolist()


def clock(calls: list[Row], *rollouts: Row) -> tuple[float | None, ...]:
    return (
        rollout_seconds(*lazy(calls, list(rollouts))).select("hardware_s", "hardware_low_s", "hardware_high_s").row(0)
    )


def counts(calls: list[Row], *rollouts: Row) -> Row:
    return rollout_seconds(*lazy(calls, list(rollouts))).row(0, named=True)


SERIAL = spans("task", (5, 20), (30, 40), (50, 60))
"""Of a rollout of 100 seconds: 5 before the first call, then gaps of 10, 10 and 40."""
STAMPS = [{"started_at": at(s), "time_basis": "lower_bound"} for s in (5, 30, 50)]


def test_gaps_between_measured_calls_are_tool_time() -> None:
    assert tools(SERIAL, whole("task", 0, 100)) == ([10, 10, 40], [10, 10, 40])


def test_other_seconds_of_the_calls_move_the_rest_and_keep_the_tools() -> None:
    assert clock(hardware(SERIAL, 1, 2, 3), whole("task", 0, 100)) == (65 + 6,) * 3


def test_calls_that_overlap_take_as_long_as_the_longest() -> None:
    rows = hardware(spans("task", (0, 20), (10, 40), (50, 60)), 7, 4, 1)
    assert clock(rows, whole("task", 0, 60))[:2] == (None, 10 + 7 + 1)


def test_calls_sent_at_once_are_one_stage_and_their_path_is_known() -> None:
    rows = hardware(spans("task", (0, 40), (0, 20), (50, 60)), 7, 4, 1)
    assert clock(rows, whole("task", 0, 60)) == (10 + 7 + 1,) * 3


def test_where_one_call_of_a_stage_waited_for_another_the_sum_of_all_is_the_most() -> None:
    rows = hardware(spans("task", (0, 30), (5, 10), (15, 30)), 9, 2, 3)
    priced = counts(rows, whole("task", 0, 30))
    assert (priced["hardware_s"], priced["hardware_low_s"], priced["n_chained"]) == (None, 9, 1)
    assert priced["hardware_high_s"] == 9 + 2 + 3


def test_a_single_stamp_leaves_everything_between_nothing_and_the_whole_gap() -> None:
    rows = [call(call_index=i, **stamp) for i, stamp in enumerate(STAMPS)]
    assert tools(rows, whole("task", 0, 100)) == ([0, 0, 0], [25, 20, 50])
    assert clock(hardware(rows, 1, 2, 3), whole("task", 0, 100)) == (None, 5 + 6, 100 + 6)


def test_a_latency_from_the_event_before_may_be_all_tool_time() -> None:
    rows = spans("task", (0, 20), (30, 40), time_basis="upper_bound")
    assert tools(rows, whole("task", 0, 50)) == ([10, 10], [30, 20])


@pytest.mark.parametrize("told", [{"tool_s": 45.0}, {"model_s": 55.0}])
def test_what_the_rollout_says_of_its_tools_decides_between_the_extremes(told: Row) -> None:
    rows = [call(call_index=i, **stamp) for i, stamp in enumerate(STAMPS)]
    assert clock(hardware(rows, 1, 2, 3), whole("task", 0, 100, **told)) == pytest.approx((45 + 6,) * 3)


def test_waiting_between_the_stamps_of_a_call_is_no_tool_time() -> None:
    rows = [{**row, "latency_s": 4.0} for row in SERIAL]
    assert clock(hardware(rows, 1, 2, 3), whole("task", 0, 100)) == (65 + 6,) * 3


def test_waiting_the_rollout_counts_is_no_tool_time() -> None:
    rows = [call(call_index=i, **stamp) for i, stamp in enumerate(STAMPS)]
    known = whole("task", 0, 100, model_s=40.0, wait_s=20.0)
    assert clock(hardware(rows, 1, 2, 3), known) == pytest.approx((40 + 6,) * 3)


UNTIMED = {"started_at": None, "time_basis": None}


def test_calls_without_times_are_stages_in_their_order() -> None:
    rows = hardware([call(call_index=i, **UNTIMED) for i in range(3)], 1, 2, 3)
    assert clock(rows, whole("task", 0, 100)) == pytest.approx((None, 6, 100 + 6))
    assert clock(rows, whole("task", 0, 100, model_s=70.0)) == pytest.approx((30 + 6,) * 3)
    assert clock(rows, rollout()) == (None, 6, None)
    assert clock(rows, rollout(tool_s=30.0)) == pytest.approx((30 + 6,) * 3)


def test_latencies_without_stamps_leave_the_rest_to_the_tools() -> None:
    rows = [call(call_index=i, **{**UNTIMED, "time_basis": "measured"}, latency_s=10.0) for i in range(3)]
    assert clock(hardware(rows, 1, 2, 3), whole("task", 0, 100)) == pytest.approx((70 + 6,) * 3)


def test_a_call_inside_another_is_of_its_stage() -> None:
    rows = [call(call_index=i, **UNTIMED, parent_call_id=parent) for i, parent in enumerate((None, "run/task/0#0"))]
    assert clock(hardware(rows, 5, 2), whole("task", 0, 10, model_s=4.0)) == pytest.approx((6 + 5,) * 3)


def test_a_total_of_calls_is_a_stage_of_its_own_and_may_hide_in_the_gaps() -> None:
    total = {**UNTIMED, "granularity": "rollout", "is_residual": True, "call_id": "rest", "call_index": None}
    rows = hardware([*SERIAL, call(**total, n_requests=None)], 1, 2, 3, 4)
    assert clock(rows, whole("task", 0, 100)) == (None, 10, 65 + 10)
    assert counts(rows, whole("task", 0, 100))["n_aggregate"] == 1


def test_a_call_of_unknown_seconds_leaves_a_low_bound_and_is_counted() -> None:
    rows = hardware(SERIAL, 1, None, 3)
    assert clock(rows, whole("task", 0, 100)) == (None, 65 + 4, None)
    assert counts(rows, whole("task", 0, 100))["n_unknown"] == 1


def test_calls_the_trace_does_not_hold_leave_a_low_bound_without_the_gaps() -> None:
    rows = hardware(SERIAL, 1, 2, 3)
    assert clock(rows, whole("task", 0, 100, n_calls=4)) == (None, 6, None)
    assert counts(rows, whole("task", 0, 100, n_calls=4))["n_missing"] == 1


def test_a_rollout_without_calls_is_not_known_unless_it_has_none() -> None:
    assert clock([], whole("task", 0, 100)) == (None, 0, None)
    assert clock([], whole("task", 0, 100, n_calls=0)) == (100, 100, 100)


def test_what_was_not_sent_to_a_model_takes_no_part() -> None:
    rows = hardware([{**row, "is_billed": i != 1} for i, row in enumerate(SERIAL)], 1, 2, 3)
    assert clock(rows, whole("task", 0, 100)) == (100 - 15 - 10 + 4,) * 3


def test_totals_of_a_run_are_in_no_rollout_and_counted() -> None:
    total = call(**UNTIMED, rollout_id=None, granularity="run", call_index=None, call_id="total")
    stages = staged([*SERIAL, total], [whole("task", 0, 100)])
    assert (stages.n_unplaced, stages.calls.height) == (1, 3)


LENGTHS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=6)


@settings(max_examples=40)
@given(st.lists(LENGTHS, min_size=1, max_size=4), st.integers(0, 5))
def test_with_the_seconds_it_had_every_rollout_takes_as_long_as_it_did(lengths: list[Any], lead_s: int) -> None:
    calls: list[Row] = []
    rollouts: list[Row] = []
    for number, each in enumerate(lengths):
        ends = list(accumulate(wait + need for wait, need in each))
        times = [(lead_s + end - need, lead_s + end) for end, (_, need) in zip(ends, each, strict=True)]
        calls += hardware(spans(f"t{number}", *times), *(need for _, need in each))
        rollouts.append(whole(f"t{number}", 0, lead_s + ends[-1] + number))
    seconds = rollout_seconds(*lazy(calls, rollouts))
    for name in HARDWARE:
        assert seconds[name].to_list() == pytest.approx([row["wall_s"] for row in rollouts])


KINDS = st.sampled_from(["measured", "upper_bound", "lower_bound"])


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), KINDS), min_size=1, max_size=6))
def test_a_slot_each_gives_the_seconds_of_the_clock(calls: list[Any]) -> None:
    """Overlapping calls, of every kind of stamp, of one rollout."""
    rows = [row for i, (start, need, kind) in enumerate(calls)
            for row in hardware(spans("task", (start, start + need), time_basis=kind), i / 2)]  # fmt: skip
    rows = [{**row, "call_index": i, "call_id": f"c{i}"} for i, row in enumerate(rows)]
    rows = [{**row, "ended_at": None, "latency_s": None} if row["time_basis"] == "lower_bound" else row for row in rows]
    rollouts = [whole("task", 0, 20)]
    done = on(staged(rows, rollouts))
    _, low, high = clock(rows, *rollouts)
    assert done.high is not None
    assert (done.low.elapsed_s, done.high.elapsed_s) == pytest.approx((low, high))


def test_the_order_of_the_rows_changes_nothing() -> None:
    rows = hardware(spans("a", (0, 20), (0, 30), (50, 60)), 7, 4, 1) + hardware(spans("b", (0, 9)), 2)
    calls, rollouts = lazy(rows, [whole("a", 0, 60), whole("b", 0, 9)])
    assert rollout_seconds(calls.reverse(), rollouts).equals(rollout_seconds(calls, rollouts))
