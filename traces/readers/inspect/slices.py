"""The samples of a large Inspect document, found in its text without parsing it: each can then be read on its own.

A sample is written with its id and epoch first. Where a place like that lies within a sample, or a sample is written
otherwise, its end is found by its brackets.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final, NamedTuple

from traces.elements import CutError, Text, end_of
from traces.files import drop_pages

_SAMPLES: Final = re.compile(rb'"samples"\s*:\s*\[\s*(?=\{\s*"id"\s*:)')
_NAME: Final = rb'"id"\s*:\s*(?:-?\d+|"(?:[^"\\]|\\.)*")'
_NAMED: Final = re.compile(_NAME, re.DOTALL)
_FIRST: Final = re.compile(rb"\{\s*" + _NAME + rb'(\s*,\s*"epoch"\s*:\s*)', re.DOTALL)
_ID: Final = b'"id"'
_BETWEEN: Final = b", \t\r\n"
_SEPARATORS: Final = frozenset({b",", b" ", b"\t", b"\r", b"\n"})
_ID_BYTES: Final = 4096
_HEAD_BYTES: Final = 64 * 1024 * 1024


class Slices(NamedTuple):
    """Where samples begin in a document, as far as that can be seen, and where the array of them ends."""

    starts: list[int]
    end: int


class Slice(NamedTuple):
    """Text of a sample, and where the next begins."""

    text: bytes
    following: int


def slices(text: Text) -> Slices | None:
    """Find the samples; null: there are none, they are written in another way, or the last is cut off."""
    found = _SAMPLES.search(text, 0, _HEAD_BYTES)
    first = None if found is None else _FIRST.match(text, found.end())
    if first is None:
        return None
    starts = list(_starts(text, first.start(), first[1]))
    try:
        end = _next(text, end_of(text, starts[-1])) if starts else 0
    except CutError:
        return None
    return Slices(starts, end) if starts[:1] == [first.start()] and text[end : end + 1] == b"]" else None


def without(text: Text, found: Slices) -> bytes:
    """Text of the document without its samples."""
    return bytes(text[: found.starts[0]]) + bytes(text[found.end :])


def part(text: Text, found: Slices, start: int) -> Slice:
    """Text from where a sample begins to where the next seems to."""
    following = bisect_right(found.starts, start)
    end = found.starts[following] if following < len(found.starts) else found.end
    return Slice(bytes(text[start:end]).rstrip(_BETWEEN), end)


def own_part(text: Text, start: int) -> Slice | None:
    """Text of a sample by its brackets; null: they do not close."""
    try:
        end = end_of(text, start)
    except CutError:
        return None
    return Slice(bytes(text[start:end]), _next(text, end))


def _starts(text: Text, first: int, epoch: bytes) -> Iterator[int]:
    """Where an object begins with an id and an epoch, as the first one is written; pages are handed back."""
    place, dropped = first, 0
    while (place := text.find(epoch, place)) >= 0:
        before = max(first, place - _ID_BYTES)
        head = bytes(text[before:place])
        name = head.rfind(_ID)
        brace = head.rfind(b"{", 0, max(name, 0))
        if brace >= 0 and not head[brace + 1 : name].strip() and _NAMED.fullmatch(head, name):
            yield before + brace
        place += len(epoch)
        dropped = drop_pages(text, dropped, place)


def _next(text: Text, position: int) -> int:
    """Step over what separates two samples."""
    while text[position : position + 1] in _SEPARATORS:
        position += 1
    return position
