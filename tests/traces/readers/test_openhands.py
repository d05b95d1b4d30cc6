"""OpenHands readers: usage however a version keeps it, copies between files, verdicts, figures of the index."""

import json
from pathlib import Path
from typing import Any

import pytest
from trajectories import Tables, read


def used(number: int, prompt: int, completion: int, read_: int = 0, write: int = 0, **values: Any) -> dict[str, Any]:
    counts = {"prompt_tokens": prompt, "completion_tokens": completion}
    cache = {"cache_read_tokens": read_, "cache_write_tokens": write}
    return {"model": "acme/large", **counts, **cache, "response_id": f"r{number}", **values}


def record(*usages: dict[str, Any], **values: Any) -> dict[str, Any]:
    metadata = {"agent_class": "CodeActAgent", "llm_config": {"model": "acme/large"}, "max_iterations": 9}
    metrics = {"accumulated_cost": 0.5, "token_usages": list(usages), **values.pop("metrics", {})}
    return {"instance_id": "i", "test_result": {"git_patch": "…"}, "metadata": metadata, "metrics": metrics, **values}


def read_records(tmp_path: Path, **files: list[dict[str, Any]]) -> Tables:
    (tmp_path / "run").mkdir()
    for name, records in files.items():
        (tmp_path / "run" / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
    return read(tmp_path / "run", tmp_path / "store", "skip")


def test_the_split_is_known_where_a_call_of_the_record_used_the_cache(tmp_path: Path) -> None:
    cached, not_cached = record(used(1, 100, 5), used(2, 90, 5, 60)), record(used(3, 100, 5), instance_id="j")
    calls = read_records(tmp_path, output=[cached, not_cached])["calls"]
    assert calls["uncached_input_tokens"].to_list() == [100, 30, None]


def test_more_cached_than_sent_proves_that_prompts_of_the_model_leave_the_cache_out(tmp_path: Path) -> None:
    calls = read_records(tmp_path, output=[record(used(1, 10, 5, 300), used(2, 90, 5, 60))])["calls"]
    assert calls.select("input_tokens", "uncached_input_tokens").rows() == [(310, 10), (150, 90)]


def test_costs_that_are_fewer_than_the_calls_belong_to_none_of_them(tmp_path: Path) -> None:
    costs = {"costs": [{"model": "acme/large", "cost": 0.5, "timestamp": 1768478400.0}]}
    calls = read_records(tmp_path, output=[record(used(1, 10, 5), used(2, 10, 5), metrics=costs)])["calls"]
    assert calls["claimed_cost_usd"].null_count() == calls["started_at"].null_count() == 2


def test_a_model_called_default_is_the_one_of_the_settings(tmp_path: Path) -> None:
    calls = read_records(tmp_path, output=[record(used(1, 10, 5, model="default"))])["calls"]
    assert calls.select("provider", "model").rows() == [("acme", "large")]


def test_a_line_copied_to_another_file_counts_once_and_gives_its_verdict(tmp_path: Path) -> None:
    first = record(used(1, 10, 5))
    judged = {**first, "test_result": {"git_patch": "…", "report": {"resolved": True}}}
    tables = read_records(tmp_path, output=[first], output_eval=[judged])
    assert tables["rollouts"]["is_success"].to_list() == [True]
    assert (tables["calls"].height, tables["rejects"]["kind"].to_list()) == (1, ["duplicate"])


def test_attempts_of_several_critic_files_are_all_counted(tmp_path: Path) -> None:
    first, second = record(used(1, 10, 5), attempt=1), record(used(2, 20, 5), attempt=2)
    tables = read_records(tmp_path, critic_1=[first], critic_2=[second], output=[second])
    assert tables["rollouts"]["attempt"].to_list() == [0, 1]
    assert tables["calls"]["input_tokens"].to_list() == [10, 20]


@pytest.mark.parametrize(
    ("result", "score"),
    [
        ({"report": {"resolved": True}}, 1.0), ({"resolved": False}, 0.0), ({"score": 0.25}, 0.25),
        ({"final_score": {"total": 4, "result": 1}}, 0.25), ({"final_score": {"total": 0, "result": 0}}, None),
        ({"result": True}, 1.0), ({"git_patch": "…"}, None), ("…", None), (None, None),
    ],
)  # fmt: skip
def test_every_benchmark_writes_its_verdict_in_its_own_way(tmp_path: Path, result: Any, score: float | None) -> None:
    assert read_records(tmp_path, output=[record(test_result=result)])["rollouts"]["score"].to_list() == [score]


def test_trials_that_harbor_ran_have_totals_alone(tmp_path: Path) -> None:
    metrics = {"total_prompt_tokens": 500, "total_completion_tokens": 100, "total_cost_usd": 0.25}
    converted = {"instance_id": "i", "test_result": {"passed": True}, "history": [], "metrics": metrics}
    tables = read_records(tmp_path, output=[converted])
    assert tables["calls"].select("input_tokens", "output_tokens", "granularity").rows() == [(500, 100, "rollout")]
    assert tables["rollouts"].select("score", "recorded_cost_usd").rows() == [(1.0, 0.25)]


def test_a_total_of_nothing_is_unknown(tmp_path: Path) -> None:
    nothing = {"accumulated_cost": 0.0, "accumulated_token_usage": {"prompt_tokens": 0, "completion_tokens": 0}}
    tables = read_records(tmp_path, output=[record(metrics=nothing)])
    assert tables["calls"].select("input_tokens", "output_tokens", "claimed_cost_usd").rows() == [(None, None, None)]
    assert tables["rollouts"]["recorded_cost_usd"].to_list() == [None]


def test_records_without_metrics_name_their_calls(tmp_path: Path) -> None:
    stamped = [("r2", 1), ("r1", 3), ("r1", 6), (None, 9)]
    history = [{"timestamp": f"2025-10-30T03:50:0{at}", "llm_response_id": response} for response, at in stamped]
    (tmp_path / "output.jsonl").write_text(json.dumps(record(history=history) | {"metrics": None}))
    calls = read(tmp_path / "output.jsonl", tmp_path / "store")["calls"]
    assert calls.select("call_id", "granularity", "n_requests", "input_tokens", "model").rows() == [
        ("r2", "call", 1, None, "large"), ("r1", "call", 1, None, "large")
    ]  # fmt: skip
    assert calls["started_at"].dt.second().to_list() == [1, 3]


def test_a_broken_line_is_rejected_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "output.jsonl").write_text(json.dumps(record(used(1, 10, 5))) + '\n{"instance_id": "j", "metr')
    tables = read(tmp_path / "output.jsonl", tmp_path / "store", "skip")
    assert (tables["rollouts"].height, tables["rejects"]["place"].to_list()) == (1, ["line 2"])


def index(tmp_path: Path, instances: dict[str, Any], **score: Any) -> Tables:
    (tmp_path / "agent" / "instance_results").mkdir(parents=True)
    row = {"benchmark": "demo", "score": 50.0, "metric": "accuracy", "average_runtime": 9.0, **score}
    (tmp_path / "agent" / "scores.json").write_text(json.dumps([row]))
    (tmp_path / "agent" / "instance_results" / "demo.json").write_text(json.dumps(instances))
    return read(tmp_path / "agent", tmp_path / "store", "skip")


def costs(*values: float | None) -> dict[str, Any]:
    return {f"i{number}": {"cost": cost, "resolved": number % 2 == 0} for number, cost in enumerate(values)}


def test_the_agent_of_another_maker_belongs_to_the_scaffold(tmp_path: Path) -> None:
    tables = index(tmp_path, costs(0.25), agent_version="v1.19.1", acp_agent_name="x-acp", acp_agent_version="v0.11.1")
    assert tables["runs"]["scaffold"].to_list() == ["v1.19.1 x-acp v0.11.1"]


@pytest.mark.parametrize(
    ("instances", "mean", "known", "said"),
    [
        (costs(0.25, 0.5), 0.37, [0.25, 0.5], []),
        (costs(0.0, 0.0), 0.0, [None, None], []),
        (costs(0.25, None), 0.25, [0.25, None], []),
        (costs(0.5, 0.5), 0.5, [None, None], ["a mean, not their costs"]),
        (costs(0.25, 0.75), 0.5, [0.25, 0.75], ["scaled to it"]),
        (costs(2.0, 3.0), 0.5, [2.0, 3.0], ["published mean $0.5000, the instances give $2.5000"]),
    ],
)
def test_costs_of_the_index_are_taken_for_what_they_are(
    tmp_path: Path, instances: dict[str, Any], mean: float, known: list[float | None], said: list[str]
) -> None:
    tables = index(tmp_path, instances, cost_per_instance=mean)
    assert tables["rollouts"]["recorded_cost_usd"].to_list() == known
    assert all(words in reason for words, reason in zip(said, tables["rejects"]["reason"], strict=True))


def test_a_published_score_its_instances_do_not_give_is_listed(tmp_path: Path) -> None:
    tables = index(tmp_path, costs(1.0, 2.0), score=75.0)
    assert tables["runs"]["recorded_score"].to_list() == [0.75]
    assert "the instances give 0.5000" in tables["rejects"]["reason"].item()


def test_an_instance_that_is_none_is_rejected_and_the_others_are_read(tmp_path: Path) -> None:
    tables = index(tmp_path, {**costs(1.0, 2.0), "i2": 7})
    assert (tables["rollouts"].height, tables["rejects"]["place"].to_list()) == (2, ["i2"])
