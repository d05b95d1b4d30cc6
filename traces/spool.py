"""Records set aside on disk between two readings of them: the text they came from, far larger, is read once."""

from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import Final, Generic, Self, TypeVar

import msgspec

T = TypeVar("T")
_SIZE_BYTES: Final = 4


class Spool(Generic[T]):
    """Records of one kind, given back in the order they were added; the file has no name and is gone once closed."""

    def __init__(self, kind: type[T]) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 - closed with this
        self._encoder, self._decoder = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(kind)
        self._odd: list[T] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, record: T) -> None:
        """Set a record aside."""
        try:
            packed = self._encoder.encode(record)
        except (UnicodeEncodeError, OverflowError):  # JSON may name half a character, and any whole number
            self._odd.append(record)
            packed = b""
        self._file.write(len(packed).to_bytes(_SIZE_BYTES, "little") + packed)

    def __iter__(self) -> Iterator[T]:
        self._file.seek(0)
        odd = iter(self._odd)
        while size := self._file.read(_SIZE_BYTES):
            packed = self._file.read(int.from_bytes(size, "little"))
            yield self._decoder.decode(packed) if packed else next(odd)
