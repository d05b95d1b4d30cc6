"""Zip archives of JSON members, read one member at a time: nothing is written to disk, no name is followed.

Members may be stored, deflated (read by isal) or zstd (method 93, one frame or several). A member whose name leads out
of the archive, that is encrypted, that unpacks to more than it declares or to absurdly much, is refused.
"""

import io
import mmap
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile, ZipFile, ZipInfo

from traces.errors import UnreadableError
from traces.files import content

ZIP_MAGIC: Final = b"PK\x03\x04"
LEADS_OUT: Final = "its name leads out of the archive"
STORED, DEFLATED, ZSTD = 0, 8, 93
_HEADER_BYTES: Final = 30
IS_ENCRYPTED: Final = 0x1
_BOMB_FROM_BYTES: Final = 256 * 1024 * 1024
_MOST_RATIO: Final = 1000
"""Deflate cannot pack better than 1,032 to 1, and only does where everything is the same."""
_MOST_BYTES: Final = 16 * 1024**3


class MemberError(Exception):
    """One member cannot be read; says why, and what a user can do, where there is something."""

    def __init__(self, problem: str, remedy: str | None = None) -> None:
        super().__init__(problem)
        self.remedy = remedy


class Archive:
    """The members of a zip archive by name; of several of one name the last counts, as for every reader of zips."""

    def __init__(self, packed: bytes | mmap.mmap, members: list[ZipInfo]) -> None:
        self._packed = packed
        self.members: Mapping[str, ZipInfo] = {member.filename: member for member in members}
        self.repeated = len(members) - len(self.members)
        self.strays = [member.filename for member in members if leads_out(member)]

    def read(self, name: str) -> bytes | bytearray:
        """Unpack a member whole.

        Raises:
            MemberError: if it is damaged, encrypted, leads out of the archive, or unpacks to absurdly much.
        """
        member = self.members[name]
        _refuse(member)
        unpack = _UNPACK.get(member.compress_type)
        if unpack is None:
            raise MemberError(f"compression method {member.compress_type} is not known")
        packed = self._bytes(member)
        try:
            unpacked = unpack(packed, member.file_size)
        except Exception as error:  # whichever its library raises
            raise MemberError(f"damaged: {error}") from error
        finally:
            packed.release()
        if len(unpacked) != member.file_size:
            raise MemberError(f"does not unpack to the {member.file_size:,} bytes it declares")
        if _crc32(unpacked) != member.CRC:
            raise MemberError("damaged: its checksum differs")
        return unpacked

    def _bytes(self, member: ZipInfo) -> memoryview:
        """Packed bytes of a member; its own header says how long that header is."""
        start = member.header_offset
        header = self._packed[start : start + _HEADER_BYTES]
        if len(header) < _HEADER_BYTES or not header.startswith(ZIP_MAGIC):
            raise MemberError("damaged: it does not begin where the directory says")
        start += _HEADER_BYTES + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        if start + member.compress_size > len(self._packed):
            raise MemberError("cut off")
        return memoryview(self._packed)[start : start + member.compress_size]


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a zip archive, itself compressed or not.

    Raises:
        UnreadableError: if it is none, is cut off, or its members overlap (which only bombs do).
    """
    with content(path) as packed:
        try:
            with ZipFile(io.BytesIO(packed) if isinstance(packed, bytes) else packed) as opened:  # type: ignore[arg-type]
                members = opened.infolist()
        except (BadZipFile, ValueError, OSError, NotImplementedError, EOFError) as error:
            raise UnreadableError(f"{path}: damaged or cut-off archive ({error})", "fetch it again") from error
        if sum(member.compress_size for member in members) > len(packed):
            raise UnreadableError(f"{path}: members of the archive overlap: a zip bomb", "do not trust its source")
        yield Archive(packed, members)


def leads_out(member: ZipInfo) -> bool:
    """Whether the name of a member would be a place outside a folder the archive is unpacked into."""
    parts = member.filename.replace("\\", "/").split("/")
    return ".." in parts or not parts[0] or ":" in parts[0]


def _refuse(member: ZipInfo) -> None:
    if leads_out(member):
        raise MemberError(LEADS_OUT)
    if member.flag_bits & IS_ENCRYPTED:
        raise MemberError("it is encrypted")
    size, packed = member.file_size, max(member.compress_size, 1)
    limit = f"{_MOST_BYTES:,} bytes" if size > _MOST_BYTES else f"{_MOST_RATIO:,} to 1"
    if size > _MOST_BYTES or (size > _BOMB_FROM_BYTES and size > _MOST_RATIO * packed):
        problem = f"taken for a zip bomb: {packed:,} bytes that unpack to {size:,}, more than {limit}"
        raise MemberError(problem, "if you trust it, unpack it yourself and read it as plain JSON")


def _inflated(packed: memoryview, size: int) -> bytes:
    from isal import isal_zlib

    stream = isal_zlib.decompressobj(-zlib.MAX_WBITS)
    unpacked: bytes = stream.decompress(packed, size + 1)
    return unpacked


def _zstd(packed: memoryview, size: int) -> bytearray:
    """Unpack all frames, into a buffer of the declared size: what unpacks to more never takes more."""
    import zstandard

    unpacked, filled = bytearray(size + 1), 0
    with (
        memoryview(unpacked) as room,
        zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True) as stream,
    ):
        while filled <= size and (n_read := stream.readinto(room[filled:])):
            filled += n_read
    del unpacked[filled:]
    return unpacked


def _crc32(unpacked: Any) -> int:
    from isal import isal_zlib

    return int(isal_zlib.crc32(unpacked))


_UNPACK: Final[Mapping[int, Callable[[memoryview, int], bytes | bytearray]]] = {
    STORED: lambda packed, _size: bytes(packed),
    DEFLATED: _inflated,
    ZSTD: _zstd,
}
