"""tau2 reader: real files give their published sums, built ones show each rule, broken ones keep what can be kept."""

import copy
import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.checks import checked
from traces.errors import MalformedTraceError
from traces.files import peek
from traces.readers.tau2 import READER
from traces.registry import Peek, Source, SourceFile
from traces.rejects import OnError, RejectLog
from traces.schema import TABLES, violations

EXCERPTS = Path(__file__).parents[2] / "data" / "tau2"
Tables = dict[str, pl.DataFrame]


def read_path(path: Path, on_error: OnError = "stop") -> tuple[Tables, RejectLog]:
    log = RejectLog("tau2", on_error)
    batches = READER.parse(Source(path.name, (SourceFile(path, path.name),)), log)
    parts: dict[str, list[pl.DataFrame]] = {name: [table.empty()] for name, table in TABLES.items()}
    for batch in batches:
        for name, frame in checked(batch, log).items():
            parts[name].append(frame)
    tables = {name: TABLES[name].sort(pl.concat(frames)) for name, frames in parts.items()}
    assert [violation for name in tables for violation in violations(TABLES[name], tables[name])] == []
    return tables, log


def read(tmp_path: Path, document: dict[str, Any] | str, on_error: OnError = "stop") -> tuple[Tables, RejectLog]:
    path = tmp_path / "results.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return read_path(path, on_error)


def results(*simulations: dict[str, Any], **info: Any) -> dict[str, Any]:
    settings = {
        "agent_info": {"implementation": "llm_agent", "llm": "large"},
        "user_info": {"implementation": "user_simulator", "llm": "acme/small"},
        "environment_info": {"domain_name": "shop"},
        "max_steps": 200,
        **info,
    }
    return {"timestamp": "2026-01-15T12:00:00", "info": settings, "tasks": [], "simulations": list(simulations)}


def simulation(*messages: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {
        "id": "s1", "task_id": "1", "start_time": "2026-01-15T12:00:00", "end_time": "2026-01-15T12:01:00",
        "duration": 60.0, "termination_reason": "user_stop", "agent_cost": 0.5, "user_cost": 0.25,
        "reward_info": {"reward": 1.0}, "messages": list(messages) or [greeting(), said(), answered()], "trial": 0,
        "seed": 1, **values,
    }  # fmt: skip


def greeting(**values: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": "Hi!", "cost": 0.0, "timestamp": "2026-01-15T12:00:01", **values}


def said(**values: Any) -> dict[str, Any]:
    return {"role": "user", "content": "…", "cost": 0.25, "timestamp": "2026-01-15T12:00:03", **usage(10, 1), **values}


def answered(**values: Any) -> dict[str, Any]:
    stamp = "2026-01-15T12:00:07"
    return {"role": "assistant", "content": "…", "cost": 0.5, "timestamp": stamp, **usage(100, 5), **values}


def usage(prompt: float, completion: float) -> dict[str, Any]:
    return {"usage": {"prompt_tokens": prompt, "completion_tokens": completion}}


REAL = [  # file, rollouts, mean reward, agent cost, user cost, seconds, agent and user calls with usage
    ("45651a42e3f0f264c56fc4ea66df492d20dd83bd", 50, 0.72, 14.4432, 0.6047, 5823.1, 467, 300),
    ("5a804c48b05aa978dc436d9317dcfcf27d83907d", 50, 0.46, 4.2033, 0.7898, 1230.3, 446, 295),
    ("e77229c1fcb00b4447b3b9e3222c85b3324a2b75", 50, 0.56, 2.2906, 0.5409, 1309.7, 475, 317),
    ("0620dda831909001fe4bd79dd3cb0bd4cb41a85f", 50, 0.38, None, None, 3375.8, 0, 257),
    ("b4e983fc05fc2aeee3edf9ed984ef6079371959b", 50, 0.18, None, 1.0338, 5867.9, 732, 506),
    ("83e6079607fae0cc610662f8a779f2df98c9a618", 20, 0.50, 0.7833, 0.2279, 450.3, 206, 136),
    ("94ad2a06173deb347d193fb6cf6024f59f06eaa1", 40, 0.85, 1.8886, 0.4870, 969.3, 476, 290),
    ("df982baae68fc89eddf976392ac6c85dba4e7706", 1, 1.0, 0.0174, 0.0102, 53.6, 18, 20),
    ("e55ede02fbd1dfaf011a991058aa12dfb2ccd4cb", 1, 1.0, 0.0087, 0.0021, 27.2, 11, 7),
]


@pytest.mark.parametrize(("name", "n", "reward", "agent_usd", "user_usd", "seconds", "n_agent", "n_user"), REAL)
def test_real_files_give_the_published_sums(  # noqa: PLR0913, PLR0917 - a row of the table each
    shared_data: Path, name: str, n: int, reward: float, agent_usd: float | None, user_usd: float | None,
    seconds: float, n_agent: int, n_user: int,
) -> None:  # fmt: skip
    tables, log = read_path(shared_data / "tau2" / f"{name}.json")
    rollouts = tables["rollouts"]
    assert log.rows == []
    assert (rollouts.height, rollouts["score"].mean()) == (n, pytest.approx(reward))
    assert rollouts["wall_s"].sum() == pytest.approx(seconds, abs=0.05)
    for role, claimed_usd, n_calls in (("agent", agent_usd, n_agent), ("user", user_usd, n_user)):
        calls = tables["calls"].filter(role=role)
        assert calls["input_tokens"].count() == calls["output_tokens"].count() == n_calls
        costs = calls["recorded_cost_usd"].to_list()
        assert set(costs) == {None} if claimed_usd is None else sum(costs) == pytest.approx(claimed_usd, abs=1e-4)


def test_calls_of_a_model_that_reports_no_usage_have_unknown_tokens_and_no_cost(shared_data: Path) -> None:
    tables, _ = read_path(shared_data / "tau2" / f"{REAL[3][0]}.json")
    calls = tables["calls"].filter(role="agent")
    nulls = calls.select("input_tokens", "output_tokens", "recorded_cost_usd").null_count()
    assert (calls.height, *nulls.row(0)) == (887, 887, 887, 887)
    assert calls["provider"].unique().to_list() == ["api.tokenfactory.nebius.com"]
    assert tables["rollouts"]["recorded_cost_usd"].null_count() == 50
    assert "v1." not in tables["runs"]["settings"].item()


def test_trials_of_a_real_file_are_attempts(shared_data: Path) -> None:
    tables, _ = read_path(shared_data / "tau2" / "d3f1afbb9244dcd02802e3ca08d807cec643e9c0.json")
    attempts = tables["rollouts"].group_by("task_id").agg(pl.col("attempt").sort())
    assert attempts["attempt"].to_list() == [[0, 1, 2, 3]] * 5
    assert tables["calls"]["role"].unique().to_list() == ["agent"]
    assert tables["rollouts"]["recorded_cost_usd"].null_count() == 0


@pytest.mark.parametrize("name", ["agent_with_raw_usage", "agent_without_usage", "no_user"])
@pytest.mark.parametrize("table", ["runs", "tasks", "rollouts", "scores", "calls"])
def test_excerpts_of_real_files_give_the_tables_beside_them(name: str, table: str) -> None:
    tables, _ = read_path(EXCERPTS / f"{name}.json")
    assert tables[table].write_csv() == (EXCERPTS / f"{name}.{table}.csv").read_text()


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


@given(seed=st.integers(0, 10**6))
def test_shuffling_the_simulations_of_a_file_changes_no_table(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ordered = results(*(
        simulation(id=f"s{n}", task_id=str(n % 3), trial=None if n % 3 else n, start_time=f"2026-01-15T12:00:{n:02}")
        for n in range(8)
    ))  # fmt: skip
    shuffled = copy.deepcopy(ordered)
    random.Random(seed).shuffle(shuffled["simulations"])  # noqa: S311
    folder = tmp_path_factory.mktemp("shuffled")
    expected, found = read(folder, ordered)[0], read(folder, shuffled)[0]
    assert all(found[name].equals(expected[name]) for name in TABLES)


# ---- what cannot be read ----

BROKEN = {
    "wrong type": ({"duration": "soon"}, "simulations[1].duration"),
    "NaN reward": ({"reward_info": {"reward": float("nan")}}, "simulations[1].reward_info.reward"),
    "missing task": ({"task_id": None}, "simulations[1]"),
    "negative claim": ({"agent_cost": -1.0}, "simulations[1].agent_cost"),
    "not a time": ({"start_time": "noon"}, "simulations[1]"),
    "negative tokens": ({"messages": [greeting(), said(), answered(**usage(-5, 5))]}, "simulations[1].messages[2]"),
    "absurd tokens": ({"messages": [greeting(), said(), answered(**usage(10**40, 5))]}, "simulations[1].messages[2]"),
    "stamp no time": ({"messages": [greeting(), said(), answered(timestamp="?")]}, "simulations[1].messages[2]"),
}


@pytest.mark.parametrize("values_place", BROKEN.values(), ids=BROKEN)
def test_a_bad_value_is_rejected_by_its_place_and_the_rest_is_kept(
    tmp_path: Path, values_place: tuple[dict[str, Any], str]
) -> None:
    values, place = values_place
    document = results(simulation(), simulation(id="s2", task_id="2") | values, simulation(id="s3", task_id="3"))
    with pytest.raises(MalformedTraceError) as raised:
        read(tmp_path, document)
    assert (raised.value.path, raised.value.place) == ("results.json", place)
    tables, log = read(tmp_path, document, "skip")
    assert place in [row["place"] for row in log.rows]
    whole = read(tmp_path, results(simulation(), simulation(id="s3", task_id="3")))[0]["rollouts"]
    kept = tables["rollouts"].filter(pl.col("task_id") != "2")
    assert kept.drop("run_id", "rollout_id").equals(whole.drop("run_id", "rollout_id"))
    assert tables["rollouts"].height == (2 if values.get("task_id", "2") is None else 3)


@pytest.mark.parametrize("text", ["", "   ", "[]", "{", "null", '{"info": '])
def test_a_file_with_nothing_in_it_is_an_error_or_a_reject(tmp_path: Path, text: str) -> None:
    with pytest.raises(MalformedTraceError, match=r"results\.json"):
        read(tmp_path, text)
    tables, log = read(tmp_path, text, "skip")
    assert tables["rollouts"].height == 0
    assert [row["kind"] for row in log.rows] != []


def test_a_run_without_simulations_is_reported_and_keeps_its_tasks(tmp_path: Path) -> None:
    document = results() | {"tasks": [{"id": "1"}]}
    tables, log = read(tmp_path, document, "skip")
    assert (tables["runs"].height, tables["tasks"].height, tables["calls"].height) == (1, 1, 0)
    assert [(row["place"], row["reason"]) for row in log.rows] == [("simulations", "no simulation in it")]


@given(share=st.floats(0, 1))
def test_a_truncated_file_keeps_its_whole_simulations_and_counts_the_cut(
    share: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sims = [simulation(id=f"s{n}", task_id=str(n), agent_cost=0.5) for n in range(4)]
    text = json.dumps(results(*sims))
    cut = text[: int(share * (len(text) - 1))]
    tables, log = read(tmp_path_factory.mktemp("cut"), cut, "skip")
    n_whole = sum(cut.count(f'"id": "s{n}"') and f'"id": "s{n + 1}"' in cut for n in range(4))
    assert n_whole <= tables["rollouts"].height <= n_whole + 1
    assert [row["kind"] for row in log.rows].count("malformed") >= 1
    assert tables["calls"].height == 2 * tables["rollouts"].height


# ---- recognition ----


def test_real_files_are_recognised(shared_data: Path) -> None:
    assert all(READER.sniff(peek(path)) for path in (shared_data / "tau2").glob("*.json"))


@pytest.mark.parametrize("keys", [("info", "simulations"), ("simulations", "info")])
def test_the_order_of_keys_does_not_matter(keys: tuple[str, ...]) -> None:
    document = results(simulation())
    assert READER.sniff(Peek(json.dumps({key: document[key] for key in keys}).encode(), b""))


@pytest.mark.parametrize(
    "text",
    [
        "",
        '[{"task_id": 0, "reward": 1.0, "info": {"task": {}, "user_cost": 0.1}, "traj": [], "trial": 0}]',
        '{"info": {"model_stats": {}}, "messages": []}',
        '{"text": "\\"info\\": {\\"agent_info\\": 1, \\"user_info\\": 2}"}',
        '{"simulations": [{"name": "wind tunnel"}]}',
    ],
)
def test_other_files_are_not_taken_for_results(text: str) -> None:
    assert not READER.sniff(Peek(text.encode(), text.encode()[-4096:]))
