"""JSON nested deeper than any parser follows: what lies too deep is left out, the rest stays as it is."""

import re
from typing import Final

MOST_LEVELS: Final = 200
"""No log in the field comes near; parsers give up at about a thousand."""
_TOKEN: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]', re.DOTALL)


def without_deep(json_text: str) -> tuple[str, int]:
    """Put null in place of every array and object that lies too deep; also count them."""
    kept: list[str] = []
    depth, end, n_left_out = 0, 0, 0
    for token in _TOKEN.finditer(json_text):
        sign = token[0]
        if sign in "[{":
            depth += 1
            if depth == MOST_LEVELS + 1:
                kept.append(json_text[end : token.start()])
                n_left_out += 1
        elif sign in "]}":
            if depth == MOST_LEVELS + 1:
                kept.append("null")
                end = token.end()
            depth -= 1
    return "".join(kept) + (json_text[end:] if depth <= MOST_LEVELS else ""), n_left_out
