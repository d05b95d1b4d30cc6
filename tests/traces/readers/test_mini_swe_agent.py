"""mini-SWE-agent reader: versions 1 and 2, scores beside it, damage of every kind, and a real run to the cent."""

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from trajectories import NOON_S, answer, read, trajectory, usage, write, write_run, write_scores

from traces.errors import MalformedTraceError, ReplayError
from traces.files import peek
from traces.read import ReadOptions, read_traces
from traces.readers.mini_swe_agent import READER
from traces.schema import STOP_REASONS

EXCERPT = Path(__file__).parents[2] / "data" / "mini_swe_agent" / "run"
ODD = "django__django-11749"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run"


def read_one(folder: Path, document: dict[str, Any] | bytes | str, *, skip: bool = False) -> dict[str, pl.DataFrame]:
    write(folder, document)
    return read(folder, folder.with_name("store"), "skip" if skip else "stop")


def test_an_excerpt_of_a_real_run_gives_its_calls(tmp_path: Path) -> None:
    tables = read(EXCERPT, tmp_path / "store")
    calls = tables["calls"].select(
        "provider", "upstream_provider", "input_tokens", "output_tokens", "output_high_tokens", "reasoning_tokens"
    )
    assert calls.rows()[:2] == [
        ("openrouter", "Google", 1397, 219, None, 136),
        ("openrouter", "Google", 1551, 112, None, 53),
    ]
    assert calls.filter(provider="google")["output_high_tokens"].null_count() < 4
    assert tables["rollouts"]["is_success"].to_list() == [True, True]
    assert tables["rollouts"]["recorded_cost_usd"].to_list() == [pytest.approx(0.0425314), None]
    assert tables["rejects"].is_empty()


def test_the_real_run_gives_its_published_sums(shared_data: Path, tmp_path: Path) -> None:
    tables = read(shared_data / "mini_swe_agent" / "run", tmp_path / "store")
    rollouts, calls = tables["rollouts"], tables["calls"]
    assert (rollouts.height, rollouts["is_success"].sum(), tables["tasks"].height) == (500, 371, 500)
    assert sum(rollouts["recorded_cost_usd"]) == pytest.approx(229.978759475, abs=1e-9)
    billed = calls.filter(pl.col("recorded_cost_usd").is_not_null())
    assert (calls.height, billed.height) == (20_163, 19_584)
    assert sum(billed["recorded_cost_usd"]) == pytest.approx(224.48920460, abs=1e-8)
    odd = calls.filter(pl.col("provider") == "google")
    assert (odd.height, odd.filter(pl.col("output_high_tokens").is_not_null()).height) == (579, 21)
    assert odd.filter(pl.col("reasoning_tokens") > 0).height == 21  # of the others nothing is added: one figure
    assert rollouts["wall_s"].sum() / 3600 == pytest.approx(37.53, abs=0.005)
    run = tables["runs"].row(0, named=True)
    assert (run["ended_at"] - run["started_at"]).total_seconds() / 3600 == pytest.approx(1.897, abs=0.0005)
    assert (run["recorded_score"], run["recorded_n_rollouts"], run["benchmark"]) == (0.742, 500, "swe-bench")
    assert tables["rejects"].is_empty()


def test_a_call_of_version_1_is_stamped_once_so_its_time_is_a_bound(folder: Path) -> None:
    tables = read_one(folder, trajectory("task", answer(0), answer(1)))
    call = tables["calls"].row(1, named=True)
    assert (call["call_id"], call["call_index"], call["recorded_cost_usd"]) == ("gen-1", 1, 0.5)
    assert (call["uncached_input_tokens"], call["cache_read_tokens"]) == (60, 40)
    assert (call["time_basis"], call["ended_at"], call["latency_s"]) == ("lower_bound", None, None)
    rollout = tables["rollouts"].row(0, named=True)
    assert (rollout["wall_s"], rollout["time_basis"], rollout["n_calls"]) == (10.0, "lower_bound", 2)


def v2_answer(number: int, response: dict[str, Any] | None = None) -> dict[str, Any]:
    raw = response or {"id": f"r{number}", "model": "acme-large", "created": NOON_S, "usage": usage()}
    extra = {"response": raw, "cost": 0.25, "timestamp": NOON_S + 10.5 * number}
    return {"role": "assistant", "content": "…", "extra": extra}


def v2(*messages: dict[str, Any]) -> dict[str, Any]:
    document = trajectory("task", *messages, mini_version="2.1.0")
    document["info"]["config"]["model_type"] = "litellm"
    document["info"]["config"]["model"]["model_name"] = "acme/acme-large"
    return document | {"trajectory_format": "mini-swe-agent-1.1"}


def test_a_call_of_version_2_ends_at_its_stamp_and_its_cost_is_an_estimate(folder: Path) -> None:
    observed = {"role": "tool", "content": "…", "extra": {"timestamp": NOON_S + 12.0}}
    calls = read_one(folder, v2(v2_answer(1), observed, v2_answer(2)))["calls"]
    assert calls["latency_s"].to_list() == [10.5, 9.0]
    assert calls["time_basis"].to_list() == ["upper_bound", "upper_bound"]
    assert calls["recorded_cost_usd"].to_list() == [None, None]
    assert calls["claimed_cost_usd"].to_list() == [0.25, 0.25]
    assert calls["provider"].to_list() == ["acme", "acme"]


def test_version_2_reads_the_usage_of_the_responses_api_from_a_message_without_role(folder: Path) -> None:
    spent = {
        "input_tokens": 100, "output_tokens": 20, "input_tokens_details": {"cached_tokens": 30},
        "output_tokens_details": {"reasoning_tokens": 5},
    }  # fmt: skip
    extra = {"response": {"id": "resp_1", "usage": spent}, "timestamp": NOON_S + 20}
    document = v2(v2_answer(1))
    document["messages"].append({"object": "response", "extra": extra})
    calls = read_one(folder, document)["calls"]
    row = calls.row(1, named=True)
    assert (row["input_tokens"], row["cache_read_tokens"], row["output_tokens"], row["reasoning_tokens"]) == (
        100,
        30,
        20,
        5,
    )


def test_an_answer_without_a_response_is_a_call_of_unknown_tokens(folder: Path) -> None:
    call = read_one(folder, trajectory("task", {"role": "assistant", "content": "…"}))["calls"].row(0, named=True)
    assert (call["input_tokens"], call["output_tokens"], call["recorded_cost_usd"]) == (None, None, None)
    assert call["call_id"].endswith("/task/0#0")


def test_a_cost_of_zero_for_calls_that_were_made_is_not_known(folder: Path) -> None:
    free = trajectory("task", answer(usage=usage(cost=0)), model_stats={"instance_cost": 0, "api_calls": 1})
    tables = read_one(folder, free)
    assert tables["calls"]["recorded_cost_usd"].to_list() == tables["rollouts"]["recorded_cost_usd"].to_list() == [None]


def test_without_a_score_file_scores_are_unknown_never_false(folder: Path) -> None:
    rollouts = read_one(folder, trajectory("task", answer()))["rollouts"]
    assert rollouts.select("score", "is_success").row(0) == (None, None)


def test_a_task_the_score_file_does_not_name_is_unscored_and_one_never_run_is_a_task(folder: Path) -> None:
    write_run(folder, "a", "b")
    write_scores(folder, a=False, c=True)
    tables = read(folder, folder.with_name("store"))
    assert tables["rollouts"]["is_success"].to_list() == [False, None]
    assert tables["rollouts"]["score"].to_list() == [0.0, None]
    assert tables["tasks"]["task_id"].to_list() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("status", "stats", "reason"),
    [
        ("Submitted", {}, "submitted"), ("", {}, "unknown"), (None, {}, "unknown"), ("KeyError", {}, "error"),
        ("RateLimitError", {}, "error_infra"), ("ContextWindowExceededError", {}, "limit_context"),
        ("LimitsExceeded", {"instance_cost": 3.01, "api_calls": 9}, "limit_cost"),
        ("LimitsExceeded", {"instance_cost": 1.0, "api_calls": 250}, "limit_turns"),
        ("LimitsExceeded", {}, "limit_other"),
    ],
)  # fmt: skip
def test_the_exit_status_names_why_the_rollout_ended(
    folder: Path, status: str | None, stats: dict[str, Any], reason: str
) -> None:
    document = trajectory("task", answer(), exit_status=status, model_stats=stats)
    assert reason in STOP_REASONS
    assert read_one(folder, document)["rollouts"]["stop_reason"].item() == reason


@pytest.mark.parametrize(("seconds", "limit_s"), [(600, 600.0), (0, None), (None, None)])
def test_seconds_a_rollout_may_take_are_told_from_2_3_on(
    folder: Path, seconds: int | None, limit_s: float | None
) -> None:
    document = trajectory("task", answer())
    document["info"]["config"]["agent"]["wall_time_limit_seconds"] = seconds
    assert read_one(folder, document)["runs"]["limit_s"].item() == limit_s


def test_the_settings_of_a_run_hold_no_credentials_or_addresses(folder: Path) -> None:
    document = trajectory("task", answer())
    kwargs = {"temperature": 0, "api_key": "k", "extra_headers": {"a": "k"}, "extra_body": {"auth": "k", "top_k": 1}}
    document["info"]["config"]["model"]["model_kwargs"] = kwargs
    settings_ = json.loads(read_one(folder, document)["runs"]["settings"].item())
    assert settings_["model_kwargs"] == {"temperature": 0, "extra_body": {"top_k": 1}}


def test_two_trajectories_of_a_task_are_attempts_and_a_copy_of_one_is_listed(folder: Path) -> None:
    for name, number in (("x", 0), ("y", 1), ("z", 1)):
        write(folder, trajectory("task", answer(number)), name)
    tables = read(folder, folder.with_name("store"))
    assert tables["rollouts"]["attempt"].to_list() == [0, 1]
    assert tables["rejects"].select("kind", "source_path", "duplicate_of").rows() == [
        ("duplicate", "run/z/z.traj.json", "run/y/y.traj.json")
    ]


def test_the_run_is_named_by_its_content_not_by_its_place_its_packing_or_its_copies(tmp_path: Path) -> None:
    plain, packed = write_run(tmp_path / "a", "t1", "t2"), tmp_path / "b"
    for path in sorted(plain.rglob("*.json")):
        (packed / path.parent.name).mkdir(parents=True)
        text = path.read_bytes()
        (packed / path.parent.name / f"{path.name}.gz").write_bytes(gzip.compress(text))
        (packed / path.parent.name / f"{path.name}.zst").write_bytes(zstandard.compress(text))
    tables = [read(folder, tmp_path / f"store-{folder.name}") for folder in (plain, packed)]
    assert tables[0]["calls"].equals(tables[1]["calls"])
    assert tables[1]["rejects"]["kind"].to_list() == ["duplicate", "duplicate"]


BROKEN = {
    "negative count": (trajectory("task", answer(usage=usage(-1, cached=None))), "messages[1]", "input_tokens=-1"),
    "absurd count": (trajectory("task", answer(usage=usage(10**30, cached=None))), "messages[1]", "input_tokens"),
    "absurd cost": (trajectory("task", answer(usage=usage(cost=10**400))), "messages[1]", "recorded_cost_usd"),
    "negative cost": (trajectory("task", answer(usage=usage(cost=-1))), "messages[1]", "recorded_cost_usd=-1"),
    "more cached than sent": (trajectory("task", answer(usage=usage(10, 1, 11))), "messages[1]", "input"),
    "absurd time": (trajectory("task", answer(created=10**18)), "messages[1]", "started_at"),
    "count of a wrong type": (trajectory("task", answer(usage=usage([], cached=None))), "messages[1]", "prompt_tokens"),
    "usage of a wrong type": (trajectory("task", answer(usage="none")), "messages[1]", "usage"),
    "message of a wrong type": (trajectory("task", answer()) | {"messages": [answer(), 7]}, "messages[1]", ""),
    "NaN": (json.dumps(trajectory("task", answer(usage=usage(float("nan"))))), "messages[1]", "nan"),
    "a name that is no text": (json.dumps(trajectory("task", answer()) | {"instance_id": [7]}), "instance_id", ""),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_value_that_cannot_be_true_is_named_or_skipped_and_the_call_stays(folder: Path, case: str) -> None:
    document, place, problem = BROKEN[case]
    with pytest.raises(MalformedTraceError) as raised:
        read_one(folder, document)
    assert raised.value.path == "run/task/task.traj.json"
    assert place in f"{raised.value.place} {raised.value.reason}"
    assert problem in f"{raised.value.place} {raised.value.reason}"
    tables = read_one(folder, document, skip=True)
    assert tables["calls"].height == 1
    assert tables["rejects"]["kind"].unique().to_list() == ["malformed"]


def test_a_file_cut_short_keeps_the_calls_before_the_cut_and_says_so(folder: Path) -> None:
    text = json.dumps(trajectory("task", *(answer(number) for number in range(5))))
    cut = text[: text.index("gen-3")]
    with pytest.raises(MalformedTraceError, match="broken JSON"):
        read_one(folder, cut)
    tables = read_one(folder, cut, skip=True)
    assert tables["calls"]["call_id"].to_list()[:3] == ["gen-0", "gen-1", "gen-2"]
    assert tables["rollouts"]["n_calls"].item() == 5
    assert tables["rejects"].height == 1


def test_a_broken_file_does_not_keep_the_others_from_being_read(folder: Path) -> None:
    write_run(folder, "a", "b")
    no_messages = trajectory("c") | {"messages": None}
    write(folder, no_messages)
    packed = folder / "d" / "d.traj.json.gz"
    packed.parent.mkdir()
    packed.write_bytes(gzip.compress(json.dumps(trajectory("d", answer(7))).encode())[:-20])
    tables = read(folder, folder.with_name("store"), "skip")
    assert tables["rollouts"]["task_id"].to_list() == ["a", "b"]
    assert tables["rejects"]["source_path"].to_list() == ["run/c/c.traj.json", "run/d/d.traj.json.gz"]


def test_a_byte_order_mark_and_ids_that_repeat_are_read(folder: Path) -> None:
    text = json.dumps(trajectory("task", answer(1), answer(1)))
    calls = read_one(folder, "\ufeff" + text, skip=True)["calls"]
    assert calls["call_id"].to_list() == ["gen-1", "gen-1"]
    assert calls["call_index"].to_list() == [0, 1]


def test_names_with_lone_surrogates_do_not_stop_the_reading(folder: Path) -> None:
    tables = read_one(folder, trajectory("task", answer(model="a\ud800b", id="\udfff")), skip=True)
    assert tables["calls"].height == 1


def test_only_trajectories_are_recognised(tmp_path: Path) -> None:
    for name, text, is_ours in (
        ("a", json.dumps(trajectory("task")), True),
        ("b", '\ufeff\n{"trajectory_format": "mini-swe-agent-1.1"}', True),
        ("c", '{"info": {"mini_version": "1.0", "model_stats": {}}}', True),
        ("d", '{"trajectory_format": "other"}', False),
        ("e", '["trajectory_format", "mini-swe-agent-1"]', False),
        ("f", "", False),
    ):
        path = tmp_path / name
        path.write_text(text)
        assert READER.sniff(peek(path)) is is_ours


@settings(max_examples=60)
@given(st.data())
def test_whatever_bytes_are_changed_reading_ends_with_tables_or_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    raw = bytearray((EXCERPT / ODD / f"{ODD}.traj.json").read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(raw) - 1))
        raw[start : start + data.draw(st.integers(0, 40))] = data.draw(
            st.one_of(
                st.binary(max_size=8),
                st.sampled_from([b"NaN", b"1e999", b"-1", b"9" * 400, b"null", b'"\\ud800"', b"{}", b"[[["]),
            )
        )
    folder = tmp_path_factory.mktemp("fuzz") / "run"
    write(folder, bytes(raw))
    on_error = data.draw(st.sampled_from(["stop", "skip"]))
    try:
        store = read_traces([folder], folder.with_name("store"), ReadOptions(on_error=on_error))
    except ReplayError:
        return
    assert set(store.tables()) == set(store.declared)
