"""HAL reader: every version to the tables beside its golden file, and each rule on an upload built for it."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hal_files import MODEL, at, call, read, read_path, task_log, upload, usage

GOLDEN = Path(__file__).parents[2] / "data" / "hal"


@pytest.mark.parametrize("name", ["slim_list", "weave_calls", "calls_by_task", "inspect_log"])
@pytest.mark.parametrize("table", ["runs", "tasks", "rollouts", "scores", "calls", "rejects"])
def test_every_version_gives_the_tables_beside_it(name: str, table: str) -> None:
    tables, log = read_path(GOLDEN / f"{name}.json")
    found = log.frame().drop("source_format", "excerpt") if table == "rejects" else tables[table]
    if table != "rejects":
        found = found.select(column.name for column in found if column.null_count() < len(column))
    assert found.write_csv() == (GOLDEN / f"{name}.{table}.csv").read_text()


def test_ci_fixtures_and_their_encrypted_twin_give_the_same_run(shared_data: Path) -> None:
    folder = shared_data / "hal"
    plain, _ = read_path(next(folder.rglob("*baseline_r0_UPLOAD.json")))
    sealed, _ = read_path(folder / "sample_encrypted_UPLOAD.zip")
    assert all(
        plain[name].drop("source_path", strict=False).equals(sealed[name].drop("source_path", strict=False))
        for name in plain
    )
    assert plain["calls"].select("input_tokens", "output_tokens", "latency_s").row(0) == (100, 50, 1.5)
    assert plain["rollouts"]["recorded_cost_usd"].to_list() == [0.001, 0.002]


# Requests


def test_a_parent_is_the_sum_of_its_children_and_no_request(tmp_path: Path) -> None:
    nested = [call("a"), call("b", parent="a"), call("c", parent="b", minute=1, usage=usage(70, 7))]
    tables, _ = read(tmp_path, upload(nested))
    assert tables["calls"].select("call_id", "input_tokens").rows() == [("answer-c", 70)]


def test_a_child_without_usage_does_not_hide_the_usage_below_it(tmp_path: Path) -> None:
    silent = call("b", parent="a", op_name="Agent.step", output="…", summary=None, inputs={"self": "…"})
    tables, _ = read(tmp_path, upload([call("a"), silent, call("c", parent="b", usage=usage(70, 7))]))
    assert tables["calls"]["call_id"].to_list() == ["answer-c"]


def test_parents_that_contain_each_other_do_not_hang(tmp_path: Path) -> None:
    tables, _ = read(tmp_path, upload([call("a", parent="b"), call("b", parent="a")]))
    assert tables["calls"].select("granularity", "input_tokens").rows() == [("rollout", None)]


def test_one_answer_logged_by_two_clients_beside_each_other_counts_once(tmp_path: Path) -> None:
    twin = call("b") | {"output": call("a")["output"]}
    tables, log = read(tmp_path, upload([call("a"), twin]))
    assert tables["calls"].height == 1
    assert [(row["kind"], row["place"], row["duplicate_of"]) for row in log.rows] == [
        ("duplicate", "raw_logging_results[1]", "raw_logging_results[0]")
    ]


def test_calls_come_in_order_of_time_whatever_theirs_in_the_file(tmp_path: Path) -> None:
    tables, _ = read(tmp_path, upload([call(name, minute=minute) for name, minute in (("c", 3), ("a", 1), ("b", 2))]))
    assert tables["calls"].select("call_index", "call_id").rows() == [(0, "answer-a"), (1, "answer-b"), (2, "answer-c")]


def test_latency_is_that_of_the_call_not_hal_s_own(tmp_path: Path) -> None:
    latencies = {"t1": {"first_call_timestamp": "…", "last_call_timestamp": "…", "total_time": 60.0}}
    tables, _ = read(tmp_path, upload([call("a"), call("b", minute=1)], results={"latencies": latencies}))
    assert tables["calls"]["latency_s"].to_list() == [5.0, 5.0]
    assert tables["rollouts"].select("wall_s", "time_basis").row(0) == (65.0, "lower_bound")


def test_wall_clock_times_are_the_measured_time_of_a_task(tmp_path: Path) -> None:
    tables, _ = read(tmp_path, upload({"t1": task_log(at(0))}, wall_clock_times={"t1": 99.5}))
    assert tables["rollouts"].select("wall_s", "time_basis").row(0) == (99.5, "measured")


def test_stamps_without_zone_are_utc_and_marked_and_those_that_are_no_time_are_rejected(tmp_path: Path) -> None:
    zoneless = call("a", started_at="2026-01-15T12:00:00", ended_at="2026-01-15T12:00:02")
    logged = [zoneless, call("b", minute=1, ended_at="noon")]
    tables, log = read(tmp_path, upload(logged), "skip")
    assert tables["calls"].select("latency_s", "is_tz_assumed").rows() == [(2.0, True), (None, False)]
    assert [(row["place"], row["reason"]) for row in log.rows] == [("raw_logging_results[1]", "'noon' is not a time")]


def test_a_request_that_states_no_usage_is_of_unknown_tokens_and_a_failed_one_is_counted(tmp_path: Path) -> None:
    streamed = call("a", usage=None, summary=None)
    failed = call("b", output=None, summary=None, exception="RateLimitError")
    tables, log = read(tmp_path, upload([streamed, failed]))
    assert tables["calls"].select("call_id", "input_tokens", "output_tokens").rows() == [("answer-a", None, None)]
    assert [(row["kind"], row["reason"]) for row in log.rows] == [
        ("unrecognised", "failed calls without usage: 1; taken for not billed, left out")
    ]


@pytest.mark.parametrize(
    ("used", "tokens"),
    [
        (usage(100, 5), (100, None, None, None, 5)),
        (usage(100, 5, prompt_tokens_details={"cached_tokens": 60}), (100, 40, 60, 0, 5)),
        (
            {"input_tokens": 30, "output_tokens": 5, "cache_read_input_tokens": 60, "cache_creation_input_tokens": 10},
            (100, 30, 60, 10, 5),
        ),
        (
            {"inputTokens": 30, "outputTokens": 5, "cacheReadInputTokens": 60, "cacheWriteInputTokens": 10},
            (100, 30, 60, 10, 5),
        ),
        ({"input_tokens": 100, "output_tokens": 5, "input_tokens_details": {"cached_tokens": 60}}, (100, 40, 60, 0, 5)),
    ],
    ids=["chat", "chat with cache", "anthropic", "bedrock", "responses"],
)  # fmt: skip
def test_usage_of_every_client_is_read_by_its_own_convention(
    tmp_path: Path, used: dict[str, Any], tokens: tuple[int | None, ...]
) -> None:
    columns = (
        "input_tokens",
        "uncached_input_tokens",
        "cache_read_tokens",
        "cache_write_unspecified_tokens",
        "output_tokens",
    )
    for logged in ([call("a", usage=used)], {"t1": task_log(at(0, **used))}):
        assert read(tmp_path, upload(logged))[0]["calls"].select(columns).rows() == [tokens]


def test_google_s_thoughts_lie_outside_its_candidates(tmp_path: Path) -> None:
    counts = {
        "prompt_token_count": 100,
        "cached_content_token_count": 60,
        "candidates_token_count": 5,
        "thoughts_token_count": 20,
    }
    logged = call("a", output={"id": "g", "usage_metadata": counts}, summary=None)
    row = read(tmp_path, upload([logged]))[0]["calls"].row(0, named=True)
    assert (row["input_tokens"], row["cache_read_tokens"], row["output_tokens"], row["reasoning_tokens"]) == (
        100,
        60,
        25,
        20,
    )


def test_sums_of_several_models_without_the_calls_they_came_from_are_a_row_each(tmp_path: Path) -> None:
    summed = {"usage": {"large": {"requests": 3, **usage(300, 30)}, "small": {"requests": 2, **usage(20, 2)}}}
    tables, _ = read(tmp_path, upload([call("a", output="…", summary=summed)]))
    assert tables["calls"].select("model", "n_requests", "input_tokens").sort("model").rows() == [
        ("large", 3, 300), ("small", 2, 20)
    ]  # fmt: skip


# Roles


def test_the_simulated_user_and_the_judge_are_told_by_their_models(tmp_path: Path) -> None:
    logged = [
        call(name, minute=minute, inputs={"model": name}, output={"model": name, "usage": usage(9, 1)}, summary=None)
        for minute, name in enumerate(("large-2026-01-01", "visitor", "referee"))
    ]
    arguments = {"model_name": "openai/large", "evaluator_model": "acme/referee"}
    settings = {"benchmark_name": "taubench_airline", "agent_args": arguments}
    tables, _ = read(tmp_path, upload(logged, config=settings))
    assert tables["calls"]["role"].to_list() == ["agent", "user", "judge"]


def test_calls_of_which_none_is_of_the_agents_model_are_not_all_taken_for_the_users(tmp_path: Path) -> None:
    logged = [
        call(name, minute=minute, inputs={"model": name}, output={"model": name, "usage": usage(9, 1)}, summary=None)
        for minute, name in enumerate(("deployment-7", "visitor", "referee"))
    ]
    arguments = {"model_name": "openai/large", "evaluator_model": "acme/referee"}
    document = upload(logged, config={"benchmark_name": "taubench_airline", "agent_args": arguments})
    tables, log = read(tmp_path, {**document, "total_usage": {"visitor": usage(90, 10)}})
    roles = tables["calls"].select("model", "role").unique().sort("model").rows()
    assert roles == [("deployment-7", "other"), ("referee", "judge"), ("visitor", "other")]
    reasons = [row["reason"] for row in log.rows if row["place"] == "config.agent_args"]
    assert len(reasons) == 1
    assert "no call is of the agent's model openai/large: whether deployment-7, visitor" in str(reasons[0])


def test_a_run_without_a_simulated_user_has_only_the_agent_whatever_its_model_is_called(tmp_path: Path) -> None:
    logged = [call("a", inputs={"model": "deployment-7"}, output={"model": "deployment-7", "usage": usage(9, 1)})]
    tables, log = read(tmp_path, upload(logged, config={"benchmark_name": "gaia"}))
    assert (set(tables["calls"]["role"]), log.rows) == ({"agent"}, [])


# Totals


def total(prompt: int, completion: int, **more: int) -> dict[str, Any]:
    return {"total_usage": {MODEL: {"prompt_tokens": prompt, "completion_tokens": completion, **more}}}


@pytest.mark.parametrize("recorded", [(1000, 5), (900, 5), (300, 5)], ids=["all", "without writes", "fresh alone"])
def test_a_total_in_any_of_the_ways_hal_counted_agrees_with_its_calls(
    tmp_path: Path, recorded: tuple[int, int]
) -> None:
    used = {"input_tokens": 300, "output_tokens": 5, "cache_read_input_tokens": 600, "cache_creation_input_tokens": 100}
    tables, log = read(tmp_path, upload([call("a", usage=used)], **total(*recorded)))
    assert tables["calls"].height == 1
    assert log.rows == []


def test_a_total_of_parents_and_children_is_reported_and_adds_nothing(tmp_path: Path) -> None:
    tables, log = read(tmp_path, upload([call("a"), call("b", parent="a"), call("c", minute=1)], **total(300, 15)))
    assert tables["calls"]["input_tokens"].to_list() == [100, 100]
    assert [row["kind"] for row in log.rows] == ["contradiction"]
    assert "added to those inside them" in str(log.rows[0]["reason"])


def test_what_a_total_holds_beyond_its_calls_is_a_residual_of_the_run(tmp_path: Path) -> None:
    tables, _ = read(tmp_path, upload([call("a")], **total(150, 8)))
    rest = tables["calls"].filter(is_residual=True)
    assert rest.select("rollout_id", "granularity", "input_tokens", "output_tokens", "n_requests").rows() == [
        (None, "run", 50, 3, None)
    ]


def test_a_total_below_its_calls_is_reported_and_the_calls_count(tmp_path: Path) -> None:
    tables, log = read(tmp_path, upload([call("a")], **total(99, 5)))
    assert tables["calls"]["input_tokens"].to_list() == [100]
    assert "less than was listed" in str(log.rows[0]["reason"])


def test_without_calls_the_total_is_all_there_is(tmp_path: Path) -> None:
    split = {"cache_read_input_tokens": 600, "cache_creation_input_tokens": 50}
    row = read(tmp_path, upload([], **total(1000, 5, **split)))[0]["calls"].row(0, named=True)
    assert (row["granularity"], row["is_residual"], row["input_tokens"]) == ("run", False, 1050)
    assert (row["uncached_input_tokens"], row["cache_read_tokens"], row["cache_write_unspecified_tokens"]) == (
        400,
        600,
        50,
    )
    assert str(row["started_at"]) == "2026-01-15 12:00:00+00:00"  # the seconds at the end of the run's id


def test_more_reads_than_prompt_prove_that_the_prompt_leaves_them_out(tmp_path: Path) -> None:
    row = read(tmp_path, upload([], **total(10, 5, cache_read_input_tokens=600)))[0]["calls"].row(0, named=True)
    assert (row["input_tokens"], row["uncached_input_tokens"], row["cache_read_tokens"]) == (610, 10, 600)


def test_without_calls_and_totals_an_attempt_used_something_unknown_not_nothing(tmp_path: Path) -> None:
    tables, _ = read(tmp_path, upload([], {"t1": {"score": 1}, "t2": {"score": 0}}, results={"costs": {"t1": 0.5}}))
    assert tables["calls"].select("granularity", "input_tokens", "recorded_cost_usd").rows() == [
        ("rollout", None, 0.5), ("rollout", None, None)
    ]  # fmt: skip


def test_a_cost_of_zero_is_that_of_models_without_a_price(tmp_path: Path) -> None:
    tables, _ = read(tmp_path, upload([call("a")], results={"total_cost": 0.0}, total_cost=0.0))
    assert tables["runs"]["recorded_cost_usd"].to_list() == [None]


# Doubling where no parents are recorded


def test_a_call_within_another_of_the_same_usage_flags_the_run_and_stays(tmp_path: Path) -> None:
    inner = at(0, seconds=4, **usage(100, 5))
    tables, log = read(tmp_path, upload({"t1": task_log(at(0, seconds=9, **usage(100, 5)), inner, at(1))}))
    assert tables["calls"].height == 3
    assert '"is_doubling_suspected": true' in tables["runs"]["settings"].item()
    assert [row["kind"] for row in log.rows] == ["contradiction"]


def test_calls_of_the_same_usage_one_after_the_other_flag_nothing(tmp_path: Path) -> None:
    _, log = read(tmp_path, upload({"t1": task_log(*(at(minute, **usage(100, 5)) for minute in range(4)))}))
    assert log.rows == []


def test_without_times_every_usage_twice_flags_the_run(tmp_path: Path) -> None:
    slim = [{"weave_task_id": "t1", "summary": {"usage": {MODEL: usage(100 + number // 2, 5)}}} for number in range(6)]
    tables, log = read(tmp_path, upload(slim))
    assert tables["calls"].height == 6
    assert [row["kind"] for row in log.rows] == ["contradiction"]
    assert read(tmp_path, upload(slim[:5]))[1].rows == []


# The run


def test_secrets_among_the_settings_are_not_kept(tmp_path: Path) -> None:
    arguments = {"model_name": "large", "api_key": "sk-1", "base_url": "https://me:pw@host", "steps": 3}
    settings = read(tmp_path, upload([], config={"agent_args": arguments}))[0]["runs"]["settings"].item()
    assert '"steps": 3' in settings
    assert "sk-1" not in settings
    assert "pw" not in settings


def test_limits_are_read_off_the_agent_s_arguments(tmp_path: Path) -> None:
    arguments = {"model_name": "large", "max_steps": "30", "agent.model.per_instance_cost_limit": 3.5}
    run = read(tmp_path, upload([], config={"agent_args": arguments}))[0]["runs"]
    assert run.select("limit_turns", "limit_usd").row(0) == (30, 3.5)


def test_a_task_that_names_no_model_has_the_only_one_of_the_run(tmp_path: Path) -> None:
    nameless = task_log(at(0)) | {"model": None}
    tables, _ = read(tmp_path, upload({"t1": nameless}, **total(100, 5)))
    assert tables["calls"]["model"].to_list() == [MODEL]


def test_a_run_without_an_id_is_named_by_its_content(tmp_path: Path) -> None:
    document = upload([call("a")], config={"run_id": None})
    first, again = (read(tmp_path, document)[0]["runs"]["run_id"].item() for _ in range(2))
    other = read(tmp_path, upload([call("b")], config={"run_id": None}))[0]["runs"]["run_id"].item()
    assert first == again != other


def test_calls_of_a_task_tried_in_several_wordings_belong_to_the_run(tmp_path: Path) -> None:
    wordings = {"t1": [{"score": 1}, {"score": 0}, "ERROR"]}
    tables, _ = read(tmp_path, upload([call("a")], wordings))
    assert tables["calls"].select("rollout_id", "input_tokens").rows() == [(None, 100)]
    assert tables["rollouts"].select("attempt", "score", "stop_reason").rows() == [
        (0, 1.0, "unknown"), (1, 0.0, "unknown"), (2, None, "error")
    ]  # fmt: skip


def test_batches_change_no_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logged = [call(f"c{n}", minute=n, weave_task_id=f"t{n % 3}") for n in range(12)]
    expected = read(tmp_path, upload(logged))[0]
    monkeypatch.setattr("traces.readers.hal.tables._CALLS_PER_BATCH", 2)
    assert all(frame.equals(expected[name]) for name, frame in read(tmp_path, upload(logged))[0].items())
    assert expected["calls"].group_by("rollout_id").agg(pl.len())["len"].to_list() == [4, 4, 4]
