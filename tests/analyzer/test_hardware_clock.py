"""Curves on the clock of accelerators: seconds by hand where tools are told apart, bounds where they are not."""

import polars as pl
import pytest
from builders import run, tables
from fleets import calls_of, on, rollout_of

from analyzer import api
from analyzer.curves.registry import find
from analyzer.hardware.fleet import fleet_view
from analyzer.scenario import deployment_notes
from analyzer.tour import BUNDLED
from pricing.reprice import reprice_tables
from pricing.scenario import load_scenario

Tables = dict[str, pl.DataFrame]


def traces(*, is_told: bool = True) -> Tables:
    """Two rollouts: one of two calls with 7 s of tools between them that succeeded, one of a call that did not."""
    rows = [*calls_of("a", 500, 300), *calls_of("b", 400)]
    if not is_told:
        rows = [{**row, "ended_at": None, "latency_s": None} for row in rows]
    return tables([run()], [rollout_of("a", 9.0, score=1.0), rollout_of("b", 1.0, score=0.0)], rows)


def seconds_by_hand(outputs: tuple[int, ...], tool_s: float, reading: int = 1) -> float:
    first, of_input, _, step, _ = fleet_view(traces(), on()).engine.point.seconds[reading]
    return sum(first + 1000 * of_input + (n - 1) * step for n in outputs) + tool_s


def test_score_versus_time_stands_at_the_mean_seconds_of_calls_and_tools() -> None:
    result = find("score_vs_time")(reprice_tables(traces(), on()), seconds="hardware")
    row = result.frame.row(0, named=True)
    for name, reading in (("x_low", 0), ("x", 1), ("x_high", 2)):
        by_hand = (seconds_by_hand((500, 300), 7.0, reading) + seconds_by_hand((400,), 0.0, reading)) / 2
        assert row[name] == pytest.approx(by_hand)
    assert (row["y"], row["known_frac"]) == (0.5, 1.0)
    assert result.x_label == "Seconds on accelerators per attempt, mean over tasks"


def test_a_figure_inside_its_range_is_not_said_to_stand_at_its_upper_end() -> None:
    notes = " ".join(find("score_vs_time")(reprice_tables(traces(), on()), seconds="hardware").notes)
    assert "Placed at the single figure of their hardware seconds; the bar shows where it can lie: agent." in notes
    assert "Placed at the highest" not in notes


def test_a_budget_of_seconds_on_accelerators_is_met_from_the_seconds_of_the_rollout_on() -> None:
    result = find("score_at_budget")(reprice_tables(traces(), on()), axis="hardware_seconds")
    seconds = seconds_by_hand((500, 300), 7.0)
    solved = result.frame.filter(pl.col("y") > 0)
    assert solved["x"].min() == pytest.approx(seconds)
    assert result.x_label == "Budget per rollout (seconds on accelerators)"
    assert any("of 2 of 2 are an estimate with a range" in note for note in result.notes)


def test_where_tools_are_not_told_apart_the_budget_curve_has_bounds_only() -> None:
    result = find("score_at_budget")(reprice_tables(traces(is_told=False), on()), axis="hardware_seconds")
    last = result.frame.row(-1, named=True)
    assert result.frame["known_frac"].to_list() == [0.0] * result.frame.height
    assert (last["y_low"], last["y_high"]) == (0.5, 0.5)
    assert any("2 of 2 rollouts have no known hardware seconds: bounds only" in note for note in result.notes)


def test_curves_of_a_deployed_store_say_what_they_rest_on() -> None:
    deployment = {"accelerator": "b200", "concurrency": 16, "like": "gpt-oss-120b"}
    scenario = load_scenario(hardware={"gpt-4.1": deployment}, allow_estimate=True)
    priced = api.reprice(BUNDLED, scenario=scenario)
    notes = api.curve("score_vs_cost", priced, benchmark=["tau2-bench/retail"]).notes
    assert notes[1:3] == deployment_notes(priced.manifest)
    assert notes[1].startswith("On accelerators, no vendor's price: gpt-4.1 like gpt-oss-120b on ")
    assert "of its tokens outside what was measured." in notes[1]
    assert notes[2].startswith("An estimate: taken to run like gpt-oss-120b")
