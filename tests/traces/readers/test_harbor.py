"""Harbor reader: which steps are calls, what their counters mean, how totals and trajectories agree."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from trajectories import Tables, read

from traces.read import ReadOptions, read_traces
from traces.registry import Choices


def metrics(prompt: int, completion: int, cached: int | None = None, **values: Any) -> dict[str, Any]:
    counts = {"prompt_tokens": prompt, "completion_tokens": completion, "cached_tokens": cached}
    return {name: count for name, count in {**counts, **values}.items() if count is not None}


def step(used: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
    return {"source": "agent", "message": "…", **({} if used is None else {"metrics": used}), **values}


def atif(*steps: dict[str, Any], total: tuple[int, int] | None = None, **values: Any) -> dict[str, Any]:
    agent = {"name": "codex", "version": "1", "model_name": "acme/acme-large"}
    numbered = [{"step_id": number, **one} for number, one in enumerate(steps, start=1)]
    final = {} if total is None else {"final_metrics": dict(zip(("total_prompt_tokens", "total_completion_tokens"), total, strict=True))}  # fmt: skip # noqa: E501
    return {"schema_version": "ATIF-v1.7", "session_id": "s", "agent": agent, "steps": numbered, **final, **values}


def trial(**values: Any) -> dict[str, Any]:
    info = {"name": "codex", "version": "1", "model_info": {"name": "acme-large", "provider": "acme"}}
    key = {"id": "t", "task_name": "hello", "trial_name": "hello__a", "task_checksum": "0", "source": "demo"}
    return {**key, "agent_info": info, "agent_result": None, "verifier_result": {"rewards": {"reward": 1.0}}, **values}


def totals(n_in: int | None, n_out: int | None, cached: int | None = None, **values: Any) -> dict[str, Any]:
    return {"agent_result": {"n_input_tokens": n_in, "n_cache_tokens": cached, "n_output_tokens": n_out, **values}}


@pytest.fixture
def job(tmp_path: Path) -> Any:
    def read_job(*trajectories: dict[str, Any], result: dict[str, Any] | None = None) -> Tables:
        folder = tmp_path / "job" / "hello__a"
        (folder / "agent").mkdir(parents=True)
        if result is not None:
            (folder / "result.json").write_text(json.dumps(result))
        for number, document in enumerate(trajectories):
            (folder / "agent" / f"trajectory{number}.json").write_text(json.dumps(document))
        return read(tmp_path / "job", tmp_path / "store", "skip")

    return read_job


def tokens(tables: Tables) -> list[tuple[Any, ...]]:
    return tables["calls"].select("input_tokens", "output_tokens", "is_residual").rows()


def test_copied_context_and_steps_without_a_call_are_no_calls(job: Any) -> None:
    copied = step(metrics(100, 10), is_copied_context=True)
    document = atif({"source": "user"}, copied, step(metrics(200, 20)), step(llm_call_count=0), step())
    assert tokens(job(document)) == [(200, 20, False)]


def test_a_step_of_several_calls_stands_for_as_many(job: Any) -> None:
    calls = job(atif(step(metrics(200, 20), llm_call_count=3)))["calls"]
    assert calls["n_requests"].to_list() == [3]


def test_an_embedded_subagent_counts_once_though_it_also_lies_in_a_file(job: Any) -> None:
    sub = atif(step(metrics(50, 5)), trajectory_id="sub")
    document = atif(step(metrics(100, 10)), subagent_trajectories=[sub], total=(150, 15))
    assert tokens(job(document, sub)) == [(100, 10, False), (50, 5, False)]


@pytest.mark.parametrize("version", [f"ATIF-v1.{minor}" for minor in range(9)])
def test_every_version_is_read(job: Any, version: str) -> None:
    assert tokens(job(atif(step(metrics(1, 2)), schema_version=version))) == [(1, 2, False)]


def test_running_totals_are_told_by_the_totals_and_become_differences(job: Any) -> None:
    tables = job(atif(step(metrics(100, 10)), step(metrics(250, 30)), step(metrics(250, 30)), total=(250, 30)))
    assert tokens(tables) == [(100, 10, False), (150, 20, False)]
    assert tables["rejects"]["kind"].to_list() == ["contradiction"]


def test_counters_repeated_over_the_steps_of_one_call_count_once(job: Any) -> None:
    tables = job(atif(step(metrics(100, 10)), step(metrics(100, 10)), step(metrics(90, 9)), total=(190, 19)))
    assert tokens(tables) == [(100, 10, False), (90, 9, False)]


def test_steps_that_exceed_the_totals_in_no_known_way_leave_the_totals(job: Any) -> None:
    tables = job(atif(step(metrics(100, 10)), step(metrics(70, 30)), total=(120, 30)))
    assert tables["calls"].select("input_tokens", "output_tokens", "granularity").rows() == [(120, 30, "rollout")]
    assert tables["rejects"]["kind"].to_list() == ["contradiction"]


def test_the_totals_of_the_trial_exceed_its_trajectory_by_a_residual(job: Any) -> None:
    tables = job(atif(step(metrics(100, 10, 40)), total=(100, 10)), result=trial(**totals(160, 12, 70)))
    rest = tables["calls"].filter(is_residual=True)
    assert rest.select("input_tokens", "cache_read_tokens", "output_tokens", "n_requests").row(0) == (60, 30, 2, None)


def test_a_call_whose_usage_is_not_told_becomes_part_of_the_residual(job: Any) -> None:
    tables = job(atif(step(metrics(100, 10)), step(llm_call_count=1), total=(180, 15)))
    assert tokens(tables.copy()) in ([(80, 5, True), (100, 10, False)], [(100, 10, False), (80, 5, True)])


@pytest.mark.parametrize("n_tokens", [0, None])
def test_tokens_nobody_counted_are_unknown(job: Any, n_tokens: int | None) -> None:
    row = job(result=trial(**totals(n_tokens, n_tokens, cost_usd=0.0)))["calls"].row(0, named=True)
    assert row["input_tokens"] is row["output_tokens"] is row["claimed_cost_usd"] is None


def test_an_agent_without_a_model_makes_no_calls(job: Any) -> None:
    oracle = {"agent_info": {"name": "oracle", "version": "1", "model_info": None}, **totals(None, None)}
    tables = job(result=trial(**oracle))
    assert (tables["calls"].height, tables["rollouts"]["score"].to_list()) == (0, [1.0])


def test_usage_by_model_gives_a_total_for_each(job: Any) -> None:
    used = {name: totals(n, n)["agent_result"] for name, n in (("large", 30), ("small", 3))}
    calls = job(result=trial(**totals(33, 33, model_usage=used)))["calls"]
    assert calls.select("model", "input_tokens").sort("model").rows() == [("large", 30), ("small", 3)]


def test_cache_writes_show_in_extra_alone(job: Any) -> None:
    extra = {"cache_creation_input_tokens": 60, "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 40}}  # fmt: skip # noqa: E501
    known, unknown = step(metrics(100, 10, 30, extra=extra)), step(metrics(100, 10, 30))
    calls = job(atif(known, unknown))["calls"]
    names = ("uncached_input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens")
    assert calls.select(names).rows() == [(10, 30, 20, 40), (None, 30, None, None)]


@pytest.mark.parametrize(
    "proof", [{"cached_tokens": 300}, {"cached_tokens": 30, "extra": {"total_tokens": 140}}]
)  # fmt: skip
def test_a_trajectory_that_proves_its_prompt_leaves_the_cache_out_is_read_so(job: Any, proof: dict[str, Any]) -> None:
    calls = job(atif(step({**metrics(100, 10), **proof}), step(metrics(50, 5, 20))))["calls"]
    assert calls["input_tokens"].to_list() == [100 + proof["cached_tokens"], 70]


def test_a_continued_trajectory_alone_is_one_rollout(job: Any) -> None:
    first = atif(step(metrics(100, 10)), continued_trajectory_ref="trajectory1.json")
    second = atif(step(metrics(100, 10), is_copied_context=True), step(metrics(200, 20)), session_id="s-2")
    tables = job(first, second)
    assert (tables["rollouts"].height, tokens(tables)) == (1, [(100, 10, False), (200, 20, False)])


@pytest.mark.parametrize(
    ("exception", "reason"),
    [
        ("AgentTimeoutError", "limit_time"), ("ContextLengthExceededError", "limit_context"),
        ("EnvironmentStartTimeoutError", "error_infra"), ("VerifierTimeoutError", "error_infra"),
        ("NonZeroAgentExitCodeError", "error"), ("SomethingNewError", "error"), (None, "submitted"),
    ],
)  # fmt: skip
def test_exceptions_are_stop_reasons(job: Any, exception: str | None, reason: str) -> None:
    info = None if exception is None else {"exception_type": exception, "exception_message": "…"}
    assert job(result=trial(exception_info=info))["rollouts"]["stop_reason"].to_list() == [reason]


def test_the_chosen_reward_is_the_score_and_all_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(json.dumps(trial(verifier_result={"rewards": {"reward": 1.0, "style": 0.25}})))
    for scorer, score in ((None, 1.0), ("style", 0.25)):
        tables = read_traces([path], tmp_path / f"{scorer}", ReadOptions(choices=Choices(scorer=scorer))).tables()
        assert tables["rollouts"]["score"].to_list() == [score]
        assert tables["runs"]["score_metric"].to_list() == [scorer or "reward"]
        assert tables["scores"].select("metric", "value").rows() == [("reward", 1.0), ("style", 0.25)]
        assert tables["rejects"].is_empty()


def test_a_trial_without_the_chosen_reward_is_not_scored_by_another(tmp_path: Path) -> None:
    for number, rewards in enumerate(({"reward": 1.0, "style": 0.25}, {"reward": 1.0, "tone": 1.0})):
        (tmp_path / "runs" / f"{number}").mkdir(parents=True)
        text = json.dumps(trial(verifier_result={"rewards": rewards}, id=f"t{number}", trial_name=f"t{number}"))
        (tmp_path / "runs" / f"{number}" / "result.json").write_text(text)
    tables = read_traces([tmp_path / "runs"], tmp_path / "s", ReadOptions(choices=Choices(scorer="style"))).tables()
    assert tables["rollouts"]["score"].sort().to_list() == [None, 0.25]
    assert tables["rejects"]["kind"].to_list() == ["contradiction"]


def test_the_first_versions_had_a_single_reward(job: Any) -> None:
    assert job(result=trial(verifier_result={"reward": 0.5}))["rollouts"]["score"].to_list() == [0.5]


def test_the_same_trial_in_two_folders_of_a_job_counts_once(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "job" / name).mkdir(parents=True)
        (tmp_path / "job" / name / "result.json").write_text(json.dumps(trial(**totals(10, 1))))
    tables = read(tmp_path / "job", tmp_path / "store")
    assert (tables["rollouts"].height, tables["calls"]["input_tokens"].to_list()) == (1, [10])
    assert tables["rejects"].select("kind").rows() == [("duplicate",)]


def test_the_result_of_a_job_may_hold_its_trials(tmp_path: Path) -> None:
    trials = [trial(id=name, started_at=f"2026-01-15T12:0{n}:00Z") for n, name in enumerate("ab")]
    (tmp_path / "result.json").write_text(json.dumps({"id": "j", "trial_results": trials}))
    rollouts = read(tmp_path / "result.json", tmp_path / "store")["rollouts"]
    assert rollouts["attempt"].to_list() == [0, 1]


def test_agent_time_leaves_the_set_up_and_the_verifier_out(job: Any) -> None:
    def span(start: int, end: int) -> dict[str, str]:
        return {"started_at": f"2026-01-15T12:{start:02}:00Z", "finished_at": f"2026-01-15T12:{end:02}:00Z"}

    rollout = job(result=trial(**span(0, 30), environment_setup=span(0, 5), agent_execution=span(5, 20)))["rollouts"]
    assert rollout.select("wall_s", "time_basis").rows() == [(900.0, "measured")]


def test_agents_and_models_of_a_job_are_runs_of_their_own(tmp_path: Path) -> None:
    for name in ("acme-large", "acme-small"):
        info = {"name": "codex", "version": "1", "model_info": {"name": name, "provider": "acme"}}
        (tmp_path / "job" / name).mkdir(parents=True)
        text = json.dumps(trial(id=name, agent_info=info, **totals(10, 1)))
        (tmp_path / "job" / name / "result.json").write_text(text)
    runs = read(tmp_path / "job", tmp_path / "store")["runs"]
    assert sorted(runs["model"]) == ["acme-large", "acme-small"]
    assert runs.select(pl.col("benchmark").unique()).item() == "demo"


def test_totals_of_the_trajectory_tell_more_where_they_agree_with_those_of_the_trial(job: Any) -> None:
    final = {"total_prompt_tokens": 100, "total_completion_tokens": 10, "total_cached_tokens": 30}
    extra = {"extra": {"total_cache_creation_input_tokens": 60}}
    tables = job(atif(final_metrics={**final, **extra}), result=trial(**totals(100, 10, 30)))
    names = ("uncached_input_tokens", "cache_read_tokens", "cache_write_unspecified_tokens")
    assert tables["calls"].select(names).rows() == [(10, 30, 60)]


def test_the_tier_of_a_call_is_kept(job: Any) -> None:
    calls = job(atif(step(metrics(100, 10, extra={"service_tier": "priority"}))))["calls"]
    assert calls["service_tier"].to_list() == ["priority"]
