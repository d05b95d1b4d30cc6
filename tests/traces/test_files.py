"""Opening files: packed or not the content is the same, damage is said, large files are not read to be seen."""

import gzip
import tracemalloc
from pathlib import Path

import pytest
import zstandard

from traces.errors import TraceError
from traces.files import content, content_hash, fast_hash, open_stream, peek, printable

TEXT = b'{"a": 1}\n' * 60_000
PACKED = {"plain": TEXT, "gzip": gzip.compress(TEXT), "zstd": zstandard.compress(TEXT)}


@pytest.fixture(params=PACKED)
def packed(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "file"  # the name says nothing: content does
    path.write_bytes(PACKED[request.param])
    return path


def test_content_and_its_hash_are_the_same_however_it_is_packed(packed: Path, tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(TEXT)
    with content(packed) as raw:
        assert bytes(raw) == TEXT
    with open_stream(packed) as stream:
        assert sum(len(line) for line in stream) == len(TEXT)
    assert content_hash(packed) == fast_hash(tmp_path / "plain")


def test_both_ends_are_seen(packed: Path) -> None:
    assert (peek(packed).start, peek(packed).end) == (TEXT[: 64 * 1024], TEXT[-4 * 1024 :])


@pytest.mark.parametrize("raw", [b"", b"\xef\xbb\xbf{}", b"\x1f", b"x" * 100])
def test_a_small_file_is_seen_whole(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "file").write_bytes(raw)
    assert peek(tmp_path / "file").start == peek(tmp_path / "file").end == raw


def test_a_mapped_file_is_read_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(TEXT * 3)
    with content(tmp_path / "file") as raw:
        assert bytes(raw) == TEXT * 3


def test_packed_parts_one_after_the_other_are_one_content(tmp_path: Path) -> None:
    for pack in (gzip.compress, zstandard.compress):
        (tmp_path / "file").write_bytes(pack(TEXT) + pack(b"end"))
        with content(tmp_path / "file") as raw:
            assert bytes(raw) == TEXT + b"end"


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor(write_checksum=True).compress])
@pytest.mark.parametrize("damage", ["cut in half", "cut at its end", "cut at its start", "overwritten", "followed"])
def test_a_damaged_packed_file_is_never_taken_for_whole(tmp_path: Path, pack: object, damage: str) -> None:
    assert callable(pack)
    good = pack(bytes(range(256)) * 500)
    path = tmp_path / "file"
    path.write_bytes({
        "cut in half": good[: len(good) // 2], "cut at its end": good[:-5], "cut at its start": good[:6],
        "overwritten": good[:40] + b"\xff" * 40 + good[80:], "followed": good + b"garbage",
    }[damage])  # fmt: skip
    with pytest.raises(TraceError, match="damaged compressed file"), content(path):
        pass
    with pytest.raises(TraceError, match="damaged compressed file"):
        content_hash(path)


def test_a_file_that_is_not_there_or_a_folder_is_an_error(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        for read in (peek, fast_hash, content_hash):
            with pytest.raises(TraceError, match=path.name):
                read(path)


def test_a_large_file_of_something_else_is_seen_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "disk.img"
    with path.open("wb") as file:
        file.truncate(2 * 1024**3)
    tracemalloc.start()
    assert len(peek(path).start) == 64 * 1024
    with content(path) as raw:
        assert len(raw) == 2 * 1024**3
    assert tracemalloc.get_traced_memory()[1] < 1024**2
    tracemalloc.stop()


def test_a_large_packed_file_is_not_unpacked_to_its_end_to_be_seen(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(zstandard.compress(bytes(8 * 1024**2)))
    assert peek(tmp_path / "file").end == b""


def test_halves_of_characters_become_escapes() -> None:
    assert printable("a\ud800é") == "a\\ud800é"
