"""tau2 reader: each rule, shown on a file built for it."""

import json
from pathlib import Path
from typing import Any

import pytest
from tau2_files import answered, greeting, read, results, said, simulation


def test_the_canned_greeting_is_no_call(tmp_path: Path) -> None:
    calls = read(tmp_path, results(simulation()))[0]["calls"]
    assert calls["role"].to_list() == ["user", "agent"]
    assert calls["call_index"].to_list() == [0, 1]


def test_a_first_message_is_a_call_where_there_is_no_user_to_greet(tmp_path: Path) -> None:
    solo = simulation(greeting(cost=None), said(usage=None), answered(), user_cost=0.0)
    tables, _ = read(tmp_path, results(solo, user_info={"implementation": "dummy_user", "llm": "x"}))
    assert tables["calls"]["role"].to_list() == ["agent", "agent"]
    assert tables["calls"]["input_tokens"].to_list() == [None, 100]


def test_messages_the_task_starts_with_are_no_calls(tmp_path: Path) -> None:
    given_ones = [greeting(), said(usage=None, cost=None), answered(usage=None, cost=None)]
    document = results(simulation(*given_ones, said(), answered()))
    document["tasks"] = [{"id": "1", "initial_state": {"message_history": given_ones}}]
    assert read(tmp_path, document)[0]["calls"].height == 2


def test_tool_messages_are_no_calls_and_bound_the_latency_of_the_next_call(tmp_path: Path) -> None:
    tool = {"role": "tool", "content": "…", "requestor": "user", "timestamp": "2026-01-15T12:00:05"}
    calls = read(tmp_path, results(simulation(greeting(), said(), tool, answered())))[0]["calls"]
    assert calls["latency_s"].to_list() == [2.0, 2.0]
    assert calls["time_basis"].to_list() == ["upper_bound"] * 2


def test_a_timed_call_has_its_measured_latency(tmp_path: Path) -> None:
    timed = answered(generation_time_seconds=1.5)
    calls = read(tmp_path, results(simulation(greeting(), said(), timed)))[0]["calls"].filter(role="agent")
    assert calls.select("latency_s", "time_basis").row(0) == (1.5, "measured")
    assert (calls["ended_at"] - calls["started_at"]).item().total_seconds() == 1.5


def test_stamps_that_run_backwards_leave_the_latency_unknown_and_are_reported(tmp_path: Path) -> None:
    tables, log = read(tmp_path, results(simulation(greeting(), said(), answered(timestamp="2026-01-15T12:00:02"))))
    assert tables["calls"]["latency_s"].to_list() == [2.0, None]
    assert tables["calls"]["started_at"].null_count() == 0
    assert [(row["kind"], row["place"]) for row in log.rows] == [("contradiction", "simulations[0].messages[2]")]


@pytest.mark.parametrize(
    ("stamp", "hour", "is_assumed"),
    [
        ("2026-01-15T12:00:07.25", 12, True),
        ("2026-01-15T12:00:07Z", 12, False),
        ("2026-01-15 14:00:07+02:00", 12, False),
    ],
)
def test_a_stamp_without_zone_is_taken_as_utc_and_marked(
    tmp_path: Path, stamp: str, hour: int, *, is_assumed: bool
) -> None:
    answer = simulation(answered(timestamp=stamp), start_time=stamp, end_time=stamp)
    tables, _ = read(tmp_path, results(answer))
    for table in ("calls", "rollouts"):
        row = tables[table].row(0, named=True)
        assert (row["ended_at"].hour, row["is_tz_assumed"]) == (hour, is_assumed)


def test_without_raw_usage_the_cache_split_is_unknown(tmp_path: Path) -> None:
    row = read(tmp_path, results(simulation()))[0]["calls"].row(1, named=True)
    assert (row["input_tokens"], row["output_tokens"]) == (100, 5)
    assert row["uncached_input_tokens"] is row["cache_read_tokens"] is row["cache_write_5m_tokens"] is None


def test_raw_usage_that_agrees_gives_the_split_the_exact_model_and_the_tier(tmp_path: Path) -> None:
    raw_usage = {
        "input_tokens": 30,
        "cache_read_input_tokens": 60,
        "cache_creation_input_tokens": 10,
        "output_tokens": 5,
    }
    raw = {"id": "msg_1", "model": "large-2026", "usage": {**raw_usage, "service_tier": "priority"}}
    row = read(tmp_path, results(simulation(greeting(), said(), answered(raw_data=raw))))[0]["calls"].row(1, named=True)
    assert (row["call_id"], row["model"], row["service_tier"]) == ("msg_1", "large-2026", "priority")
    assert (row["input_tokens"], row["uncached_input_tokens"], row["cache_read_tokens"]) == (100, 30, 60)
    assert row["cache_write_unspecified_tokens"] == 10


@pytest.mark.parametrize(
    "raw_usage",
    [
        {"prompt_tokens": 100, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 300}},
        {"prompt_tokens": 90, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 30}},
        {"prompt_tokens": 100, "completion_tokens": 6, "prompt_tokens_details": {"cached_tokens": 30}},
    ],
)
def test_raw_usage_that_contradicts_leaves_the_totals_and_is_reported(
    tmp_path: Path, raw_usage: dict[str, Any]
) -> None:
    contradicted = answered(raw_data={"usage": raw_usage})
    tables, log = read(tmp_path, results(simulation(greeting(), said(), contradicted)))
    row = tables["calls"].row(1, named=True)
    assert (row["input_tokens"], row["output_tokens"], row["cache_read_tokens"]) == (100, 5, None)
    assert [row["kind"] for row in log.rows] == ["contradiction"]


def test_raw_usage_without_counts_is_no_contradiction(tmp_path: Path) -> None:
    answer = answered(raw_data={"usage": {"service_tier": "flex"}})
    tables, log = read(tmp_path, results(simulation(greeting(), said(), answer)))
    assert tables["calls"].select("input_tokens", "service_tier").row(1) == (100, "flex")
    assert log.rows == []


@pytest.mark.parametrize(
    ("llm", "llm_args", "provider", "model"),
    [
        ("large", None, None, "large"),
        ("azure/large", {}, "azure", "large"),
        ("openrouter/acme/large", {}, "openrouter", "acme/large"),
        ("openai/large", {"base_url": "https://me:pw@gpu.example:8000/v1"}, "gpu.example", "openai/large"),
        ("large", {"api_base": "http://["}, None, "large"),
        (None, None, None, None),
    ],
)
def test_the_biller_is_the_address_called_or_the_prefix_of_the_model(
    tmp_path: Path, llm: str | None, llm_args: dict[str, Any] | None, provider: str | None, model: str | None
) -> None:
    agent = {"implementation": "llm_agent", "llm": llm, "llm_args": llm_args}
    tables, _ = read(tmp_path, results(simulation(), agent_info=agent))
    assert tables["calls"].filter(role="agent").select("provider", "model").rows() == [(provider, model)]
    assert tables["runs"]["model"].item() == llm


def test_a_fine_tuned_model_keeps_its_name(tmp_path: Path) -> None:
    answer = answered(raw_data={"model": "large-2026"})
    tables, _ = read(tmp_path, results(simulation(greeting(), answer), agent_info={"llm": "ft:large-2026:me::1"}))
    assert tables["calls"].filter(role="agent")["model"].to_list() == ["ft:large-2026:me::1"]


def test_settings_hold_no_secret(tmp_path: Path) -> None:
    llm_args = {"temperature": 0, "api_key": "sk-secret", "base_url": "https://me:pw@host/v1?key=secret"}
    run = read(tmp_path, results(simulation(), agent_info={"llm": "large", "llm_args": llm_args}))[0]["runs"]
    settings = json.loads(run["settings"].item())["agent"]
    assert settings == {"llm_args": {"temperature": 0}, "llm_args_withheld": ["api_key", "base_url"], "host": "host"}


def test_a_zero_cost_of_used_tokens_is_unknown(tmp_path: Path) -> None:
    free = simulation(greeting(), said(), answered(cost=0.0), agent_cost=0.0)
    tables, _ = read(tmp_path, results(free))
    assert tables["calls"]["recorded_cost_usd"].to_list() == [0.25, None]
    assert tables["rollouts"]["recorded_cost_usd"].to_list() == [None]


def test_a_role_that_never_spoke_cost_nothing(tmp_path: Path) -> None:
    tables, _ = read(tmp_path, results(simulation(greeting(), said(), agent_cost=0.0)))
    assert tables["rollouts"]["recorded_cost_usd"].to_list() == [0.25]


def test_a_claim_above_its_messages_is_one_residual_call_of_unknown_tokens(tmp_path: Path) -> None:
    calls = read(tmp_path, results(simulation(agent_cost=2.5)))[0]["calls"].filter(is_residual=True)
    row = calls.row(0, named=True)
    assert (row["role"], row["granularity"], row["recorded_cost_usd"], row["input_tokens"]) == (
        "agent",
        "rollout",
        2.0,
        None,
    )


@pytest.mark.parametrize("messages", [None, []])
def test_a_simulation_without_messages_is_one_total_per_role(tmp_path: Path, messages: list[Any] | None) -> None:
    tables, _ = read(tmp_path, results(simulation(messages=messages, user_cost=None)))
    calls = tables["calls"].sort("role")
    assert calls.select("role", "granularity", "recorded_cost_usd", "latency_s").rows() == [
        ("agent", "rollout", 0.5, None),
        ("user", "rollout", None, None),
    ]
    assert tables["rollouts"]["recorded_cost_usd"].to_list() == [None]


@pytest.mark.parametrize(
    ("reason", "stop_reason"),
    [
        ("user_stop", "submitted"), ("agent_stop", "submitted"), ("max_steps", "limit_turns"),
        ("timeout", "limit_time"),
        ("context_window_exceeded", "limit_context"), ("too_many_errors", "error"), ("agent_error", "error"),
        ("user_error", "error"), ("unexpected_error", "error"), ("infrastructure_error", "error_infra"),
        ("something_new", "unknown"), (None, "unknown"),
    ],
)  # fmt: skip
def test_termination_reasons_are_mapped(tmp_path: Path, reason: str | None, stop_reason: str) -> None:
    rollouts = read(tmp_path, results(simulation(termination_reason=reason)))[0]["rollouts"]
    assert rollouts["stop_reason"].to_list() == [stop_reason]


def test_an_infrastructure_error_is_no_failure(tmp_path: Path) -> None:
    broken = simulation(termination_reason="infrastructure_error", reward_info={"reward": 0.0})
    tables, _ = read(tmp_path, results(broken))
    assert tables["rollouts"].select("score", "is_success").rows() == [(None, None)]
    assert tables["scores"].height == 0


def test_success_is_a_reward_of_one_and_factors_are_scores_of_their_own(tmp_path: Path) -> None:
    partial = {"reward": 0.5, "reward_breakdown": {"DB": 1.0, "COMMUNICATE": 0.5}}
    almost = {"reward": 0.9999999}
    tables, _ = read(
        tmp_path, results(simulation(reward_info=partial), simulation(id="s2", trial=1, reward_info=almost))
    )
    assert tables["rollouts"]["is_success"].to_list() == [False, True]
    assert tables["scores"].head(3).select("metric", "value").rows() == [
        ("reward", 0.5), ("reward.COMMUNICATE", 0.5), ("reward.DB", 1.0)
    ]  # fmt: skip


@pytest.mark.parametrize("trials", [(None, None, None), (0, 0, 1), (0, None, 1), (-1, 0, 1)])
def test_trials_not_told_or_repeated_are_numbered_in_order_of_start(
    tmp_path: Path, trials: tuple[int | None, ...]
) -> None:
    minutes = (30, 10, 20)
    attempts = [
        simulation(id=f"s{minute}", trial=trial, start_time=f"2026-01-15T12:{minute}:00", duration=minute)
        for minute, trial in zip(minutes, trials, strict=True)
    ]
    rollouts = read(tmp_path, results(*attempts))[0]["rollouts"]
    assert rollouts.select("attempt", "wall_s").rows() == [(0, 10.0), (1, 20.0), (2, 30.0)]


def test_the_same_simulation_twice_is_one_rollout_and_a_reject(tmp_path: Path) -> None:
    tables, log = read(tmp_path, results(simulation(), simulation()))
    kept = tables["rollouts"]["rollout_id"].item()
    assert [(row["kind"], row["place"], row["duplicate_of"]) for row in log.rows] == [
        ("duplicate", "simulations[1]", kept)
    ]


def test_tasks_never_run_are_listed(tmp_path: Path) -> None:
    document = results(simulation())
    document["tasks"] = [{"id": "0"}, {"id": "1"}, {"id": 2}]
    tasks = read(tmp_path, document)[0]["tasks"]
    assert tasks.select("benchmark", "task_id").rows() == [("tau2-bench/shop", str(number)) for number in range(3)]


def test_header_fields_that_are_null_stay_unknown(tmp_path: Path) -> None:
    run = read(tmp_path, results(simulation(), agent_info=None, user_info=None, environment_info=None, max_steps=None))
    row = run[0]["runs"].row(0, named=True)
    assert row["benchmark"] is row["scaffold"] is row["model"] is row["limit_turns"] is None


def test_the_effort_is_kept_as_written(tmp_path: Path) -> None:
    agent = {"implementation": "llm_agent", "llm": "large", "llm_args": {"reasoning_effort": "high"}}
    run = read(tmp_path, results(simulation(), agent_info=agent))[0]["runs"]
    assert run.select("reasoning_effort", "agent").row(0) == ("high", "llm_agent + large + high")
