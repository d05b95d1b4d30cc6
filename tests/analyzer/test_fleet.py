"""Rollouts on a fleet of accelerators: hours and dollars by hand, both bases apart, and what is not known."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from builders import call, run, tables
from fleets import GPT, Tables, at, calls_of, on, rollout_of, trace_of
from reading import read_with

from analyzer.hardware.attempts import attempts_view
from analyzer.hardware.fleet import Asked, FleetView, fleet_view
from analyzer.hardware.fleet_words import at_a_glance, headline, loads_at_a_glance
from analyzer.hardware.recorded import recorded_view
from pricing.hardware.point import Point
from pricing.reprice import reprice_tables
from pricing.scenario import Scenario
from traces.errors import PricingError
from traces.readers.mini_swe_agent import READER


def call_s(point: Point, output_tokens: int) -> float:
    """Seconds of a call of 1,000 tokens of input, from the numbers of its engine."""
    first, of_input, _, step, _ = point.seconds[1]
    return first + 1000 * of_input + (output_tokens - 1) * step


THREE = trace_of((500, 300), (400,), (200, 100))


def test_on_one_slot_rollouts_take_their_calls_alone_and_their_tools_one_after_the_other() -> None:
    found = fleet_view(THREE, on(), Asked(n_slots=1))
    alone = found.engine.alone
    by_hand = sum(call_s(alone, n) for n in (500, 300, 400, 200, 100)) + 2 * 7
    assert found.is_told
    assert found.row("tools_least")["elapsed_s"] == pytest.approx(by_hand)
    assert found.row("tools_most") == {**found.row("tools_least"), "reading": "tools_most"}
    assert found.row("tools_least")["peak_load"] == 1


def test_rollouts_side_by_side_slow_each_other_down() -> None:
    """Two rollouts of the same one call: both end after the seconds alone times the slowdown of two."""
    found = fleet_view(trace_of((400,), (400,)), on(), Asked(n_slots=2))
    engine = found.engine
    assert found.row("tools_least")["elapsed_s"] == pytest.approx(call_s(engine.alone, 400) * engine.slowdown[2])
    assert found.loads.filter(reading="tools_least")["n_in_flight"].to_list() == [2]


def test_two_copies_serve_two_rollouts_as_one_serves_one() -> None:
    alone = fleet_view(trace_of((400,)), on(), Asked(n_slots=1)).row("tools_least")
    both = fleet_view(trace_of((400,), (400,)), on(), Asked(n_slots=2, n_copies=2)).row("tools_least")
    assert both["elapsed_s"] == pytest.approx(alone["elapsed_s"])
    assert both["occupancy_usd"] == pytest.approx(2 * alone["occupancy_usd"])


@pytest.mark.parametrize("copies", [1, 3])
def test_occupancy_is_every_accelerator_for_as_long_as_it_is_held(copies: int) -> None:
    """A tenth of a cent per accelerator-second, from start-up to the end of what stands idle."""
    found = fleet_view(THREE, on(startup_s=600, idle_s=60), Asked(n_slots=2, n_copies=copies))
    row = found.row("tools_least")
    held = Decimal(str(round(row["elapsed_s"] or 0, 6))) + 660
    n_gpus = copies * found.engine.point.placed.law.n_gpus
    assert row["occupancy_usd"] == pytest.approx(float(held * n_gpus / 1000), abs=1e-9)
    assert row["gpu_hours"] == pytest.approx(float(held * n_gpus / 3600))
    assert (row["occupancy_low_usd"], row["occupancy_high_usd"]) == (row["occupancy_usd"], row["occupancy_usd"])


def test_shares_of_rollouts_add_up_to_the_fleet_exactly_and_stand_beside_their_marginal_dollars() -> None:
    found = fleet_view(THREE, on())
    assert found.rollouts["rollout_id"].to_list() == ["run/a/0", "run/b/0", "run/c/0"]
    usd = found.row("tools_least")["occupancy_usd"]
    assert sum(found.rollouts["occupancy_cost_pusd"]) == round((usd or 0) * 10**12)
    ratios = found.rollouts["occupancy_cost_pusd"] / found.rollouts["marginal_usd"]
    assert ratios.to_list() == pytest.approx([ratios[0]] * 3, rel=1e-6)


def test_marginal_dollars_are_those_of_pricing_the_same_calls() -> None:
    found = fleet_view(THREE, on(utilisation_frac=0.5))
    priced = reprice_tables(THREE, on(utilisation_frac=0.5))
    costs = priced["runs"].row(0, named=True)
    names = {"least": "cost_low_usd", "tools_least": "cost_usd", "tools_most": "cost_usd", "most": "cost_high_usd"}
    for reading, name in names.items():
        assert found.row(reading)["marginal_usd"] == pytest.approx(costs[name], abs=1e-9)
    by_rollout = dict(priced["rollouts"].select("rollout_id", "cost_usd").iter_rows())
    for rollout_id, usd in found.rollouts.select("rollout_id", "marginal_usd").iter_rows():
        assert usd == pytest.approx(by_rollout[rollout_id], abs=1e-9)


def test_the_busy_share_is_that_of_accelerator_seconds() -> None:
    """Half-busy accelerators cost twice as much a busy second; the share they are busy does not change."""
    whole, half = (fleet_view(THREE, on(utilisation_frac=frac)).row("tools_least") for frac in (1.0, 0.5))
    assert half["marginal_usd"] == pytest.approx(2 * (whole["marginal_usd"] or 0))
    assert half["busy_frac"] == pytest.approx(whole["busy_frac"])
    gpu_s = (whole["gpu_hours"] or 0) * 3600
    assert whole["busy_frac"] == pytest.approx((whole["marginal_usd"] or 0) * 1000 / gpu_s)


def test_readings_run_from_the_least_to_the_most() -> None:
    found = fleet_view(THREE, on(usd_per_gpu_hour=None))
    for name in ("elapsed_s", "marginal_usd", "occupancy_usd"):
        values = found.readings[name].to_list()
        assert values == sorted(values)
        low, high = found.bounds(name)
        assert low <= values[0] <= values[-1] <= high
    assert found.bounds("occupancy_usd")[1] == found.readings["occupancy_high_usd"].max()


def test_dollars_follow_the_price_of_an_hour_and_hours_do_not() -> None:
    once, twice = (fleet_view(THREE, on(usd_per_gpu_hour=usd)).readings for usd in (2.0, 4.0))
    assert once["elapsed_s"].equals(twice["elapsed_s"])
    for name in ("occupancy_usd", "marginal_usd"):
        assert (twice[name] / once[name]).to_list() == pytest.approx([2.0] * 4, rel=1e-6)


def untold() -> Tables:
    """Stamps of starts only: what is call and what is tool is not told apart."""
    rows = [{**row, "ended_at": None, "latency_s": None} for row in calls_of("a", 500, 300)]
    return tables([run()], [rollout_of("a", 16.0)], rows)


def test_tool_time_that_is_not_told_apart_gives_both_extremes() -> None:
    """16 s recorded: none of them tools, or all."""
    found = fleet_view(untold(), on(), Asked(n_slots=1))
    alone = call_s(found.engine.alone, 500) + call_s(found.engine.alone, 300)
    assert not found.is_told
    assert found.row("tools_least")["elapsed_s"] == pytest.approx(alone)
    assert found.row("tools_most")["elapsed_s"] == pytest.approx(alone + 16)
    assert headline(found).startswith("1 rollout: between ")
    assert any("not told apart" in note for note in found.notes)


def test_calls_of_unknown_tokens_leave_only_what_it_is_at_least() -> None:
    found = fleet_view(trace_of((500, None), (400,)), on())
    assert [found.row(name)["elapsed_s"] is None for name in ("least", "tools_least", "tools_most", "most")] == [
        False, False, True, True,
    ]  # fmt: skip
    assert found.bounds("occupancy_usd")[1] is None
    assert found.row("tools_least")["marginal_usd"] is None
    assert found.rollouts["occupancy_cost_pusd"].to_list() == [None, None]
    assert headline(found).startswith("2 rollouts: at least ")
    assert any("1 call of other models or of unknown tokens" in note for note in found.missing)


def test_rollouts_without_a_call_of_the_model_are_left_out_and_counted() -> None:
    more = trace_of((500,), (400,))
    other = calls_of("b", 400, model="acme-large")
    found = fleet_view({**more, **tables([run()], [*_rows(more)], [*calls_of("a", 500), *other])}, on())
    assert found.rollouts["rollout_id"].to_list() == ["run/a/0"]
    assert "1 rollout without a call of the model left out." in found.notes


def _rows(found: Tables) -> list[dict[str, Any]]:
    return found["rollouts"].to_dicts()


@pytest.mark.parametrize(
    ("scenario", "problem"),
    [
        (Scenario(), "one deployed model, and none are stated"),
        (on().model_copy(update={"hardware": {**on().hardware, "*": on().hardware[GPT]}}), "and 2 are stated"),
        (on(accelerator="b201"), "no accelerator 'b201'"),
        (on(precision="fp7"), "no precision 'fp7'"),
        (on(concurrency=0.5), "less than one request"),
        (on(concurrency=10**6), "do not fit in memory"),
        (on(like="llama-3.1-70b").model_copy(update={"allow_estimate": False}), "an estimate: taken to run like"),
    ],
)
def test_what_no_fleet_can_be_is_an_error_that_says_what_can(scenario: Scenario, problem: str) -> None:
    with pytest.raises(PricingError, match=problem) as refused:
        fleet_view(THREE, scenario)
    assert refused.value.hint


def test_a_fleet_in_a_sentence_and_two_tables() -> None:
    found: FleetView = fleet_view(THREE, on(), Asked(n_slots=3))
    assert headline(found).startswith("3 rollouts: 0.00")
    assert headline(found).endswith("for the fleet as long as it is held (occupancy)")
    assert at_a_glance(found)["reading"].to_list() == ["least", "tools_least", "tools_most", "most"]
    loads = loads_at_a_glance(found)
    assert loads.columns == ["in flight", "tools_least"]
    assert set(loads["in flight"]) <= {"0", "1", "2 to 3"}
    assert loads["tools_least"].sum() * 3600 == pytest.approx(found.row("tools_least")["elapsed_s"], rel=1e-3)


def test_attempts_in_series_take_the_sum_in_parallel_the_longest_and_cost_the_same() -> None:
    """Two attempts at one task, of one call each, at the load of the deployment."""
    attempts = [rollout_of("t", 1.0, attempt=n) for n in range(3)]
    rows = [row for n, out in enumerate((400, 100, 900)) for row in calls_of("t", out, rollout_id=f"run/t/{n}")]
    named = [{**row, "call_id": f"{row['rollout_id']}#0"} for row in rows]
    found = attempts_view(tables([run()], attempts, named), on(), 2)
    point = fleet_view(tables([run()], attempts, named), on()).engine.point
    first, second = call_s(point, 400), call_s(point, 100)
    row = found.frame.row(0, named=True)
    assert (row["n_attempts"], row["n_tasks"]) == (2, 1)
    assert row["serial_hardware_s"] == pytest.approx(first + second)
    assert row["parallel_hardware_s"] == pytest.approx(first)
    costs = [reprice_tables(tables([run()], attempts, named), on())["rollouts"]["cost_usd"][n] for n in (0, 1)]
    assert row["marginal_usd"] == pytest.approx(sum(costs), abs=1e-9)
    more = attempts_view(tables([run()], attempts, named), on(), 4)
    assert any("1 task with fewer than 4" in note for note in more.notes)


def recorded_tables() -> Tables:
    """Rollouts c, b and a of 10, 20 and 30 s that were started one second after the other."""
    rollouts, rows = [], []
    for number, (task, seconds) in enumerate((("c", 10.0), ("b", 20.0), ("a", 30.0))):
        ends = {"started_at": at(number), "ended_at": at(number + seconds)}
        rollouts.append(rollout_of(task, seconds, **ends))
        rows.append(call(rollout_id=f"run/{task}/0", latency_s=seconds, time_basis="measured", **ends, output_tokens=1))
    return tables([run()], rollouts, rows)


def test_recorded_rollouts_on_other_slots_by_hand() -> None:
    """On two slots: c, then a beside b until 40 s; by key a beside b and then c until 30 s."""
    found = recorded_view(recorded_tables(), [2])
    rows = {row["order"]: row for row in found.frame.iter_rows(named=True)}
    assert {name: row["elapsed_s"] for name, row in rows.items()} == {"as started": 32.0, "recorded": 40.0, "key": 30.0}
    assert rows["recorded"]["drain_s"] == 30.0
    assert rows["key"]["change_frac"] == pytest.approx(30 / 32 - 1)
    assert found.notes[0].startswith("A scheduling what-if")


def test_without_recorded_starts_there_is_no_schedule_as_started() -> None:
    trace = recorded_tables()
    bare = {name: pl.lit(None, pl.Datetime("us", "UTC")).alias(name) for name in ("started_at", "ended_at")}
    unstamped = {name: trace[name].with_columns(**bare) for name in ("calls", "rollouts")}
    found = recorded_view({**trace, **unstamped}, [3], ["key"])
    assert found.frame["order"].to_list() == ["key"]
    assert found.frame["elapsed_s"].to_list() == [30.0]
    assert any("no schedule as started" in note for note in found.notes)


def test_a_run_of_500_rollouts_on_slots_as_recorded(shared_data: Path) -> None:
    """1.897 h as started; 20 slots take 3.0 % more in the order of the tasks, and 5.007 % in the order they were
    started in, whose last ones were tried again: when the last gets its slot 580 s are left to run, not 434."""
    found = recorded_view(read_with(READER, [shared_data / "mini_swe_agent" / "run"])[0], [20, 8, 64, 256])
    rows = {(row["n_slots"], row["order"]): row for row in found.frame.iter_rows(named=True)}
    assert rows[None, "as started"]["elapsed_hours"] == pytest.approx(1.897, abs=5e-4)
    assert rows[20, "key"]["change_frac"] == pytest.approx(0.030, abs=5e-4)
    assert rows[20, "recorded"]["change_frac"] == pytest.approx(0.05007, abs=5e-5)
    assert (rows[20, "recorded"]["drain_s"], rows[20, "key"]["drain_s"]) == (580, 434)
    hours = [rows[n, "recorded"]["elapsed_hours"] for n in (8, 64, 256)]
    assert hours == pytest.approx([4.795, 0.711, 0.334], abs=5e-4)
    assert "500 rollouts of 37.53 h in all" in found.notes[1]
