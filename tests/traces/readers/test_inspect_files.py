"""Inspect reader: real logs give their own figures, twins the same tables, broken ones what can be kept."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspect_logs import MODEL, Tables, call, log, members, read, read_path, sample, tool, used, write_eval
from zips import DEFLATED, STORED, ZSTD, write_zip

from traces.errors import MalformedTraceError, TraceError, UnreadableError
from traces.files import peek
from traces.readers.inspect import READER
from traces.readers.inspect.container import _sliced
from traces.registry import Peek
from traces.rejects import RejectLog
from traces.schema import TABLES

GOLDEN = Path(__file__).parents[2] / "data" / "inspect"
REAL = [  # file, rollouts, mean score, calls, input, cached, output
    ("metr_small.eval", 6, 1.0, 76, 267_701, 239_400, 10_660),
    ("2025-05-12T20-27-36-04-00_browser.json", 1, 1.0, 5, 15_235, 9_088, 281),
    ("2025-09-23T08-09-58-04-00_popularity_DN2wbX2ZvACsBpjwptzBRo.eval", 100, 0.63, 100, 6_055, 0, 100),
    ("data_arc_sonnet.json", 5, 1.0, 5, 529, 0, 851),
    ("data_pubmedqa_gpt4o_mini.json", 2, 1.0, 2, 813, 0, 8),
    ("log_streaming.eval", 4, 0.75, 4, 252, 0, 6),
    ("mmlu-summary-choices.eval", 1, 0.0, 1, 153, 0, 3),
]
TWINS = [
    ("logs/metr_small.eval", "derived/metr_small.zstd.eval"),
    ("logs/metr_small.eval", "derived/chunked/metr_small.eval"),
    ("logs/docent_log.eval", "derived/docent_log.zstd.eval"),
    ("logs/2025-05-12T20-27-36-04-00_browser.json", "derived/2025-05-12T20-27-36-04-00_browser.zstd.eval"),
]


@pytest.mark.parametrize("row", REAL, ids=[row[0] for row in REAL])
def test_real_logs_give_their_own_totals(shared_data: Path, row: tuple[Any, ...]) -> None:
    name, n_rollouts, score, *expected = row
    tables, rejects = read_path(shared_data / "inspect" / "logs" / name)
    calls, run = tables["calls"], tables["runs"].row(0, named=True)
    assert rejects.rows == []
    assert (tables["rollouts"].height, tables["rollouts"]["score"].mean()) == (n_rollouts, score)
    sums = [calls[f"{column}_tokens"].sum() for column in ("input", "cache_read", "output")]
    assert [calls.height, *sums] == expected
    assert (run["recorded_score"], run["recorded_n_rollouts"]) == (score, n_rollouts)


@pytest.mark.parametrize(
    ("name", "proven"),
    [
        ("metr_small.eval", {"exclusive": 76}),
        ("2025-05-12T20-27-36-04-00_browser.json", {"inclusive": 4, "uncached": 1}),
    ],
)
def test_the_token_convention_of_real_logs_is_proven(shared_data: Path, name: str, proven: dict[str, int]) -> None:
    settings = read_path(shared_data / "inspect" / "logs" / name)[0]["runs"]["settings"].item()
    assert json.loads(settings)["token_convention"] == proven


def test_a_real_log_that_was_cut_to_some_samples_keeps_what_all_of_them_used(shared_data: Path) -> None:
    calls = read_path(shared_data / "inspect" / "logs" / "docent_log.eval")[0]["calls"]
    rest = calls.filter(is_residual=True)
    assert (calls.height, rest["granularity"].to_list()) == (148, ["run"])
    assert (calls["input_tokens"].sum(), calls["output_tokens"].sum()) == (27_949_675, 1_534_630)


@pytest.mark.parametrize(("plain", "twin"), TWINS)
def test_real_twins_in_other_containers_give_the_same_tables(shared_data: Path, plain: str, twin: str) -> None:
    assert_same(*(read_path(shared_data / "inspect" / name)[0] for name in (plain, twin)))


def test_real_logs_are_recognised(shared_data: Path) -> None:
    files = [path for path in (shared_data / "inspect").rglob("*.*") if path.is_file()]
    assert len(files) > 15
    assert all(READER.sniff(peek(path)) for path in files)


def assert_same(expected: Tables, found: Tables) -> None:
    for name, frame in expected.items():
        assert found[name].equals(frame), name


@pytest.mark.parametrize("table", ["runs", "tasks", "rollouts", "scores", "calls"])
def test_a_log_gives_the_tables_beside_it(table: str) -> None:
    tables, _ = read_path(GOLDEN / "shop.json")
    known = [column.name for column in tables[table] if column.null_count() < len(column)]
    assert tables[table].select(known).write_csv() == (GOLDEN / f"shop.{table}.csv").read_text()


@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize("method", [STORED, DEFLATED, ZSTD])
def test_every_container_gives_the_same_tables(tmp_path: Path, method: int, *, is_chunked: bool) -> None:
    document = json.loads((GOLDEN / "shop.json").read_text())
    path = write_eval(tmp_path / "log.eval", document, method, is_chunked=is_chunked)
    assert READER.sniff(peek(path))
    assert_same(read_path(GOLDEN / "shop.json")[0], read_path(path)[0])


def test_whole_samples_and_chunked_ones_may_stand_in_one_log(tmp_path: Path) -> None:
    document = log(sample(call(0), call(5)), sample(call(9), id="b"))
    whole, chunked = (dict(members(document, is_chunked=is_chunked)) for is_chunked in (False, True))
    a = {name: content for name, content in whole.items() if "b_epoch" not in name}
    b = {name: content for name, content in chunked.items() if "b_epoch" in name}
    mixed = {**a, **b}
    write_zip(tmp_path / "log.eval", mixed.items())
    assert_same(read(tmp_path, document)[0], read_path(tmp_path / "log.eval")[0])


def test_reading_in_batches_changes_no_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = log(*(sample(call(0), call(5), id=f"s{number}") for number in range(7)))
    expected = read(tmp_path, document)[0]
    monkeypatch.setattr("traces.readers.inspect.tables._CALLS_PER_BATCH", 3)
    assert_same(expected, read(tmp_path, document)[0])


@pytest.mark.parametrize("indent", [None, 2])
def test_a_large_document_is_read_sample_by_sample_to_the_same_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, indent: int | None
) -> None:
    document = log(*(sample(call(0), call(5), id=f'"{{s{number}') for number in range(7)))
    expected = read(tmp_path, document)[0]
    monkeypatch.setattr("traces.readers.inspect.container.WHOLE_BYTES", 0)
    text = json.dumps(document, indent=indent)
    assert _sliced(text.encode(), "log", RejectLog("inspect")) is not None
    assert_same(expected, read(tmp_path, text)[0])


def test_what_looks_like_a_sample_or_like_none_is_told_by_its_brackets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = {"id": "inner", "epoch": 1, "samples": [{"id": "deeper", "epoch": 1}]}
    a, b, c, d = (sample(call(0), id=name) for name in "abcd")
    other_order = {name: c[name] for name in sorted(c, reverse=True)}
    document = log({**a, "metadata": {"of": [inner, inner]}, "last": 1}, b, other_order, {**d, "z": 1})
    expected = read(tmp_path, document)[0]
    monkeypatch.setattr("traces.readers.inspect.container.WHOLE_BYTES", 0)
    assert _sliced(json.dumps(document).encode(), "log", RejectLog("inspect")) is not None
    assert_same(expected, read(tmp_path, document)[0])


def test_a_bad_sample_of_a_large_document_costs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = log(*(sample(call(0), id=name) for name in "abc"))
    text = json.dumps(document).replace('"id": "b"', '"id": "b", "epoch": NaN', 1)
    monkeypatch.setattr("traces.readers.inspect.container.WHOLE_BYTES", 0)
    tables, rejects = read(tmp_path, text, "skip")
    assert tables["rollouts"]["task_id"].to_list() == ["a", "b", "c"]
    assert [row["kind"] for row in rejects.rows] in ([], ["malformed"])


def test_an_unfinished_archive_is_read_from_its_journal(tmp_path: Path) -> None:
    document = log(sample(call(0), model_usage={MODEL: used(10, 5)}), sample(id="b", model_usage={MODEL: used(7, 1)}))
    named = dict(members(document))
    kept = {name: content for name, content in named.items() if name.startswith(("_journal", "samples/a"))}
    write_zip(tmp_path / "log.eval", kept.items())
    assert READER.sniff(peek(tmp_path / "log.eval"))
    tables, rejects = read_path(tmp_path / "log.eval")
    assert tables["rollouts"]["task_id"].to_list() == ["a", "b"]
    assert tables["calls"].select("granularity", "input_tokens").rows() == [("call", 10), ("rollout", 7)]
    assert [(row["kind"], row["reason"]) for row in rejects.rows] == [
        ("contradiction", "an unfinished log: 2 samples of 1 tasks are in it")
    ]


def test_of_a_damaged_member_the_summary_is_kept(tmp_path: Path) -> None:
    document = log(sample(call(0), model_usage={MODEL: used(10, 5)}), sample(call(0), id="b"))
    path = write_eval(tmp_path / "log.eval", document, STORED)
    raw = path.read_bytes()
    place = raw.index(b'"input_tokens"')
    path.write_bytes(raw[:place] + b"#" + raw[place + 1 :])
    with pytest.raises(MalformedTraceError, match="checksum"):
        read_path(path)
    tables, rejects = read_path(path, "skip")
    assert tables["rollouts"].height == 2
    assert tables["calls"].filter(pl.col("rollout_id").str.ends_with("a/0"))["granularity"].to_list() == ["rollout"]
    assert [row["place"] for row in rejects.rows] == ["samples/a_epoch_1.json"]


@pytest.mark.parametrize(
    ("name", "problem"), [("samples/../x_epoch_1.json", "leads out"), ("samples/b_epoch_1.json", "broken JSON")]
)
def test_a_member_that_is_refused_is_named_and_the_rest_is_kept(tmp_path: Path, name: str, problem: str) -> None:
    write_zip(tmp_path / "log.eval", [(name, b'{"id": '), *members(log(sample(call(0))))])
    tables, rejects = read_path(tmp_path / "log.eval", "skip")
    assert (tables["rollouts"].height, tables["calls"].height) == (1, 1)
    assert name in {row["place"] for row in rejects.rows}
    assert problem in str([row["reason"] for row in rejects.rows])


def test_an_archive_without_its_end_is_a_clear_error(tmp_path: Path) -> None:
    path = write_eval(tmp_path / "log.eval", log(sample(call(0))))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(UnreadableError, match="cut-off archive"):
        read_path(path, "skip")


BROKEN = {
    "wrong type": ({"total_time": "soon"}, "samples[1]"),
    "NaN time": ({"total_time": float("nan")}, "samples[1]"),
    "no id": ({"id": None}, "samples[1]"),
    "not a time": ({"started_at": "noon"}, "samples[1]"),
    "event stamp": ({"events": [call(timestamp="noon")]}, "samples[1]"),
    "negative tokens": ({"events": [call(usage=used(-5, 5))]}, "samples[1] events[0]"),
    "absurd tokens": ({"events": [call(usage=used(10**40, 5))]}, "samples[1] events[0]"),
    "fraction of a token": ({"events": [call(usage=used(1, 0, 1) | {"output_tokens": 0.5})]}, "samples[1] events[0]"),
    "no events": ({"events": 7}, "samples[1]"),
}


@pytest.mark.parametrize("values_place", BROKEN.values(), ids=BROKEN)
def test_a_bad_value_is_rejected_by_its_place_and_the_rest_is_kept(
    tmp_path: Path, values_place: tuple[dict[str, Any], str]
) -> None:
    values, place = values_place
    document = log(sample(call(0)), sample(call(0), id="b") | values, sample(call(0), id="c"))
    with pytest.raises(MalformedTraceError) as raised:
        read(tmp_path, document)
    assert raised.value.place == place
    tables, rejects = read(tmp_path, document, "skip")
    assert place in [row["place"] for row in rejects.rows]
    kept = tables["rollouts"].filter(pl.col("task_id") != "b")
    assert kept.equals(read(tmp_path, log(sample(call(0)), sample(call(0), id="c")))[0]["rollouts"])


@pytest.mark.parametrize(
    "results",
    [
        {"scorer": {"name": "match"}, "metrics": {"accuracy": {"name": "accuracy", "value": float("nan")}}},
        {"scores": [{"name": "match", "scorer": "match", "metrics": {"accuracy": {"value": float("nan")}}}]},
    ],
    ids=["version 1", "version 2"],
)
def test_a_mean_of_nothing_is_written_as_nan_and_no_damage(tmp_path: Path, results: dict[str, Any]) -> None:
    tables, rejects = read(tmp_path, log(sample(call(0))) | {"results": results})
    assert (tables["rollouts"].height, tables["runs"]["recorded_score"].to_list(), rejects.rows) == (1, [None], [])


def test_the_manifest_of_a_folder_of_logs_is_no_log(tmp_path: Path) -> None:
    (tmp_path / "logs.json").write_text(json.dumps({"2026-05-22_shop_x.eval": log(sample(call(0)))}, indent=2))
    (tmp_path / "sorted.json").write_text(json.dumps(log(sample(call(0))), sort_keys=True))
    assert [READER.sniff(peek(tmp_path / name)) for name in ("logs.json", "sorted.json")] == [False, True]


@pytest.mark.parametrize("text", ["", "   ", "[]", "{", "null", '{"eval": ', "7", "[" * 2_000, '{"samples":' * 2_000])
def test_a_file_with_nothing_in_it_is_an_error_and_a_reject(tmp_path: Path, text: str) -> None:
    with pytest.raises(MalformedTraceError):
        read(tmp_path, text)
    tables, rejects = read(tmp_path, text, "skip")
    assert tables["calls"].height == 0
    assert [row["kind"] for row in rejects.rows] != []


@pytest.mark.parametrize(
    "metadata", [r'"\ud800"', "NaN", '{"a": 1, "a": 2}', "[" * 300 + "]" * 300, '"\xff"'], ids=lambda text: text[:12]
)
def test_what_is_wrong_in_parts_that_are_not_read_does_no_harm(tmp_path: Path, metadata: str) -> None:
    document = json.dumps(log(sample(call(0), metadata="?"))).replace('"?"', metadata)
    path = tmp_path / "log.json"
    path.write_bytes(b"\xef\xbb\xbf" + document.encode("latin-1"))
    tables, rejects = read_path(path)
    assert (tables["calls"].height, rejects.rows) == (1, [])


def test_nesting_beyond_all_bounds_costs_its_sample_alone(tmp_path: Path) -> None:
    deep = json.dumps(sample(call(0), id="b", metadata="?")).replace('"?"', "[" * 100_000 + "]" * 100_000).encode()
    write_zip(tmp_path / "log.eval", [("samples/b_epoch_1.json", deep), *members(log(sample(call(0))))])
    tables, rejects = read_path(tmp_path / "log.eval", "skip")
    assert tables["rollouts"]["task_id"].to_list()[0] == "a"
    assert all("nested" in str(row["reason"]) for row in rejects.rows)


@pytest.mark.parametrize("depth", [200, 450, 900, 5_000])
def test_events_nested_in_events_are_read_or_reported(tmp_path: Path, depth: int) -> None:
    nested = '{"event": "tool", "events": [' * depth + json.dumps(call(0)) + "]}" * depth
    text = json.dumps(log(sample("?", total_time=float("nan")))).replace('"?"', nested)
    tables, rejects = read(tmp_path, text, "skip")
    assert tables["calls"]["granularity"].to_list() in ([], ["call"], ["run"])
    assert rejects.rows != []


def test_an_event_of_an_unknown_kind_does_no_harm(tmp_path: Path) -> None:
    odd = {"event": "teleport", "output": [1], "type": {"x": 1}, "timestamp": "noon", "events": "many"}
    tables, rejects = read(tmp_path, log(sample(odd, call(0))))
    assert (tables["calls"].height, rejects.rows) == (1, [])


@given(share=st.floats(0, 1))
def test_a_truncated_document_keeps_its_whole_samples_and_counts_the_cut(
    share: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = json.dumps(log(*(sample(call(0), tool(3), id=f"s{number}") for number in range(4))))
    cut = text[: int(share * (len(text) - 1))]
    tables, rejects = read(tmp_path_factory.mktemp("cut"), cut, "skip")
    n_begun = cut.count('"uuid": "u1"')
    assert max(n_begun - 1, 0) <= tables["rollouts"].height <= n_begun
    assert tables["calls"]["rollout_id"].count() == tables["rollouts"].height
    assert [row["kind"] for row in rejects.rows].count("malformed") >= 1


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_PLACES = [
    ("samples",), ("eval",), ("eval", "config"), ("eval", "dataset"), ("eval", "model_roles"), ("plan", "steps"),
    ("results", "scores"), ("stats", "model_usage"), ("samples", 0, "events"), ("samples", 0, "events", 0, "output"),
    ("samples", 0, "events", 0, "output", "usage"), ("samples", 0, "events", 0, "call"), ("samples", 0, "scores"),
    ("samples", 0, "model_usage"), ("samples", 0, "epoch"), ("samples", 0, "id"), ("samples", 0, "error_retries"),
    ("samples", 0, "events", 0, "output", "usage", "input_tokens"), ("samples", 0, "events", 0, "working_time"),
]  # fmt: skip


@given(place=st.sampled_from(_PLACES), value=_VALUES)
def test_no_value_anywhere_is_an_unhandled_error(
    place: tuple[Any, ...], value: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    document: Any = json.loads(json.dumps(log(sample(call(0), model_usage={MODEL: used(10, 5)}))))
    part = document
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = value
    tables, _ = read(tmp_path_factory.mktemp("odd"), json.dumps(document), "skip")
    assert set(tables) == set(TABLES)


@given(place=st.integers(0, 10**6), value=st.integers(0, 255), method=st.sampled_from([DEFLATED, ZSTD]))
def test_a_changed_byte_of_an_archive_is_no_unhandled_error(
    place: int, value: int, method: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = write_eval(tmp_path_factory.mktemp("changed") / "log.eval", log(sample(call(0))), method)
    raw = bytearray(path.read_bytes())
    raw[place % len(raw)] = value
    path.write_bytes(raw)
    try:
        assert set(read_path(path, "skip")[0]) == set(TABLES)
    except TraceError as error:
        assert str(error)  # noqa: PT017 - either tables or a clear error


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"PK\x03\x04 other.json",
        b'{"info": {"agent_info": {}}, "simulations": []}',
        b'{"eval": {"name": "x"}, "status": "success"}',
        b'[{"eval": {"task_id": 1, "dataset": {}}, "status": "success"}]',
    ],
)
def test_other_files_are_not_taken_for_logs(text: bytes) -> None:
    assert not READER.sniff(Peek(text, text[-4096:]))
