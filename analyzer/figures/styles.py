"""How figures look: colours that colour-blind readers tell apart, with dashes and markers saying the same again."""

import re
import textwrap
from typing import Any, Final, Literal

from matplotlib.font_manager import findfont, get_font

LineStyle = Literal["-", "--", "-.", ":"]
FONT: Final = "DejaVu Sans"
DPI: Final = 200
RC: Final[dict[str, Any]] = {
    "font.family": FONT,
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.5,
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "svg.hashsalt": "evalreplay",
    "svg.fonttype": "path",
}
GREY: Final = "#5f5f5f"

_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9")
"""Okabe and Ito (2008), without the yellow, which is too light for lines on white."""

_DASHES: Final[tuple[LineStyle, ...]] = ("-", "--", "-.", ":")
_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "<", "X", ">")
_LABEL_CHARS: Final = 30


def colour(number: int) -> str:
    """Colour of the n-th agent."""
    return _COLOURS[number % len(_COLOURS)]


def dash(number: int) -> LineStyle:
    """Line style of the n-th agent: with the colour, 28 agents are told apart."""
    return _DASHES[number % len(_DASHES)]


def marker(number: int) -> str:
    """Marker of the n-th agent: with the colour, 63 agents are told apart."""
    return _MARKERS[number % len(_MARKERS)]


def fewer_tasks(n_tasks: int, n_benchmark_tasks: int | None) -> str:
    """Say how many tasks an agent attempted, where these are fewer than its benchmark has."""
    is_fewer = n_benchmark_tasks is not None and n_tasks < n_benchmark_tasks
    return f" ({n_tasks}\xa0of\xa0{n_benchmark_tasks}\xa0tasks)" if is_fewer else ""


def drawable(text: str) -> str:
    """Replace the characters the font does not have."""
    known = get_font(findfont(FONT)).get_charmap()
    return "".join(character if ord(character) in known or character == "\n" else "\ufffd" for character in text)


def elided(text: str, n_chars: int) -> str:
    """Keep the start and the end of a long text."""
    plain = drawable(text)
    half = n_chars // 2 - 1
    return plain if len(plain) <= n_chars else f"{plain[:half].rstrip()} … {plain[-half:].lstrip()}"


def label_text(name: str, n_lines: int) -> str:
    """Shorten a name to one or two short lines, keeping its start and its end, which tell names apart.

    Lines are not broken at no-break spaces.
    """
    text = re.sub(r"[^\S\xa0]+", " ", drawable(name)).strip() or "unnamed"
    lines = textwrap.wrap(text, _LABEL_CHARS)
    if len(lines) <= n_lines:
        return "\n".join(lines)
    if n_lines == 1:
        return elided(text, _LABEL_CHARS)
    return f"{lines[0]}\n… {text[2 - _LABEL_CHARS :].lstrip()}"
