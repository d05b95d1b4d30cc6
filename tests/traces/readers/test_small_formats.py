"""ARC, SWE-agent and tau-bench readers: each rule, shown on a file built for it."""

import json
from pathlib import Path
from typing import Any

import pytest
from trajectories import Tables, read


def arc_attempt(*, correct: bool | None = None, reasoning: int = 0, total: int = 110, **values: Any) -> dict[str, Any]:
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": total}
    details = {"completion_tokens_details": {"reasoning_tokens": reasoning}}
    metadata = {"model": "large", "provider": "acme", "usage": {**usage, **details}, "cost": {"total_cost": 0.25}}
    return {"answer": [[0]], "metadata": {**metadata, "task_id": "aa", **values}, "correct": correct}


def arc(tmp_path: Path, *pairs: dict[str, Any], results: dict[str, Any] | None = None) -> Tables:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "aa.json").write_text(json.dumps(list(pairs)))
    if results is not None:
        (tmp_path / "run" / "results.json").write_text(json.dumps({"total_attempts": 2, **results}))
    return read(tmp_path / "run", tmp_path / "store", "skip")


def test_the_cost_of_an_arc_task_is_that_of_all_attempts_also_after_a_right_one(tmp_path: Path) -> None:
    tables = arc(tmp_path, {"attempt_1": arc_attempt(correct=True), "attempt_2": arc_attempt(correct=False)})
    assert tables["rollouts"].select("recorded_cost_usd", "score").rows() == [(0.5, 1.0)]


@pytest.mark.parametrize(
    ("right", "score"), [((True, False), 0.5), ((False, False), 0.0), ((True, None), None), ((True, True), 1.0)]
)
def test_an_arc_score_is_the_share_of_pairs_solved(tmp_path: Path, right: Any, score: float | None) -> None:
    tables = arc(tmp_path, *({"attempt_1": arc_attempt(correct=one)} for one in right))
    assert tables["rollouts"]["score"].to_list() == [score]


def test_arc_reasoning_lies_outside_where_the_total_adds_it(tmp_path: Path) -> None:
    pair = {"attempt_1": arc_attempt(reasoning=50, total=160), "attempt_2": arc_attempt(reasoning=5)}
    assert arc(tmp_path, pair)["calls"]["output_tokens"].to_list() == [60, 10]


@pytest.mark.parametrize(("stated", "score"), [(1.5, 0.75), (0.75, 0.75), (75.0, 0.75), (3.0, None)])
def test_an_arc_total_is_tasks_solved_a_share_or_per_cent(tmp_path: Path, stated: float, score: float | None) -> None:
    results = {"score": stated, "task_results": {"aa": {"score": 1.0, "cost": 1.0}, "bb": {"score": 0.5, "cost": 1.0}}}
    tables = arc(tmp_path, {"attempt_1": arc_attempt()}, results=results)
    assert tables["runs"]["recorded_score"].to_list() == [score]
    assert tables["rejects"].height == (score is None)


@pytest.mark.parametrize(
    ("counted", "tokens"),
    [
        (
            {"prompt_tokens": 760, "reasoning_tokens": 1461, "output_tokens": 96, "total_tokens": 2317},
            (760, 1557, 1461),
        ),
        ({"output_tokens": 96, "total_tokens": 856}, (None, 96, None)),
        ({"output_tokens": 0, "total_tokens": 0}, (None, None, None)),
    ],
    ids=["from 2026 on", "until then the input is not told", "0 is not counted"],
)
def test_an_arc_task_without_its_submission_has_the_tokens_of_its_result(
    tmp_path: Path, counted: dict[str, int], tokens: tuple[int | None, ...]
) -> None:
    results = {"score": 1.0, "task_results": {"bb": {"score": 1.0, "cost": 0.0, "attempts": 2, **counted}}}
    calls = arc(tmp_path, {"attempt_1": arc_attempt()}, results=results)["calls"].filter(granularity="rollout")
    assert calls.select("input_tokens", "output_tokens", "reasoning_tokens").row(0) == tokens


def test_an_arc_attempt_that_ends_before_it_begins_has_no_latency(tmp_path: Path) -> None:
    stamps = {"start_timestamp": "2026-01-15T12:00:05Z", "end_timestamp": "2026-01-15T12:00:00Z"}
    tables = arc(tmp_path, {"attempt_1": arc_attempt(**stamps)})
    assert tables["calls"].select("latency_s", "time_basis").rows() == [(None, "lower_bound")]
    assert tables["rejects"]["kind"].to_list() == ["contradiction"]


def swe(tmp_path: Path, replay_config: Any = None, **info: Any) -> Tables:
    turn = {"action": "ls", "observation": "…", "response": "…", "thought": "…", "execution_time": 0.5}
    document = {"trajectory": [turn], "history": [], "info": info, "replay_config": replay_config}
    (tmp_path / "a.traj").write_text(json.dumps(document))
    return read(tmp_path / "a.traj", tmp_path / "store", "skip")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("submitted", "submitted"), ("submitted (exit_cost)", "limit_cost"), ("exit_context", "limit_context"),
        ("submitted (exit_total_execution_time)", "limit_time"), ("exit_forfeit", "gave_up"),
        ("exit_api", "error_infra"), ("exit_environment_error", "error_infra"), ("exit_format", "error"),
        ("something new", "error"), (None, "unknown"),
    ],
)  # fmt: skip
def test_exit_statuses_of_swe_agent_are_stop_reasons(tmp_path: Path, status: str | None, reason: str) -> None:
    tables = swe(tmp_path, exit_status=status, model_stats={"api_calls": 1})
    assert tables["rollouts"]["stop_reason"].to_list() == [reason]


@pytest.mark.parametrize("as_text", [True, False])
def test_the_configuration_of_swe_agent_names_model_task_and_limits(tmp_path: Path, *, as_text: bool) -> None:
    model = {"name": "acme/large", "per_instance_cost_limit": 2.5, "per_instance_call_limit": 40, "api_key": "sk-1"}
    config = {"agent": {"model": model}, "problem_statement": {"id": "task-7"}}
    tables = swe(tmp_path, json.dumps(config) if as_text else config, model_stats={"api_calls": 1})
    assert tables["rollouts"]["task_id"].to_list() == ["task-7"]
    assert tables["runs"].select("model", "limit_usd", "limit_turns").rows() == [("acme/large", 2.5, 40)]
    assert "sk-1" not in tables["runs"]["settings"].item()


@pytest.mark.parametrize(("n_calls", "tokens"), [(3, None), (0, 0)])
def test_no_tokens_of_calls_that_were_made_are_unknown(tmp_path: Path, n_calls: int, tokens: int | None) -> None:
    stats = {"instance_cost": 0.0, "tokens_sent": 0, "tokens_received": 0, "api_calls": n_calls}
    tables = swe(tmp_path, model_stats=stats)
    assert tables["calls"].select("input_tokens", "output_tokens").rows() == [(tokens, tokens)]
    assert tables["rollouts"]["recorded_cost_usd"].to_list() == [None if n_calls else 0.0]


def tau(tmp_path: Path, *attempts: dict[str, Any], title: str = "# Retail agent policy") -> Tables:
    traj = [{"role": "system", "content": f"{title}\n…"}, {"role": "user"}, {"role": "assistant"}, {"role": "tool"}]
    full = [{"task_id": 0, "reward": 1.0, "info": {"user_cost": 0.5}, "traj": traj, **one} for one in attempts]
    (tmp_path / "x.json").write_text(json.dumps(full))
    return read(tmp_path / "x.json", tmp_path / "store", "skip")


@pytest.mark.parametrize(
    ("title", "benchmark"),
    [("# Retail agent policy", "tau-bench/retail"), ("# Airline Agent Policy", "tau-bench/airline"), ("", "tau-bench")],
)
def test_the_domain_is_told_by_the_title_of_the_policy(tmp_path: Path, title: str, benchmark: str) -> None:
    assert tau(tmp_path, {}, title=title)["runs"]["benchmark"].to_list() == [benchmark]


def test_agent_calls_of_tau_bench_have_unknown_tokens_and_the_user_a_cost(tmp_path: Path) -> None:
    calls = tau(tmp_path, {})["calls"].sort("role")
    assert calls.select("role", "input_tokens", "recorded_cost_usd").rows() == [
        ("agent", None, None), ("user", None, 0.5)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("info", "reason"),
    [({"reward_info": {"reward": 1.0}}, "submitted"), ({"error": "…"}, "error"), ({"user_cost": None}, "limit_turns")],
)
def test_how_an_attempt_of_tau_bench_ended(tmp_path: Path, info: dict[str, Any], reason: str) -> None:
    assert tau(tmp_path, {"info": info})["rollouts"]["stop_reason"].to_list() == [reason]


@pytest.mark.parametrize("trials", [(0, 0), (None, None), (1, 1), (-1, 2)])
def test_trials_of_tau_bench_told_twice_are_numbered_in_order(tmp_path: Path, trials: tuple[Any, Any]) -> None:
    tables = tau(tmp_path, *({"trial": trial} for trial in trials))
    assert tables["rollouts"]["attempt"].to_list() == [0, 1]


def test_an_attempt_at_no_task_is_rejected(tmp_path: Path) -> None:
    tables = tau(tmp_path, {"task_id": None}, {})
    assert (tables["rollouts"].height, tables["rejects"]["place"].to_list()) == (1, ["[0]"])
