"""The assumptions under a figure: small print, as wide as the sheet."""

import textwrap
from collections.abc import Iterable
from typing import Final

from matplotlib.figure import Figure

from analyzer.figures.styles import GREY, drawable

WIDTH_IN: Final = 8.0
MARGIN_IN: Final = 0.15
_NOTE_PT: Final = 6
_NOTE_LINE_IN: Final = 0.115
_NOTE_CHARS: Final = 168


def wrapped(notes: Iterable[str]) -> list[str]:
    """Lines of the notes."""
    return textwrap.wrap(drawable(" ".join(notes)), _NOTE_CHARS)


def notes_in(lines: list[str]) -> float:
    """Height of the notes, in inches."""
    return 2 * MARGIN_IN + _NOTE_LINE_IN * (len(lines) + 1)


def write_notes(figure: Figure, lines: list[str]) -> None:
    """Write the notes at the foot of a sheet."""
    place = MARGIN_IN / figure.get_figwidth(), MARGIN_IN / figure.get_figheight() / 2
    figure.text(
        *place, "\n".join(lines), parse_math=False, fontsize=_NOTE_PT, color=GREY, va="bottom", linespacing=1.25
    )
