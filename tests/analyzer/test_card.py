"""The card: its figures, what it says of the unknown, and its three forms."""

import json
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from builders import frame, rollout, run, task
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.card import cards
from analyzer.card_text import to_cells, to_json, to_latex, to_text
from pricing.schema import PRICED_ROLLOUTS, PRICED_RUNS
from traces.schema import TASKS

Row = dict[str, Any]
FULL: Row = {
    "agent": "scaffold_1 & model {x}", "benchmark": "bench 100%", "reasoning_effort": "high", "score_metric": "reward",
    "score_min": 0.0, "score_max": 1.0, "limit_usd": 3.0, "limit_turns": 250, "is_budget_told": False,
    "priced_from": datetime(2026, 1, 15, tzinfo=UTC), "priced_until": datetime(2026, 1, 17, tzinfo=UTC),
    "coverage_frac": 0.975,
}  # fmt: skip


def attempt(task_id: str, usd: float | None, score: float | None = 1.0, **values: Any) -> Row:
    costs = dict.fromkeys(("cost_usd", "cost_low_usd", "cost_high_usd"), usd)
    return rollout(task_id=task_id, score=score, **{**costs, **values})


def priced(*rollouts: Row, tasks: tuple[Row, ...] = (), **protocol: Any) -> dict[str, pl.DataFrame]:
    runs = frame(PRICED_RUNS, run(**protocol))
    return {"runs": runs, "rollouts": frame(PRICED_ROLLOUTS, *rollouts), "tasks": frame(TASKS, *tasks)}


def only(tables: dict[str, pl.DataFrame]) -> Row:
    [card] = cards(tables).to_dicts()
    return card


def test_quantiles_are_values_that_were_seen() -> None:
    card = only(priced(*(attempt(f"{number:02}", float(number)) for number in range(1, 21))))
    assert (card["mean_cost_usd"], card["p50_cost_usd"], card["p95_cost_usd"]) == (10.5, 10.0, 19.0)


def test_attempts_of_one_task_do_not_move_the_quantile_of_another() -> None:
    often = [attempt("a", 9.0, attempt=number) for number in range(8)]
    card = only(priced(*often, attempt("b", 1.0), attempt("c", 2.0)))
    assert (card["p50_cost_usd"], card["n_attempts_min"], card["n_attempts_max"]) == (2.0, 1, 8)


def test_an_unknown_cost_leaves_a_lower_bound_where_it_matters() -> None:
    rows = [attempt(name, 1.0) for name in "abc"]
    card = only(priced(*rows, attempt("d", None, cost_low_usd=0.5)))
    assert (card["p50_cost_usd"], card["p50_cost_low_usd"]) == (1.0, 1.0)
    assert (card["p95_cost_usd"], card["p95_cost_low_usd"], card["p95_cost_high_usd"]) == (None, 1.0, None)
    assert (card["mean_cost_usd"], card["mean_cost_low_usd"]) == (None, 0.875)


def test_a_run_without_rollouts_has_a_card_that_says_so() -> None:
    tables = priced(recorded_score=0.5)
    assert only(tables)["score"] is None
    assert "score not known (its source claims 0.5) over no rollouts" in to_text(cards(tables))


def test_infrastructure_errors_are_counted_and_left_out_when_asked() -> None:
    tables = priced(attempt("a", 1.0), attempt("b", 1.0, None, stop_reason="error_infra"))
    assert only(tables)["score"] == 0.5
    assert cards(tables, errors="drop")["score"].to_list() == [1.0]
    assert "1 ended by infrastructure errors" in to_text(cards(tables))


def test_the_sentence_says_all_a_published_score_should_carry() -> None:
    rows = [
        attempt("a", 0.5, benchmark="bench 100%", input_tokens=900, output_tokens=100, n_turns=10, api_s=60.0),
        attempt("b", 1.5, 0.0, benchmark="bench 100%", input_tokens=2900, output_tokens=100, n_turns=30, api_low_s=5.0),
    ]
    assert to_text(cards(priced(*rows, **FULL))).split("\n", 1)[0] == (
        "scaffold_1 & model {x} (effort high) on bench 100%: reward 0.5 over 2 tasks, 1 attempt each. "
        "Per attempt, mean / P50 / P95: dollars $1.00 / $0.50 / $1.50; "
        "tokens 2,000 / 1,000 / 3,000; turns 20 / 10 / 30; seconds at least 32.5 / 5 to 60 / at least 60. "
        "Limits per attempt: $3.00, 250 turns; budget told to the model: no. "
        "Prices: 2026-01-15 to 2026-01-17; 97.5 % of calls priced."
    )


def test_what_is_not_known_is_said_to_be() -> None:
    text = to_text(cards(priced(rollout(score=None))))
    assert "agent (effort not known) on bench: score not known over 1 task, 1 attempt each" in text
    assert "dollars not known; tokens not known; turns not known; seconds not known" in text
    assert "Limits per attempt: none known; budget told to the model: not known" in text
    assert "Prices: not known; share priced not known." in text


def test_scores_that_are_missing_are_bounded() -> None:
    tables = priced(attempt("a", 1.0), attempt("b", 1.0, None), score_min=0.0, score_max=1.0)
    assert "score 1 (between 0.5 and 1: 1 not scored)" in to_text(cards(tables))


def test_a_wide_range_stands_beside_the_figure() -> None:
    tables = priced(attempt("a", 2.0, cost_low_usd=1.0))
    assert "dollars $2.00 ($1.00 to $2.00) / $2.00 ($1.00 to $2.00)" in to_text(cards(tables))


def test_almost_everything_priced_is_not_rounded_to_everything() -> None:
    assert "99.9 % of calls priced" in to_text(cards(priced(attempt("a", 1.0), coverage_frac=0.99999)))
    assert "100 % of calls priced" in to_text(cards(priced(attempt("a", 1.0), coverage_frac=1.0)))


def test_latex_is_a_booktabs_table_with_escaped_text() -> None:
    lines = to_latex(cards(priced(attempt("a", 1.0, benchmark="bench 100%"), **FULL))).splitlines()
    assert lines[1:3] == [r"\begin{tabular}{lllllllllllll}", r"\toprule"]
    assert lines[5].startswith(r"scaffold\_1 \& model \{x\} & high & bench 100\% & 1 & 1 task, 1 attempt each & \$1.00")
    assert lines[5].count(" & ") == 12
    assert lines[5].endswith(r"97.5 \% of calls priced \\")
    assert lines[6:] == [r"\bottomrule", r"\end{tabular}"]


def test_json_holds_every_column_and_null_for_the_unknown() -> None:
    tables = priced(attempt("a", 1.0, benchmark="bench 100%"), **FULL)
    content = json.loads(to_json(cards(tables)))
    [card] = content["cards"]
    assert set(card) == {*cards(tables).columns, "sentence"}
    assert (card["p95_cost_usd"], card["p95_tokens"], card["priced_from"]) == (1.0, None, "2026-01-15T00:00:00+00:00")
    assert content["quantile_rule"].startswith("P50 and P95 are nearest-rank")


def test_no_runs_give_no_cards() -> None:
    tables = {"runs": frame(PRICED_RUNS), "rollouts": frame(PRICED_ROLLOUTS), "tasks": frame(TASKS)}
    assert cards(tables).is_empty()
    assert to_cells(cards(tables)).is_empty()
    assert json.loads(to_json(cards(tables)))["cards"] == []


def slow_quantile(weighted: list[tuple[float, float]], share: float) -> float:
    """Go up the values until the share of the weight is reached."""
    whole = sum(weight for _, weight in weighted)
    reached = ((value, sum(w for v, w in weighted if v <= value)) for value, _ in sorted(weighted))
    return next(value for value, weight in reached if weight >= share * whole - 1e-9)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([0.1, 0.2, 0.4, 0.8])), min_size=1, max_size=9))
def test_quantiles_equal_the_definition_one_attempt_at_a_time(rows: list[tuple[str, float]]) -> None:
    attempts = [attempt(name, usd, attempt=number) for number, (name, usd) in enumerate(rows)]
    weights = (task(task_id="a", weight=1.0), task(task_id="b", weight=2.0), task(task_id="c", weight=4.0))
    card = only(priced(*attempts, tasks=weights))
    names = [name for name, _ in rows]
    weighted = [(usd, {"a": 1, "b": 2, "c": 4}[name] / names.count(name)) for name, usd in rows]
    assert card["p50_cost_usd"] == slow_quantile(weighted, 0.5)
    assert card["p95_cost_usd"] == slow_quantile(weighted, 0.95)
    assert card["mean_cost_usd"] == pytest.approx(sum(u * w for u, w in weighted) / sum(w for _, w in weighted))


def test_what_was_seen_of_unknown_tokens_and_turns_is_a_low_bound() -> None:
    seen = {"input_low_tokens": 6000, "output_low_tokens": 258, "n_turns_low": 3}
    text = to_text(cards(priced(rollout(score=1.0, **seen))))
    assert "tokens at least 6,258 / at least 6,258 / at least 6,258; turns at least 3 /" in text


def test_recorded_dollars_stand_in_for_those_that_could_not_be_recomputed() -> None:
    stated = [attempt(name, None, recorded_cost_usd=usd) for name, usd in (("a", 1.0), ("b", 2.0))]
    assert "dollars not known (recorded by its source: $1.50 on average); tokens" in to_text(cards(priced(*stated)))
    whole = priced(recorded_score=0.5, recorded_cost_usd=6.0, recorded_n_rollouts=3)
    assert "dollars not known (recorded by its source: $2.00 on average)" in to_text(cards(whole))
    assert "recorded by" not in to_text(cards(priced(attempt("a", 1.0, recorded_cost_usd=9.0))))


def test_tasks_never_attempted_are_counted_as_one_counts() -> None:
    listed = (task(task_id="a"), task(task_id="b"), task(task_id="c"))
    tries = [attempt("a", 1.0), attempt("b", 1.0)]
    assert ", 1 more task never attempted" in to_text(cards(priced(*tries, tasks=listed)))
    assert ", 2 more tasks never attempted" in to_text(cards(priced(*tries[:1], tasks=listed)))
