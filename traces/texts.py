"""Text that is none: bytes that are no UTF-8, halves of characters. It is replaced, and counted once per file."""

import re
from typing import Final

_HALF: Final = re.compile(
    r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
"""A backslash, a pair of surrogates, or half of one: which JSON may write and nothing else can."""
_HALF_CHARS: Final = 6
_NAMED: Final = re.compile(r"\\ud[89a-f][0-9a-f]{2}")
_REPLACEMENT: Final = "\ufffd"
_WHAT: Final = "no text (bytes that are no UTF-8, or half a character): replaced where they are read"
_COUNT: Final = re.compile(r"(?:^|: )(\d+) places? (?:is|are) no text ")


def decoded(raw: bytes) -> tuple[str, int]:
    """Text of bytes, and how many places of it are replaced as they are no UTF-8."""
    try:
        return raw.decode(), 0
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "replace")
        return text, text.count(_REPLACEMENT) - raw.count(_REPLACEMENT.encode())


def mended(json_text: str) -> tuple[str, int]:
    """Write half a character in a JSON text as the name of its escape, which is text; also count them."""
    halves = 0

    def as_text(found: re.Match[str]) -> str:
        nonlocal halves
        if len(found[0]) != _HALF_CHARS:
            return found[0]
        halves += 1
        return f"\\{found[0].lower()}"

    if "\\ud" not in json_text and "\\uD" not in json_text:
        return json_text, 0
    return _HALF.sub(as_text, json_text), halves


def n_replaced_in(text: str) -> int:
    """Count what stands in a text for something replaced."""
    return text.count(_REPLACEMENT) + len(_NAMED.findall(text)) if not text.isascii() or "\\u" in text else 0


def reason(n_places: int) -> str:
    """Say that places of a file are no text."""
    return f"{n_places} {'place is' if n_places == 1 else 'places are'} {_WHAT}"


def n_places_in(said: str) -> int | None:
    """Give how many places a reason is about; null: it is another one."""
    found = _COUNT.search(said)
    return None if found is None else int(found[1])
