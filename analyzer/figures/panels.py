"""One panel of a figure: steps with bands, or points with bars and a frontier, and their labels."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from analyzer.figures.labels import Box
from analyzer.figures.naming import Named, Plot, print_around, print_stacked, square
from analyzer.figures.styles import GREY, colour, dash, fewer_tasks, marker
from analyzer.words import beside

Point = tuple[float, float]
_LOG_FROM: Final = 20.0
_PAD_FRAC: Final = 0.05
_BAR_PX: Final = 2.0
_DECADES_LABELLED: Final = 2.5


@dataclass(frozen=True, slots=True)
class Panel:
    """Axes to draw on, the rows of one benchmark, the pixels kept for labels at the right, and all agents there are."""

    figure: Figure
    axes: Axes
    rows: pl.DataFrame
    strip_px: float
    agents: Sequence[str]

    @property
    def plot(self) -> Plot:
        """Where its names are printed."""
        return Plot(self.figure, self.axes, self.strip_px)


@dataclass(frozen=True, slots=True)
class Group:
    """What gets a line or a point of its own: an agent, or one of its runs."""

    name: str
    agent_number: int
    run_number: int
    rows: pl.DataFrame

    @property
    def ink(self) -> str:
        """Colour of the agent, in every figure."""
        return colour(self.agent_number)

    @property
    def shape_number(self) -> int:
        """Place of the dash and the marker: its runs differ in them."""
        return self.agent_number + self.run_number


def draw_steps(panel: Panel) -> list[str]:
    """Draw every group as a staircase, its bounds as a band; returns the names that found no room."""
    _scale(panel, extend_right=0.0)
    right = panel.axes.get_xlim()[1]
    ends = [_step(panel, group, right) for group in _groups(panel)]
    ends.sort(key=lambda end: -end.y)
    return print_stacked(panel.plot, ends)


def draw_points(panel: Panel) -> list[str]:
    """Draw every group as a point with its bounds as bars, and the frontier; returns the names that found no room."""
    _scale(panel, extend_right=0.08)
    line = _frontier_line(panel)
    names = [_point(panel, group) for group in _groups(panel)]
    names.sort(key=lambda named: (named.ink == GREY, -named.y))
    return print_around(panel.plot, names, list(_lines(panel, line)))


def _groups(panel: Panel) -> Iterator[Group]:
    """Split by agent, and by run where an agent has several lines; fewer tasks than the benchmark has are named."""
    keyed = panel.rows.partition_by("agent", "run_id", maintain_order=True)
    agents = [rows["agent"][0] for rows in keyed]
    for place, (agent, rows) in enumerate(zip(agents, keyed, strict=True)):
        name = agent if agents.count(agent) == 1 else f"{agent}, {rows['run_id'][0]}"
        yield Group(f"{name}{_tasks(rows)}", panel.agents.index(agent), agents[:place].count(agent), rows)


def _tasks(rows: pl.DataFrame) -> str:
    if "n_benchmark_tasks" not in rows.columns:
        return ""
    return fewer_tasks(*rows.select("n_tasks", "n_benchmark_tasks").row(0))


def _scale(panel: Panel, extend_right: float) -> None:
    xs = pl.concat([panel.rows[name].drop_nulls() for name in ("x", "x_low", "x_high")])
    ys = pl.concat([panel.rows[name].drop_nulls() for name in ("y", "y_low", "y_high")])
    low, high = float(xs.min() or 0.0), float(xs.max() or 0.0)  # type: ignore[arg-type]
    if low > 0 and high / low >= _LOG_FROM:
        panel.axes.set_xscale("log")
        panel.axes.set_xlabel(beside(panel.axes.get_xlabel(), "log scale"), parse_math=False)
        spread = (high / low) ** _PAD_FRAC
        panel.axes.set_xlim(low / spread, high * spread ** (1 + extend_right / _PAD_FRAC))
        if math.log10(high / low) <= _DECADES_LABELLED:
            panel.axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        panel.axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        panel.axes.set_xlim(min(0.0, low), high * (1 + _PAD_FRAC + extend_right) or 1.0)
    panel.axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    bottom, top = float(ys.min() or 0.0), float(ys.max() or 0.0)  # type: ignore[arg-type]
    pad = _PAD_FRAC * ((top - bottom) or abs(top) or 1.0)
    is_from_zero = panel.strip_px > 0 and bottom >= 0
    panel.axes.set_ylim(0.0 if is_from_zero else bottom - pad, top + pad)


def _step(panel: Panel, group: Group, right: float) -> Named:
    rows, ink = group.rows, group.ink
    xs = [*rows["x"], right]
    columns = {name: [_plain(value) for value in [*rows[name], rows[name][-1]]] for name in ("y", "y_low", "y_high")}
    low, high = columns["y_low"], columns["y_high"]
    panel.axes.fill_between(xs, low, high, step="post", color=ink, alpha=0.13, linewidth=0)
    panel.axes.step(xs, columns["y"], where="post", color=ink, linestyle=dash(group.shape_number), linewidth=1.2)
    for edge in (low, high) if rows["y"].null_count() else ():
        panel.axes.step(xs, edge, where="post", color=ink, linestyle=":", linewidth=0.7)
    last = rows.row(-1, named=True)
    if last["y"] is not None:
        return Named(group.name, right, last["y"], "black", ink, dash(group.shape_number), 1.0)
    end = last["y_low"] if last["y_low"] is not None else last["y_high"]
    return Named(f"{group.name} (bounds)", right, end, "black", ink, ":", 0.7)


def _plain(value: float | None) -> float:
    return float("nan") if value is None else value


def _point(panel: Panel, group: Group) -> Named:
    row, ink = group.rows.row(0, named=True), group.ink
    is_on = row.get("is_on_frontier")
    for ends in _bars(row):
        panel.axes.plot(*zip(*ends, strict=True), color=ink, linewidth=0.8, alpha=0.6)
    shape, face = marker(group.shape_number), "white" if is_on is False else ink
    panel.axes.plot([row["x"]], [row["y"]], shape, color=ink, markerfacecolor=face, markersize=5.5, zorder=3)
    return Named(group.name, row["x"], row["y"], GREY if is_on is False else "black", GREY)


def _bars(row: dict[str, Any]) -> Iterator[tuple[Point, Point]]:
    """Lines from the lowest to the highest each figure of a point can be, where both are known and differ."""
    x, y = row["x"], row["y"]
    if None not in (row["x_low"], row["x_high"]) and row["x_low"] != row["x_high"]:
        yield (row["x_low"], y), (row["x_high"], y)
    if None not in (row["y_low"], row["y_high"]) and row["y_low"] != row["y_high"]:
        yield (x, row["y_low"]), (x, row["y_high"])


def _frontier_line(panel: Panel) -> list[Point]:
    """Draw the frontier; its corners, finely enough spaced to keep labels off it."""
    if "is_on_frontier" not in panel.rows.columns:
        return []
    on = panel.rows.filter("is_on_frontier").sort("x", "y").select("x", "y").unique(maintain_order=True).rows()
    corners: list[Point] = list(_CORNERS[panel.rows["frontier"][0]](on, panel.axes.get_xlim()[1]))
    line = [point for a, b in pairwise(corners) for point in _between(a, b)]
    panel.axes.plot([x for x, _ in line], [y for _, y in line], color=GREY, linewidth=1.0, zorder=1)
    return line


def _stairs(on: Sequence[Point], right: float) -> Iterator[Point]:
    for (x, y), (following, _) in pairwise([*on, (right, 0.0)]):
        yield x, y
        yield following, y


def _chords(on: Sequence[Point], right: float) -> Iterator[Point]:
    yield from on
    yield right, on[-1][1]


def _chords_from_origin(on: Sequence[Point], right: float) -> Iterator[Point]:
    yield 0.0, 0.0
    yield from _chords(on, right)


_CORNERS: Final = {"staircase": _stairs, "hull": _chords, "hull_origin": _chords_from_origin}


def _between(a: Point, b: Point) -> Iterator[Point]:
    """Points on a straight line, which is a curve on a log axis."""
    for step in range(33):
        share = step / 32
        yield a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])


def _lines(panel: Panel, line: Sequence[Point]) -> Iterator[Box]:
    """What names are kept off: the frontier and the bars."""
    yield from (square(x, y, 2.0) for x, y in (panel.axes.transData.transform(line) if line else ()))
    yield from (_bar_box(panel, ends) for row in panel.rows.iter_rows(named=True) for ends in _bars(row))


def _bar_box(panel: Panel, ends: tuple[Point, Point]) -> Box:
    (x0, y0), (x1, y1) = panel.axes.transData.transform(ends)
    return Box(x0 - _BAR_PX, y0 - _BAR_PX, x1 + _BAR_PX, y1 + _BAR_PX)
