from typing import Any

from builders import rollout, run, tables

from analyzer.audit import AuditResult, audit
from pricing.reprice import reprice_tables


def audited(*rollouts: dict[str, Any], **claims: Any) -> AuditResult:
    return audit(reprice_tables(tables(runs=[run(**claims)], rollouts=list(rollouts))))


def cause(result: AuditResult, measure: str) -> str:
    return str(result.rows.filter(level="score", measure=measure)["cause"].item())


TWO_TASKS = (
    rollout(task_id="a", attempt=0, score=1.0),
    rollout(task_id="a", attempt=1, score=1.0),
    rollout(task_id="a", attempt=2, score=1.0),
    rollout(task_id="b", attempt=0, score=0.0),
)
HALF_SCORED = (rollout(task_id="a", score=1.0), rollout(task_id="b", score=None))


def test_the_score_is_the_mean_over_tasks_not_over_attempts() -> None:
    assert cause(audited(*TWO_TASKS, recorded_score=0.5), "score") == "agrees"


def test_a_mean_over_attempts_is_named_as_such() -> None:
    result = audited(*TWO_TASKS, recorded_score=0.75)

    assert cause(result, "score") == "attempts_pooled"
    assert result.is_ok()


def test_another_score_is_unexplained_and_never_within_a_tolerance_of_dollars() -> None:
    result = audited(*TWO_TASKS, recorded_score=0.6)

    assert cause(result, "score") == "unexplained"
    assert not result.is_ok(tolerance=1.0)


def test_unscored_attempts_are_counted_and_what_they_leave_open_is_said() -> None:
    scale = {"score_min": 0.0, "score_max": 1.0}

    assert cause(audited(*HALF_SCORED, recorded_score=0.5, **scale), "score") == "unscored_as_lowest"
    assert cause(audited(*HALF_SCORED, recorded_score=0.8, **scale), "score") == "unscored"
    assert cause(audited(*HALF_SCORED, recorded_score=0.4, **scale), "score") == "unexplained"
    row = audited(*HALF_SCORED, recorded_score=0.8, **scale).rows.filter(measure="score").row(0, named=True)
    assert (row["recomputed"], row["low"], row["high"]) == (1.0, 0.5, 1.0)
    assert row["explanation"] == "1 of 2 attempts have no score"


def test_a_score_recorded_for_attempts_without_any_is_not_recomputable() -> None:
    assert cause(audited(rollout(score=None), recorded_score=0.8), "score") == "unscored"


def test_a_score_nobody_recorded_is_counted() -> None:
    assert cause(audited(*TWO_TASKS), "score") == "not_recorded"


def test_missing_rollouts_are_unexplained() -> None:
    assert cause(audited(*TWO_TASKS, recorded_n_rollouts=4), "n_rollouts") == "agrees"
    result = audited(*TWO_TASKS, recorded_n_rollouts=5)
    assert (cause(result, "n_rollouts"), result.is_ok()) == ("unexplained", False)
