"""Members of a JSON object and elements of an array, found in place: where each stands in the text, nothing parsed.

For documents a parser refuses as a whole: each part can then be decoded on its own, and those before a cut are kept.
"""

import json
import re
from collections.abc import Iterator
from mmap import mmap
from typing import Final

Text = bytes | bytearray | mmap

_BLANK: Final = re.compile(rb"[ \t\r\n]*+")
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SCALAR: Final = re.compile(rb'[^,\[\]{}":\s]++')
_TO_BRACKET: Final = re.compile(rb'[^"\[\]{}]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"\[\]{}]*+)*+[\[\]{}]', re.DOTALL)
_OPENING: Final = frozenset(b"[{")
_BOM: Final = b"\xef\xbb\xbf"


class CutError(Exception):
    """The text ends, or stops being JSON, inside the object or array.

    Args:
        position: Where; or where the value begins inside which it does.
        name: Name of the member with that value; null: in none.
    """

    def __init__(self, position: int, name: str | None = None) -> None:
        super().__init__(f"broken off {'at' if name is None else f'in {name!r}, which begins at'} byte {position}")
        self.position = position
        self.name = name


def members(text: Text, start: int = 0) -> Iterator[tuple[str, int, int]]:
    """Give name, start and end of each member of the object that stands at ``start``; repeated names as they come.

    Raises:
        CutError: where the object is cut off, after the members before it.
    """
    position = _after(text, start or _start(text), b"{")
    while text[position : position + 1] != b"}":
        name = _STRING.match(text, position)
        if name is None:
            raise CutError(position)
        value = _after(text, name.end(), b":")
        try:
            end = _end(text, value)
        except CutError as error:
            raise CutError(value, _name(name[0])) from error
        yield _name(name[0]), value, end
        position = _next(text, end, b"}")


def elements(text: Text, start: int = 0) -> Iterator[tuple[int, int]]:
    """Give start and end of each element of the array that stands at ``start``.

    Raises:
        CutError: where the array is cut off, after the elements before it.
    """
    position = _after(text, start or _start(text), b"[")
    while text[position : position + 1] != b"]":
        end = _end(text, position)
        yield position, end
        position = _next(text, end, b"]")


def end_of(text: Text, start: int) -> int:
    """Find the end of the value that stands at ``start``.

    Raises:
        CutError: where it is cut off.
    """
    return _end(text, start)


def _start(text: Text) -> int:
    return len(_BOM) if text[: len(_BOM)] == _BOM else 0


def _after(text: Text, position: int, sign: bytes) -> int:
    """Step over blanks, a sign that has to stand here, and the blanks behind it."""
    position = _blank(text, position)
    if text[position : position + 1] != sign:
        raise CutError(position)
    return _blank(text, position + 1)


def _next(text: Text, position: int, closing: bytes) -> int:
    position = _blank(text, position)
    return position if text[position : position + 1] == closing else _after(text, position, b",")


def _blank(text: Text, position: int) -> int:
    blank = _BLANK.match(text, position)
    return position if blank is None else blank.end()


def _end(text: Text, position: int) -> int:
    """Find the end of the value that begins here; brackets are counted, not matched, so that depth costs nothing."""
    if text[position : position + 1] in (b"[", b"{"):
        return _end_of_brackets(text, position)
    value = _STRING.match(text, position) or _SCALAR.match(text, position)
    if value is None or (value.end() == len(text) and position):
        raise CutError(position)
    return value.end()


def _end_of_brackets(text: Text, position: int) -> int:
    depth, start = 0, position
    while (bracket := _TO_BRACKET.match(text, position)) is not None:
        position = bracket.end()
        depth += 1 if text[position - 1] in _OPENING else -1
        if not depth:
            return position
    raise CutError(start)


def _name(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace")
    try:
        name = str(json.loads(text))
    except ValueError:
        return text[1:-1]
    return name.encode("utf-8", "backslashreplace").decode()  # JSON may name half a character
