"""What stands in a chart: staircases with bands, points with bars and the frontier, and their letters."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import polars as pl

from analyzer.figures.labels import Box, Label, around, stacked
from analyzer.frontier import frontier
from analyzer.report.charts import stairs
from analyzer.report.charts.keys import letter, marker, style
from analyzer.report.charts.scale import Scale

_LETTER_PX: Final = 14.0
_DIGIT_PX: Final = 9.0
_LINE_PX: Final = 15.0
_BASELINE_PX: Final = 12.0
_LEADER_PX: Final = 16.0
_MARKER_PX: Final = 7.0
_Y, _LOW, _HIGH = 2, 3, 4
_ENDS: Final = ("y", "y_low", "y_high")


@dataclass(frozen=True, slots=True)
class Frame:
    """The axes of a chart and the width of its sheet, in pixels."""

    x: Scale
    y: Scale
    width: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """SVG, the agents that have no place in it, and those whose letter found no room."""

    svg: str
    not_drawn: tuple[str, ...]
    not_named: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Mark:
    """An agent's marks and the place its letter belongs to."""

    agent: str
    number: int
    svg: str
    x: float
    y: float

    @property
    def label(self) -> Label:
        """Room its letter takes."""
        return Label(self.x, self.y, _LETTER_PX + _DIGIT_PX * (len(letter(self.number)) - 1) + 2, _LINE_PX)


def steps(frame: Frame, rows: pl.DataFrame, keys: Mapping[str, int]) -> Drawn:
    """Draw every agent as a staircase that ends at the right edge, with its bounds as a band."""
    groups = {group["agent"][0]: group for group in rows.partition_by("agent", maintain_order=True)}
    marks = [_staircase(frame, group, keys[agent], agent) for agent, group in groups.items() if _is_known(group)]
    marks.sort(key=lambda mark: mark.y)
    area = Box(frame.x.end + _LEADER_PX, frame.y.end, frame.width, frame.y.start)
    boxes = stacked([mark.label for mark in marks], area)
    leaders = [_leader(mark, box) for mark, box in zip(marks, boxes, strict=True) if box]
    svg, not_named = _lettered(marks, boxes)
    not_drawn = tuple(agent for agent, group in groups.items() if not _is_known(group))
    return Drawn("\n".join([*leaders, svg]), not_drawn, not_named)


def points(frame: Frame, rows: pl.DataFrame, keys: Mapping[str, int]) -> Drawn:
    """Draw every agent as a point with its bounds as bars, and the staircase frontier."""
    is_placed = pl.col("x").is_not_null() & pl.col("y").is_not_null()
    placed = frontier(rows.filter(is_placed))
    marks = [_point(frame, row, keys[row["agent"]]) for row in placed.iter_rows(named=True)]
    line = _frontier_line(frame, placed)
    area = Box(frame.x.start, frame.y.end, frame.x.end, frame.y.start)
    avoid = [_square(mark.x, mark.y, _MARKER_PX) for mark in marks]
    lines = [_segment(a, b) for a, b in pairwise(line)] + [
        box for mark in marks for box in _bar_boxes(frame, mark, placed)
    ]
    svg, not_named = _lettered(marks, around([mark.label for mark in marks], area, avoid, lines))
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in line)
    drawn = f'<path class="frontier" d="{path}"/>\n{svg}' if line else svg
    return Drawn(drawn, tuple(rows.filter(~is_placed)["agent"]), not_named)


def _is_known(rows: pl.DataFrame) -> bool:
    """Whether a staircase says anything: y is known, or only its bounds are, at a known resource."""
    return rows["y"].count() > 0 or bool((rows["x"] > 0).any() and (rows["y_low"].count() or rows["y_high"].count()))


def _staircase(frame: Frame, rows: pl.DataFrame, number: int, agent: str) -> _Mark:
    values = rows.select("x", *_ENDS).iter_rows()
    placed = [(frame.x.at(x), *(None if y is None else frame.y.at(y) for y in ys)) for x, *ys in values]
    walked = stairs.thinned(placed, frame.x.end)  # type: ignore[arg-type]
    paths = {"band": stairs.band(walked, _LOW, _HIGH), "line": stairs.line(walked, _Y)}
    lines = [f'<path class="{name}" d="{path}"/>' for name, path in paths.items() if path]
    if rows["y"].null_count():
        lines += [
            f'<path class="edge" d="{path}"/>' for path in (stairs.line(walked, n) for n in (_LOW, _HIGH)) if path
        ]
    end = next(step[column] for step in reversed(walked) for column in (_Y, _LOW, _HIGH) if step[column] is not None)
    return _Mark(agent, number, f'<g class="{style(number)}">{"".join(lines)}</g>', frame.x.end, end or 0.0)


def _point(frame: Frame, row: Mapping[str, Any], number: int) -> _Mark:
    x, y = frame.x.at(row["x"]), frame.y.at(row["y"])
    bars = "".join(f'<path class="bar" d="M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}"/>' for a, b, c, d in _bars(frame, row))
    dot = marker(number, x, y, is_filled=row["is_on_frontier"] is not False)
    return _Mark(row["agent"], number, f'<g class="{style(number)}">{bars}{dot}</g>', x, y)


def _bars(frame: Frame, row: Mapping[str, Any]) -> Iterator[tuple[float, float, float, float]]:
    """Lines from the lowest to the highest each figure can be, where both are known."""
    x, y = frame.x.at(row["x"]), frame.y.at(row["y"])
    if None not in (row["x_low"], row["x_high"]) and row["x_low"] != row["x_high"]:
        yield frame.x.at(row["x_low"]), y, frame.x.at(row["x_high"]), y
    if None not in (row["y_low"], row["y_high"]) and row["y_low"] != row["y_high"]:
        yield x, frame.y.at(row["y_low"]), x, frame.y.at(row["y_high"])


def _bar_boxes(frame: Frame, mark: _Mark, placed: pl.DataFrame) -> list[Box]:
    rows = placed.filter(pl.col("agent") == mark.agent).iter_rows(named=True)
    return [_segment((a, b), (c, d)) for row in rows for a, b, c, d in _bars(frame, row)]


def _frontier_line(frame: Frame, placed: pl.DataFrame) -> list[tuple[float, float]]:
    """Corners of the staircase through the points on the frontier, held to the right edge."""
    on = placed.filter("is_on_frontier").select("x", "y").unique().sort("x", "y").rows()
    corners = [(frame.x.at(x), frame.y.at(y)) for x, y in on]
    line = [place for a, b in pairwise(corners) for place in (a, (b[0], a[1]))]
    return [*line, corners[-1], (frame.x.end, corners[-1][1])] if corners else []


def _lettered(marks: Sequence[_Mark], boxes: Sequence[Box | None]) -> tuple[str, tuple[str, ...]]:
    letters = [
        f'<text class="letter {style(mark.number)}" x="{box.left + 1:.1f}" y="{box.bottom + _BASELINE_PX:.1f}">'
        f"{letter(mark.number)}</text>"
        for mark, box in zip(marks, boxes, strict=True)
        if box
    ]
    not_named = tuple(mark.agent for mark, box in zip(marks, boxes, strict=True) if not box)
    return "\n".join([*(mark.svg for mark in marks), *letters]), not_named


def _leader(mark: _Mark, box: Box) -> str:
    middle = (box.bottom + box.top) / 2
    line = f'd="M{mark.x:.1f} {mark.y:.1f}L{box.left - 1:.1f} {middle:.1f}"'
    return f'<path class="leader {style(mark.number)}" {line}/>'


def _segment(a: tuple[float, float], b: tuple[float, float]) -> Box:
    """Room a level or upright line takes."""
    return Box(min(a[0], b[0]) - 1, min(a[1], b[1]) - 1, max(a[0], b[0]) + 1, max(a[1], b[1]) + 1)


def _square(x: float, y: float, half: float) -> Box:
    return Box(x - half, y - half, x + half, y + half)
