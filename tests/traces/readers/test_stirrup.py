"""Stirrup reader: every answer once, reasoning outside the answer, agents called as tools counted."""

import json
from pathlib import Path
from typing import Any

import pytest
from board_files import Tables, assert_golden, read_files, read_text

from traces.errors import MalformedTraceError
from traces.readers.stirrup import READER
from traces.registry import Peek
from traces.rejects import OnError, RejectLog

DATA = Path(__file__).parents[2] / "data" / "stirrup"


def answer(**values: Any) -> dict[str, Any]:
    usage = {"input": 100, "answer": 20, "reasoning": 5}
    return {"role": "assistant", "content": "…", "tool_calls": [], "token_usage": usage, **values}


def state(*messages: dict[str, Any], **values: Any) -> dict[str, Any]:
    stamp = "2026-01-15T12:00:00+00:00"
    told = {"full_msg_history": [], "task_hash": "5f", "timestamp": stamp, "agent_name": "clerk"}
    return {"msgs": [{"role": "user", "content": "…"}, *messages], **told, **values}


def read(folder: Path, document: dict[str, Any], on_error: OnError = "stop") -> tuple[Tables, RejectLog]:
    return read_text(READER, folder, json.dumps(document), on_error)


def test_a_cache_gives_the_tables_beside_it() -> None:
    tables, log = read_files(READER, [DATA / "state.json"])
    assert_golden(tables, DATA, "state")
    assert log.rows == []


@pytest.mark.parametrize("key", ["answer", "output"])
def test_the_answer_leaves_the_reasoning_out_under_both_its_names(tmp_path: Path, key: str) -> None:
    usage = {"input": 100, key: 20, "reasoning": 5}
    calls = read(tmp_path, state(answer(token_usage=usage)))[0]["calls"]
    assert calls.select("input_tokens", "output_tokens", "reasoning_tokens").rows() == [(100, 25, 5)]


@pytest.mark.parametrize("usage", [None, {}, {"input": 0, "answer": 0, "reasoning": 0}])
def test_no_counts_and_counts_of_0_are_unknown(tmp_path: Path, usage: dict[str, int] | None) -> None:
    calls = read(tmp_path, state(answer(token_usage=usage)))[0]["calls"]
    assert calls.select("input_tokens", "output_tokens", "reasoning_tokens").rows() == [(None, None, None)]


def test_an_answer_kept_over_a_shortened_context_counts_once(tmp_path: Path) -> None:
    kept = answer(id="a")
    calls = read(tmp_path, state(kept, answer(id="b"), full_msg_history=[[kept]]))[0]["calls"]
    assert calls["call_id"].to_list() == ["a", "b"]


@pytest.mark.parametrize("key", ["run_metadata", "run_metadata_by_turn"])
def test_answers_of_called_agents_count_at_any_depth_and_their_order_is_unknown(tmp_path: Path, key: str) -> None:
    inner = {"message_history": [[answer(id="c")]], "run_metadata": {"token_usage": [{"input": 9}]}}
    outer = {"message_history": [[answer(id="b")]], "run_metadata": {"helper": [inner]}}
    calls = read(tmp_path, state(answer(id="a"), **{key: {"helper": [outer]}}))[0]["calls"]
    assert calls.sort("call_id").select("call_id", "call_index").rows() == [("a", 0), ("b", None), ("c", None)]


def test_the_time_in_calls_is_known_where_all_are(tmp_path: Path) -> None:
    timed = answer(model_speed={"model_slug": "acme/large", "llm_call_duration_seconds": 1.5})
    assert read(tmp_path, state(timed, timed))[0]["rollouts"]["model_s"].to_list() == [3.0]
    assert read(tmp_path, state(timed, answer()))[0]["rollouts"]["model_s"].to_list() == [None]


def test_caches_of_one_folder_are_one_run_of_each_agent_and_a_copy_counts_once(tmp_path: Path) -> None:
    documents = [state(answer()), state(answer(), task_hash="6a"), state(answer()), state(agent_name="other")]
    paths = [tmp_path / "caches" / str(number) / "state.json" for number in range(4)]
    for path, document in zip(paths, documents, strict=True):
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(document))
    tables, log = read_files(READER, paths)
    assert tables["runs"]["agent"].sort().to_list() == ["Stirrup + clerk", "Stirrup + other"]
    assert tables["rollouts"]["task_id"].sort().to_list() == ["5f", "5f", "6a"]
    assert [row["kind"] for row in log.rows] == ["duplicate"]


BROKEN = {
    "no task": (state(task_hash=None), "task_hash"),
    "stamp": (state(timestamp="noon"), "timestamp"),
    "tokens": (state(answer(token_usage={"input": "many"})), "msgs[1].token_usage.input"),
    "negative": (state(answer(token_usage={"input": -5})), "answer 0"),
    "history": (state(run_metadata={"x": [{"message_history": 5}]}), "run_metadata"),
}


@pytest.mark.parametrize("document_place", BROKEN.values(), ids=BROKEN)
def test_a_bad_value_is_rejected_by_its_place(tmp_path: Path, document_place: tuple[dict[str, Any], str]) -> None:
    document, place = document_place
    with pytest.raises(MalformedTraceError) as raised:
        read(tmp_path, document)
    assert raised.value.place == place
    assert place in [row["place"] for row in read(tmp_path, document, "skip")[1].rows]


@pytest.mark.parametrize("text", ["", "[]", '{"msgs": []}', '{"messages": [], "task_hash": "x"}'])
def test_other_files_are_not_taken_for_caches(text: str) -> None:
    assert not READER.sniff(Peek(text.encode(), text.encode()))
