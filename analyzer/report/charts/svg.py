"""A curve of one benchmark as an SVG: real text, colours from the page's style, so that it follows its theme."""

import textwrap
from collections.abc import Mapping
from html import escape
from typing import Final

import polars as pl

from analyzer.curves.registry import CurveResult
from analyzer.report.charts.keys import letter
from analyzer.report.charts.marks import Drawn, Frame, points, steps
from analyzer.report.charts.scale import Scale, across, up
from analyzer.report.words import short
from analyzer.words import beside

WIDTH: Final = 400
HEIGHT: Final = 290
_LEFT, _TOP, _BOTTOM = 46, 26, 48
_RIGHT: Final = {"steps": 44, "points": 12}
_X_TICKS, _Y_TICKS = 5, 6
_TICK_GAP: Final = 8.0
_CHARACTER_PX: Final = 6.6
_LABEL_CHARS: Final = 58
_LABEL_LINE_PX: Final = 15


def draw(result: CurveResult, keys: Mapping[str, int], place: str) -> Drawn:
    """Draw a curve of one benchmark.

    Args:
        result: The curve.
        keys: Number of each agent, which gives its letter, colour and dash.
        place: Prefix of the ids in the SVG, unique in the page.

    Returns:
        The SVG and the agents it has no place for: those of which nothing is known, and those whose letter found none.
    """
    frame = _frame(result)
    body = (steps if result.form == "steps" else points)(frame, result.frame, keys)
    parts = (_opening(result, place, _said(result, keys)), *_axes(frame, result), body.svg, "</svg>")
    return Drawn("\n".join(part for part in parts if part), body.not_drawn, body.not_named)


def _frame(result: CurveResult) -> Frame:
    rows = result.frame
    if result.form == "points":
        rows = rows.filter(pl.col("x").is_not_null() & pl.col("y").is_not_null())
    values = {axis: [v for end in ("", "_low", "_high") for v in rows[axis + end].drop_nulls()] for axis in "xy"}
    x = across(values["x"], _LEFT, WIDTH - _RIGHT[result.form])
    bottom = HEIGHT - _BOTTOM - _LABEL_LINE_PX * (len(_lines(result.x_label, x)) - 1)
    return Frame(x, up(values["y"], bottom, _TOP), WIDTH)


def _lines(label: str, x: Scale) -> list[str]:
    """Lines of the label of x, which says where its scale is logarithmic."""
    return textwrap.wrap(beside(label, "log scale") if x.is_log else label, _LABEL_CHARS)


def _opening(result: CurveResult, place: str, said: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{place}-title {place}-desc">'
        f'<title id="{place}-title">{escape(result.title)}</title><desc id="{place}-desc">{escape(said)}</desc>'
    )


def _said(result: CurveResult, keys: Mapping[str, int]) -> str:
    """Say in words where every line ends or every point stands."""
    last = result.frame.group_by("agent", maintain_order=True).last()
    places = [
        f"{letter(keys[row['agent']])}: {result.y_label.lower()} {_value(row, 'y')} at {_value(row, 'x')}"
        for row in last.iter_rows(named=True)
    ]
    return f"{result.y_label} against {result.x_label}. {'; '.join(places) or 'Nothing to draw'}."


def _value(row: dict[str, float | None], name: str) -> str:
    return "not known" if row[name] is None else f"{row[name]:.4g}"


def _axes(frame: Frame, result: CurveResult) -> list[str]:
    floor, edge = frame.y.start, frame.x.end
    direction = "" if result.frame["is_higher_better"].all() else " (lower is better)"
    lines = []
    for value in frame.y.ticks(_Y_TICKS):
        y = frame.y.at(value)
        lines.append(f'<line class="grid" x1="{_LEFT}" x2="{edge:g}" y1="{y:.1f}" y2="{y:.1f}"/>')
        lines.append(f'<text class="tick" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{short(value)}</text>')
    for x, text in _x_ticks(frame):
        lines.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{floor + 4:g}"/>')
        lines.append(f'<text class="tick" x="{x:.1f}" y="{floor + 18:g}" text-anchor="middle">{text}</text>')
    return [
        *lines,
        f'<line class="axis" x1="{_LEFT}" x2="{edge:g}" y1="{floor:g}" y2="{floor:g}"/>',
        f'<text class="label" x="4" y="12">{escape(result.y_label + direction)}</text>',
        *_x_label(_lines(result.x_label, frame.x), (_LEFT + edge) / 2),
    ]


def _x_label(lines: list[str], middle: float) -> list[str]:
    heights = [HEIGHT - 8 - _LABEL_LINE_PX * above for above in reversed(range(len(lines)))]
    return [
        f'<text class="label" x="{middle:g}" y="{y}" text-anchor="middle">{escape(line)}</text>'
        for y, line in zip(heights, lines, strict=True)
    ]


def _x_ticks(frame: Frame) -> list[tuple[float, str]]:
    """Place the ticks whose labels neither touch each other nor leave the sheet."""
    kept: list[tuple[float, str]] = []
    free_from = 0.0
    for value in frame.x.ticks(_X_TICKS):
        x, text = frame.x.at(value), short(value)
        half = len(text) * _CHARACTER_PX / 2
        if x - half >= free_from and x + half <= WIDTH:
            kept.append((x, text))
            free_from = x + half + _TICK_GAP
    return kept
