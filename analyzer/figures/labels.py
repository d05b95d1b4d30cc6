"""Where direct labels go, in pixels: no two overlap, none leaves its area, one that finds no place is left out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_DIRECTIONS: Final = (
    (1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0), (1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0),
    (0.5, 1.0), (0.5, -1.0), (-0.5, 1.0), (-0.5, -1.0), (1.0, 0.5), (1.0, -0.5), (-1.0, 0.5), (-1.0, -0.5),
)  # fmt: skip
_REACHES: Final = (8.0, 12.0, 18.0, 26.0, 36.0, 50.0, 70.0, 95.0, 130.0, 180.0)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, in pixels."""

    left: float
    bottom: float
    right: float
    top: float

    def overlaps(self, other: "Box") -> bool:
        """Whether they share more than an edge."""
        return (
            self.left < other.right and other.left < self.right and self.bottom < other.top and other.bottom < self.top
        )

    def holds(self, other: "Box") -> bool:
        """Whether the other lies within this one."""
        is_across = self.left <= other.left and other.right <= self.right
        return is_across and self.bottom <= other.bottom and other.top <= self.top


@dataclass(frozen=True, slots=True)
class Label:
    """What a label points at and how much room its text takes, in pixels."""

    x: float
    y: float
    width: float
    height: float

    def at(self, left: float, bottom: float) -> Box:
        """Box of the label with this lower left corner."""
        return Box(left, bottom, left + self.width, bottom + self.height)


def around(
    labels: Sequence[Label], area: Box, avoid: Sequence[Box], avoid_if_possible: Sequence[Box]
) -> list[Box | None]:
    """Place labels near their points, first come first served; None: no free place near it.

    Args:
        labels: In order of importance.
        area: Labels stay within it.
        avoid: Never covered, such as markers.
        avoid_if_possible: Covered only where there is no other place, such as lines.
    """
    taken = list(avoid)
    boxes: list[Box | None] = []
    for label in labels:
        places = [box for box in _places(label) if area.holds(box)]
        box = _first_free(places, [*taken, *avoid_if_possible]) or _first_free(places, taken)
        boxes.append(box)
        taken += [box] if box else []
    return boxes


def stacked(labels: Sequence[Label], area: Box) -> list[Box | None]:
    """Place labels in a column at the left of the area, each as near to its own height as the others allow.

    None: the column is full; the last labels are left out first.
    """
    n_kept = _n_fitting(labels, area)
    order = sorted(range(n_kept), key=lambda number: (labels[number].y, number))
    boxes: list[Box | None] = [None] * len(labels)
    floor, bottoms = area.bottom, []
    for number in order:
        floor = max(floor, labels[number].y - labels[number].height / 2)
        bottoms.append(floor)
        floor += labels[number].height
    ceiling = area.top
    for number, bottom in zip(reversed(order), reversed(bottoms), strict=True):
        ceiling = min(ceiling, bottom + labels[number].height)
        boxes[number] = labels[number].at(area.left, ceiling - labels[number].height)
        ceiling -= labels[number].height
    return boxes


def _places(label: Label) -> Iterator[Box]:
    for reach in _REACHES:
        for across, up in _DIRECTIONS:
            left = label.x + across * reach - (1 - across) * label.width / 2
            bottom = label.y + up * reach - (1 - up) * label.height / 2
            yield label.at(left, bottom)


def _first_free(places: Iterable[Box], taken: Sequence[Box]) -> Box | None:
    return next((place for place in places if not any(place.overlaps(other) for other in taken)), None)


def _n_fitting(labels: Sequence[Label], area: Box) -> int:
    height, n = 0.0, 0
    for label in labels:
        height += label.height
        if height > area.top - area.bottom or label.width > area.right - area.left:
            break
        n += 1
    return n
