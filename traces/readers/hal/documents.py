"""The uploads in a file: the file itself, encrypted or not, or the members of a zip archive."""

import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from traces.archive import IS_ENCRYPTED, LEADS_OUT, leads_out
from traces.elements import Text
from traces.errors import UnreadableError
from traces.files import content, open_stream, printable
from traces.readers.hal.sealed import PUBLIC_PASSWORD, SealedError, WrongPasswordError, is_sealed, opened
from traces.registry import SourceFile
from traces.rejects import RejectLog

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

_ZIP_MAGIC: Final = b"PK\x03\x04"
_HEADER_BYTES: Final = 30
_DEFLATED: Final = 8
_PIECE_BYTES: Final = 1024 * 1024
_START_BYTES: Final = 4096
_MOST_RATIO: Final = 100
_BOMB_FROM_BYTES: Final = 64 * 1024 * 1024
_DAMAGED: Final = (zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError)


def first_member(start: bytes) -> bytes | None:
    """Unpack the start of a zip archive's first member from the archive's; null: no archive, or packed otherwise."""
    if not start.startswith(_ZIP_MAGIC) or len(start) < _HEADER_BYTES:
        return None
    method = int.from_bytes(start[8:10], "little")
    begin = _HEADER_BYTES + int.from_bytes(start[26:28], "little") + int.from_bytes(start[28:30], "little")
    if method != _DEFLATED:
        return start[begin : begin + _START_BYTES] if method == 0 else None
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(start[begin:], _START_BYTES)
    except zlib.error:
        return None


def documents(file: SourceFile, password: str | None, log: RejectLog) -> Iterator[tuple[str, Text]]:
    """Give the text of each upload in a file with the name it goes by in rejects; the text is lost with the next.

    Raises:
        MalformedTraceError: at the first member that cannot be opened, if the log stops on errors.
        UnreadableError: if the file itself cannot be read.
    """
    with open_stream(file.path) as stream:
        start = stream.read(_START_BYTES)
    if start.startswith(_ZIP_MAGIC):
        yield from _members(file, password, log)
    elif is_sealed(start):
        with open_stream(file.path) as stream:
            yield from _unsealed(file.name, stream, password, log)
    else:
        with content(file.path) as text:
            yield file.name, text


def _members(file: SourceFile, password: str | None, log: RejectLog) -> Iterator[tuple[str, Text]]:
    with _archive(file) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                yield from _member(archive, member, f"{file.name}/{printable(member.filename)}", password, log)


@contextmanager
def _archive(file: SourceFile) -> Iterator["ZipFile"]:
    from zipfile import BadZipFile, ZipFile

    try:
        archive = ZipFile(_packed(file))
    except (BadZipFile, *_DAMAGED) as error:
        raise UnreadableError(f"{file.path}: damaged or cut-off archive ({error})", "fetch it again") from error
    with archive:
        yield archive


def _packed(file: SourceFile) -> Path | IO[bytes]:
    """Give the path of an archive, to be read where it lies, or the content of one that is itself compressed."""
    with file.path.open("rb") as raw:
        if raw.read(len(_ZIP_MAGIC)) == _ZIP_MAGIC:
            return file.path
    with content(file.path) as whole:
        return BytesIO(whole)


def _member(
    archive: "ZipFile", member: "ZipInfo", name: str, password: str | None, log: RejectLog
) -> Iterator[tuple[str, Text]]:
    from zipfile import BadZipFile

    if leads_out(member):
        log.malformed(name, "", LEADS_OUT)
        return
    if member.flag_bits & IS_ENCRYPTED:
        log.malformed(name, "", "it is encrypted by the archive itself, which HAL does not do")
        return
    if member.file_size > max(_BOMB_FROM_BYTES, _MOST_RATIO * member.compress_size):
        sizes = f"{member.compress_size:,} bytes that unpack to {member.file_size:,}"
        problem = f"taken for a zip bomb: {sizes}, more than {_MOST_RATIO} to 1"
        log.malformed(name, "", problem, remedy="if you trust it, unpack it yourself and read the file in it")
        return
    try:
        with archive.open(member) as stream:
            start = stream.read(_START_BYTES)
        with archive.open(member) as stream:
            text = None if is_sealed(start) else stream.read()
        sealed: AbstractContextManager[IO[bytes]] | None = archive.open(member) if text is None else None
    except (BadZipFile, *_DAMAGED) as error:
        log.malformed(name, "", f"damaged member: {error}")
        return
    if sealed is None:
        yield name, text or b""
    else:
        with sealed as stream:
            yield from _unsealed(name, stream, password, log)


def _unsealed(name: str, stream: IO[bytes], password: str | None, log: RejectLog) -> Iterator[tuple[str, Text]]:
    from zipfile import BadZipFile

    try:
        text = opened(iter(lambda: stream.read(_PIECE_BYTES), b""), password)
    except (SealedError, BadZipFile, *_DAMAGED) as error:
        remedy = _remedy(password) if isinstance(error, WrongPasswordError) else None
        log.malformed(name, "", f"encrypted: {error}", remedy=remedy)
        return
    yield name, text


def _remedy(password: str | None) -> str:
    """What to try where a password does not fit, by whether the user gave it."""
    if password is None:
        return f"the one HAL publishes ({PUBLIC_PASSWORD}) was tried: give its own with --password WORD"
    return (
        f"the one given with --password was tried: give another, or none for the one HAL publishes ({PUBLIC_PASSWORD})"
    )
