"""SWE-bench score files: every shape its tools write, and what contradicts itself becomes unknown."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from traces.errors import MalformedTraceError
from traces.files import peek
from traces.readers.mini_swe_agent.verdicts import Verdicts, is_score_file, read_verdicts
from traces.registry import Peek, SourceFile
from traces.rejects import OnError, RejectLog

SHAPES: dict[str, Any] = {
    "harness report": {
        "total_instances": 4, "resolved_instances": 1, "resolved_ids": ["a"], "unresolved_ids": ["b"],
        "error_ids": ["c"], "empty_patch_ids": ["d"],
    },
    "sb-cli report": {
        "resolved_ids": ["a"], "failed_ids": ["b", "c"], "error_ids": ["d"], "submitted_ids": ["a", "b", "c", "d"],
    },
    "list of instances": {"instances": [{"instance_id": name, "resolved": name == "a"} for name in "abcd"]},
    "instances by id": {name: {"resolved": name == "a"} for name in "abcd"},
    "experiments": {"resolved": ["a"], "no_generation": ["b"], "no_logs": ["c"], "test_timeout": ["d"]},
    "experiments, older": {"generated": list("abcd"), "with_logs": list("abc"), "applied": ["a"], "resolved": ["a"]},
}  # fmt: skip


def read(tmp_path: Path, *documents: Any, on_error: OnError = "stop") -> tuple[Verdicts, list[tuple[str | None, ...]]]:
    files = []
    for number, document in enumerate(documents):
        path = tmp_path / f"{number}.json"
        path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
        files.append(SourceFile(path, path.name))
    log = RejectLog("test", on_error)
    return read_verdicts(files, log), [(row["source_path"], row["place"], row["kind"]) for row in log.rows]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_gives_its_verdicts(tmp_path: Path, shape: str) -> None:
    verdicts, rejects = read(tmp_path, SHAPES[shape])
    assert verdicts.by_task == {"a": True, "b": False, "c": False, "d": False}
    assert verdicts.n_scored == 4
    assert rejects == []
    assert is_score_file(peek(tmp_path / "0.json"))


def test_a_packed_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    raw = b"\xef\xbb\xbf" + json.dumps(SHAPES["experiments"]).encode()
    verdicts, _ = read(tmp_path, gzip.compress(raw))
    assert verdicts.by_task["a"] is True
    assert is_score_file(peek(tmp_path / "0.json"))


def test_no_score_file_gives_no_verdict(tmp_path: Path) -> None:
    assert read(tmp_path)[0] == Verdicts({}, None, None)


def test_the_stated_score_is_a_share(tmp_path: Path) -> None:
    assert read(tmp_path, SHAPES["harness report"])[0].recorded_score == 0.25
    assert read(tmp_path, {"total": 500, "passed": 371})[0].recorded_score == 0.742
    assert read(tmp_path, {"total": 0, "passed": 0})[0].recorded_score is None


@pytest.mark.parametrize(
    "documents",
    [
        ({"resolved_ids": ["a"]}, {"unresolved_ids": ["a"]}),
        ({"resolved_ids": ["a"], "unresolved_ids": ["a"]},),
        ({"instances": [{"instance_id": "a", "resolved": True}, {"instance_id": "a", "resolved": False}]},),
        ({"resolved_ids": ["a"]}, {"unresolved_ids": ["a"]}, {"resolved_ids": ["a"]}),
    ],
)
def test_contradicting_verdicts_make_the_task_unknown_and_are_listed(
    tmp_path: Path, documents: tuple[Any, ...]
) -> None:
    verdicts, rejects = read(tmp_path, *documents)
    assert verdicts.by_task == {"a": None}
    assert [(place, kind) for _, place, kind in rejects] == [("a", "contradiction")]


def test_contradicting_scores_are_unknown_and_listed(tmp_path: Path) -> None:
    verdicts, rejects = read(tmp_path, {"total": 4, "passed": 1}, {"total": 4, "passed": 2})
    assert verdicts.recorded_score is None
    assert [kind for *_, kind in rejects] == ["contradiction"]


@pytest.mark.parametrize(
    "document",
    [
        {"instances": [{"instance_id": "a", "resolved": "yes"}]},
        {"instances": [{"resolved": True}]},
        {"instances": [7]},
        {"a": {"resolved": 1}},
        {"total": 4, "passed": 5},
        {"total": 4, "passed": -1},
        b'{"resolved_ids": ["a"',
        b'{"a":' * 100_000,
        gzip.compress(b'{"resolved_ids": ["a"]}', mtime=0)[:-4],
    ],
)
def test_what_cannot_be_read_is_an_error_or_listed(tmp_path: Path, document: Any) -> None:
    with pytest.raises(MalformedTraceError, match=r"0\.json"):
        read(tmp_path, document)
    verdicts, rejects = read(tmp_path, document, on_error="skip")
    assert verdicts.by_task == {}
    assert [kind for *_, kind in rejects] == ["malformed"]


@pytest.mark.parametrize(
    "document",
    [{"resolved_ids": "a"}, {"resolved_ids": [1, None]}, {"instances": {}}, {"a": 1}, {"a": {"resolved": None}}],
)
def test_what_says_nothing_gives_no_verdict(tmp_path: Path, document: Any) -> None:
    assert read(tmp_path, document) == (Verdicts({}, None, None), [])


def test_only_objects_with_verdicts_and_lists_of_exit_statuses_are_score_files() -> None:
    assert is_score_file(Peek(b"instances_by_exit_status:\n  Submitted:\n", b""))
    assert not is_score_file(Peek(b'["resolved_ids"]', b""))
    assert not is_score_file(Peek(b'{"a": 1}', b""))
    assert not is_score_file(Peek(b"", b""))


def test_records_line_by_line_are_no_score_file_and_stop_nothing(tmp_path: Path) -> None:
    lines = b'{"instance_id": "a", "resolved": true}\n{"instance_id": "b", "resolved": false}\n'
    verdicts, rejects = read(tmp_path, lines, {"resolved_ids": ["a"]})
    assert verdicts.by_task == {"a": True}
    assert rejects == [("0.json", "", "unrecognised")]
