"""Zip archives with members of any compression method; Python before 3.14 cannot write zstd members."""

import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final

import zstandard

STORED, DEFLATED, ZSTD = 0, 8, 93
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")


def packed(content: bytes, method: int) -> bytes:
    """Content as a member of the given method holds it."""
    if method == ZSTD:
        return zstandard.ZstdCompressor(level=3).compress(content)
    if method == DEFLATED:
        deflate = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        return deflate.compress(content) + deflate.flush()
    return content


def write_zip(path: Path, members: Iterable[tuple[str, bytes]], method: int = DEFLATED) -> None:
    """Write members one after the other, then the directory; a name may come twice."""
    with path.open("wb") as file:
        entries = [_add(file, name.encode(), content, method) for name, content in members]
        start, directory = file.tell(), b"".join(entries)
        file.write(directory + _END.pack(b"PK\x05\x06", 0, 0, len(entries), len(entries), len(directory), start, 0))


def _add(file: IO[bytes], name: bytes, content: bytes, method: int) -> bytes:
    offset, body, checksum = file.tell(), packed(content, method), zlib.crc32(content)
    sizes = (checksum, len(body), len(content))
    flags = 0x800  # names are UTF-8
    file.write(_LOCAL.pack(b"PK\x03\x04", 63, flags, method, 0, 33, *sizes, len(name), 0) + name + body)
    return _CENTRAL.pack(b"PK\x01\x02", 63, 63, flags, method, 0, 33, *sizes, len(name), 0, 0, 0, 0, 0, offset) + name
