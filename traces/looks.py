"""What a first look at each file tells: which reader reads it, or beside whose traces it belongs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from traces.errors import TraceError
from traces.files import peek
from traces.registry import Peek, Reader, SourceFile, discover
from traces.workers import FILE_BYTES, Workers, in_parts

_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Look:
    """What is kept of a look at a file; its content is not.

    Args:
        reader: Reader that reads it; null: none.
        goes_with: Readers beside whose traces it belongs, if none reads it.
        is_empty: Whether there is nothing in it.
        is_utf16: Whether it is text of two bytes a character, which no reader reads.
        cut: What kind of file it is, if it is cut off before the end that says what is in it; null: it is not.
        problem: Why it could not be looked at; null: it could.
    """

    reader: str | None = None
    goes_with: tuple[str, ...] = ()
    is_empty: bool = False
    is_utf16: bool = False
    cut: str | None = None
    problem: str | None = None


def looks(files: Sequence[SourceFile], readers: Mapping[str, Reader], workers: Workers) -> Iterator[Look]:
    """Look at every file, in their order; the first of the readers that recognises it reads it."""
    parts = [files[part] for part in in_parts([FILE_BYTES] * len(files))]
    sizes = [len(part) * FILE_BYTES for part in parts]
    if workers.are_worth(sizes):
        for found in workers.map(partial(_looks_apart, tuple(readers)), parts, sizes):
            yield from found
    else:
        yield from (look(file, readers) for file in files)


def look(file: SourceFile, readers: Mapping[str, Reader]) -> Look:
    """Look at a file."""
    try:
        seen = peek(file.path)
    except TraceError as error:
        return Look(problem=error.problem.removeprefix(f"{file.path}: "))
    reader = next((name for name, reader in readers.items() if reader.recognises(seen)), None)
    if reader is not None:
        return Look(reader)
    goes_with = tuple(name for name, reader in readers.items() if reader.goes_with(seen))
    is_utf16 = seen.start.startswith(_UTF16)
    return Look(goes_with=goes_with, is_empty=not seen.start.strip(), is_utf16=is_utf16, cut=_cut_kind(seen))


def _cut_kind(seen: Peek) -> str | None:
    """Name the kind of a file that lists at its end what it holds, where that is missing; null: of no such file."""
    start, end = seen.start, seen.end
    if start.startswith(b"PAR1") and end and (not end.endswith(b"PAR1") or len(start) <= len(b"PAR1")):
        return "Parquet file"
    is_zip = start.startswith(b"PK\x03\x04")
    return "zip archive" if is_zip and end and b"PK\x05\x06" not in end else None


def _looks_apart(names: Sequence[str], files: Sequence[SourceFile]) -> list[Look]:
    """Find the readers again, as functions do not travel between processes."""
    readers = {name: discover()[name] for name in names}
    return [look(file, readers) for file in files]
