"""Lines of files as bytes: numbered, cut where too long, kept up to the damage."""

import gzip
from pathlib import Path

import pytest
import zstandard

from traces.byte_lines import byte_lines
from traces.errors import MalformedTraceError
from traces.registry import SourceFile
from traces.rejects import OnError, RejectLog


def read(path: Path, on_error: OnError = "skip", most_bytes: int = 100) -> tuple[list[tuple[int, bytes]], RejectLog]:
    log = RejectLog(None, on_error)
    return list(byte_lines(SourceFile(path, path.name), log, most_bytes)), log


def test_lines_are_numbered_without_the_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"\xef\xbb\xbfa\n\nb")
    assert read(path)[0] == [(1, b"a\n"), (2, b"\n"), (3, b"b")]


def test_of_a_long_line_the_start_is_given_and_the_next_keeps_its_number(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"a" * 1000 + b"\nb\n")
    assert read(path)[0] == [(1, b"a" * 100), (2, b"b\n")]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_a_file_cut_in_its_packing_gives_the_lines_before_it(tmp_path: Path, pack: object) -> None:
    path = tmp_path / "x"
    packed = pack(b"".join(b"%d\n" % number for number in range(10**5)))  # type: ignore[operator]
    path.write_bytes(packed[: len(packed) // 2])
    lines, log = read(path)
    assert all(line == b"%d\n" % (number - 1) for number, line in lines[:-1])
    assert [row["kind"] for row in log.rows] == ["malformed"]
    with pytest.raises(MalformedTraceError, match=r"damaged|cut"):
        read(path, "stop")


def test_a_file_that_is_not_there_is_reported(tmp_path: Path) -> None:
    lines, log = read(tmp_path / "nothing")
    assert (lines, [row["kind"] for row in log.rows]) == ([], ["malformed"])
