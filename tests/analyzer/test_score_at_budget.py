"""Score at a budget: the definition against a slow reference, the bounds, and published numbers."""

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from builders import frame, rollout, run, task
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.curves.registry import CurveResult, Tables, find
from analyzer.curves.score_at_budget import MAX_POINTS
from pricing.schema import PRICED_ROLLOUTS, PRICED_RUNS
from traces.errors import AnalysisError, UsageError
from traces.schema import TASKS

SCORE_AT_BUDGET = find("score_at_budget")
Row = dict[str, Any]


def attempt(task_id: str, usd: float | None, score: float | None, **values: Any) -> Row:
    bounds = {"cost_usd": usd, "cost_low_usd": usd, "cost_high_usd": usd}
    return rollout(task_id=task_id, score=score, **{**bounds, **values})


def priced(rollouts: list[Row], tasks: tuple[Row, ...] = (), **protocol: Any) -> dict[str, pl.DataFrame]:
    runs = [run(**{"score_min": 0.0, "score_max": 1.0, **protocol})]
    return {
        "runs": frame(PRICED_RUNS, *runs),
        "rollouts": frame(PRICED_ROLLOUTS, *rollouts),
        "tasks": frame(TASKS, *tasks),
    }


def column(result: CurveResult, name: str) -> list[Any]:
    return list(result.frame[name])


def test_a_rollout_counts_from_the_budget_that_pays_for_it() -> None:
    result = SCORE_AT_BUDGET(priced([attempt("a", 1.0, 1.0), attempt("b", 2.0, 0.0), attempt("c", 4.0, 1.0)]))
    assert column(result, "x") == [1.0, 2.0, 4.0]
    assert column(result, "y") == pytest.approx([1 / 3, 1 / 3, 2 / 3])
    assert column(result, "y_low") == column(result, "y") == column(result, "y_high")
    assert column(result, "known_frac") == [1.0] * 3


def test_uneven_attempts_share_the_weight_of_their_task() -> None:
    often = [attempt("a", 1.0, 1.0, attempt=i) for i in range(3)]
    result = SCORE_AT_BUDGET(priced([*often, attempt("b", 1.0, 0.0)]))
    assert column(result, "y") == [0.5]


def test_declared_task_weights_are_used_unless_equal_is_asked_for() -> None:
    weighted = (task(task_id="a", weight=3.0), task(task_id="b", weight=1.0))
    tables = priced([attempt("a", 1.0, 1.0), attempt("b", 1.0, 0.0)], weighted)
    assert column(SCORE_AT_BUDGET(tables), "y") == [0.75]
    assert column(SCORE_AT_BUDGET(tables, weights="equal"), "y") == [0.5]


def test_weights_for_only_some_tasks_are_refused() -> None:
    tables = priced(
        [attempt("a", 1.0, 1.0), attempt("b", 1.0, 0.0)], (task(task_id="a", weight=3.0), task(task_id="b"))
    )
    with pytest.raises(AnalysisError, match="weights of bench"):
        SCORE_AT_BUDGET(tables)


def test_a_rollout_stopped_by_its_own_limit_opens_the_upper_bound_from_there_on() -> None:
    tables = priced([attempt("a", 1.0, 1.0), attempt("b", 2.0, 0.0, stop_reason="limit_cost")])
    result = SCORE_AT_BUDGET(tables)
    assert column(result, "y") == column(result, "y_low") == [0.5, 0.5]
    assert column(result, "y_high") == [0.5, 1.0]


def test_a_limit_takes_nothing_from_the_score_it_stopped_at() -> None:
    result = SCORE_AT_BUDGET(priced([attempt("a", 1.0, 0.5, stop_reason="limit_cost")]))
    assert (column(result, "y_low"), column(result, "y"), column(result, "y_high")) == ([0.5], [0.5], [1.0])
    assert any("from the score they stopped with to the highest score" in note for note in result.notes)


def test_without_a_known_highest_score_a_limit_stop_leaves_no_upper_bound() -> None:
    tables = priced([attempt("a", 1.0, 1.0), attempt("b", 2.0, 0.0, stop_reason="limit_turns")], score_max=None)
    assert column(SCORE_AT_BUDGET(tables), "y_high") == [0.5, None]


def test_a_cost_known_within_bounds_counts_low_from_its_high_and_high_from_its_low() -> None:
    ranged = attempt("a", 3.0, 1.0, cost_low_usd=1.0)
    result = SCORE_AT_BUDGET(priced([ranged]))
    assert column(result, "x") == [1.0, 3.0]
    assert column(result, "y_low") == column(result, "y") == [0.0, 1.0]
    assert column(result, "y_high") == [1.0, 1.0]
    assert column(SCORE_AT_BUDGET(priced([ranged]), use="low"), "y") == [1.0, 1.0]


def test_an_unknown_cost_leaves_y_unknown_from_its_low_bound_on() -> None:
    unknown = attempt("b", None, 1.0, cost_low_usd=2.0)
    result = SCORE_AT_BUDGET(priced([attempt("a", 1.0, 1.0), unknown]))
    assert column(result, "y") == [0.5, None]
    assert (column(result, "y_low"), column(result, "y_high")) == ([0.5, 0.5], [0.5, 1.0])
    assert column(result, "known_frac") == [0.5, 0.5]
    assert any("1 of 2 rollouts have no known dollars" in note for note in result.notes)


def test_an_unknown_cost_of_a_failure_changes_nothing() -> None:
    result = SCORE_AT_BUDGET(priced([attempt("a", 1.0, 1.0), attempt("b", None, 0.0)]))
    assert column(result, "y")[-1] == 0.5


def test_a_rollout_without_score_is_not_a_failure() -> None:
    result = SCORE_AT_BUDGET(priced([attempt("a", 1.0, 1.0), attempt("b", 1.0, None)]))
    assert column(result, "y") == [1.0]
    assert (column(result, "y_low"), column(result, "y_high")) == ([0.5], [1.0])
    assert column(result, "n_unscored") == [1]


def test_infrastructure_errors_count_as_failures_or_are_left_out_as_asked() -> None:
    tables = priced([attempt("a", 1.0, 1.0), attempt("b", 1.0, None, stop_reason="error_infra")])
    assert column(SCORE_AT_BUDGET(tables), "y") == [0.5]
    assert column(SCORE_AT_BUDGET(tables), "n_errors") == [1]
    assert column(SCORE_AT_BUDGET(tables, errors="drop"), "y") == [1.0]


def test_where_lower_is_better_y_is_the_mean_of_what_is_finished() -> None:
    tables = priced([attempt("a", 1.0, 8.0), attempt("b", 2.0, 4.0)], is_higher_better=False, score_max=None)
    result = SCORE_AT_BUDGET(tables)
    assert column(result, "y") == [8.0, 6.0]
    assert column(result, "finished_frac") == [0.5, 1.0]
    assert any("mean over rollouts finished" in note for note in result.notes)


def test_negative_scores_are_not_cut_to_zero() -> None:
    tables = priced([attempt("a", 1.0, -1.0), attempt("b", 2.0, 1.0, stop_reason="limit_time")], score_min=-1.0)
    result = SCORE_AT_BUDGET(tables)
    assert column(result, "y") == [-1.0, 0.0]
    assert (column(result, "y_low"), column(result, "y_high")) == ([-1.0, -1.0], [-1.0, 0.0])
    assert any("from the lowest to the highest score" in note for note in result.notes)


def test_a_declared_lowest_score_is_the_value_of_no_answer() -> None:
    tables = priced([attempt("a", 1.0, 5.0), attempt("b", 2.0, 3.0)], score_min=1.0, score_max=5.0)
    assert column(SCORE_AT_BUDGET(tables), "y") == [3.0, 4.0]


def test_success_is_a_measure_of_its_own() -> None:
    tables = priced([attempt("a", 1.0, 7.0, is_success=True), attempt("b", 1.0, 9.0, is_success=False)])
    assert column(SCORE_AT_BUDGET(tables, measure="success"), "y") == [0.5]


@pytest.mark.parametrize(
    ("axis", "x"),
    [("tokens", 120.0), ("output_tokens", 20.0), ("uncached_tokens", 50.0), ("turns", 7.0), ("seconds", 9.0)],
)
def test_every_axis_reads_its_own_columns(axis: str, x: float) -> None:
    used = {"input_tokens": 100, "uncached_input_tokens": 30, "output_tokens": 20, "n_turns": 7, "api_s": 9.0}
    result = SCORE_AT_BUDGET(priced([attempt("a", 1.0, 1.0, **used)]), axis=axis)
    assert column(result, "x") == [x]


def test_benchmarks_are_never_pooled() -> None:
    tables = priced([attempt("a", 1.0, 1.0), attempt("a", 1.0, 0.0, run_id="other", benchmark="hard")])
    tables["runs"] = frame(PRICED_RUNS, run(), run(run_id="other", benchmark="hard"))
    assert sorted(
        zip(column(SCORE_AT_BUDGET(tables), "benchmark"), column(SCORE_AT_BUDGET(tables), "y"), strict=True)
    ) == [
        ("bench", 1.0),
        ("hard", 0.0),
    ]


def test_runs_without_a_benchmark_form_one_of_their_own() -> None:
    tables = priced([attempt("a", 1.0, 1.0, benchmark=None)], (task(task_id="a", benchmark=None, weight=2.0),))
    assert column(SCORE_AT_BUDGET(tables), "y") == [1.0]


def test_tasks_never_attempted_are_counted() -> None:
    tables = priced([attempt("a", 1.0, 1.0)], (task(task_id="a"), task(task_id="b"), task(task_id="c")))
    assert column(SCORE_AT_BUDGET(tables), "n_missing_tasks") == [2]


def test_huge_curves_are_thinned_to_exact_points() -> None:
    n = 3 * MAX_POINTS
    result = SCORE_AT_BUDGET(priced([attempt(f"{i:05}", i + 1.0, 1.0) for i in range(n)]))
    assert result.frame.height <= MAX_POINTS
    assert result.frame.filter((pl.col("y") - pl.col("x") / n).abs() > 1e-12).is_empty()
    assert column(result, "x")[-1] == n


def test_a_rollout_of_no_run_is_an_error() -> None:
    with pytest.raises(AnalysisError, match="1 rollouts belong to no run"):
        SCORE_AT_BUDGET(priced([attempt("a", 1.0, 1.0, run_id="lost")]))


def test_an_unknown_option_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="it has: axis, cost, use"):
        SCORE_AT_BUDGET(priced([]), budget="dollars")
    with pytest.raises(UsageError, match="choose one of: dollars, seconds"):
        SCORE_AT_BUDGET(priced([]), axis="euros")


def test_no_rollouts_give_an_empty_curve() -> None:
    assert SCORE_AT_BUDGET(priced([])).frame.is_empty()


MONEY = st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0])


@st.composite
def rollouts(draw: st.DrawFn) -> list[Row]:
    rows: list[Row] = []
    for number in range(draw(st.integers(1, 8))):
        low, high = sorted((draw(MONEY), draw(MONEY)))
        point = draw(st.sampled_from([low, high, None]))
        bounds = {"cost_usd": point, "cost_low_usd": low, "cost_high_usd": draw(st.sampled_from([high, None]))}
        if point is not None and bounds["cost_high_usd"] is None:
            bounds["cost_high_usd"] = high
        reason = draw(st.sampled_from(["submitted", "limit_cost"]))
        score = draw(st.sampled_from([0.0, 0.5, 1.0, None]))
        rows.append(
            rollout(task_id=draw(st.sampled_from("abc")), attempt=number, score=score, stop_reason=reason, **bounds)
        )
    return rows


def slow_point(rows: list[Row], budget: float) -> float | None:
    """The definition, one row at a time: None where the answer hangs on a cost that is not known."""
    means: list[float] = []
    for task_id in {row["task_id"] for row in rows}:
        scores = []
        for row in rows:
            if row["task_id"] != task_id or row["score"] is None:
                continue
            high = math.inf if row["cost_high_usd"] is None else row["cost_high_usd"]
            if row["cost_usd"] is None and row["score"] > 0 and row["cost_low_usd"] <= budget < high:
                return None
            end = row["cost_usd"] if row["cost_usd"] is not None else high
            scores.append(row["score"] if end <= budget else 0.0)
        if scores:
            means.append(sum(scores) / len(scores))
    return sum(means) / len(means) if means else None


def slow_bound(rows: list[Row], budget: float, *, is_high: bool) -> float:
    """Every unknown at its worst (or best), one row at a time."""
    means = []
    for task_id in {row["task_id"] for row in rows}:
        scores = []
        for row in (row for row in rows if row["task_id"] == task_id):
            high = math.inf if row["cost_high_usd"] is None else row["cost_high_usd"]
            best = 1.0 if row["stop_reason"] == "limit_cost" or row["score"] is None else row["score"]
            if is_high:
                scores.append(best if row["cost_low_usd"] <= budget else 0.0)
            else:
                scores.append((row["score"] or 0.0) if high <= budget else 0.0)
        means.append(sum(scores) / len(scores))
    return sum(means) / len(means)


@settings(max_examples=50)
@given(rollouts())
def test_the_columns_equal_the_definition_one_row_at_a_time(rows: list[Row]) -> None:
    for row in SCORE_AT_BUDGET(priced(rows)).frame.iter_rows(named=True):
        assert row["y"] == pytest.approx(slow_point(rows, row["x"]))
        assert row["y_low"] == pytest.approx(slow_bound(rows, row["x"], is_high=False))
        assert row["y_high"] == pytest.approx(slow_bound(rows, row["x"], is_high=True))


@settings(max_examples=50)
@given(rollouts())
def test_more_budget_never_lowers_the_score_and_bounds_hold_it(rows: list[Row]) -> None:
    result = SCORE_AT_BUDGET(priced(rows)).frame
    for name in ("y", "y_low", "y_high"):
        known = result[name].drop_nulls().to_list()
        assert all(before <= after for before, after in pairwise(known))
    assert result.filter((pl.col("y") < pl.col("y_low")) | (pl.col("y") > pl.col("y_high"))).is_empty()


@pytest.fixture(scope="session")
def bash_only(shared_data: Path) -> Tables:
    path = shared_data / "stats" / "swebench_bash_only_per_instance.parquet"
    raw = pl.read_parquet(path).filter(~pl.col("model").str.starts_with("Claude 3.7 Sonnet"))
    names = pl.col("model").alias("run_id"), pl.lit("swe").alias("benchmark")
    reason = pl.when("hit_limit").then(pl.lit("limit_cost")).otherwise(pl.lit("submitted")).alias("stop_reason")
    usd = [pl.col("cost").alias(name) for name in ("cost_usd", "cost_low_usd", "cost_high_usd")]
    keys = pl.concat_str("model", "task", separator="/").alias("rollout_id"), pl.col("task").alias("task_id")
    score = pl.col("resolved").cast(pl.Float64).alias("score")
    rows = raw.select(*names, *keys, *usd, score, reason, attempt=pl.lit(0), n_turns="api_calls")
    limits = {"score_min": pl.lit(0.0), "score_max": pl.lit(1.0), "source_format": pl.lit("test")}
    runs = raw.select("model").unique().sort("model").select(*names, agent="model", **limits)
    return {"runs": PRICED_RUNS.conform(runs), "rollouts": PRICED_ROLLOUTS.conform(rows), "tasks": TASKS.empty()}


def test_without_a_cap_the_curve_ends_at_the_reported_score_of_24_models(bash_only: Tables) -> None:
    ends = SCORE_AT_BUDGET(bash_only).frame.group_by("agent").agg(pl.col("y").last())
    reported = bash_only["rollouts"].group_by(pl.col("run_id").alias("agent")).agg(pl.col("score").mean())
    both = ends.join(reported, on="agent")
    assert both.height == 24
    assert both.filter((pl.col("y") - pl.col("score")).abs() > 1e-12).is_empty()


def test_the_leader_changes_along_the_dollars_as_published(bash_only: Tables) -> None:
    steps = SCORE_AT_BUDGET(bash_only).frame.pivot("agent", index="x", values="y").sort("x")
    steps = steps.fill_null(strategy="forward").fill_null(0.0)
    agents = steps.columns[1:]
    grid = pl.DataFrame({"x": [10 ** (power / 40) for power in range(-90, 21)]}).join_asof(steps, on="x")
    leads = grid.filter(pl.max_horizontal(agents) > 0.01).select(pl.concat_list(agents).list.arg_max()).to_series()
    names = [agents[number] for number in leads.rle().struct.field("value")]
    expected = ["GPT-5 nano", "GPT-5 mini", "DeepSeek V3.2", "GPT-5.1", "GPT-5 ", "Gemini 3 Pro", "Claude 4.5 Opus"]
    assert len(names) == len(expected)
    assert all(name.startswith(start) for name, start in zip(names, expected, strict=True))
