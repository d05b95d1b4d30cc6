"""What holds for every registered curve."""

from typing import Any

import polars as pl
import pytest
from builders import frame, rollout, run, task
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from analyzer.curves.parts.axes import AXES
from analyzer.curves.registry import CurveResult, discover, find
from pricing.schema import PRICED_ROLLOUTS, PRICED_RUNS
from traces.errors import AnalysisError, UsageError
from traces.schema import TASKS

CURVES = sorted(discover())
TIDY = ("curve", "benchmark", "agent", "run_id", "x", "x_low", "x_high", "y", "y_low", "y_high")
COUNTS = ("n_rollouts", "n_tasks", "known_frac")
Row = dict[str, Any]


def attempt(task_id: str, usd: float, score: float | None, **values: Any) -> Row:
    resources = dict.fromkeys(("cost_usd", "cost_low_usd", "cost_high_usd", "api_s"), usd)
    return rollout(task_id=task_id, score=score, **resources, **values)


def priced(rollouts: list[Row]) -> dict[str, pl.DataFrame]:
    runs = [run(run_id=name, agent=f"agent {name}", score_min=0.0, score_max=1.0) for name in ("one", "two")]
    tasks = frame(TASKS, *(task(task_id=name) for name in "abcd"))
    return {"runs": frame(PRICED_RUNS, *runs), "rollouts": frame(PRICED_ROLLOUTS, *rollouts), "tasks": tasks}


def ends(result: CurveResult) -> list[float]:
    return [row["y"] for row in result.frame.unique("agent", keep="last", maintain_order=True).iter_rows(named=True)]


@st.composite
def rollouts(draw: st.DrawFn) -> list[Row]:
    n = draw(st.integers(2, 12))
    scores, costs = st.sampled_from([0.0, 0.3, 1.0, None]), st.sampled_from([0.1, 0.2, 0.7, 1.3])
    names, runs = st.sampled_from("abcd"), st.sampled_from(["one", "two"])
    return [attempt(draw(names), draw(costs), draw(scores), attempt=i, run_id=draw(runs)) for i in range(n)]


@pytest.mark.parametrize("name", CURVES)
@settings(max_examples=20)
@given(rows=rollouts(), seed=st.integers(0, 9))
def test_the_order_of_rows_changes_nothing(name: str, rows: list[Row], seed: int) -> None:
    tables = priced(rows)
    shuffled = {table: rows.sample(fraction=1.0, shuffle=True, seed=seed) for table, rows in tables.items()}
    assert_frame_equal(find(name)(shuffled).frame, find(name)(tables).frame, check_exact=True)
    assert find(name)(shuffled).notes == find(name)(tables).notes


@pytest.mark.parametrize("name", CURVES)
def test_repeating_the_attempts_of_a_task_does_not_reweight_it(name: str) -> None:
    once = [attempt("a", 1.0, 1.0, run_id="one"), attempt("b", 2.0, 0.0, run_id="one")]
    thrice = [*once, *(attempt("a", 1.0, 1.0, run_id="one", attempt=i) for i in (1, 2))]
    assert ends(find(name)(priced(thrice))) == ends(find(name)(priced(once))) == [0.5]


@pytest.mark.parametrize("name", CURVES)
def test_the_table_is_tidy_and_says_what_it_rests_on(name: str) -> None:
    result = find(name)(priced([attempt("a", 1.0, 1.0, run_id="one"), attempt("a", 1.0, None, run_id="two")]))
    assert set(TIDY + COUNTS) <= set(result.frame.columns)
    assert set(result.frame["curve"]) == {name}
    assert result.frame["agent"].to_list() == ["agent one", "agent two"]
    assert result.frame["known_frac"].to_list() == [1.0, 0.0]
    assert result.notes
    assert all(note.endswith(".") for note in result.notes)


@pytest.mark.parametrize("name", CURVES)
def test_every_curve_says_where_it_comes_from(name: str) -> None:
    curve = find(name)
    assert curve.summary
    assert curve.source
    assert all(option.doc and option.default == option.choices[0] for option in curve.options)


@pytest.mark.parametrize("name", CURVES)
def test_no_rollouts_give_an_empty_table(name: str) -> None:
    assert find(name)(priced([])).frame.is_empty()


@pytest.mark.parametrize("name", CURVES)
def test_contradicting_directions_are_an_error(name: str) -> None:
    tables = priced([attempt("a", 1.0, 1.0, run_id="one"), attempt("a", 1.0, 1.0, run_id="two")])
    tables["runs"] = frame(PRICED_RUNS, run(run_id="one"), run(run_id="two", is_higher_better=False))
    with pytest.raises(AnalysisError, match="higher scores are better in some runs of bench"):
        find(name)(tables)


def test_an_unknown_curve_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="known curves: score_at_budget, score_vs_cost, score_vs_time"):
        find("score_vs_luck")


def test_a_mean_cost_with_an_unknown_part_has_no_place_but_a_low_bound() -> None:
    unknown = rollout(task_id="b", run_id="one", score=0.0, cost_low_usd=1.0)
    result = find("score_vs_cost")(priced([attempt("a", 3.0, 1.0, run_id="one"), unknown]))
    [row] = result.frame.to_dicts()
    assert (row["x"], row["x_low"], row["x_high"]) == (None, 2.0, None)
    assert "Not placed, as its US dollars per attempt are not known in full: agent one (at least 2)." in result.notes


def test_a_mean_weighs_tasks_not_attempts() -> None:
    rows = [
        attempt("a", usd, score, run_id="one", attempt=i) for i, (usd, score) in enumerate([(1.0, 1.0), (3.0, 0.0)])
    ]
    result = find("score_vs_cost")(priced([*rows, attempt("b", 4.0, 0.0, run_id="one")]))
    [row] = result.frame.to_dicts()
    assert (row["x"], row["y"]) == (3.0, 0.25)


def test_an_agent_s_runs_are_attempts_and_a_run_is_a_point_when_asked() -> None:
    tables = priced([attempt("a", 1.0, 1.0, run_id="one"), attempt("a", 3.0, 0.0, run_id="two")])
    tables["runs"] = frame(PRICED_RUNS, run(run_id="one"), run(run_id="two"))
    curve = find("score_vs_cost")
    assert curve(tables).frame.select("run_id", "x", "y").rows() == [(None, 2.0, 0.5)]
    assert curve(tables, by="run").frame.select("run_id", "x", "y").rows() == [("one", 1.0, 1.0), ("two", 3.0, 0.0)]


def test_tokens_of_several_agents_come_with_a_warning() -> None:
    rows = [attempt("a", 1.0, 1.0, run_id=name, input_tokens=1, output_tokens=1) for name in ("one", "two")]
    notes = find("score_at_budget")(priced(rows), axis="tokens").notes
    assert any("compare agents in dollars" in note for note in notes)


def pool(*agents: str) -> list[Row]:
    """Agent one attempts a and b, agent two only a."""
    named = {"one": ("a", "b"), "two": ("a",)}
    return [attempt(task_id, 1.0, float(task_id == "a"), run_id=name) for name in agents for task_id in named[name]]


@pytest.mark.parametrize("name", CURVES)
def test_agents_with_fewer_tasks_than_the_benchmark_are_named(name: str) -> None:
    result = find(name)(priced(pool("one", "two")))
    note = "Not all on the same tasks (tasks=common compares on shared ones): agent two: 1 of 2 tasks."
    assert note in result.notes
    counts = result.frame.unique("agent", maintain_order=True).select("n_tasks", "n_benchmark_tasks").rows()
    assert counts == [(2, 2), (1, 2)]


@pytest.mark.parametrize("name", CURVES)
def test_common_tasks_are_those_every_agent_attempted(name: str) -> None:
    result = find(name)(priced(pool("one", "two")), tasks="common")
    assert ends(result) == [1.0, 1.0]
    assert "Only tasks that every agent attempted (tasks=common): 1 of 2 of bench." in result.notes


@pytest.mark.parametrize("name", CURVES)
def test_agents_without_a_common_task_are_said_to_have_none(name: str) -> None:
    rows = [attempt("a", 1.0, 1.0, run_id="one"), attempt("b", 1.0, 1.0, run_id="two")]
    result = find(name)(priced(rows), tasks="common")
    assert result.frame.is_empty()
    assert "Only tasks that every agent attempted (tasks=common): 0 of 2 of bench." in result.notes


def test_recorded_dollars_are_an_axis_of_their_own() -> None:
    rows = [
        rollout(task_id=name, run_id="one", score=1.0, recorded_cost_usd=usd)
        for name, usd in zip("ab", (1.0, 3.0), strict=True)
    ]
    recomputed = find("score_vs_cost")(priced(rows))
    assert recomputed.frame["x"].to_list() == [None]
    hint = "No dollars could be recomputed, but the source states some (cost=recorded uses them): agent one."
    assert hint in recomputed.notes
    result = find("score_vs_cost")(priced(rows), cost="recorded")
    assert result.frame.select("axis", "x", "x_low", "x_high").row(0) == ("recorded_dollars", 2.0, 2.0, 2.0)
    assert result.x_label == "Recorded US dollars per attempt, as the source states them"
    budget = find("score_at_budget")(priced(rows), cost="recorded")
    assert budget.frame["y"].to_list() == [0.5, 1.0]
    assert budget.x_label == "Budget per rollout (recorded US dollars, as the source states them)"
    with pytest.raises(UsageError, match="turns have no dollars"):
        find("score_at_budget")(priced(rows), cost="recorded", axis="turns")


def test_a_missing_recorded_cost_is_not_known_not_zero() -> None:
    rows = [
        rollout(task_id="a", run_id="one", score=1.0, recorded_cost_usd=1.0),
        rollout(task_id="b", run_id="one", score=1.0),
    ]
    row = find("score_vs_cost")(priced(rows), cost="recorded").frame.row(0, named=True)
    assert (row["x"], row["x_low"], row["x_high"]) == (None, 0.5, None)


def test_runs_without_rollouts_are_placed_by_what_their_source_states() -> None:
    tables = priced([attempt("a", 1.0, 1.0, run_id="one", recorded_cost_usd=5.0)])
    stated = {"agent": "agent two", "recorded_score": 0.25, "recorded_cost_usd": 6.0, "recorded_n_rollouts": 3}
    tables["runs"] = frame(PRICED_RUNS, run(run_id="one", agent="agent one"), run(run_id="two", **stated))
    result = find("score_vs_cost")(tables, cost="recorded")
    assert result.frame.select("agent", "x", "y", "n_rollouts").rows() == [
        ("agent one", 5.0, 1.0, 1),
        ("agent two", 2.0, 0.25, 0),
    ]
    assert any(note.startswith("1 run without rollouts: 1 point from the score") for note in result.notes)
    recomputed = find("score_vs_cost")(tables)
    assert recomputed.frame["agent"].to_list() == ["agent one"]
    assert "1 run without rollouts not in this curve." in recomputed.notes
    assert any("cost=recorded uses them): agent two." in note for note in recomputed.notes)


def test_points_at_the_upper_end_of_a_range_are_named() -> None:
    rows = [attempt("a", 3.0, 1.0, run_id="one"), attempt("a", 3.0, 1.0, run_id="two")]
    notes = find("score_vs_cost")(priced([{**rows[0], "cost_low_usd": 1.0}, rows[1]])).notes
    assert any("Placed at the highest dollars they can have" in note and "range: agent one." in note for note in notes)


TOKENS = {"input_tokens": 100, "uncached_input_tokens": 30, "output_tokens": 20, "n_turns": 7}
SEEN = {
    "input_low_tokens": 90, "uncached_input_low_tokens": 20, "output_low_tokens": 10, "n_turns_low": 6,
}  # fmt: skip


@pytest.mark.parametrize(
    ("axis", "seen"), [("tokens", 100.0), ("output_tokens", 10.0), ("uncached_tokens", 30.0), ("turns", 6.0)]
)
def test_what_was_seen_is_the_low_bound_of_what_is_not_known(axis: str, seen: float) -> None:
    rows = frame(PRICED_ROLLOUTS, rollout(**SEEN))
    x, low, high = rows.select(*AXES[axis].columns()).row(0)
    assert (x, low, high) == (None, seen, None)


@pytest.mark.parametrize(
    ("axis", "ends"), [("tokens", (120.0, 150.0)), ("output_tokens", (20.0, 50.0)), ("uncached_tokens", (50.0, 80.0))]
)
def test_output_that_may_hold_more_reasoning_is_placed_at_its_highest(axis: str, ends: tuple[float, float]) -> None:
    rows = frame(PRICED_ROLLOUTS, rollout(**TOKENS, output_high_tokens=50))
    x, low, high = rows.select(*AXES[axis].columns()).row(0)
    assert (x, low, high) == (ends[1], *ends)
