"""Text files as blocks of whole records, decompressed, so that memory does not grow with the file."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import IO, Final

import zstandard

from traces.errors import TraceError
from traces.files import open_stream
from traces.registry import SourceFile
from traces.rejects import RejectLog

BOM: Final = b"\xef\xbb\xbf"
DAMAGE: Final = (OSError, EOFError, zlib.error, zstandard.ZstdError)
"""What reading a damaged compressed file raises."""
_HEAD_BYTES: Final = 64 * 1024
_BLOCK_BYTES: Final = 16 * 1024 * 1024


@contextmanager
def opened(file: SourceFile) -> Iterator[IO[bytes]]:
    """Open a file for reading, decompressed."""
    stream = open_stream(file.path)
    under: IO[bytes] | None = getattr(stream, "fileobj", None)  # closing a GzipFile leaves the file under it open
    with stream, under or nullcontext():
        yield stream


def head(file: SourceFile) -> bytes:
    """Read the first 64 KiB, decompressed, without a byte order mark.

    Raises:
        TraceError: if the file is compressed and damaged there.
    """
    with opened(file) as stream:
        try:
            return stream.read(_HEAD_BYTES).removeprefix(BOM)
        except DAMAGE as error:
            raise TraceError(f"{file.name}: the compressed file is damaged ({error})", "fetch it again") from error


def blocks(file: SourceFile, log: RejectLog, end_of: Callable[[bytes], int]) -> Iterator[tuple[int, bytes]]:
    """Blocks of whole records, each with the number of its first line."""
    line, rest = 1, b""
    with opened(file) as stream:
        while chunk := _next_chunk(stream, file, line, log):
            buffer = rest + (chunk.removeprefix(BOM) if line == 1 and not rest else chunk)
            cut = end_of(buffer)
            if cut:
                yield line, buffer[:cut]
            line += buffer.count(b"\n", 0, cut)
            rest = buffer[cut:]
    if rest:
        yield line, rest


def _next_chunk(stream: IO[bytes], file: SourceFile, line: int, log: RejectLog) -> bytes:
    try:
        return stream.read(_BLOCK_BYTES)
    except DAMAGE as error:
        log.malformed(file.name, f"after line {line}", f"the compressed file is damaged ({error})")
        return b""


def end_of_quoted(buffer: bytes) -> int:
    """End of the last line that does not end inside quotes; 0 if there is none."""
    cut = buffer.rfind(b"\n") + 1
    n_quotes = buffer.count(b'"', 0, cut)
    while cut and n_quotes % 2:
        earlier = buffer.rfind(b"\n", 0, buffer.rfind(b'"', 0, cut)) + 1
        n_quotes -= buffer.count(b'"', earlier, cut)
        cut = earlier
    return cut
