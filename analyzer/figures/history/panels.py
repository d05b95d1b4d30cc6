"""The panels of a history: cheapest cost of a score, the best-scoring agent and what its cost is made of, every run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import matplotlib as mpl
import polars as pl
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from analyzer.curves.parts.attempts import GROUP
from analyzer.figures.history.inks import Inks, Who
from analyzer.figures.history.lines import Look, draw_steps, steps_of, stretches
from analyzer.figures.history.scales import TIMES, along_time, in_dollars, in_multiples, number
from analyzer.figures.naming import LETTERINGS, Named, Plot, print_stacked
from analyzer.figures.sheet import Place, Sheet
from analyzer.figures.styles import GREY, elided, label_text
from analyzer.history.factors import FACTORS
from analyzer.history.options import HistoryResult
from analyzer.history.tables import COSTS, EFFECTS

LEFT_IN: Final = 0.72
SMALL: Final = LETTERINGS[1:]
_FACTOR_NAMES: Final = {
    "mean_cost_usd": "dollars", "blended_usd_per_mtok": "dollars per token", "turn_tokens": "tokens per turn",
    "mean_turns": "turns",
}  # fmt: skip
_FACTOR_INKS: Final = ("#000000", "#E69F00", "#56B4E9", "#CC79A7")
_EFFECTS: Final = dict(zip(FACTORS, EFFECTS, strict=True))
_THIN_PT: Final = 0.7
_LINE_IN: Final = 0.095
_GAP_IN: Final = 0.035
_LINE_CHARS: Final = 36
_LIST_PT: Final = (6.0, 5.6)


@dataclass(frozen=True, slots=True)
class Block:
    """One benchmark of a history on a sheet.

    Args:
        sheet: Where it is drawn.
        result: The history.
        name: The benchmark; null: unnamed.
        inks: Colours of the agents.
    """

    sheet: Sheet
    result: HistoryResult
    name: str | None
    inks: Inks

    def rows(self, table: str) -> pl.DataFrame:
        """Rows of the benchmark in one of the tables."""
        rows = self.result.tables[table]
        return rows.filter(rows["benchmark"].eq_missing(self.name))

    @property
    def span(self) -> tuple[datetime, datetime]:
        """First and last moment."""
        return self.result.start, self.result.end

    @property
    def sign(self) -> str:
        """How a score compares with one that it reaches."""
        return "≥" if self.rows("agents")["is_higher_better"].all() else "≤"

    def plot(self, place: Place, axes: Axes) -> Plot:
        """Where names of a place are printed."""
        return Plot(self.sheet.figure, axes, place.strip * self.sheet.figure.dpi, SMALL)


def draw_cheapest(block: Block, place: Place) -> list[str]:
    """Draw the cheapest cost of every score, with a dot where another agent takes over; names that found no room."""
    axes, rows, end = block.sheet.axes(place), block.rows("cheapest"), block.span[1]
    block.sheet.head(place, "Cheapest cost of reaching a score")
    along_time(axes, block.span)
    in_dollars(axes, rows[COSTS[0]], _values(rows, COSTS[1:]))
    names = []
    wanted = rows.partition_by("score_threshold", maintain_order=True)
    for one, ink in zip(wanted, shades(len(wanted)), strict=True):
        steps = steps_of(one, end)
        draw_steps(axes, steps, Look(ink))
        _mark_takeovers(axes, one, ink)
        last, place_of_end = one.row(-1, named=True), steps.end()
        if place_of_end is not None:
            who = _holder(block, last)
            names.append(
                Named(f"{block.sign} {last['score_threshold']:.4g}: {who}", *place_of_end, "black", ink, "-", 0.8)
            )
    say_if_empty(axes, names, "no cost of reaching a score is known")
    return print_stacked(block.plot(place, axes), sorted(names, key=lambda named: -named.y))


def draw_best(block: Block, place: Place) -> list[str]:
    """Draw the cost of the best-scoring agent, each with its number and colour; names that found no room."""
    axes, rows, end = block.sheet.axes(place), block.rows("best"), block.span[1]
    block.sheet.head(place, "Best-scoring agent: what a task costs")
    along_time(axes, block.span, is_labelled=False)
    in_dollars(axes, rows[COSTS[0]], _values(rows, COSTS[1:]))
    draw_steps(axes, steps_of(rows, end), Look("#bdbdbd", has_band=False, width=_THIN_PT))
    held = [(one, until) for one, until in stretches(rows, GROUP[1:], end) if one["agent"][0] is not None]
    inks = [block.inks.inks[_who(one)] for one, _ in held]
    begun = []
    for count, ((one, until), ink) in enumerate(zip(held, inks, strict=True), start=1):
        steps = steps_of(one, until)
        draw_steps(axes, steps, Look(ink, width=1.8))
        begins = steps.start()
        if begins is not None:
            _put_number(axes, *begins, count, ink)
            begun.append(begins)
    say_if_empty(axes, begun, "no cost of a best-scoring agent is known")
    _list(block, place, [f"{_score(one)}{block.inks.names[_who(one)]}" for one, _ in held], inks)
    return []


def draw_factors(block: Block, place: Place) -> list[str]:
    """Draw the cost of the best-scoring agent and its three factors against the first; names that found no room."""
    axes, rows, end = block.sheet.axes(place), block.rows("best"), block.span[1]
    block.sheet.words(place.left, place.top - 0.04, "The same against the first, and its factors", size=6.5)
    known = rows.filter(pl.all_horizontal(pl.col(name) > 0 for name in _FACTOR_NAMES))
    relative = rows.select("priced_at", *_FACTOR_NAMES).with_columns(
        pl.col(name) / pl.lit(known[name].first(), pl.Float64) for name in _FACTOR_NAMES
    )
    along_time(axes, block.span)
    in_multiples(axes, _values(relative, _FACTOR_NAMES))
    names: list[Named] = []
    if known.height == 1:
        say_if_empty(axes, names, "unchanged throughout")
        return []
    for name, ink in zip(_FACTOR_NAMES, _FACTOR_INKS, strict=True):
        steps = steps_of(relative, end, (name, name, name))
        draw_steps(axes, steps, Look(ink, has_band=False, width=1.6 if name == "mean_cost_usd" else 1.1))
        place_of_end = steps.end()
        if place_of_end is not None:
            words = f"{_FACTOR_NAMES[name]} {TIMES} {place_of_end[1]:.3g}{_effect(block, name)}"
            x, y = place_of_end[0], max(place_of_end[1], axes.get_ylim()[0])
            names.append(Named(words, x, y, "black", ink, "-", 0.8))
    say_if_empty(axes, names, "its tokens or turns are not known")
    return print_stacked(block.plot(place, axes), sorted(names, key=lambda named: -named.y))


def draw_runs(block: Block, place: Place) -> list[str]:
    """Draw the cost of every agent, thin and dashed once retired; names that found no room."""
    axes, rows, end = block.sheet.axes(place), block.rows("runs"), block.span[1]
    block.sheet.head(place, "Cost of every agent since its release")
    along_time(axes, block.span)
    in_dollars(axes, rows[COSTS[0]], _values(rows, COSTS[1:]))
    names = []
    for one in rows.partition_by(GROUP, maintain_order=True):
        who = _who(one)
        ink = block.inks.inks[who]
        for part, until in stretches(one, ["is_retired"], end):
            is_retired = part["is_retired"][0]
            look = Look(ink, "--", _THIN_PT, has_band=False) if is_retired else Look(ink, block.inks.dash(who))
            draw_steps(axes, steps_of(part, until), look)
            if is_retired and part["mean_cost_usd"][0] is not None:
                axes.plot([number(part["priced_at"][0])], [part["mean_cost_usd"][0]], "x", color=ink, markersize=5)
        steps = steps_of(one, end)
        place_of_end = steps.end()
        if place_of_end is not None:
            words = f"{block.inks.names[who]}{_state(one, is_bounded=steps.is_bounded_only)}"
            names.append(Named(words, *place_of_end, "black", ink, block.inks.dash(who), 0.8))
    say_if_empty(axes, names, "no cost of any agent is known")
    return print_stacked(block.plot(place, axes), sorted(names, key=lambda named: -named.y))


def _holder(block: Block, row: Mapping[str, Any]) -> str:
    """Who is the cheapest in a row of CHEAPEST, in words."""
    if row["agent"] is not None:
        return block.inks.names[row["benchmark"], row["agent"], row["run_id"]]
    return "not one figure" if row["is_reached"] else "nobody any longer"


def _values(rows: pl.DataFrame, names: Iterable[str]) -> list[float | None]:
    return [value for name in names for value in rows[name]]


def shades(n: int) -> list[str]:
    """Colours from dark to light, so that harder scores are darker."""
    shades = mpl.colormaps["viridis"]
    return [to_hex(shades(0.72 * (1 - place / max(1, n - 1)) if n > 1 else 0.2)) for place in range(n)]


def _mark_takeovers(axes: Axes, rows: pl.DataFrame, ink: str) -> None:
    first = rows.with_columns(_part=pl.struct(GROUP[1:]).rle_id()).unique("_part", keep="first", maintain_order=True)
    known = first.filter(pl.col("mean_cost_usd").is_not_null())
    xs = [number(moment) for moment in known["priced_at"]]
    axes.plot(xs, known["mean_cost_usd"].to_list(), "o", color=ink, markersize=3.2)


def _put_number(axes: Axes, x: float, y: float, count: int, ink: str) -> None:
    axes.plot([x], [y], "o", color=ink, markersize=7.5, zorder=4, clip_on=False)
    axes.text(x, y, str(count), color="white", fontsize=5.5, ha="center", va="center", zorder=5)


def _list(block: Block, place: Place, names: Sequence[str], inks: Sequence[str]) -> None:
    """List names with their numbers in the strip, in order of time: with room, on two lines each, else on one."""
    texts, size = [label_text(name, 2) for name in names], _LIST_PT[0]
    if sum(map(_height, texts)) > place.height:
        texts, size = [elided(name, _LINE_CHARS) for name in names], _LIST_PT[1]
    left, top = place.left + place.width + 0.14, place.top
    for count, (text, ink) in enumerate(zip(texts, inks, strict=True), start=1):
        height = _height(text)
        top += height
        if top > place.top + place.height - _LINE_IN and count < len(texts):
            block.sheet.words(left, top, f"… {len(texts) - count + 1} more: see the table", size=size)
            return
        block.sheet.words(left, top - height + _LINE_IN + _GAP_IN, str(count), ink, size, fontweight="bold")
        block.sheet.words(left + 0.15, top, text, "black", size)


def _height(text: str) -> float:
    return _LINE_IN * (text.count("\n") + 1) + _GAP_IN


def _who(rows: pl.DataFrame) -> Who:
    benchmark, agent, run_id = rows.row(0, named=True)["benchmark"], rows["agent"][0], rows["run_id"][0]
    return benchmark, agent, run_id


def _score(rows: pl.DataFrame) -> str:
    score = rows["score"][0]
    return "" if score is None else f"{score:.3g}: "


def _state(rows: pl.DataFrame, *, is_bounded: bool) -> str:
    retired = rows.filter("is_retired")["priced_at"]
    words = [f"retired {retired[0]:%Y-%m-%d}"] if len(retired) else []
    words += ["bounds"] if is_bounded else []
    return f" ({', '.join(words)})" if words else ""


def _effect(block: Block, name: str) -> str:
    """Dollars of the whole change that are due to a factor."""
    effects = block.rows("best_change").filter(pl.col("change_usd") != 0)[_EFFECTS.get(name, "change_usd")].drop_nulls()
    return f" ({effects[0]:+.2g}\xa0USD)" if len(effects) else ""


def say_if_empty(axes: Axes, names: Sequence[object], why: str) -> None:
    """Say why a panel is empty, where it is."""
    if not names:
        axes.text(0.5, 0.5, why, transform=axes.transAxes, ha="center", va="center", color=GREY, fontsize=8)
