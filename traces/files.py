"""Reading files as they lie: transparent .gz and .zst (by content, not by name), mapped where large."""

import gzip
import io
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import xxhash
import zstandard

from traces.errors import TraceError
from traces.registry import Peek

_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_HEAD_BYTES = 64 * 1024
_TAIL_BYTES = 4 * 1024
_MAP_FROM_BYTES = 1024 * 1024
_PEEK_WHOLE_BYTES = 4 * 1024 * 1024


def open_stream(path: Path) -> IO[bytes]:
    """Open a file for reading bytes, decompressed.

    Raises:
        TraceError: if it cannot be opened.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise TraceError(f"{path}: {error.strerror or error}", "check that the file exists and may be read") from error
    magic = file.read(4)
    file.seek(0)
    if magic.startswith(_GZIP_MAGIC):
        return gzip.GzipFile(fileobj=file)  # type: ignore[return-value]
    if magic == _ZSTD_MAGIC:
        return io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True))
    return file


@contextmanager
def content(path: Path) -> Iterator[bytes | mmap.mmap]:
    """Whole decompressed content of a file: mapped if large and plain (pages the system may drop), else read.

    Raises:
        TraceError: if it cannot be read, or is damaged where it is compressed.
    """
    with open_stream(path) as stream:
        if isinstance(stream, io.BufferedReader) and _is_plain(stream) and path.stat().st_size >= _MAP_FROM_BYTES:
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                yield mapped
        else:
            yield _read(path, stream)


def peek(path: Path) -> Peek:
    """Return the start and the end of a file's decompressed content.

    Raises:
        TraceError: if it cannot be read.
    """
    with open_stream(path) as stream:
        start = _read(path, stream, _HEAD_BYTES)
        if len(start) < _HEAD_BYTES:
            return Peek(start, start[-_TAIL_BYTES:])
        if isinstance(stream, io.BufferedReader) and _is_plain(stream):
            stream.seek(-_TAIL_BYTES, io.SEEK_END)
            return Peek(start, stream.read())
        rest = _read(path, stream, _PEEK_WHOLE_BYTES)
        return Peek(start, (start + rest)[-_TAIL_BYTES:] if len(rest) < _PEEK_WHOLE_BYTES else b"")


def fast_hash(path: Path) -> str:
    """128-bit XXH3 of the raw bytes: tells a changed file from an unchanged one, not a forged one.

    Raises:
        TraceError: if it cannot be read.
    """
    digest = xxhash.xxh3_128()
    try:
        with path.open("rb", buffering=0) as file:
            while block := file.read(_MAP_FROM_BYTES):
                digest.update(block)
    except OSError as error:
        raise TraceError(f"{path}: {error.strerror or error}", "check that the file may be read") from error
    return digest.hexdigest()


def _is_plain(stream: io.BufferedReader) -> bool:
    return isinstance(stream.raw, io.FileIO)


def _read(path: Path, stream: IO[bytes], size: int = -1) -> bytes:
    try:
        return stream.read(size)
    except (OSError, EOFError, zstandard.ZstdError) as error:
        raise TraceError(f"{path}: damaged compressed file ({error})", "fetch it again") from error


def content_hash(path: Path) -> str:
    """128-bit XXH3 of the decompressed content: the same for a file and its compressed copy.

    Raises:
        TraceError: if it cannot be read.
    """
    with content(path) as raw:
        return xxhash.xxh3_128_hexdigest(raw)
