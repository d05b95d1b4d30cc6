"""Inspect dataframes: the tables of the logs they were made from, as far as their columns go."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspect_logs import MODEL, Tables, call, log, read, read_path, sample, used

from traces.errors import MalformedTraceError
from traces.files import peek
from traces.readers.inspect_dataframes import READER
from traces.registry import Peek, SourceFile
from traces.rejects import RejectLog
from traces.schema import TABLES

EVALS = {
    "eval_id": "e1", "run_id": "r1", "task_id": "t1", "task_name": "shop",
    "created": datetime(2026, 1, 15, 12, tzinfo=UTC),
    "model": MODEL, "packages": '{"inspect_ai": "0.3.150"}', "solver": "react", "dataset_name": "shop",
    "dataset_samples": 1, "dataset_sample_ids": '["a"]', "epochs": 1, "token_limit": 1000.0, "status": "success",
    "total_samples": 1, "completed_samples": 1, "score_headline_name": "match", "score_headline_score": "match",
    "score_headline_metric": "accuracy", "score_headline_value": 1.0,
}  # fmt: skip
SAMPLES = {
    "sample_id": "u1", "eval_id": "e1", "log": "log.eval", "id": "a", "epoch": 1, "input": "…", "score_match": "C",
    "score_match_answer": "…", "model_usage": json.dumps({MODEL: used(10, 5)}), "total_time": 60.0,
    "working_time": 50.0, "error": "", "limit": None, "retries": 0,
}  # fmt: skip


def event(**values: Any) -> dict[str, Any]:
    at = datetime.fromisoformat("2026-01-15T12:00:00+00:00")
    return {
        "event_id": "e0", "sample_id": "u1", "eval_id": "e1", "event": "model", "span_id": None, "timestamp": at,
        "completed": at.replace(second=2), "working_time": 2.0, "model_event_model": MODEL, "model_event_role": None,
        "model_event_usage": json.dumps(used(10, 5)), "model_event_time": 2.0, "model_event_error": None,
        "model_event_cache": None, "model_event_config": "{}", "model_event_call": None, **values,
    }  # fmt: skip


MESSAGES = {"message_id": "m", "sample_id": "u1", "eval_id": "e1", "role": "assistant", "tool_call_function": None}
ALL = {"evals": [EVALS], "samples": [SAMPLES], "events": [event()], "messages": [MESSAGES]}


def frames(folder: Path, rows: dict[str, list[dict[str, Any]]], on_error: Any = "stop") -> tuple[Tables, RejectLog]:
    for name, found in rows.items():
        pl.DataFrame(found, infer_schema_length=None).write_parquet(folder / f"{name}.parquet")
    return read_path(folder, on_error, reader=READER)


def test_all_dataframes_together_give_the_calls_rollouts_and_scores_of_the_log(tmp_path: Path) -> None:
    (tmp_path / "df").mkdir()
    tables, rejects = frames(tmp_path / "df", ALL)
    spec = {"solver": "react", "config": {"epochs": 1, "token_limit": 1000}}
    own = sample(call(uuid="e0", output={"usage": used(10, 5)}), model_usage={MODEL: used(10, 5)})
    expected, _ = read(tmp_path, log(own, spec=spec))
    assert rejects.rows == []
    assert all(tables[name].equals(expected[name]) for name in ("calls", "scores", "tasks"))
    differing = {"started_at", "ended_at"}  # samples say how long they took, not when
    assert tables["rollouts"].drop(differing).equals(expected["rollouts"].drop(differing))
    differing |= {"source_format", "settings"}
    assert tables["runs"].drop(differing).equals(expected["runs"].drop(differing))


@pytest.mark.parametrize(
    ("kinds", "granularity", "tokens", "task_id"),
    [
        (("samples",), "rollout", 10, "a"),
        (("samples", "evals"), "rollout", 10, "a"),
        (("events",), "call", 10, "u1"),
        (("messages",), "rollout", None, "u1"),
        (("evals",), "run", None, None),
    ],
)
def test_each_dataframe_alone_gives_what_it_has(
    tmp_path: Path, kinds: tuple[str, ...], granularity: str, tokens: int | None, task_id: str | None
) -> None:
    tables, _ = frames(tmp_path, {kind: ALL[kind] for kind in kinds})
    assert tables["calls"].select("granularity", "input_tokens").rows() == [(granularity, tokens)]
    assert tables["rollouts"]["task_id"].to_list() == ([task_id] if task_id else [])
    assert tables["runs"]["run_id"].to_list() == ["inspect-e1"]


def test_without_evals_the_model_is_that_of_the_samples_or_events(tmp_path: Path) -> None:
    for kind in ("samples", "events"):
        (tmp_path / kind).mkdir()
        assert frames(tmp_path / kind, {kind: ALL[kind]})[0]["runs"]["model"].to_list() == [MODEL]


def test_the_raw_call_names_the_response(tmp_path: Path) -> None:
    response = {"id": "msg1", "service_tier": None, "usage": {"service_tier": "priority"}}
    raw = json.dumps({"request": {"model": "x"}, "response": response})
    calls = frames(tmp_path, {"events": [event(model_event_call=raw)]})[0]["calls"]
    assert calls.select("call_id", "service_tier").rows() == [("msg1", "priority")]


def test_scores_are_told_from_their_answers_and_may_hold_several_values(tmp_path: Path) -> None:
    tables, _ = frames(tmp_path, {"samples": [{**SAMPLES, "score_tone": '{"warm": 1, "short": 0}'}]})
    scores = tables["scores"].select("scorer", "metric", "value").rows()
    assert scores == [("match", "match", 1.0), ("tone", "short", 0.0), ("tone", "warm", 1.0)]


def test_two_evals_of_one_file_are_two_runs(tmp_path: Path) -> None:
    samples = [SAMPLES, {**SAMPLES, "eval_id": "e2", "sample_id": "u2", "epoch": 2}]
    rollouts = frames(tmp_path, {"samples": samples})[0]["rollouts"]
    assert rollouts["rollout_id"].to_list() == ["inspect-e1/a/0", "inspect-e2/a/1"]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("samples", {"model_usage": "{broken"}),
        ("samples", {"model_usage": '{"m": {"input_tokens": "many"}}'}),
        ("samples", {"epoch": 1.5}),
        ("samples", {"total_time": "long"}),
        ("events", {"model_event_usage": "[1]"}),
        ("events", {"timestamp": "noon"}),
    ],
)
def test_a_bad_cell_is_rejected_and_the_rest_is_kept(tmp_path: Path, kind: str, values: dict[str, Any]) -> None:
    base = ALL[kind][0]
    rows = {kind: [{**base, **values, "sample_id": "u9", "id": "z"} if kind == "samples" else {**base, **values}]}
    with pytest.raises(MalformedTraceError):
        frames(tmp_path, rows)
    tables, rejects = frames(tmp_path, rows, "skip")
    assert tables["rollouts"].height == 1
    assert [row["kind"] for row in rejects.rows] == ["malformed"]


def test_a_damaged_file_is_rejected(tmp_path: Path) -> None:
    pl.DataFrame([SAMPLES]).write_parquet(tmp_path / "samples.parquet")
    raw = (tmp_path / "samples.parquet").read_bytes()
    (tmp_path / "samples.parquet").write_bytes(raw[: len(raw) // 2] + raw[-200:])
    tables, rejects = read_path(tmp_path, "skip", reader=READER)
    assert tables["runs"].height == 0
    assert [row["kind"] for row in rejects.rows] == ["malformed"]


@given(
    values=st.dictionaries(st.sampled_from([*SAMPLES, *event()]), st.none() | st.integers() | st.text() | st.floats())
)
def test_no_cell_is_an_unhandled_error(values: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    kept = {name: None if isinstance(value, int) and abs(value) >= 2**63 else value for name, value in values.items()}
    rows = {"samples": [{**SAMPLES, **kept}], "events": [{**event(), **kept}]}
    tables, _ = frames(tmp_path_factory.mktemp("odd"), rows, "skip")
    assert set(tables) == set(TABLES)


@pytest.mark.parametrize("kind", ALL)
def test_dataframes_are_recognised_by_their_columns_however_large(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    more = {f"metadata_{number}": "x" for number in range(300)}
    pl.DataFrame([{**ALL[kind][0], **more}] * 3).write_parquet(path, compression="uncompressed")
    assert READER.sniff(peek(path))
    assert not READER.sniff(Peek(b"PAR1", b"\x00\x00\x00\x00PAR1"))


def test_a_table_of_something_else_is_left_alone(tmp_path: Path) -> None:
    pl.DataFrame([{"task_id": "eval_id", "model": "sample_id epoch model_usage", "score": 1}]).write_parquet(
        tmp_path / "x"
    )
    assert not READER.sniff(peek(tmp_path / "x"))


def test_files_of_one_folder_are_one_unit(tmp_path: Path) -> None:
    files = [SourceFile(tmp_path, name) for name in ("in/a/1.parquet", "in/b/2.parquet", "in/a/3.parquet")]
    units = list(READER.group(files, ()))
    assert [(unit.name, len(unit.files)) for unit in units] == [("in/a/*.parquet", 2), ("in/b/2.parquet", 1)]
