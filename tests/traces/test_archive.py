"""Zip archives: every method gives the same bytes, and what is dangerous or damaged is refused by name."""

import gzip
import zlib
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from zips import DEFLATED, STORED, ZSTD, write_zip

from traces.archive import MemberError, open_archive
from traces.errors import UnreadableError

METHODS = {"stored": STORED, "deflated": DEFLATED, "zstd": ZSTD}


def read(path: Path, name: str) -> bytes:
    with open_archive(path) as archive:
        return bytes(archive.read(name))


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@pytest.mark.parametrize("content", [b"", b"{}", b"x" * 3_000_000])
def test_a_member_unpacks_to_what_was_packed(tmp_path: Path, method: int, content: bytes) -> None:
    path = tmp_path / "a.zip"
    write_zip(path, [("a.json", content)], method)
    assert read(path, "a.json") == content


def test_a_member_of_several_zstd_frames_is_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compress = zstandard.ZstdCompressor().compress
    monkeypatch.setattr("zips.packed", lambda content, _method: compress(content[:7]) + compress(content[7:]))
    write_zip(tmp_path / "a.zip", [("a.json", b"0123456789")], ZSTD)
    assert read(tmp_path / "a.zip", "a.json") == b"0123456789"


def test_of_two_members_of_one_name_the_last_counts(tmp_path: Path) -> None:
    write_zip(tmp_path / "a.zip", [("a", b"old"), ("b", b"b"), ("a", b"new")])
    assert read(tmp_path / "a.zip", "a") == b"new"


def test_an_archive_may_itself_be_compressed(tmp_path: Path) -> None:
    write_zip(tmp_path / "a.zip", [("a", b"inside")])
    (tmp_path / "a.zip.gz").write_bytes(gzip.compress((tmp_path / "a.zip").read_bytes()))
    assert read(tmp_path / "a.zip.gz", "a") == b"inside"


@pytest.mark.parametrize("name", ["../a.json", "/etc/a.json", "samples/../../a.json", "C:/a.json", "..\\a.json"])
def test_a_name_that_leads_out_of_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    write_zip(tmp_path / "a.zip", [(name, b"{}")])
    with pytest.raises(MemberError, match="leads out"):
        read(tmp_path / "a.zip", name)


@pytest.mark.parametrize("method", [DEFLATED, ZSTD])
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, method: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traces.archive._BOMB_FROM_BYTES", 1_000_000)
    write_zip(tmp_path / "a.zip", [("a", bytes(20_000_000))], method)
    with pytest.raises(MemberError, match=r"bomb: .* that unpack to 20,000,000, more than 1,000 to 1") as caught:
        read(tmp_path / "a.zip", "a")
    assert "unpack it yourself" in str(caught.value.remedy)


@pytest.mark.parametrize("method", [DEFLATED, ZSTD])
def test_a_member_that_unpacks_to_more_than_it_declares_is_refused(
    tmp_path: Path, method: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zips import packed

    monkeypatch.setattr("zips.packed", lambda _content, method: packed(bytes(10_000_000), method))
    write_zip(tmp_path / "a.zip", [("a", b"small")], method)
    with pytest.raises(MemberError, match="does not unpack to the 5 bytes"):
        read(tmp_path / "a.zip", "a")


def test_members_that_overlap_are_a_bomb(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    write_zip(path, [(f"member-{number}", bytes(range(256)) * 40) for number in range(8)], STORED)
    raw = path.read_bytes()
    directory = raw[raw.index(b"PK\x01\x02") :]
    first = raw[: raw.index(b"PK\x03\x04", 4)]
    end = bytearray(directory[-22:])
    end[16:20] = len(first).to_bytes(4, "little")
    entries = directory[:-22].split(b"PK\x01\x02")[1:]
    shared = b"".join(b"PK\x01\x02" + entry[:38] + bytes(4) + entry[42:] for entry in entries)
    path.write_bytes(first + shared + end)
    with pytest.raises(UnreadableError, match="overlap"), open_archive(path):
        pass


def test_an_encrypted_member_and_an_unknown_method_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    write_zip(path, [("a", b"{}")], STORED)
    raw = path.read_bytes()
    at = raw.index(b"PK\x01\x02")
    for offset, value, problem in ((8, 1, "encrypted"), (10, 14, "method 14")):
        changed = bytearray(raw)
        changed[at + offset] |= value
        path.write_bytes(changed)
        with pytest.raises(MemberError, match=problem):
            read(path, "a")


def test_an_archive_without_its_directory_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    write_zip(path, [("a", b"x" * 1_000)])
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(UnreadableError, match="cut-off archive"), open_archive(path):
        pass


@given(place=st.integers(30, 700), value=st.integers(0, 255), method=st.sampled_from([STORED, DEFLATED, ZSTD]))
def test_a_changed_byte_never_gives_other_content(
    place: int, value: int, method: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("changed") / "a.zip"
    content = zlib.compress(bytes(range(256))) * 2
    write_zip(path, [("a", content), ("b", content)], method)
    raw = bytearray(path.read_bytes())
    raw[place % len(raw)] = value
    path.write_bytes(raw)
    try:
        with open_archive(path) as archive:
            for name in ("a", "b"):
                if name in archive.members:
                    assert archive.read(name) == content
    except (MemberError, UnreadableError) as error:
        assert str(error)  # noqa: PT017 - either the content or a clear error
