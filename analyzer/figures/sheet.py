"""The sheet a figure is drawn on: axes placed in inches from its top left corner, words, and notes at its foot."""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from analyzer.figures.styles import GREY, drawable

WIDTH_IN: Final = 8.0
WIDE_IN: Final = 9.6
"""Widths of a sheet: with one panel, and with two beside each other."""
MARGIN_IN: Final = 0.15
_NOTE_PT: Final = 6
_NOTE_LINE_IN: Final = 0.115
_NOTE_CHARS_PER_IN: Final = 21.94
_TITLE_PT: Final = 10
_HEAD_PT: Final = 7.5


@dataclass(frozen=True, slots=True)
class Place:
    """A rectangle for axes, in inches from the top left corner of the sheet, and the strip for names at its right."""

    left: float
    top: float
    width: float
    height: float
    strip: float = 0.0


@dataclass(frozen=True, slots=True)
class Sheet:
    """A figure of known size."""

    figure: Figure

    @property
    def width_in(self) -> float:
        """Width in inches."""
        return float(self.figure.get_figwidth())

    @property
    def height_in(self) -> float:
        """Height in inches."""
        return float(self.figure.get_figheight())

    def axes(self, place: Place) -> Axes:
        """Axes in a place."""
        width, height = self.width_in, self.height_in
        bottom = height - place.top - place.height
        return self.figure.add_axes((place.left / width, bottom / height, place.width / width, place.height / height))

    def title(self, left: float, top: float, words: str) -> None:
        """Title of a benchmark, its baseline at a distance from the top."""
        self.words(left, top, words, "black", _TITLE_PT, fontweight="bold")

    def head(self, place: Place, words: str) -> None:
        """Words above a place."""
        self.words(place.left, place.top - 0.06, words, "black", _HEAD_PT, fontweight="bold")

    def words(self, left: float, top: float, words: str, ink: str = GREY, size: float = 6.5, **look: Any) -> None:
        """Words at a distance from the left and the top."""
        x, y = left / self.width_in, 1 - top / self.height_in
        self.figure.text(
            x, y, drawable(words), parse_math=False, **{"va": "bottom", "fontsize": size, "color": ink, **look}
        )

    def say_empty(self, top: float, why: str, **look: Any) -> None:
        """Say in the middle of the sheet why nothing is drawn there."""
        self.words(self.width_in / 2, top, why, GREY, 11, **{"ha": "center", "va": "center", **look})

    def notes(self, lines: list[str]) -> None:
        """Notes at the foot, as ``wrapped``."""
        place = MARGIN_IN / self.width_in, MARGIN_IN / self.height_in / 2
        self.figure.text(
            *place, "\n".join(lines), parse_math=False, fontsize=_NOTE_PT, color=GREY, va="bottom", linespacing=1.25
        )


def blank(width_in: float, content_in: float, lines: list[str]) -> Sheet:
    """A white sheet with room for the content and for notes, as ``wrapped``."""
    height_in = content_in + MARGIN_IN + _NOTE_LINE_IN * (len(lines) + 1)
    figure = Figure(figsize=(width_in, height_in), facecolor="white")
    FigureCanvasAgg(figure)
    return Sheet(figure)


def wrapped(notes: Iterable[str], width_in: float) -> list[str]:
    """Notes in lines that fit a sheet."""
    n_chars = int(_NOTE_CHARS_PER_IN * (width_in - 2 * MARGIN_IN))
    return textwrap.wrap(drawable(" ".join(notes)), n_chars)
