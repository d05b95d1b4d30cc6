"""Scores of HAL uploads: every benchmark's own shape of results, each judged as HAL judges it."""

from pathlib import Path
from typing import Any

import pytest
from hal_files import read, upload


def answered(*, written: tuple[int, int], vision: tuple[int, int]) -> dict[str, int]:
    return {
        "correct_written_answers": written[0], "total_written_questions": written[1],
        "correct_vision_answers": vision[0], "total_vision_questions": vision[1],
    }  # fmt: skip


def passed(share: float | str) -> dict[str, Any]:
    return {"result": {"fraction_passed": share}}


LISTS = {"successful_tasks": ["a"], "failed_tasks": ["b"]}
SHAPES: dict[str, tuple[Any, dict[str, Any], list[tuple[str, float | None, bool | None]]]] = {
    "taubench": (
        {"a": {"reward": 1.0, "taken_actions": []}, "b": {"reward": 0.0}, "c": "ERROR: timed out"},
        {},
        [("a", 1.0, True), ("b", 0.0, False), ("c", None, None)],
    ),
    "corebench": (
        {
            "a": answered(written=(2, 2), vision=(0, 0)),
            "b": answered(written=(1, 2), vision=(1, 1)),
            "c": answered(written=(0, 0), vision=(0, 0)),
        },
        {},
        [("a", 1.0, True), ("b", 0.0, False), ("c", 0.0, False)],
    ),
    "swebench": (
        {"resolved_ids": ["a"], "unresolved_ids": ["b"], "error_ids": ["c"], "total_instances": 3},
        {},
        [("a", 1.0, True), ("b", 0.0, False), ("c", 0.0, False)],
    ),
    "gaia": (
        {"a": {"score": True, "explanation": "…"}, "b": {"score": 0, "explanation": "…"}},
        {},
        [("a", 1.0, True), ("b", 0.0, False)],
    ),
    "usaco": (
        {"rdict": {}, "sdict": {"a": [passed(1.0)], "b": [passed("0.25"), passed(1.0)]}, "rs": [], "ss": []},
        {},
        [("a", 1.0, True), ("b", 0.25, False)],
    ),
    "scicode": ({"details": {"a": ["a.1", "a.2"], "b": ["b.1"]}}, LISTS, [("a", 1.0, True), ("b", 0.0, False)]),
    "appworld": (
        {"individual": {"a": {"success": True, "passes": []}, "b": {"success": False}}, "aggregate": {}},
        {},
        [("a", 1.0, True), ("b", 0.0, False)],
    ),
    "colbench": ({"a": 1.0, "b": 0.4}, LISTS, [("a", 1.0, True), ("b", 0.4, False)]),
    "colbench, a similarity above its threshold": (
        {"a": 0.85, "b": 0.7},
        {**LISTS, "similarity_threshold": 0.8},
        [("a", 0.85, True), ("b", 0.7, False)],
    ),
    "colbench, a list in the order of the tasks": ([1, 0], {}, [("0", 1.0, True), ("1", 0.0, False)]),
    "assistantbench": (
        {"scores": [0.5, 1.0], "answers": [1, 1], "successful_tasks": ["a"], "failed_tasks": ["b"]},
        {"average_score": 0.75},
        [("a", None, True), ("b", None, False)],
    ),
    "assistantbench without ids": ({"scores": [0.5], "answers": [1], "exact_matches": []}, {}, []),
    "scienceagentbench": (
        {
            "agent_output": {"1": {"history": [], "cost": 0.5}, "2": "TIMEOUT after 3600 s"},
            "eval_result": {
                "1": {"valid_program": 1, "codebert_score": 0.9, "success_rate": 1, "log_info": "…"},
                "2": {"valid_program": 0, "codebert_score": 0.0, "success_rate": 0, "log_info": "…"},
            },
        },
        {},
        [("1", 1.0, True), ("2", 0.0, False)],
    ),
    "mind2web": (
        {"a": {"predicted_label": 1}, "b": {"predicted_label": 0}, "c": {"predicted_label": "unknown"}},
        {},
        [("a", 1.0, True), ("b", 0.0, False), ("c", 0.0, False)],
    ),
    "lists alone": ({}, LISTS, [("a", 1.0, True), ("b", 0.0, False)]),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_every_benchmark_is_judged_as_hal_judges_it(tmp_path: Path, name: str) -> None:
    evaluated, results, expected = SHAPES[name]
    document = upload([{"weave_task_id": "z"}], evaluated, results=results)
    found = read(tmp_path, document)[0]["rollouts"].select("task_id", "score", "is_success").rows()
    assert found == [*expected, ("z", None, None)]


def test_other_scores_of_an_attempt_are_scores_of_their_own(tmp_path: Path) -> None:
    tables, _ = read(tmp_path, upload([], SHAPES["scienceagentbench"][0]))
    assert tables["scores"].filter(rollout_id=tables["rollouts"]["rollout_id"][0]).select("metric", "value").rows() == [
        ("codebert_score", 0.9), ("success_rate", 1.0), ("valid_program", 1.0)
    ]  # fmt: skip
    assert tables["rollouts"]["recorded_cost_usd"].to_list() == [0.5, None]


def test_a_verdict_and_a_list_that_contradict_each_other_leave_success_unknown(tmp_path: Path) -> None:
    document = upload([], {"a": {"reward": 1.0}}, results={"successful_tasks": [], "failed_tasks": ["a"]})
    tables, log = read(tmp_path, document)
    assert tables["rollouts"].select("score", "is_success").rows() == [(1.0, None)]
    assert [(row["kind"], row["place"]) for row in log.rows] == [("contradiction", "raw_eval_results.a")]


@pytest.mark.parametrize(
    ("results", "score"),
    [
        ({"accuracy": 0.5, "average_score": 0.9}, 0.5),
        ({"accuracy": None, "average_correctness": 0.7, "success_rate": 0.1}, 0.7),
        ({"accuracy": None, "success_rate": 0.1, "average_score": 0.2}, 0.1),
        ({"accuracy": None, "average_score": 0.2}, 0.2),
        ({"accuracy": None}, None),
    ],
)
def test_the_score_of_a_run_falls_back_as_the_site_s(
    tmp_path: Path, results: dict[str, Any], score: float | None
) -> None:
    assert read(tmp_path, upload([], results=results))[0]["runs"]["recorded_score"].to_list() == [score]


@pytest.mark.parametrize("name", ["appworld", "scienceagentbench", "usaco", "gaia", "taubench"])
def test_one_broken_verdict_leaves_the_others(tmp_path: Path, name: str) -> None:
    evaluated, results, expected = SHAPES[name]
    table = next((value for value in evaluated.values() if isinstance(value, dict) and "a" in value), evaluated)
    table = evaluated.get("eval_result", table)
    broken = {"reward": [], "success": [], "score": [], "success_rate": []}
    table["zz"] = [{"result": 5}] if name == "usaco" else broken
    tables, log = read(tmp_path, upload([], evaluated, results=results), "skip")
    del table["zz"]
    found = tables["rollouts"].select("task_id", "score", "is_success").rows()
    assert [row for row in found if row[0] != "zz"] == expected
    assert log.n_malformed >= 1
