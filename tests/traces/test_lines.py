"""Files of several documents: one a line or written out over lines, and what is left of a damaged one."""

import gzip
from pathlib import Path

import msgspec
import pytest

from traces.errors import MalformedTraceError
from traces.lines import read_lines
from traces.registry import SourceFile
from traces.rejects import OnError, RejectLog


class Row(msgspec.Struct):
    number: int | None = None


def read(tmp_path: Path, content: bytes, on_error: OnError = "skip") -> tuple[list[tuple[str, Row]], list[str]]:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    log = RejectLog("rows", on_error)
    rows = list(read_lines(SourceFile(path, "rows.jsonl"), Row, log))
    return rows, [f"{row['place']}: {row['reason']}" for row in log.rows]


def test_each_line_is_a_document_and_blank_ones_are_none(tmp_path: Path) -> None:
    rows, rejects = read(tmp_path, b'\xef\xbb\xbf{"number": 1}\n\n{"number": 2, "text": "x"}')
    assert rows == [("line 1", Row(1)), ("line 3", Row(2))]
    assert rejects == []


def test_documents_written_over_several_lines_are_read_too(tmp_path: Path) -> None:
    rows, _ = read(tmp_path, b'{\n    "number": 1,\n    "more": {\n    }\n}\n{\n    "number": 2\n}\n')
    assert rows == [("line 1", Row(1)), ("line 6", Row(2))]


def test_a_broken_line_is_left_out_and_named_and_the_others_are_read(tmp_path: Path) -> None:
    rows, rejects = read(tmp_path, b'{"number": 1}\nnoise\n{"number": "x"}\n[]\n{"number": 4}\n{"number": 5, "te')
    assert [row.number for _, row in rows] == [1, None, 4]
    assert [reject.partition(":")[0] for reject in rejects] == ["line 2", "line 3", "line 4", "line 6"]


def test_a_broken_line_stops_the_reading_where_errors_stop_it(tmp_path: Path) -> None:
    with pytest.raises(MalformedTraceError, match=r"rows\.jsonl: line 2"):
        read(tmp_path, b'{"number": 1}\nnoise\n', "stop")


def test_a_compressed_file_cut_off_gives_what_stands_before_the_cut(tmp_path: Path) -> None:
    packed = gzip.compress(b'{"number": 1}\n' * 100_000)
    rows, rejects = read(tmp_path, packed[: len(packed) // 2])
    assert 0 < len(rows) < 100_000
    assert len(rejects) in {1, 2}
    assert "damaged" in rejects[-1] or "damaged" in rejects[0]


def test_a_file_that_is_mapped_gives_what_a_small_one_does(tmp_path: Path) -> None:
    long = b'{"number": 7, "text": "' + b"x" * 2_000_000 + b'"}'
    content = b'\xef\xbb\xbf{"number": 1}\n \n' + long + b"\n" + b" " * 5_000 + b'{\n    "number": 2\n}\nnoise\n' + long
    rows, rejects = read(tmp_path, content)
    assert rows == [("line 1", Row(1)), ("line 3", Row(7)), ("line 4", Row(2)), ("line 8", Row(7))]
    assert [reject.partition(":")[0] for reject in rejects] == ["line 7"]


def test_a_large_file_is_read_to_its_end_though_its_pages_are_handed_back(tmp_path: Path) -> None:
    line = b'{"number": 1, "text": "' + b"x" * 1_000_000 + b'"}\n'
    rows, rejects = read(tmp_path, line * 40)
    assert (len(rows), rejects) == (40, [])
