"""The reject log: an error at once or a row each, in a fixed order, without private text."""

import pytest

from traces.errors import MalformedTraceError
from traces.rejects import RejectLog, rejects_frame, without_text
from traces.schema import REJECTS
from traces.table import violations


def test_a_malformed_record_stops_the_reading_or_is_listed() -> None:
    with pytest.raises(MalformedTraceError) as raised:
        RejectLog("test").malformed("a.json", "line 2", "no id")
    assert (
        str(raised.value) == "a.json: line 2: no id\nhint: mend the file, or pass --on-error=skip to list it in rejects"
    )
    log = RejectLog("test", "skip")
    log.malformed("a.json", "line 2", "no id", raw='{"x": 1}')
    assert log.frame().row(0) == ("a.json", "line 2", "malformed", "no id", "test", '{"x": 1}', None)


def test_copies_contradictions_and_strange_files_never_stop_the_reading() -> None:
    log = RejectLog(None, "stop")
    log.duplicate("a", "", "run-1")
    log.contradiction("a", "task", "two verdicts")
    log.unrecognised("b", "empty file")
    assert sorted(log.frame()["kind"]) == ["contradiction", "duplicate", "unrecognised"]
    assert log.n_malformed == 0


def test_rejects_are_sorted_and_keep_the_rules_of_their_table() -> None:
    log = RejectLog("test", "skip")
    for name in ("b", "a", "a"):
        log.malformed(name, "", "bad")
    assert log.frame()["source_path"].to_list() == ["a", "a", "b"]
    assert violations(REJECTS, log.frame()) == []
    assert rejects_frame([]).equals(REJECTS.empty())
    assert log.n_malformed == 3


def test_an_excerpt_holds_no_message_text() -> None:
    raw = '{"id": "x1", "content": "my private \\" question to the model", "cut": "and one that is cut off here'
    assert without_text(raw) == '{"id": "x1", "content": "…", "cut": "…"'
    assert len(without_text("7" * 10_000)) == 120


def test_half_a_character_in_a_reason_can_be_written() -> None:
    log = RejectLog("demo", "skip")
    log.malformed("file", "place \ud83d", "no such name: \ud83d")
    assert log.frame()["reason"].to_list() == ["no such name: \\ud83d"]
