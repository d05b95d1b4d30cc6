"""Plain tables become text frames; a bad record costs itself alone and is listed."""

import gzip
import io
import sys
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import polars as pl
import pytest
import zstandard

from traces.errors import MalformedTraceError, TraceError
from traces.plain import blocks
from traces.plain.load import column_names, load
from traces.plain.text import Layout
from traces.registry import SourceFile
from traces.rejects import RejectLog

Rows = list[tuple[str | None, ...]]


def read(folder: Path, raw: bytes, *wanted: str, layout: Layout | None = None) -> tuple[Rows, list[tuple[str, str]]]:
    path, log = folder / "table", RejectLog("table", "skip")
    path.write_bytes(raw)
    rows = load(SourceFile(path, "table"), wanted, layout or Layout(), log).drop("_path").rows()
    return rows, [(str(row["place"]), str(row["reason"])) for row in log.rows]


def names(folder: Path, raw: bytes) -> list[str]:
    (folder / "table").write_bytes(raw)
    return column_names(SourceFile(folder / "table", "table"), Layout())


@pytest.mark.parametrize(
    "raw",
    [
        b"a,b\n1,x\n2,y\n",
        b"\xef\xbb\xbfa,b\r\n1,x\r\n2,y",
        b"a\tb\n1\tx\n2\ty\n",
        b'a;"b"\n1;"x"\n2;"y"\n',
        gzip.compress(b"a,b\n1,x\n2,y\n", mtime=0),
        zstandard.compress(b"a,b\n1,x\n2,y\n"),
    ],
)
def test_separated_text_is_read_whatever_its_separator_ending_or_compression(tmp_path: Path, raw: bytes) -> None:
    assert read(tmp_path, raw, "b", "a") == ([("x", "1", "line 2"), ("y", "2", "line 3")], [])


def test_a_bad_csv_row_costs_itself_alone(tmp_path: Path) -> None:
    raw = b'a,b,c\n1,2,3\n4,5\n6,7,8,9\n\n10,"x\ny",\n11,\xff,12\n13,"un,1\n14,15,16\n'
    rows, rejects = read(tmp_path, raw, "a", "c")
    assert rows == [("1", "3", "line 2"), ("10", None, "line 6"), ("14", "16", "line 10")]
    assert [place for place, _ in rejects] == ["line 3", "line 4", "line 8", "line 9"]
    assert rejects[0][1] == "ragged row: 2 cells under 3 columns"
    assert "latin-1" in rejects[2][1]


def test_a_bad_jsonl_line_costs_itself_alone(tmp_path: Path) -> None:
    raw = b'{"a":1,"u":{"p":0.1}}\n\n{"a":2\n{"a":true,"u.p":7}\n[1]\n{"u":"x"}\n{"a":"\xff"}\n{"a":NaN}'
    rows, rejects = read(tmp_path, raw, "a", "u.p")
    assert rows == [("1", "0.1", "line 1"), ("true", "7", "line 4"), ("NaN", None, "line 8")]
    assert [place for place, _ in rejects] == ["line 3", "line 5", "line 6", "line 7"]


def test_reading_in_blocks_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    json_lines = b"".join(b'{"a":%d}\n' % number for number in range(100))
    quoted = b"a,b\n" + b"".join(b'%d,"x\n""y"\n' % number for number in range(100))
    whole = read(tmp_path, json_lines, "a"), read(tmp_path, quoted, "a", "b")
    monkeypatch.setattr(blocks, "_BLOCK_BYTES", 64)
    assert (read(tmp_path, json_lines, "a"), read(tmp_path, quoted, "a", "b")) == whole
    assert whole[0][0][-1] == ("99", "line 100")
    assert whole[1][0][-1] == ("99", 'x\n"y', "line 200")


def test_the_place_is_right_below_blank_lines(tmp_path: Path) -> None:
    assert read(tmp_path, b'\n{"a":1}\n\n{"a":2}\n', "a")[0] == [("1", "line 2"), ("2", "line 4")]


def test_latin_1_is_read_where_the_mapping_says_so(tmp_path: Path) -> None:
    assert read(tmp_path, "a\né\n".encode("latin-1"), "a", layout=Layout("latin-1"))[0] == [("é", "line 2")]


def test_parquet_values_become_text_with_moments_in_utc(tmp_path: Path) -> None:
    noon, nested = datetime(2026, 1, 1, 12, tzinfo=UTC), [{"p": 1.5}, None]
    frame = pl.DataFrame({"n": [1, None], "t": [noon, None], "u": nested, "l": [[1], None]})
    buffer = io.BytesIO()
    frame.with_columns(pl.col("t").dt.convert_time_zone("Europe/Paris")).write_parquet(buffer)
    for raw in (buffer.getvalue(), gzip.compress(buffer.getvalue())):
        rows, rejects = read(tmp_path, raw, "n", "t", "u.p", "l", "u.q")
        first = ("1", "2026-01-01T12:00:00.000000Z", "1.5", "(not one value)", None, "row 1")
        assert (rows, rejects) == ([first, (None, None, None, None, None, "row 2")], [])
    assert names(tmp_path, buffer.getvalue()) == ["n", "t", "u.p", "l"]


def _workbook() -> bytes:
    book, buffer = openpyxl.Workbook(), io.BytesIO()
    for row in (["a", "b"], [1, "x"], [None, None], [2, 5]):
        book.create_sheet("calls") if "calls" not in book.sheetnames else None
        book["calls"].append(row)
    book.save(buffer)
    return buffer.getvalue()


def test_a_sheet_is_read_with_its_row_numbers(tmp_path: Path) -> None:
    rows, _ = read(tmp_path, _workbook(), "a", "b", layout=Layout(sheet="calls"))
    assert rows == [("1", "x", "row 2 of sheet calls"), ("2", "5", "row 4 of sheet calls")]


def test_an_unknown_sheet_and_a_missing_package_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TraceError, match="its sheets: Sheet, calls"):
        read(tmp_path, _workbook(), "a", layout=Layout(sheet="costs"))
    monkeypatch.setitem(sys.modules, "fastexcel", None)
    with pytest.raises(TraceError, match=r"pip install 'evalreplay\[excel\]'"):
        read(tmp_path, _workbook(), "a")


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"\x7fELF\0\0", "binary content"),
        (b'[{"a": 1}]', "one JSON array"),
        (b"PAR1broken", "damaged Parquet"),
        (b"PK\x03\x04broken", "damaged XLSX"),
    ],
)
def test_what_is_no_table_is_a_trace_error(tmp_path: Path, raw: bytes, problem: str) -> None:
    with pytest.raises(TraceError, match=problem):
        names(tmp_path, raw)


@pytest.mark.parametrize("raw", [b"", b"a,b\n", b"\n\n"])
def test_a_file_without_rows_is_reported(tmp_path: Path, raw: bytes) -> None:
    rows, rejects = read(tmp_path, raw, "a")
    assert (rows, len(rejects)) == ([], 1)


def test_in_stop_mode_the_first_bad_line_raises(tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(b'{"a":1}\n{"a":')
    with pytest.raises(MalformedTraceError, match="t: line 2: not valid JSON"):
        load(SourceFile(tmp_path / "t", "t"), ["a"], Layout(), RejectLog("table"))


def test_a_cut_off_compressed_file_keeps_what_was_read(tmp_path: Path) -> None:
    raw = gzip.compress(b"a\n" + b"".join(b"%d\n" % number for number in range(300_000)), 1)
    rows, rejects = read(tmp_path, raw[:-1000], "a")
    assert "damaged" in rejects[0][1]
    assert all(row[0] == str(number) for number, row in enumerate(rows))
