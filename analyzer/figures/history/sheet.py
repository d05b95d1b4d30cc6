"""The sheet a history is drawn on: axes placed in inches from its top left corner, heads, and notes at its foot."""

import textwrap
from dataclasses import dataclass
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from analyzer.figures.styles import GREY, drawable

WIDTH_IN: Final = 9.6
MARGIN_IN: Final = 0.15
LEFT_IN: Final = 0.72
_NOTE_PT: Final = 6
_NOTE_LINE_IN: Final = 0.115
_NOTE_CHARS: Final = 204
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
    """A figure of known height."""

    figure: Figure

    @property
    def height_in(self) -> float:
        """Height in inches."""
        return float(self.figure.get_figheight())

    def axes(self, place: Place) -> Axes:
        """Axes in a place."""
        bottom = self.height_in - place.top - place.height
        box = place.left / WIDTH_IN, bottom / self.height_in, place.width / WIDTH_IN, place.height / self.height_in
        return self.figure.add_axes(box)

    def title(self, left: float, top: float, words: str) -> None:
        """Title of a benchmark, its baseline at a distance from the top."""
        self.words(left, top, words, "black", _TITLE_PT, weight="bold")

    def head(self, place: Place, words: str) -> None:
        """Words above a place."""
        self.words(place.left, place.top - 0.06, words, "black", _HEAD_PT, weight="bold")

    def words(  # noqa: PLR0913 - a text has a place and a look
        self, left: float, top: float, words: str, ink: str = GREY, size: float = 6.5, *, weight: str = "normal"
    ) -> None:
        """Words, their baseline at a distance from the top."""
        x, y = left / WIDTH_IN, 1 - top / self.height_in
        look: dict[str, Any] = {"fontsize": size, "fontweight": weight, "color": ink}
        self.figure.text(x, y, drawable(words), va="bottom", parse_math=False, **look)

    def notes(self, notes: list[str]) -> None:
        """Notes at the foot, as ``wrapped``."""
        x, y = MARGIN_IN / WIDTH_IN, MARGIN_IN / self.height_in / 2
        text = "\n".join(notes)
        self.figure.text(
            x, y, text, parse_math=False, fontsize=_NOTE_PT, color=GREY, va="bottom", linespacing=1.25
        )  # fmt: skip


def blank(content_in: float, notes: list[str]) -> Sheet:
    """A white sheet with room for the content and for notes, as ``wrapped``."""
    height = content_in + MARGIN_IN + _NOTE_LINE_IN * (len(notes) + 1)
    figure = Figure(figsize=(WIDTH_IN, height), facecolor="white")
    FigureCanvasAgg(figure)
    return Sheet(figure)


def wrapped(notes: tuple[str, ...]) -> list[str]:
    """Notes in lines that fit the sheet."""
    return textwrap.wrap(drawable(" ".join(notes)), _NOTE_CHARS)
