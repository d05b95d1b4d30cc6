"""What holds for every registered curve."""

from typing import Any

import polars as pl
import pytest
from builders import frame, rollout, run, task
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from analyzer.curves.registry import CurveResult, discover, find
from pricing.schema import PRICED_ROLLOUTS, PRICED_RUNS
from traces.errors import AnalysisError, UsageError
from traces.schema import TASKS

CURVES = sorted(discover())
TIDY = ("curve", "benchmark", "agent", "run_id", "x", "x_low", "x_high", "y", "y_low", "y_high")
COUNTS = ("n_rollouts", "n_tasks", "coverage_frac")
Row = dict[str, Any]


def attempt(task_id: str, usd: float, score: float | None, **values: Any) -> Row:
    resources = dict.fromkeys(("cost_usd", "cost_low_usd", "cost_high_usd", "recorded_s"), usd)
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
    assert result.frame["coverage_frac"].to_list() == [1.0, 0.0]
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
