"""Files of JSON documents one after the other, decoded one at a time: one a line, or written over several lines."""

from collections.abc import Iterator
from typing import Final, TypeVar

from traces.byte_lines import WHOLE, byte_lines
from traces.decode import UndecodableError, decode, is_cut
from traces.registry import SourceFile
from traces.rejects import RejectLog

T = TypeVar("T")
_SIGNS: Final = 2
"""With so many signs at its start a line is neither blank nor a brace that stands alone: it need not be copied."""


def read_lines(file: SourceFile, kind: type[T], log: RejectLog) -> Iterator[tuple[str, T]]:
    """Give the documents of a file, each with its place ("line 3"); one that is broken or cut off is left out.

    Raises:
        MalformedTraceError: at the first document, or field of one, that cannot be read, if the log stops on errors.
    """
    for number, raw in _documents(file, log):
        place = f"line {number}"
        try:
            record, problems = decode(raw, kind)
        except UndecodableError as error:
            log.malformed(file.name, place, str(error))
            continue
        for problem in problems:
            log.malformed(file.name, place, problem)
        if not is_cut(problems):
            yield place, record


def _documents(file: SourceFile, log: RejectLog) -> Iterator[tuple[int, bytes]]:
    """Number each document by its first line; a line that is only a brace begins one that ends at its like."""
    begun: list[bytes] = []
    first = 0
    for number, line in byte_lines(file, log, most_bytes=WHOLE):
        if begun:
            begun.append(line)
            if line.startswith(b"}") and line.rstrip() == b"}":
                yield first, b"".join(begun)
                begun = []
        elif len(line[:_SIGNS].strip()) == _SIGNS:
            yield number, line
        elif (bare := line.strip()) == b"{":
            begun, first = [line], number
        elif bare:
            yield number, line
    if begun:
        yield first, b"".join(begun)
