"""Lines of a file as bytes, numbered: a damaged file gives what stands before the damage, a long line its start."""

import gzip
import mmap
import os
import zlib
from collections.abc import Iterator
from typing import IO, Final

import zstandard

from traces.errors import TraceError
from traces.files import MAP_FROM_BYTES, drop_pages, is_plain, open_stream
from traces.registry import SourceFile
from traces.rejects import RejectLog

_BOM: Final = b"\xef\xbb\xbf"
_MOST_BYTES: Final = 1024 * 1024
WHOLE: Final = -1
"""No line is too long."""


def byte_lines(file: SourceFile, log: RejectLog, most_bytes: int = _MOST_BYTES) -> Iterator[tuple[int, bytes]]:
    """Give the lines of a file with their numbers from 1, a byte order mark left out.

    Args:
        file: File, perhaps compressed.
        log: Where a file that cannot be opened, or read to its end, is reported.
        most_bytes: Longest line given; of a longer one the rest is not read into memory (``WHOLE``: any).

    Raises:
        MalformedTraceError: where the file is damaged, if the log stops on errors.
    """
    number = 0
    try:
        with open_stream(file.path) as stream:
            for number, line in enumerate(_cut_lines(stream, most_bytes), start=1):
                yield number, line.removeprefix(_BOM) if number == 1 else line
    except TraceError as error:
        log.malformed(file.name, "", error.problem.removeprefix(f"{file.path}: "))
    except (gzip.BadGzipFile, EOFError, zlib.error, zstandard.ZstdError, OSError) as error:
        log.malformed(file.name, f"after line {number}", f"damaged: {error}")


def _cut_lines(stream: IO[bytes], most_bytes: int) -> Iterator[bytes]:
    if most_bytes == WHOLE and is_plain(stream) and os.fstat(stream.fileno()).st_size >= MAP_FROM_BYTES:
        yield from _mapped_lines(stream)
        return
    while line := stream.readline(most_bytes):
        yield line
        while len(line) == most_bytes and not line.endswith(b"\n"):
            line = stream.readline(most_bytes)


def _mapped_lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Lines of a mapped file, a third faster than of a buffered one; the pages read are handed back on the way."""
    with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as text:
        dropped = 0
        while line := text.readline():
            yield line
            dropped = drop_pages(text, dropped, text.tell())
