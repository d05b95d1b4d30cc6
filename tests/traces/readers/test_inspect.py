"""Inspect reader: each rule, shown on a log built for it."""

import json
from pathlib import Path
from typing import Any

import pytest
from inspect_logs import MODEL, call, log, read, sample, stamp, tool, used

TOKENS = (
    "input_tokens",
    "uncached_input_tokens",
    "cache_read_tokens",
    "cache_write_unspecified_tokens",
    "output_tokens",
)
UNKNOWN = (None, None, None, None, None)


def one_call(folder: Path, usage: dict[str, Any]) -> dict[str, Any]:
    tables, _ = read(folder, log(sample(call(usage=usage))))
    return tables["calls"].row(0, named=True)


@pytest.mark.parametrize(
    ("total", "expected"),
    [(115, (110, 10, 100, 0, 5)), (15 + 1_000, None)],
    ids=["outside: the total is input + output + cached", "neither: by version and provider"],
)
def test_a_total_with_the_cached_tokens_proves_that_they_lie_outside(
    tmp_path: Path, total: int, expected: tuple[int, ...] | None
) -> None:
    row = one_call(tmp_path, used(10, 5, total, read=100))
    assert tuple(row[name] for name in TOKENS) == (expected or (110, 10, 100, 0, 5))


def test_a_total_without_the_cached_tokens_proves_that_they_lie_inside(tmp_path: Path) -> None:
    row = one_call(tmp_path, used(100, 5, read=60, write=10))
    assert tuple(row[name] for name in TOKENS) == (100, 30, 60, 10, 5)


@pytest.mark.parametrize(
    ("provider", "version", "sent"),
    [
        ("anthropic", "0.3.60", 160),
        ("openai", "0.3.183", 100),
        ("openai", "0.3.184", 160),
        ("google", "0.3.207", 100),
        ("google", "0.3.208", 160),
        ("openai", "0.3.95.dev16+g6527d0861", 100),
    ],
)
def test_where_the_total_says_nothing_version_and_provider_decide(
    tmp_path: Path, provider: str, version: str, sent: int
) -> None:
    event = call(model=f"{provider}/x", usage=used(100, 5, 0, read=60))
    tables, _ = read(tmp_path, log(sample(event), spec={"packages": {"inspect_ai": version}}))
    assert tables["calls"]["input_tokens"].to_list() == [sent]
    settings = json.loads(tables["runs"]["settings"].item())
    assert settings["token_convention"] == {"assumed": 1}


@pytest.mark.parametrize(("total", "sent", "out"), [(175, 160, 15), (115, 100, 15), (105, 100, 5), (165, 160, 5)])
def test_the_total_also_proves_where_reasoning_lies(tmp_path: Path, total: int, sent: int, out: int) -> None:
    row = one_call(tmp_path, used(100, 5, total, read=60, reasoning=10))
    assert (row["input_tokens"], row["output_tokens"], row["reasoning_tokens"]) == (sent, out, 10)


def test_without_cache_counts_the_split_is_not_known(tmp_path: Path) -> None:
    row = one_call(tmp_path, used(100, 5))
    assert tuple(row[name] for name in TOKENS) == (100, None, None, None, 5)


def test_a_call_without_usage_has_unknown_tokens(tmp_path: Path) -> None:
    event = call(output={"model": "x", "choices": []})
    row = read(tmp_path, log(sample(event)))[0]["calls"].row(0, named=True)
    assert tuple(row[name] for name in TOKENS) == UNKNOWN
    assert row["is_billed"]


def test_an_answer_from_the_local_cache_is_not_billed_and_in_no_total(tmp_path: Path) -> None:
    events = (call(0, cache="write"), call(5, cache="read"))
    tables, rejects = read(tmp_path, log(sample(*events, model_usage={MODEL: used(10, 5)})))
    assert tables["calls"]["is_billed"].to_list() == [True, False]
    assert tables["calls"]["is_residual"].to_list() == [False, False]
    assert rejects.rows == []


@pytest.mark.parametrize(("error", "is_billed"), [("429 too many requests", False), ("Cancelled by limit", True)])
def test_a_refused_request_is_not_billed_and_a_cancelled_one_may_be(
    tmp_path: Path, error: str, *, is_billed: bool
) -> None:
    event = call(error=error, output={"model": "", "choices": []})
    row = read(tmp_path, log(sample(event)))[0]["calls"].row(0, named=True)
    assert (row["is_billed"], row["input_tokens"]) == (is_billed, None)


@pytest.mark.parametrize(
    ("name", "provider", "model"),
    [
        ("openai/x", "openai", "x"),
        ("openai/azure/x", "azure", "x"),
        ("anthropic/bedrock/x", "bedrock", "x"),
        ("openai-api/deepseek/x", "deepseek", "x"),
        ("openrouter/acme/x", "openrouter", "acme/x"),
        ("x", None, "x"),
    ],
)
def test_the_biller_is_the_api_or_the_cloud_behind_it(
    tmp_path: Path, name: str, provider: str | None, model: str
) -> None:
    event = call(model=name, output={"choices": [], "usage": used(1, 1)})
    calls = read(tmp_path, log(sample(event)))[0]["calls"]
    assert calls.select("provider", "model").row(0) == (provider, model)


def test_the_answer_names_model_id_tier_and_how_long_cache_writes_are_kept(tmp_path: Path) -> None:
    usage = {
        "service_tier": "priority",
        "cache_creation": {"ephemeral_5m_input_tokens": 7, "ephemeral_1h_input_tokens": 3},
    }
    event = call(
        usage=used(10, 5, 25, read=0, write=10), call={"request": {}, "response": {"id": "msg1", "usage": usage}}
    )
    row = read(tmp_path, log(sample(event)))[0]["calls"].row(0, named=True)
    assert (row["call_id"], row["model"], row["service_tier"]) == ("msg1", "large-2026", "priority")
    assert (row["cache_write_5m_tokens"], row["cache_write_1h_tokens"], row["cache_write_unspecified_tokens"]) == (
        7,
        3,
        0,
    )


def test_searches_the_provider_ran_are_charges(tmp_path: Path) -> None:
    response = {"id": "msg1", "usage": {"server_tool_use": {"web_search_requests": 3}}}
    charges = read(tmp_path, log(sample(call(call={"request": {}, "response": response}))))[0]["charges"]
    assert charges.select("call_id", "kind", "quantity", "unit").rows() == [("msg1", "web_search", 3.0, "search")]


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (None, "agent"), ("grader", "judge"), ("user_simulator", "user"), ("User Simulator", "user"),
        ("red_team", "other"),
    ],
)  # fmt: skip
def test_roles_of_a_task_are_mapped(tmp_path: Path, role: str | None, expected: str) -> None:
    assert read(tmp_path, log(sample(call(role=role))))[0]["calls"]["role"].to_list() == [expected]


GRADED = {
    "an option": {"scorers": [{"name": "graded", "options": {"model": "openai/grader", "template": "…"}}]},
    "options of several": {"scorers": [{"name": "graded", "options": {"judge_models": ["openai/grader", "x/y"]}}]},
    "a model with its settings": {"scorers": [{"name": "g", "options": {"model": {"model": "openai/grader"}}}]},
    "without its provider": {"scorers": [{"name": "g", "options": {"grader_model": "grader"}}]},
    "a role": {"model_roles": {"quality_judge": {"model": "openai/grader"}}},
    "a role only its scorer knows": {
        "scorers": [{"name": "g", "options": {"model_role": "reader"}}], "model_roles": {"reader": "openai/grader"},
    },
    "an argument of the task": {"task_args": {"grader_model": "openai/grader"}},
}  # fmt: skip


@pytest.mark.parametrize("spec", GRADED.values(), ids=GRADED)
def test_a_model_given_to_a_scorer_is_a_judge_in_calls_and_totals(tmp_path: Path, spec: dict[str, Any]) -> None:
    usages = {MODEL: used(20, 5), "openai/grader": used(7, 2), "openai/tool": used(3, 1)}
    whole = log(sample(call(0), call(3, model="openai/grader"), model_usage=usages), spec=spec)
    calls = read(tmp_path, whole)[0]["calls"].filter(granularity="call")
    assert calls["role"].to_list() == ["agent", "judge"]
    totals = read(tmp_path, log(sample(model_usage=usages), spec=spec))[0]["calls"].sort("input_tokens")
    assert totals["role"].to_list() == ["other", "judge", "agent"]


def test_the_results_of_older_logs_tell_what_their_scorer_was_given(tmp_path: Path) -> None:
    scores = [{"name": "graded", "scorer": "graded", "params": {"model": "openai/grader"}, "metrics": {}}]
    document = log(sample(model_usage={"openai/grader": used(7, 2)}), results={"scores": scores})
    assert read(tmp_path, document)[0]["calls"]["role"].to_list() == ["judge"]


def test_an_agent_that_grades_itself_stays_the_agent_where_only_its_total_is_known(tmp_path: Path) -> None:
    spec = {"scorers": [{"name": "graded", "options": {"model": MODEL}}]}
    calls = read(tmp_path, log(sample(call()), sample(model_usage={MODEL: used(7, 2)}, id="b"), spec=spec))[0]["calls"]
    assert calls["role"].to_list() == ["agent", "agent"]


def test_another_sample_of_the_same_epoch_is_another_attempt_and_not_a_copy(tmp_path: Path) -> None:
    document = log(sample(uuid="u1"), sample(uuid="u2"), sample(uuid="u1"))
    tables, rejected = read(tmp_path, document)
    assert tables["rollouts"].select("attempt", "native_id").rows() == [(0, "u1"), (1, "u2")]
    assert [row["kind"] for row in rejected.rows] == ["contradiction", "duplicate"]


def test_a_call_made_while_scoring_is_a_judges(tmp_path: Path) -> None:
    spans = [
        {"event": "span_begin", "id": "s", "type": "scorers", "timestamp": stamp(3)},
        {"event": "span_begin", "id": "t", "parent_id": "s", "type": "x", "timestamp": stamp(3)},
    ]
    events = [call(0), *spans, call(4, span_id="t"), call(6, span_id="elsewhere")]
    assert read(tmp_path, log(sample(*events)))[0]["calls"]["role"].to_list() == ["agent", "judge", "agent"]


def test_before_spans_steps_say_what_is_scoring(tmp_path: Path) -> None:
    steps = [
        {"event": "step", "action": action, "type": "scorer", "timestamp": stamp(3)} for action in ("begin", "end")
    ]
    events = [call(0), steps[0], call(4), steps[1], call(6)]
    assert read(tmp_path, log(sample(*events)))[0]["calls"]["role"].to_list() == ["agent", "judge", "agent"]


def test_calls_that_older_versions_nest_in_tools_and_subtasks_are_read(tmp_path: Path) -> None:
    nested = tool(1, events=[call(1), {"event": "subtask", "events": [call(4)]}])
    assert read(tmp_path, log(sample(call(0), nested)))[0]["calls"]["call_index"].to_list() == [0, 1, 2]


def test_waiting_and_parallel_calls_are_told_from_working_time(tmp_path: Path) -> None:
    waiting = call(0, seconds=2, completed=stamp(10))  # worked from 8 to 10
    parallel = call(9, seconds=3)  # from 9 to 12
    tables, _ = read(tmp_path, log(sample(waiting, parallel, tool(12, seconds=5))))
    rollout = tables["rollouts"].row(0, named=True)
    assert [rollout[f"{name}_s"] for name in ("wall", "wait", "model", "tool")] == [60.0, 10.0, 4.0, 5.0]
    assert tables["calls"].select("latency_s", "time_basis").rows() == [(2.0, "measured"), (3.0, "measured")]


@pytest.mark.parametrize(
    ("values", "latency_s", "basis"),
    [
        ({"working_time": None}, 2.0, "upper_bound"),
        ({"working_time": None, "completed": None}, None, "lower_bound"),
        ({"working_time": None, "completed": None, "timestamp": None}, None, None),
    ],
)
def test_a_call_without_its_own_timer_has_a_bound(
    tmp_path: Path, values: dict[str, Any], latency_s: float | None, basis: str | None
) -> None:
    calls = read(tmp_path, log(sample(call() | values)))[0]["calls"]
    assert calls.select("latency_s", "time_basis").row(0) == (latency_s, basis)


def test_a_sample_without_stamps_ends_with_its_last_event_and_began_its_total_before(tmp_path: Path) -> None:
    early = {"event": "span_begin", "id": "s", "timestamp": "2026-01-13T00:00:00+00:00"}
    unstamped = sample(early, call(58), started_at=None, completed_at=None)
    rollout = read(tmp_path, log(unstamped))[0]["rollouts"].row(0, named=True)
    assert (str(rollout["started_at"]), rollout["wall_s"]) == ("2026-01-15 12:00:00+00:00", 60.0)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "submitted"),
        *(
            ({"limit": {"type": kind, "limit": 1}}, f"limit_{reason}")
            for kind, reason in {
                "context": "context", "time": "time", "working": "time", "message": "turns", "turn": "turns",
                "token": "tokens", "cost": "cost", "operator": "other", "custom": "other",
            }.items()
        ),
        ({"error": {"message": "ValueError('x')"}}, "error"),
        ({"error": {"message": "RateLimitError('x')"}}, "error_infra"),
        ({"events": [{"event": "sample_limit", "type": "token", "timestamp": stamp(1)}]}, "limit_tokens"),
    ],
)  # fmt: skip
def test_the_stop_reason_is_the_limit_or_the_error(tmp_path: Path, values: dict[str, Any], reason: str) -> None:
    assert read(tmp_path, log(sample(**values)))[0]["rollouts"]["stop_reason"].to_list() == [reason]


def test_an_error_says_more_than_a_limit(tmp_path: Path) -> None:
    both = sample(limit={"type": "time"}, error={"message": "KeyError"})
    assert read(tmp_path, log(both))[0]["rollouts"]["stop_reason"].to_list() == ["error"]


def test_epochs_are_attempts(tmp_path: Path) -> None:
    epochs = [sample(epoch=number, uuid=f"u{number}") for number in (2, 1)]
    rollouts = read(tmp_path, log(*epochs))[0]["rollouts"]
    assert rollouts.select("rollout_id", "attempt").rows() == [("inspect-e1/a/0", 0), ("inspect-e1/a/1", 1)]


def test_the_same_sample_and_epoch_twice_is_one_rollout(tmp_path: Path) -> None:
    tables, rejects = read(tmp_path, log(sample(call()), sample(call())))
    assert (tables["rollouts"].height, tables["calls"].height) == (1, 1)
    assert [(row["kind"], row["place"]) for row in rejects.rows] == [("duplicate", "samples[1]")]


def test_what_stats_exceed_the_samples_by_is_a_residual_of_the_run(tmp_path: Path) -> None:
    stats = {"model_usage": {MODEL: used(30, 15), "openai/judge": used(4, 1)}}
    document = log(sample(call(), model_usage={MODEL: used(10, 5)}), stats=stats)
    calls = read(tmp_path, document)[0]["calls"].filter(is_residual=True)
    assert calls.select("rollout_id", "granularity", "role", "model", "input_tokens", "output_tokens").rows() == [
        (None, "run", "agent", "large", 20, 10),
        (None, "run", "other", "judge", 4, 1),
    ]
    assert calls["n_requests"].null_count() == 2


def test_a_role_that_used_just_what_a_model_did_is_its_role(tmp_path: Path) -> None:
    usages = {MODEL: used(30, 15), "openai/judge": used(4, 1)}
    stats = {"model_usage": usages, "role_usage": {"grader": used(4, 1), "critic": used(3, 1)}}
    calls = read(tmp_path, log(stats=stats))[0]["calls"].sort("role")
    assert calls.select("role", "model").rows() == [("agent", "large"), ("judge", "judge")]


def test_logs_of_2024_hold_the_events_of_a_sample_in_its_transcript(tmp_path: Path) -> None:
    early = sample(transcript={"events": [call(0), {"event": "unknown", "output": 7}, call(9)], "content": {}})
    tables, rejects = read(tmp_path, log({**early, "events": None}))
    assert tables["calls"].select("granularity", "input_tokens").rows() == [("call", 10), ("call", 10)]
    assert rejects.rows == []


def test_attempts_that_failed_are_calls_of_the_rollout_where_the_log_keeps_them(tmp_path: Path) -> None:
    retried = sample(call(9), model_usage={MODEL: used(10, 5)}, error_retries=[{"message": "x", "events": [call(0)]}])
    calls = read(tmp_path, log(retried, stats={"model_usage": {MODEL: used(20, 10)}}))[0]["calls"]
    assert calls.select("call_index", "granularity").rows() == [(0, "call"), (1, "call")]


def test_a_sample_without_events_is_one_total_per_model(tmp_path: Path) -> None:
    usages = {MODEL: used(100, 5, 165, read=60), "openai/grader": used(7, 1)}
    roles = {"grader": {"model": "openai/grader", "config": {}}}
    document = log(sample(model_usage=usages), spec={"model_roles": roles})
    calls = read(tmp_path, document)[0]["calls"].sort("role")
    assert calls.select("role", "granularity", "n_requests", "input_tokens", "is_residual").rows() == [
        ("agent", "rollout", None, 160, False),
        ("judge", "rollout", None, 7, False),
    ]


def test_a_sample_of_which_nothing_is_told_has_unknown_tokens(tmp_path: Path) -> None:
    calls = read(tmp_path, log(sample()))[0]["calls"]
    assert calls.select("granularity", "input_tokens", "n_requests").rows() == [("rollout", None, None)]


def test_calls_that_add_up_to_more_than_the_sample_says_are_reported(tmp_path: Path) -> None:
    tables, rejects = read(tmp_path, log(sample(call(), model_usage={MODEL: used(9, 5)})))
    assert tables["calls"].height == 1
    assert [row["kind"] for row in rejects.rows] == ["contradiction"]


def test_a_log_without_samples_is_a_total_of_the_run(tmp_path: Path) -> None:
    document = log(stats={"model_usage": {MODEL: used(10, 5)}})
    del document["samples"]
    calls = read(tmp_path, document)[0]["calls"]
    assert calls.select("granularity", "is_residual", "input_tokens").rows() == [("run", False, 10)]


SCORES = {"match": {"value": "I"}, "quality": {"value": {"style": 4, "truth": 0.5}}, "judge": {"value": "P"}}


@pytest.mark.parametrize(
    ("scorer", "metric", "score", "is_success"),
    [
        (None, "match", 0.0, False),
        ("judge", "judge", 0.5, False),
        ("quality", "style", 4.0, None),
        ("truth", "truth", 0.5, False),
        ("quality/truth", "truth", 0.5, False),
    ],
)
def test_of_several_scorers_the_first_the_log_names_counts_or_the_one_chosen(
    tmp_path: Path, scorer: str | None, metric: str, score: float, *, is_success: bool | None
) -> None:
    tables, _ = read(tmp_path, log(sample(scores=SCORES)), scorer=scorer)
    assert tables["rollouts"].select("score", "is_success").row(0) == (score, is_success)
    assert tables["runs"]["score_metric"].item() == metric
    assert tables["scores"].height == 4


def test_a_scorer_that_no_sample_has_leaves_all_unscored_and_is_reported(tmp_path: Path) -> None:
    tables, rejects = read(tmp_path, log(sample()), scorer="other")
    assert tables["rollouts"]["score"].to_list() == [None]
    assert tables["runs"]["recorded_score"].to_list() == [None]
    assert "no scorer 'other' in it (but match)" in str(rejects.rows[0]["reason"])


@pytest.mark.parametrize(
    ("value", "score"),
    [
        ("C", 1.0), ("P", 0.5), ("I", 0.0), ("N", 0.0), (True, 1.0), (False, 0.0), (0.25, 0.25), ("yes", 1.0),
        ("False", 0.0), ("0.5", 0.5), ("good", None), (None, None), (float("nan"), None), ("nan", None),
    ],
)  # fmt: skip
def test_scores_are_numbers_as_inspect_takes_them_and_null_where_it_could_not(
    tmp_path: Path, value: Any, score: float | None
) -> None:
    tables, rejects = read(tmp_path, log(sample(scores={"match": {"value": value}})))
    assert tables["rollouts"]["score"].to_list() == [score]
    assert rejects.rows == []


def test_intermediate_scores_are_kept_with_their_moment(tmp_path: Path) -> None:
    scored = {"event": "score", "intermediate": True, "scorer": "half", "score": {"value": 0.5}, "timestamp": stamp(9)}
    scores = read(tmp_path, log(sample(call(0), scored, call(10))))[0]["scores"].filter(event="intermediate")
    assert scores.select("metric", "value", "call_index", "elapsed_s").rows() == [("half", 0.5, 0, 9.0)]


def test_an_invalidated_sample_is_not_scored(tmp_path: Path) -> None:
    tables, rejects = read(tmp_path, log(sample(invalidation={"reason": "leak"})))
    assert tables["rollouts"]["score"].to_list() == [None]
    assert [row["kind"] for row in rejects.rows] == ["contradiction"]


def test_the_first_versions_had_one_nameless_score(tmp_path: Path) -> None:
    results = {"scorer": {"name": "match"}, "metrics": {"accuracy": {"name": "accuracy", "value": 1}}}
    tables, _ = read(tmp_path, log(sample(scores=None, score={"value": "C"}), version=1, results=results))
    assert tables["rollouts"]["score"].to_list() == [1.0]
    assert tables["runs"]["recorded_score"].to_list() == [1.0]


def test_costs_that_inspect_computed_are_kept_and_zero_is_a_model_without_a_price(tmp_path: Path) -> None:
    events = [call(0, usage=used(10, 5, cost=0.25)), call(5, usage=used(10, 5, cost=0.0))]
    totals = {"model_usage": {MODEL: used(20, 10, cost=0.25)}}
    tables, _ = read(tmp_path, log(sample(*events, **totals), stats=totals))
    assert tables["calls"]["recorded_cost_usd"].to_list() == [0.25, None]
    assert tables["rollouts"]["recorded_cost_usd"].to_list() == tables["runs"]["recorded_cost_usd"].to_list() == [0.25]


def test_limits_and_effort_are_those_of_the_run(tmp_path: Path) -> None:
    config = {"token_limit": 1000, "message_limit": 9, "time_limit": 60, "working_limit": 30, "cost_limit": 1.5}
    plan = {"steps": [{"solver": "react", "params": {"attempts": 3}}], "config": {"reasoning_effort": "high"}}
    run = read(tmp_path, log(sample(), spec={"config": config}, plan=plan))[0]["runs"].row(0, named=True)
    assert [run[f"limit_{name}"] for name in ("tokens", "turns", "s", "usd")] == [1000, 9, 30.0, 1.5]
    assert (run["reasoning_effort"], run["submissions_allowed"]) == ("high", 3)
    assert run["agent"] == "react + anthropic/large + high"


def test_settings_hold_no_secret(tmp_path: Path) -> None:
    spec = {"task_args": {"level": 1, "api_key": "sk-1"}, "model_generate_config": {"extra_headers": {"auth": "sk-2"}}}
    settings = read(tmp_path, log(sample(), spec=spec))[0]["runs"]["settings"].item()
    assert "sk-" not in settings
    assert json.loads(settings)["task_args"] == {"level": 1}


def test_an_eval_without_an_id_gets_the_one_inspect_makes(tmp_path: Path) -> None:
    """Ids of log_formats.json of inspect_ai's own tests, and the id its reader gives that log."""
    spec = {"run_id": "BpiPFmbVcMCRUAXv8ovCTx", "task_id": "9eTnG3tV8jGRYoTPMH54Ee", "eval_id": None}
    document = log(sample(), spec={**spec, "created": "2024-10-15T12:53:13-04:00"})
    assert read(tmp_path, document)[0]["runs"]["run_id"].to_list() == ["inspect-FDENXLYYaukMN6EbfnNHvk"]


def test_an_unfinished_log_is_read_and_says_so(tmp_path: Path) -> None:
    tables, rejects = read(tmp_path, log(sample(call()), status="started"))
    assert tables["calls"].height == 1
    assert [(row["kind"], row["reason"]) for row in rejects.rows] == [
        ("contradiction", "an unfinished log: 1 samples of 1 tasks are in it")
    ]
