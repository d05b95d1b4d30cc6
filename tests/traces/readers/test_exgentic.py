"""Exgentic reader: dollars by step and side, calls from logs and spans, sessions once, broken files."""

import json
from pathlib import Path
from typing import Any

import pytest
from exgentic_files import SID, logged, read, result, run_folder, run_result, span, step, trajectory, write
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import known

from traces.errors import MalformedTraceError
from traces.readers.exgentic import READER
from traces.registry import Choices, Peek


def test_differences_of_the_cost_so_far_are_the_cost_of_each_step_and_the_rest_is_a_residual(tmp_path: Path) -> None:
    calls = read(run_folder(tmp_path, trajectory_jsonl=trajectory()))[0]["calls"]
    rows = calls.select("role", "call_index", "recorded_cost_usd", "granularity", "is_residual").rows()
    assert [(*row[:2], round(row[2], 9), *row[3:]) for row in rows] == [
        ("agent", None, 0.2, "rollout", True),
        ("user", 0, 0.01, "call", False),
        ("agent", 1, 0.2, "call", False),
        ("user", 2, 0.02, "call", False),
        ("agent", 3, 0.3, "call", False),
    ]
    assert calls["n_requests"].to_list() == [None] * 5
    assert calls["input_tokens"].null_count() == 5


def test_the_costs_of_steps_and_residual_add_up_to_those_of_the_session(tmp_path: Path) -> None:
    tables, log = read(run_folder(tmp_path, trajectory_jsonl=trajectory()))
    assert sum(tables["calls"]["recorded_cost_usd"]) == pytest.approx(0.73)
    assert tables["rollouts"]["recorded_cost_usd"].to_list() == [pytest.approx(0.73)]
    assert log.rows == []


def test_the_names_and_totals_of_the_run_are_those_of_its_results(tmp_path: Path) -> None:
    run = read(run_folder(tmp_path, trajectory_jsonl=trajectory()))[0]["runs"].row(0, named=True)
    assert (run["benchmark"], run["scaffold"], run["model"]) == ("tau2/retail", "tool_calling", "openai/acme/large")
    assert (run["recorded_score"], run["recorded_cost_usd"], run["recorded_n_rollouts"]) == (0.5, 0.73, 1)
    assert run["run_id"].startswith("exgentic-0c890a5dde8c-")
    assert json.loads(run["settings"])["agent_cost_basis"].startswith("all tokens at the list price")


def test_an_agent_that_sums_the_cost_of_responses_has_another_basis(tmp_path: Path) -> None:
    root = run_folder(tmp_path)
    write(root / "results.json", run_result(result(), agent_slug_name="claude_code"))
    settings = json.loads(read(root)[0]["runs"]["settings"].item())
    assert "caches counted" in settings["agent_cost_basis"]


def test_a_session_in_its_own_file_and_in_the_results_of_the_run_is_one(tmp_path: Path) -> None:
    root = run_folder(tmp_path)
    write(root / "results.json", run_result(result(), result(session_id="ffff0000", task_id="8", success=False)))
    rollouts = read(root)[0]["rollouts"]
    assert rollouts.select("task_id", "attempt", "is_success").rows() == [("7", 0, True), ("8", 0, False)]


def test_a_copy_of_a_session_is_left_out_and_another_run_of_it_is_another_attempt(tmp_path: Path) -> None:
    for number, cost in enumerate((0.7, 0.7, 0.9)):
        write(tmp_path / "in" / str(number) / "results.json", result(agent_cost=cost))
        write(tmp_path / "in" / str(number) / "trajectory.jsonl", *trajectory())
    tables, log = read(tmp_path / "in")
    assert tables["rollouts"].select("attempt", "recorded_cost_usd").rows() == [(0, 0.73), (1, pytest.approx(0.93))]
    assert [(row["kind"], row["source_path"]) for row in log.rows] == [("duplicate", "in/1/results.json")]


def test_call_logs_give_calls_with_tokens_by_side_and_no_row_of_dollars_beside_them(tmp_path: Path) -> None:
    root = run_folder(
        tmp_path,
        trajectory_jsonl=trajectory(),
        agent__litellm__trace_jsonl=[logged(1, "r1"), logged(3, "r2", cost=0.02)],
        benchmark__litellm__trace_jsonl=[logged(2, "u1", model="acme/small", cost=0.03)],
    )
    tables, log = read(root)
    calls = tables["calls"].select("call_index", "role", "call_id", "input_tokens", "output_tokens")
    assert calls.rows() == [(0, "agent", "r1", 1000, 50), (1, "user", "u1", 1000, 50), (2, "agent", "r2", 1000, 50)]
    assert tables["calls"]["uncached_input_tokens"].null_count() == 3
    assert tables["calls"]["time_basis"].unique().to_list() == ["lower_bound"]
    assert log.rows == []


def test_the_session_ends_with_its_last_call_and_took_its_execution_time(tmp_path: Path) -> None:
    root = run_folder(tmp_path, agent__litellm__trace_jsonl=[logged(1, "r1"), logged(3, "r2")])
    rollout = read(root)[0]["rollouts"].row(0, named=True)
    assert (rollout["wall_s"], rollout["time_basis"], rollout["ended_at"].second) == (42.5, "measured", 3)


def test_a_failed_call_has_no_tokens_and_stays_a_call(tmp_path: Path) -> None:
    failure = logged(2, None, status="failure", prompt_tokens=None, completion_tokens=None, total_tokens=None, cost=0)
    calls = read(run_folder(tmp_path, agent__litellm__trace_jsonl=[logged(), failure]))[0]["calls"]
    agent = calls.filter(role="agent")
    assert agent.select("input_tokens", "recorded_cost_usd").rows() == [(1000, 0.01), (None, None)]


def test_chunks_of_a_streamed_response_are_one_call_with_the_response_they_belong_to(tmp_path: Path) -> None:
    chunk = logged(1, "r1", status="stream", prompt_tokens=None, completion_tokens=None, total_tokens=None)
    lines = [chunk, chunk, logged(2, "r1"), {**chunk, "response": {"id": "r9"}, "trace_id": "t-r9"}]
    tables, log = read(run_folder(tmp_path, agent__litellm__trace_jsonl=lines))
    assert sorted(tables["calls"].filter(role="agent")["call_id"]) == ["r1", "r9"]
    assert [row["kind"] for row in log.rows] == ["duplicate", "duplicate"]


def test_a_response_logged_twice_is_one_call(tmp_path: Path) -> None:
    tables, log = read(run_folder(tmp_path, agent__litellm__trace_jsonl=[logged(1, "r1"), logged(2, "r1")]))
    assert tables["calls"].filter(role="agent").height == 1
    assert [row["kind"] for row in log.rows] == ["duplicate"]


def test_a_call_in_the_logs_of_the_run_and_of_its_session_counts_once(tmp_path: Path) -> None:
    untold = logged(4, None, trace_id="t4", status="failure", prompt_tokens=None, completion_tokens=None, cost=None)
    root = run_folder(tmp_path, agent__litellm__trace_jsonl=[logged(1, "r1"), untold])
    write(root / "run" / "litellm" / "trace.jsonl", logged(1, "r1"), untold, logged(2, "r2", cost=0.5))
    tables, log = read(root)
    calls = tables["calls"].filter(granularity="call", is_residual=False).select("role", "recorded_cost_usd").rows()
    assert sorted(calls, key=str) == [("agent", 0.01), ("agent", None), ("other", 0.5)]
    copies = [(row["place"], row["duplicate_of"]) for row in log.rows if row["kind"] == "duplicate"]
    assert copies == [("line 1", "r1"), ("line 2", "t4")]


def test_a_total_above_input_and_output_is_an_output_with_a_high_value(tmp_path: Path) -> None:
    calls = read(run_folder(tmp_path, agent__litellm__trace_jsonl=[logged(total_tokens=1250)]))[0]["calls"]
    assert calls.filter(role="agent").select("output_tokens", "output_high_tokens").rows() == [(50, 250)]


def test_a_span_gives_a_logged_call_its_times_and_its_cache_split(tmp_path: Path) -> None:
    counts = {"gen_ai.usage.cache_read.input_tokens": 600, "gen_ai.usage.cache_creation.input_tokens": 100}
    root = run_folder(
        tmp_path, agent__litellm__trace_jsonl=[logged()], otel_spans_jsonl=[span(**counts), span("0x02", "r2")]
    )
    agent = read(root)[0]["calls"].filter(role="agent")
    assert agent.select("call_id", "input_tokens", "uncached_input_tokens", "cache_read_tokens").rows() == [
        ("r1", 1000, 300, 600),
        ("r2", 1000, None, None),
    ]
    assert agent["cache_write_unspecified_tokens"].to_list() == [100, None]
    assert agent.select("latency_s", "time_basis").rows() == [(1.0, "measured")] * 2
    assert agent["recorded_cost_usd"].to_list() == [0.01, None]


def test_spans_without_a_call_log_are_calls_of_the_side_whose_model_they_name(tmp_path: Path) -> None:
    user = span("0x02", "u1", **{"gen_ai.request.model": "acme/small"})
    calls = read(run_folder(tmp_path, otel_spans_jsonl=[span(), span(), user]))[0]["calls"]
    assert calls.select("role", "call_id").rows() == [("agent", "r1"), ("user", "u1")]


def test_a_file_of_spans_alone_gives_its_sessions_with_their_scores(tmp_path: Path) -> None:
    root = span("0x00", None) | {"parent_id": None, "name": "tau2 retail session"}
    root["attributes"] |= {
        "gen_ai.operation.name": "invoke_agent", "exgentic.session.task_id": "7", "exgentic.score": 0.5,
        "exgentic.score.success": False, "exgentic.benchmark.slug_name": "tau2", "exgentic.benchmark.subset": "retail",
    }  # fmt: skip
    path = tmp_path / "spans.jsonl"
    path.write_text("\n".join(json.dumps(each, indent=4) for each in (span(), root)))
    tables, log = read(path)
    assert tables["rollouts"].select("benchmark", "task_id", "score", "is_success").rows() == [
        ("tau2/retail", "7", 0.5, False)
    ]
    assert tables["calls"]["input_tokens"].to_list() == [1000]
    assert log.rows == []


def test_spans_beside_the_results_of_the_run_go_to_the_sessions_they_name(tmp_path: Path) -> None:
    root = run_folder(tmp_path)
    other = span("0x02", "r2", **{"exgentic.session.id": "ffff0000"})
    write(root / "otel.jsonl", span(), other)
    tables, _ = read(root)
    assert tables["rollouts"]["task_id"].to_list() == ["7", "ffff0000"]
    assert sorted(tables["calls"].filter(role="agent")["call_id"]) == ["r1", "r2"]


SPAN_LOG = """\
2026-02-01 10:00:00,500 - INFO - [exgentic.observers | pid=1] SPAN_START [ROOT] | name='tau2 retail session' id=00 trace=ff depth=1 start_time=2026-02-01 10:00:00.000000
2026-02-01 10:00:00,500 - INFO - [exgentic.integrations | pid=1] SPAN_START | name='chat openai/acme/large' id=01 trace=ff start_time=2026-02-01 10:00:00.500000
2026-02-01 10:00:01,500 - DEBUG - [exgentic.integrations | pid=1] ATTR_SET | gen_ai.response.id=r1 span=01
2026-02-01 10:00:01,500 - DEBUG - [exgentic.integrations | pid=1] ATTR_SET | gen_ai.usage.input_tokens=1000 span=01
2026-02-01 10:00:01,500 - DEBUG - [exgentic.integrations | pid=1] ATTR_SET | gen_ai.usage.output_tokens=50 span=01
2026-02-01 10:00:01,500 - INFO - [exgentic.integrations | pid=1] SPAN_END | name='chat openai/acme/large' id=01 status=success end_time=2026-02-01 10:00:01.500000
"""  # noqa: E501


def test_the_log_of_spans_is_read_where_no_spans_were_written(tmp_path: Path) -> None:
    calls = read(run_folder(tmp_path, otel_log=[SPAN_LOG]))[0]["calls"].filter(role="agent")
    assert calls.select("call_id", "input_tokens", "output_tokens", "latency_s").rows() == [("r1", 1000, 50, 1.0)]
    assert calls["is_tz_assumed"].to_list() == [True]


def test_a_span_in_both_files_is_one_call(tmp_path: Path) -> None:
    tables, _ = read(run_folder(tmp_path, otel_log=[SPAN_LOG], otel_spans_jsonl=[span()]))
    assert tables["calls"].filter(role="agent")["is_tz_assumed"].to_list() == [False]


def test_tokens_of_a_cost_report_are_a_total_of_the_session(tmp_path: Path) -> None:
    report = {"model_name": "openai/acme/large", "total_cost": 0.7, "input_tokens": 9000, "output_tokens": 400}
    root = run_folder(tmp_path, trajectory_jsonl=trajectory())
    write(root / "sessions" / SID / "results.json", result(cost_reports={"agent": report}))
    agent = read(root)[0]["calls"].filter(role="agent")
    assert agent.select("input_tokens", "output_tokens", "recorded_cost_usd", "granularity", "is_residual").rows() == [
        (9000, 400, 0.7, "rollout", False)
    ]


def test_tokens_that_only_the_run_keeps_are_a_total_of_the_run(tmp_path: Path) -> None:
    report = {"model_name": "large", "total_cost": 0.7, "input_tokens": 9000, "output_tokens": 400}
    path = write(tmp_path / "results.json", run_result(result(), accumulated_agent_report=report))
    tables, _ = read(path)
    calls = tables["calls"]
    assert tables["rollouts"]["recorded_cost_usd"].to_list() == [pytest.approx(0.73)]
    assert calls.select("rollout_id", "input_tokens", "recorded_cost_usd", "granularity").rows() == [
        (None, 9000, 0.7, "run")
    ]


def test_no_dollars_for_steps_taken_are_not_known(tmp_path: Path) -> None:
    root = run_folder(tmp_path)
    write(root / "sessions" / SID / "results.json", result(agent_cost=0.0, benchmark_cost=0.0))
    tables, _ = read(root)
    assert tables["rollouts"]["recorded_cost_usd"].to_list() == [None]
    assert tables["calls"].select("role", "recorded_cost_usd").rows() == [("agent", None), ("user", None)]


def test_a_session_faster_than_any_model_was_replayed_and_its_time_is_not_known(tmp_path: Path) -> None:
    root = run_folder(tmp_path, trajectory_jsonl=trajectory())
    write(root / "sessions" / SID / "results.json", result(execution_time=0.2))
    tables, log = read(root)
    assert tables["rollouts"]["wall_s"].to_list() == [None]
    assert [row["kind"] for row in log.rows] == ["contradiction"]


def test_an_earlier_try_in_the_same_trajectory_is_reported_and_not_counted(tmp_path: Path) -> None:
    tables, log = read(run_folder(tmp_path, trajectory_jsonl=[*trajectory()[:4], *trajectory()]))
    assert sum(tables["calls"]["recorded_cost_usd"]) == pytest.approx(0.73)
    assert [(row["kind"], row["place"]) for row in log.rows] == [("contradiction", "before line 5")]


def test_a_cost_so_far_that_falls_is_a_contradiction(tmp_path: Path) -> None:
    _, log = read(run_folder(tmp_path, trajectory_jsonl=[step(0, 0.0), step(1, 0.5), step(2, 0.4)]))
    assert [row["place"] for row in log.rows] == ["line 3"]


def test_an_unfinished_session_keeps_the_dollars_of_its_steps_and_has_no_score(tmp_path: Path) -> None:
    write(tmp_path / "s" / "trajectory.jsonl", *trajectory())
    tables, _ = read(tmp_path / "s")
    assert tables["rollouts"].select("task_id", "score", "recorded_cost_usd", "stop_reason").rows() == [
        ("7", None, None, "unknown")
    ]
    assert tables["calls"]["is_residual"].to_list() == [False] * 4


EXCERPTS = Path(__file__).parents[2] / "data" / "exgentic"


def test_reading_in_batches_changes_no_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = run_folder(tmp_path, trajectory_jsonl=trajectory())
    write(root / "results.json", run_result(*(result(session_id=f"s{n}", task_id=str(n)) for n in range(5))))
    expected = read(root)[0]
    monkeypatch.setattr("traces.readers.exgentic.tables._SESSIONS_PER_BATCH", 2)
    assert all(frame.equals(expected[name]) for name, frame in read(root)[0].items())


STOPS = [
    ({"status": "unsuccessful", "success": False}, "submitted"),
    ({"status": "limit_reached"}, "limit_turns"),
    ({"status": "unfinished"}, "unknown"),
    ({"status": "error", "details": {"session_metadata": {"error_source": "agent"}}}, "error"),
    ({"status": "error", "details": {"session_metadata": {"error_source": "benchmark"}}}, "error_infra"),
    ({"status": None, "is_finished": True}, "submitted"),
    ({"status": None, "is_finished": None, "details": {"session_metadata": {"error": "boom"}}}, "error"),
]


@pytest.mark.parametrize(("values", "reason"), STOPS)
def test_the_status_of_a_session_is_its_stop_reason(tmp_path: Path, values: dict[str, Any], reason: str) -> None:
    path = write(tmp_path / "results.json", result(**values))
    assert read(path)[0]["rollouts"]["stop_reason"].to_list() == [reason]


def test_a_metric_may_be_chosen_as_the_score(tmp_path: Path) -> None:
    path = write(tmp_path / "results.json", result(details={"session_metrics": {"recall": 0.25, "ok": True}}))
    tables, _ = read(path, choices=Choices(scorer="recall"))
    assert tables["rollouts"]["score"].to_list() == [0.25]
    assert tables["scores"].select("metric", "value").rows() == [
        ("metric.ok", 1.0),
        ("metric.recall", 0.25),
        ("score", 1.0),
    ]


def test_the_older_name_of_a_task_and_an_id_that_is_a_moment_are_read(tmp_path: Path) -> None:
    values = {key: value for key, value in result(task_key="47").items() if key not in {"task_id", "status"}}
    write(tmp_path / "s" / "results.json", values)
    lines = [line | {"run_id": "2026-01-28T15--14--21.846968", "task_key": ""} for line in trajectory()]
    write(tmp_path / "s" / "trajectory.jsonl", *lines)
    tables, _ = read(tmp_path / "s")
    assert tables["rollouts"]["task_id"].to_list() == ["47"]
    assert tables["runs"]["started_at"].item().isoformat() == "2026-01-28T15:14:21.846968+00:00"


def test_two_repeats_of_one_configuration_are_two_runs_though_their_id_is_the_same(tmp_path: Path) -> None:
    roots = [run_folder(tmp_path / name, trajectory_jsonl=trajectory()) for name in ("a", "b")]
    write(roots[1] / "sessions" / SID / "results.json", result(execution_time=50.0))
    assert read(tmp_path)[0]["runs"]["run_id"].n_unique() == 2


BROKEN: dict[str, tuple[str, Any]] = {
    "NaN cost": ("results.json", result(agent_cost=float("nan"))),
    "wrong type": ("results.json", result(execution_time="soon")),
    "broken": ("results.json", json.dumps(result())[:270]),
    "half a character": ("results.json", json.dumps(result()).replace('"7"', '"\\ud800"')),
    "not a time": ("agent/litellm/trace.jsonl", logged(timestamp="noon")),
    "negative": ("agent/litellm/trace.jsonl", logged(prompt_tokens=-5)),
    "cut": ("agent/litellm/trace.jsonl", json.dumps(logged()) + "\n" + json.dumps(logged(2, "r2"))[:80]),
    "not JSON": ("trajectory.jsonl", json.dumps(step(0, 0.0)) + "\nnoise\n" + json.dumps(step(1, 0.5))),
    "deep": ("trajectory.jsonl", json.dumps(step(0, 0.0)) + '\n{"step": ' + "[" * 2000 + "]" * 2000 + "}"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "document"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_an_error_or_a_reject_and_the_rest_is_read(tmp_path: Path, name: str, document: Any) -> None:
    root = run_folder(tmp_path, trajectory_jsonl=trajectory())
    path = write(root / "sessions" / SID / name, document)
    tables, log = read(root, "skip")
    assert tables["rollouts"].height == 1
    assert tables["calls"].height >= 1
    if "\\ud800" not in path.read_text():
        assert [row["source_path"] for row in log.rows] != []
        with pytest.raises(MalformedTraceError):
            read(root)


@settings(max_examples=15)
@given(share=st.floats(0, 1))
def test_a_file_cut_anywhere_never_ends_in_a_traceback(share: float, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = run_folder(
        tmp_path_factory.mktemp("cut"), trajectory_jsonl=trajectory(), agent__litellm__trace_jsonl=[logged()]
    )
    for path in root.rglob("*.json*"):
        content = path.read_bytes()
        path.write_bytes(content[: int(share * len(content))])
        read(root, "skip")
        path.write_bytes(content)


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"agent_name": "a", "benchmark_name": "b", "results": {}}',
        '{"timestamp": "2026", "status": "success", "usage": {"prompt_tokens": 1}}',
        '{"event": "action", "step": 1}',
        '{"context": {"span_id": "1"}, "attributes": {"gen_ai.system": "x"}}',
    ],
)
def test_other_files_are_not_taken_for_exgentic_ones(text: str) -> None:
    assert not READER.sniff(Peek(text.encode(), text.encode()[-4096:]))


@pytest.mark.parametrize("table", ["runs", "tasks", "rollouts", "scores", "calls"])
def test_an_excerpt_of_a_recorded_session_gives_the_tables_beside_it(table: str) -> None:
    tables, log = read(EXCERPTS / "recording")
    assert known(tables[table]) == (EXCERPTS / f"recording.{table}.csv").read_text()
    assert log.rows == []


RECORDED = {  # steps that cost something, agent dollars by step, residual, dollars of the benchmark
    "appworld": (7, 3.782625, 0.596385, 0.0),
    "browsecompplus": (26, 6.01157, 0.432815, 0.001904),
    "swebench": (32, 2.190265, 0.1076, 0.0),
    "tau2": (7, 0.29873, 0.044475, 0.015026),
}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_sessions_give_steps_and_the_call_missing_from_the_trajectory(shared_data: Path, name: str) -> None:
    tables, log = read(shared_data / "exgentic" / "recordings" / name)
    agent = tables["calls"].filter(role="agent")
    steps, rest = agent.filter(is_residual=False), agent.filter(is_residual=True)
    other_usd = sum(tables["calls"].filter(role="user")["recorded_cost_usd"])
    other_usd += sum(tables["calls"].filter(role="judge")["recorded_cost_usd"])
    found = (sum(steps["recorded_cost_usd"]), rest["recorded_cost_usd"].item(), other_usd)
    assert steps.height == RECORDED[name][0]
    assert found == pytest.approx(RECORDED[name][1:])
    assert tables["rollouts"]["recorded_cost_usd"].item() == pytest.approx(sum(found))
    assert {row["kind"] for row in log.rows} <= {"contradiction"}
