"""Reading files as they lie: transparent .gz and .zst (by content, not by name), mapped where large."""

import gzip
import io
import mmap
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final

import xxhash
import zstandard

from traces.errors import UnreadableError
from traces.registry import Peek

_GZIP_MAGIC: Final = b"\x1f\x8b"
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_PACKED: Final = (_GZIP_MAGIC, _ZSTD_MAGIC)
_PARQUET_MAGIC: Final = b"PAR1"
_PARQUET_END_BYTES: Final = 8
_HEAD_BYTES: Final = 64 * 1024
_TAIL_BYTES: Final = 4 * 1024
_BLOCK_BYTES: Final = 256 * 1024
MAP_FROM_BYTES: Final = 1024 * 1024
"""Size from which mapping a file is worth it."""
_PEEK_WHOLE_BYTES: Final = 4 * 1024 * 1024
_DROP_BYTES: Final = 16 * 1024 * 1024


def open_stream(path: Path) -> IO[bytes]:
    """Open a file for reading bytes, decompressed.

    Raises:
        UnreadableError: if it cannot be opened.
    """
    try:
        file = io.BufferedReader(io.FileIO(path), _HEAD_BYTES)
        magic = file.peek(4)
    except OSError as error:
        raise _unreadable(path, error) from error
    if magic.startswith(_GZIP_MAGIC):
        file.close()
        return gzip.GzipFile(path)  # type: ignore[return-value]
    if magic.startswith(_ZSTD_MAGIC):
        return io.BufferedReader(_Zstd(file), _HEAD_BYTES)
    return file


def is_plain(stream: IO[bytes]) -> bool:
    """Whether a stream gives a file as it lies, not unpacked."""
    return isinstance(stream, io.BufferedReader) and isinstance(stream.raw, io.FileIO)


def drop_pages(text: bytes | bytearray | mmap.mmap, start: int, end: int) -> int:
    """Hand pages of a mapped file that are read back to the system, many at a time; give where the next ones begin."""
    until = end // mmap.PAGESIZE * mmap.PAGESIZE
    if until - start < _DROP_BYTES or not isinstance(text, mmap.mmap) or not hasattr(mmap, "MADV_DONTNEED"):
        return start
    text.madvise(mmap.MADV_DONTNEED, start, until - start)
    return until


@contextmanager
def content(path: Path) -> Iterator[bytes | mmap.mmap]:
    """Whole decompressed content of a file: mapped if large and plain (pages the system may drop), else read.

    Raises:
        UnreadableError: if it cannot be read, or is damaged where it is compressed.
    """
    if (whole := _small(path)) is not None:
        yield whole
        return
    with open_stream(path) as stream:
        if is_plain(stream) and os.fstat(stream.fileno()).st_size >= MAP_FROM_BYTES:
            mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
            try:
                yield mapped
            finally:
                with suppress(BufferError):  # an error on its way up may still look at a part: it goes with that
                    mapped.close()
        else:
            yield _read(path, stream)


def _small(path: Path) -> bytes | None:
    """Content of a small file that is not packed, as most are, by the shortest way; null: it is not such a file."""
    with _refusing_damage(path), io.FileIO(path) as raw:
        if os.fstat(raw.fileno()).st_size >= MAP_FROM_BYTES:
            return None
        whole = raw.read()
    return None if whole.startswith(_PACKED) else whole


def peek(path: Path) -> Peek:
    """Return the start and the end of a file's decompressed content.

    Raises:
        UnreadableError: if it cannot be read.
    """
    with _refusing_damage(path), io.FileIO(path) as raw:
        start = raw.read(_HEAD_BYTES) or b""
    if len(start) < _HEAD_BYTES and not start.startswith(_PACKED):
        return Peek(start, start[-_TAIL_BYTES:])
    return _peek(path)


def _peek(path: Path) -> Peek:
    with open_stream(path) as stream:
        start = _read(path, stream, _HEAD_BYTES)
        if len(start) < _HEAD_BYTES:
            return Peek(start, start[-_TAIL_BYTES:])
        if is_plain(stream):
            size, tail = os.fstat(stream.fileno()).st_size, _tail_bytes(stream)
            return Peek(start, os.pread(stream.fileno(), tail, max(size - tail, 0)))
        rest = _read(path, stream, _PEEK_WHOLE_BYTES)
        return Peek(start, (start + rest)[-_TAIL_BYTES:] if len(rest) < _PEEK_WHOLE_BYTES else b"")


def _tail_bytes(stream: IO[bytes]) -> int:
    """How much of the end to show: of a Parquet file its whole footer, which names the columns."""
    size = os.fstat(stream.fileno()).st_size
    end = os.pread(stream.fileno(), _PARQUET_END_BYTES, size - _PARQUET_END_BYTES)
    if not end.endswith(_PARQUET_MAGIC):
        return _TAIL_BYTES
    footer = int.from_bytes(end[:4], "little") + _PARQUET_END_BYTES
    return min(max(footer, _TAIL_BYTES), _PEEK_WHOLE_BYTES)


def fast_hash(path: Path) -> str:
    """128-bit XXH3 of the raw bytes: tells a changed file from an unchanged one, not a forged one.

    Raises:
        UnreadableError: if it cannot be read.
    """
    with _refusing_damage(path), path.open("rb", buffering=0) as file:
        return _hash(path, file)


def content_hash(path: Path) -> str:
    """128-bit XXH3 of the decompressed content: the same for a file and its compressed copy.

    Raises:
        UnreadableError: if it cannot be read.
    """
    with open_stream(path) as stream:
        return _hash(path, stream)


def printable(name: str) -> str:
    """Give a text that can be written as UTF-8: neither file names nor JSON escapes need to be that."""
    return name.encode("utf-8", "backslashreplace").decode()


class _Zstd(io.RawIOBase):
    """Decompressed content of a .zst file, frame after frame; the library's own reader takes a cut one for whole."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready and (packed := self._frame.unused_data or self._packed.read(_HEAD_BYTES)):
            if self._frame.eof:
                self._frame = zstandard.ZstdDecompressor().decompressobj()
            self._ready = memoryview(self._frame.decompress(packed))
        if not self._ready and not self._frame.eof:
            raise EOFError("cut off before the end of the compressed data")
        size = min(len(buffer), len(self._ready))
        buffer[:size], self._ready = self._ready[:size], self._ready[size:]
        return size

    def close(self) -> None:
        self._packed.close()
        super().close()


def _hash(path: Path, stream: IO[bytes]) -> str:
    digest, block = xxhash.xxh3_128(), memoryview(bytearray(_BLOCK_BYTES))
    with _refusing_damage(path):
        while size := stream.readinto(block):  # type: ignore[attr-defined]
            digest.update(block[:size])
    return digest.hexdigest()


def _read(path: Path, stream: IO[bytes], size: int = -1) -> bytes:
    with _refusing_damage(path):
        return stream.read(size)


@contextmanager
def _refusing_damage(path: Path) -> Iterator[None]:
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error, zstandard.ZstdError) as error:
        raise UnreadableError(f"{path}: damaged compressed file ({error})", "fetch it again") from error
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> UnreadableError:
    return UnreadableError(f"{path}: {error.strerror or error}", "check that the file exists and may be read")
