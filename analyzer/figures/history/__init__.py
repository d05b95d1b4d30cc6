"""A history as a print-ready figure: the smile of each benchmark, and the cost of every agent below it.

Left: the cheapest cost of reaching a score over time. Right: what the best-scoring agent costs, and its factors.
"""

from collections.abc import Callable
from typing import Final

import matplotlib.style
from matplotlib.figure import Figure

from analyzer.figures.history.along import ALONG_IN, draw_along
from analyzer.figures.history.inks import inks_of, shared_start
from analyzer.figures.history.panels import LEFT_IN, Block, draw_best, draw_cheapest, draw_factors, draw_runs
from analyzer.figures.sheet import MARGIN_IN, WIDE_IN, Place, blank, wrapped
from analyzer.figures.styles import RC
from analyzer.history.options import HistoryResult

_TITLE_IN: Final = 0.36
_KEY_IN: Final = 0.2
_HEAD_IN: Final = 0.24
_UPPER_IN: Final = 3.3
_BEST_IN: Final = 1.8
_BETWEEN_IN: Final = 0.26
_FOOT_IN: Final = 0.36
_LABEL_IN: Final = 0.2
_RUN_IN: Final = 0.16
_RUNS_IN: Final = (2.2, 5.0)
_STRIP_IN: Final = 1.72
_WIDE_STRIP_IN: Final = 2.1


def draw_history(result: HistoryResult) -> Figure:
    """Draw a history, each benchmark in a block of its own; with an axis, along it in the place of time.

    Raises:
        UsageError: if the colour is no attribute.
    """
    with matplotlib.style.context(["default", RC]):
        inks = inks_of(result.agents, result.options.colour)
        draw = _draw_smile if result.options.axis is None else draw_along
        names = result.runs["benchmark"].unique(maintain_order=True).to_list()
        heights = [_height(result, name) for name in names]
        notes = wrapped(result.notes, WIDE_IN)
        sheet = blank(WIDE_IN, sum(heights), notes)
        top, left_out = 0.0, []
        for name, height in zip(names, heights, strict=True):
            left_out += _draw_block(Block(sheet, result, name, inks), top, draw)
            top += height
        sheet.notes([*notes, *([f"No room to name {len(left_out)} of them: see the table."] if left_out else [])])
    return sheet.figure


def _height(result: HistoryResult, name: str | None) -> float:
    key = _KEY_IN if result.options.colour else 0.0
    head = _TITLE_IN + key + _HEAD_IN
    if result.options.axis:
        return head + ALONG_IN + _FOOT_IN + _LABEL_IN
    return head + _UPPER_IN + _FOOT_IN + _HEAD_IN + _runs_in(result, name) + _FOOT_IN


def _runs_in(result: HistoryResult, name: str | None) -> float:
    n_agents = result.agents.filter(result.agents["benchmark"].eq_missing(name)).height
    return min(max(_RUN_IN * n_agents, _RUNS_IN[0]), _RUNS_IN[1])


def _draw_block(block: Block, top: float, draw: Callable[[Block, float], list[str]]) -> list[str]:
    """Draw one benchmark below its title; the names that found no room."""
    start = shared_start(block.rows("agents")["agent"]).removesuffix("+ ").strip()
    shared = f" (every agent: {start})" if start else ""
    along = "over time" if block.result.options.axis is None else f"by {block.result.options.axis}"
    name = block.name or "unnamed benchmark"
    block.sheet.title(MARGIN_IN, top + _TITLE_IN - 0.06, f"{block.result.score_label} and cost {along}: {name}{shared}")
    top += _TITLE_IN
    if block.inks.key:
        _draw_key(block, top)
        top += _KEY_IN
    return draw(block, top + _HEAD_IN)


def _draw_key(block: Block, top: float) -> None:
    left = MARGIN_IN
    for words, ink in block.inks.key:
        block.sheet.words(left, top + _KEY_IN - 0.08, f"■ {words}", ink, 7.5)
        left += 0.3 + 0.062 * len(words)


def _draw_smile(block: Block, top: float) -> list[str]:
    width = (WIDE_IN - 2 * LEFT_IN - 2 * _STRIP_IN - MARGIN_IN) / 2
    right = LEFT_IN + width + _STRIP_IN + LEFT_IN
    factors_top = top + _BEST_IN + _BETWEEN_IN
    left_out = draw_cheapest(block, Place(LEFT_IN, top, width, _UPPER_IN, _STRIP_IN))
    left_out += draw_best(block, Place(right, top, width, _BEST_IN, _STRIP_IN))
    left_out += draw_factors(block, Place(right, factors_top, width, _UPPER_IN - _BEST_IN - _BETWEEN_IN, _STRIP_IN))
    whole = WIDE_IN - LEFT_IN - _WIDE_STRIP_IN - MARGIN_IN
    below = top + _UPPER_IN + _FOOT_IN + _HEAD_IN
    return left_out + draw_runs(block, Place(LEFT_IN, below, whole, _runs_in(block.result, block.name), _WIDE_STRIP_IN))
