"""A comparison as a figure: the waterfall from one cost to the other, and the effects on each model below it."""

import textwrap
from typing import Final

import matplotlib.style
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analyzer.compare import Comparison
from analyzer.compare.effects import EFFECTS
from analyzer.figures.sheet import MARGIN_IN, WIDTH_IN, Place, Sheet, blank, wrapped
from analyzer.figures.styles import GREY, RC, colour, drawable, label_text
from analyzer.words import counted, span

_PANEL_IN: Final = 2.6
_ROW_IN: Final = 0.36
_TOP_IN: Final = 0.36
_SIDE_IN: Final = 0.17
_HEAD_IN: Final = 0.4
_FOOT_IN: Final = 0.55
_LEFT_IN: Final = 0.85
_NAMES_IN: Final = 2.35
_MOST_MODELS: Final = 10
_BAR: Final = 0.6
_TOTAL: Final = "#8c8c8c"
_ROOM: Final = 0.16
_LEAST_USD: Final = 1e-9
_SIDE_CHARS: Final = 145
_EMPTY_IN: Final = 0.8
_NAMES: Final = tuple(f"{name}_usd" for name in EFFECTS)


def draw_comparison(found: Comparison) -> Figure:
    """Draw a comparison; where nothing has a price, a sheet that says so."""
    models = found.by_model().filter(pl.col("model") != "all", pl.col("change_usd") != 0)
    shown = models.head(_MOST_MODELS)
    rest = [f"{models.height - shown.height} models of smaller change are not drawn."] * (models.height > shown.height)
    lines = wrapped((*found.notes, *rest), WIDTH_IN)
    with matplotlib.style.context(["default", RC]):
        rows_in, sides = _ROW_IN * shown.height, _sides(found)
        head_in = _TOP_IN + _SIDE_IN * len(sides) + _HEAD_IN / 2
        panel_in = _EMPTY_IN if _is_empty(found) else _PANEL_IN
        below_in = (_HEAD_IN + rows_in + _FOOT_IN) if shown.height else 0.0
        sheet = blank(WIDTH_IN, head_in + panel_in + _FOOT_IN + below_in + MARGIN_IN, lines)
        _head(sheet, sides)
        _waterfall(_axes(sheet, "", head_in, panel_in, _LEFT_IN), found)
        if shown.height:
            top_in = head_in + panel_in + _FOOT_IN + _HEAD_IN
            _models(_axes(sheet, "By model", top_in, rows_in, _NAMES_IN), shown)
        sheet.notes(lines)
    return sheet.figure


def _is_empty(found: Comparison) -> bool:
    row = found.by_model().row(-1, named=True)
    return not row["cost_before_usd"] and not row["cost_after_usd"]


def _sides(found: Comparison) -> list[str]:
    """Lines that say what lies on either side: its cost and how it is priced."""
    lines = []
    for row in found.totals.iter_rows(named=True):
        cost = span(row["cost_usd"], row["cost_low_usd"], row["cost_high_usd"])
        words = drawable(f"{row['side']}: {cost} for {counted(row['n_runs'], 'run')}: {row['scenario']}")
        lines += textwrap.wrap(words, _SIDE_CHARS, subsequent_indent="    ")
    return lines


def _head(sheet: Sheet, sides: list[str]) -> None:
    sheet.words(MARGIN_IN, 0.26, "What changed the cost", "black", 10, fontweight="bold", va="baseline")
    for number, words in enumerate(sides, start=1):
        sheet.words(MARGIN_IN, _TOP_IN - 0.06 + _SIDE_IN * number, words, size=7, va="baseline")


def _axes(sheet: Sheet, title: str, top_in: float, height_in: float, left_in: float) -> Axes:
    axes = sheet.axes(Place(left_in, top_in, WIDTH_IN - left_in - 2 * MARGIN_IN, height_in))
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold")
    return axes


def _waterfall(axes: Axes, found: Comparison) -> None:
    """Bars from the cost before over each effect to the cost after, with what each adds or takes."""
    if _is_empty(found):
        axes.set_axis_off()
        axes.text(0.5, 0.5, "nothing has a price above zero on both sides", ha="center", color=GREY, fontsize=11)
        return
    row = found.by_model().row(-1, named=True)
    start, end = row["cost_before_usd"], row["cost_after_usd"]
    bars = [("before", 0.0, start, _TOTAL)]
    level = start
    for number, name in enumerate(EFFECTS):
        bars.append((name, level, row[f"{name}_usd"], colour(number)))
        level += row[f"{name}_usd"]
    bars.append(("after", 0.0, end, _TOTAL))
    for place, (_, base, step, shade) in enumerate(bars):
        axes.bar(place, step, bottom=base, width=_BAR, color=shade)
        _say(axes, place, base, step, is_total=shade == _TOTAL)
    _connect(axes, bars)
    axes.set_xticks(range(len(bars)), [name for name, *_ in bars])
    axes.set_ylabel("US dollars")
    axes.grid(visible=False, axis="x")
    highest = max(max(base, base + step) for _, base, step, _ in bars)
    lowest = min(0.0, *(min(base, base + step) for _, base, step, _ in bars))
    axes.set_ylim(lowest * (1 + _ROOM), highest * (1 + _ROOM))


def _say(axes: Axes, place: int, base: float, step: float, *, is_total: bool) -> None:
    text = f"${step:,.2f}" if is_total else _signed(step)
    is_up = step >= 0 or is_total
    at = max(base, base + step) if is_up else min(base, base + step)
    offset = (0, 3) if is_up else (0, -3)
    axes.annotate(
        text, (place, at), offset, textcoords="offset points", ha="center", va="bottom" if is_up else "top", fontsize=8
    )


def _signed(usd: float) -> str:
    if abs(usd) < _LEAST_USD:
        return "no change"
    return f"{'+' if usd >= 0 else '-'}${abs(usd):,.2f}"


def _connect(axes: Axes, bars: list[tuple[str, float, float, str]]) -> None:
    """Join the end of each bar with the start of the next, through those that change nothing."""
    for place, (_, base, step, _) in enumerate(bars[:-1]):
        start = place - _BAR / 2 if place and abs(step) < _LEAST_USD else place + _BAR / 2
        axes.plot([start, place + 1 - _BAR / 2], [base + step] * 2, color=GREY, linewidth=0.6)


def _models(axes: Axes, models: pl.DataFrame) -> None:
    """One row per model: its effects stacked left and right of zero, and the change in dollars."""
    for place, row in enumerate(models.iter_rows(named=True)):
        left, right = 0.0, 0.0
        for number, name in enumerate(EFFECTS):
            step = row[f"{name}_usd"]
            axes.barh(place, step, left=right if step >= 0 else left, height=_BAR, color=colour(number))
            left, right = (left, right + step) if step >= 0 else (left + step, right)
        axes.annotate(
            _signed(row["change_usd"]), (right, place), (4, 0), textcoords="offset points", va="center", fontsize=8
        )
    names = [" ".join(filter(None, (row["provider"], row["model"]))) for row in models.iter_rows(named=True)]
    axes.set_yticks(range(len(names)), [label_text(name, 2) for name in names], fontsize=7)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.axvline(0, color=GREY, linewidth=0.8)
    lows = models.select(pl.sum_horizontal(pl.col(_NAMES).clip(upper_bound=0)).min()).item()
    highs = models.select(pl.sum_horizontal(pl.col(_NAMES).clip(lower_bound=0)).max()).item()
    axes.set_xlim(lows - 0.04 * (highs - lows), highs + _ROOM * (highs - lows))
    axes.set_xlabel("Change in US dollars")
    axes.grid(visible=False, axis="y")
    handles = [axes.barh(0, 0, color=colour(number), label=name) for number, name in enumerate(EFFECTS)]
    axes.legend(
        handles=handles, ncols=len(EFFECTS), loc="lower right", bbox_to_anchor=(1, 1), frameon=False, fontsize=7
    )
