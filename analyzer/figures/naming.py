"""Names printed beside what they name: in a strip at the right of a panel, or around points within it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.text import Text

from analyzer.figures.labels import Box, Label, around, stacked
from analyzer.figures.styles import LineStyle, label_text

Lettering = tuple[float, int]
LETTERINGS: Final[tuple[Lettering, ...]] = ((7.5, 2), (6.5, 2), (5.5, 2), (6.5, 1), (5.0, 1))
"""Points and lines of a label, from the most to the least readable."""

_LEADER_PX: Final = 44.0
_BESIDE_PX: Final = 22.0
_MARKER_PX: Final = 9.0
_PAD_PX: Final = 3.0
_HALO_PT: Final = 1.6


@dataclass(frozen=True, slots=True)
class Named:
    """A name to print beside a place in the data, and the line that leads from there to it."""

    name: str
    x: float
    y: float
    ink: str
    line: str
    dash: LineStyle = "-"
    line_pt: float = 0.4


@dataclass(frozen=True, slots=True)
class Plot:
    """Axes names are printed at, the pixels kept for them at the right, and how large they may be."""

    figure: Figure
    axes: Axes
    strip_px: float = 0.0
    letterings: Sequence[Lettering] = LETTERINGS


def print_stacked(plot: Plot, names: Sequence[Named]) -> list[str]:
    """Print names one above the other in the strip at the right; returns those that found no room."""
    frame = plot.axes.get_window_extent()
    area = Box(frame.x1 + _LEADER_PX, frame.y0, frame.x1 + plot.strip_px, frame.y1)
    return _print(plot, names, lambda labels: stacked(labels, area))


def print_around(plot: Plot, names: Sequence[Named], keep_off: Sequence[Box]) -> list[str]:
    """Print names near their places, off those boxes where it can be; returns those that found no room."""
    frame = plot.axes.get_window_extent()
    area = Box(frame.x0, frame.y0, frame.x1, frame.y1)

    def place(labels: Sequence[Label]) -> list[Box | None]:
        return around(labels, area, [square(label.x, label.y, _MARKER_PX) for label in labels], keep_off)

    return _print(plot, names, place)


def square(x: float, y: float, half: float) -> Box:
    """Box around a place, in pixels."""
    return Box(x - half, y - half, x + half, y + half)


def _print(plot: Plot, names: Sequence[Named], place: Callable[[Sequence[Label]], list[Box | None]]) -> list[str]:
    """Print names in the most readable lettering in which all find a place, or the least readable one."""
    for lettering in plot.letterings:
        texts, labels = _texts(plot, names, *lettering)
        boxes = place(labels)
        if None not in boxes or lettering == plot.letterings[-1]:
            break
        for text in texts:
            text.remove()
    return _pin(plot, names, texts, labels, boxes)


def _texts(plot: Plot, names: Sequence[Named], size: float, n_lines: int) -> tuple[list[Text], list[Label]]:
    halo = [withStroke(linewidth=_HALO_PT, foreground="white")]
    style: dict[str, Any] = {"fontsize": size, "va": "bottom", "parse_math": False, "path_effects": halo}
    texts = [plot.figure.text(0, 0, label_text(named.name, n_lines), color=named.ink, **style) for named in names]
    boxes = [text.get_window_extent() for text in texts]
    places = plot.axes.transData.transform([(named.x, named.y) for named in names])
    labels = [
        Label(float(x), float(y), box.width + 2 * _PAD_PX, box.height + 2 * _PAD_PX)
        for (x, y), box in zip(places, boxes, strict=True)
    ]
    return texts, labels


def _pin(
    plot: Plot, names: Sequence[Named], texts: Sequence[Text], labels: Sequence[Label], boxes: Sequence[Box | None]
) -> list[str]:
    """Put every text into its box, with a line to what it names where that is not beside it."""
    to_figure = plot.figure.transFigure.inverted().transform
    left_out = []
    for named, text, label, box in zip(names, texts, labels, boxes, strict=True):
        if box is None:
            text.remove()
            left_out.append(named.name)
            continue
        text.set_position(tuple(to_figure((box.left + _PAD_PX, box.bottom + _PAD_PX))))
        ceiling = (box.bottom + box.top) / 2 if plot.strip_px else box.top
        end = min(max(label.x, box.left), box.right), min(max(label.y, box.bottom), ceiling)
        if abs(end[0] - label.x) + abs(end[1] - label.y) > _BESIDE_PX:
            (x0, y0), (x1, y1) = to_figure([(label.x, label.y), end])
            leader = Line2D([x0, x1], [y0, y1], color=named.line, linestyle=named.dash, linewidth=named.line_pt)
            plot.figure.add_artist(leader)
    return left_out
