"""A tornado as a figure: bars from the lowest to the highest cost of each lever around the base, widest first."""

from typing import Any, Final

import matplotlib.style
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analyzer.figures.sheet import MARGIN_IN, WIDTH_IN, Place, Sheet, blank, wrapped
from analyzer.figures.styles import GREY, RC, colour, elided
from analyzer.tornado.notes import scope_name
from analyzer.tornado.price_levers import price_words
from analyzer.tornado.question import SCOPE, of_scope
from analyzer.tornado.tornado import Tornado
from analyzer.words import at_least, counted, percent

_ROW_IN: Final = 0.36
_HEAD_IN: Final = 0.75
_FOOT_IN: Final = 0.42
_NAMES_IN: Final = 2.9
_EMPTY_IN: Final = 0.6
_LINE_IN: Final = 0.17
_KEY_IN: Final = 0.6
_LABEL_IN: Final = 0.62
_BAR: Final = 0.62
_MOST_PANELS: Final = 4
_LEVERS_ALONE: Final = 14
_LEVERS_EACH: Final = 7
_TITLE_CHARS: Final = 92
_NAME_CHARS: Final = 50
_SETTING_CHARS: Final = 60
_COLOURS: Final = {"price": 0, "policy": 1}
_PARTLY: Final = "////"
_LEAST_WHOLE_USD: Final = 1.0


def draw_tornado(found: Tornado, n_levers: int | None = None) -> Figure:
    """Draw the widest levers, each scope in a panel of its own, the dearest scopes first.

    Args:
        found: Levers.
        n_levers: Levers to a panel; null: as many as can be read.
    """
    panels = found.scopes.sort("priced_usd", *SCOPE, descending=[True, False, False, False]).head(_MOST_PANELS)
    most = n_levers or (_LEVERS_ALONE if panels.height == 1 else _LEVERS_EACH)
    known = found.frame.filter(pl.col("swing_usd").is_not_null())
    levers = [of_scope(known, row).head(most) for row in panels.iter_rows(named=True)]
    lines = wrapped((*found.notes, *_left_out(found, known, levers)), WIDTH_IN)
    heights = [_ROW_IN * rows.height if rows.height else _EMPTY_IN for rows in levers]
    with matplotlib.style.context(["default", RC]):
        content_in = sum(heights) + len(heights) * (_HEAD_IN + _FOOT_IN) or _EMPTY_IN
        sheet, top_in = blank(WIDTH_IN, content_in + MARGIN_IN, lines), 0.0
        for row, rows, height_in in zip(panels.iter_rows(named=True), levers, heights, strict=True):
            place = Place(_NAMES_IN, top_in + _HEAD_IN, WIDTH_IN - _NAMES_IN - 2 * MARGIN_IN, height_in)
            _panel(sheet, place, row, rows)
            top_in += _HEAD_IN + height_in + _FOOT_IN
        if panels.is_empty():
            sheet.say_empty(0.25 * sheet.height_in, "there are no runs")
        sheet.notes(lines)
    return sheet.figure


def _left_out(found: Tornado, known: pl.DataFrame, levers: list[pl.DataFrame]) -> list[str]:
    n_scopes = found.scopes.height - len(levers)
    noun = "agent" if found.scopes["run_id"].is_null().all() else "run"
    words = [f"{counted(n_scopes, f'cheaper {noun}')} not drawn: see the table."] * (n_scopes > 0)
    drawn = pl.concat([known.clear(), *levers])
    scopes = known.join(drawn, on=SCOPE, how="semi", nulls_equal=True)
    n_levers = scopes.height - drawn.height
    return words + [f"{counted(n_levers, 'lever')} of less swing not drawn: see the table."] * (n_levers > 0)


def _panel(sheet: Sheet, place: Place, row: dict[str, Any], levers: pl.DataFrame) -> None:
    """Draw a scope, its head above its place."""
    _head(sheet, place.top, row)
    if levers.is_empty():
        words = "no lever moves this cost" if row["priced_usd"] > 0 else "nothing here has a price above zero"
        sheet.say_empty(place.top + place.height / 2, words)
        return
    axes = sheet.axes(place)
    _scale(axes, row["priced_usd"], levers, place.width)
    for number, lever in enumerate(levers.iter_rows(named=True)):
        _bar(axes, number, row["priced_usd"], lever)
    base = f"{'priced part' if row['base_usd'] is None else 'base'} {_usd(row['priced_usd'])}"
    axes.axvline(row["priced_usd"], color="black", linewidth=0.8)
    axes.annotate(
        base, (row["priced_usd"], 1), (0, 2), xycoords=("data", "axes fraction"), textcoords="offset points",
        ha="center", va="bottom", fontsize=7, parse_math=False,
    )  # fmt: skip


def _head(sheet: Sheet, top: float, row: dict[str, Any]) -> None:
    """Title, what the cost is, and what the colours mean."""
    sheet.title(MARGIN_IN, top - 2.4 * _LINE_IN, elided(f"What moves the cost: {scope_name(row)}", _TITLE_CHARS))
    below = top - 1.45 * _LINE_IN
    sheet.words(MARGIN_IN, below, _cost(row), size=7)
    for number, (name, words) in enumerate((("policy", "policies"), ("price", "prices"))):
        right = WIDTH_IN - MARGIN_IN - _KEY_IN * number
        sheet.words(right, below, f"■ {words}", _ink(name), 7, ha="right")


def _cost(row: dict[str, Any]) -> str:
    runs = f"{counted(row['n_runs'], 'run')}, " if row["run_id"] is None else ""
    if row["base_usd"] is None:
        share = percent(row["coverage_frac"])
        cost = at_least(_usd, row["base_low_usd"])
        return f"{runs}cost {cost} ({share} of calls priced): only the priced part is moved"
    if row["base_high_usd"] is not None and row["base_low_usd"] < row["base_usd"]:
        return (
            f"{runs}cost {_usd(row['base_usd'])}, between {_usd(row['base_low_usd'])} and {_usd(row['base_high_usd'])}"
        )
    return f"{runs}cost {_usd(row['base_usd'])}"


def _scale(axes: Axes, base: float, levers: pl.DataFrame, width_in: float) -> None:
    """Room for every bar and the label at each of its ends; names of the levers at the left."""
    low, high = (base + _extreme(levers[name]) for name in ("change_at_low_usd", "change_at_high_usd"))
    room = (high - low) * _LABEL_IN / (width_in - 2 * _LABEL_IN)
    axes.set_xlim(low - room, high + room)
    axes.set_ylim(levers.height - 0.45, -0.55)
    axes.set_yticks([])
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.set_xlabel("Cost with one lever moved (US dollars)")


def _extreme(changes: pl.Series) -> float:
    """Change furthest from none."""
    return max(map(float, changes), key=abs)


def _bar(axes: Axes, number: int, base: float, lever: dict[str, Any]) -> None:
    ink, is_partly = _ink(lever["lever_type"]), lever["known_frac"] < 1
    ends = lever["change_at_low_usd"], lever["change_at_high_usd"]
    for change, shade in zip(ends, (0.55, 1.0), strict=True):
        style: dict[str, Any] = {"hatch": _PARTLY, "fill": False} if is_partly else {}
        axes.barh(number, change, left=base, height=_BAR, color=ink, edgecolor=ink, alpha=shade, linewidth=0.5, **style)
    for change, side, where in zip(ends, ("right", "left"), (-3, 3), strict=True):
        if change:
            axes.annotate(
                _usd(base + change), (base + change, number), (where, 0), textcoords="offset points", ha=side,
                va="center", fontsize=7, parse_math=False,
            )  # fmt: skip
    for words, offset, size, shade_of in zip(_names(lever), (1, -1), (7, 6), ("black", GREY), strict=True):
        axes.annotate(
            words, (0, number), (-4, 5 * offset), xycoords=("axes fraction", "data"),
            textcoords="offset points", ha="right", va="center", fontsize=size, color=shade_of, parse_math=False,
        )  # fmt: skip


def _names(lever: dict[str, Any]) -> tuple[str, str]:
    """Name a lever in two lines: what it is, and its settings from the lowest cost to the highest."""
    share = lever["known_frac"]
    known = f"; {percent(share)} of the dollars" if share < 1 else ""
    settings = f"{lever['low_setting']} … {lever['high_setting']}{known}{'; assumed' if lever['is_assumed'] else ''}"
    if lever["price_model"] is None:
        return elided(lever["lever"], _NAME_CHARS), elided(settings, _SETTING_CHARS)
    model = elided(lever["price_model"], _SETTING_CHARS - len(settings) - 2)
    return price_words(lever["kind"]), f"{model}: {settings}"


def _ink(lever_type: str) -> str:
    return colour(_COLOURS[lever_type])


def _usd(usd: float) -> str:
    return f"${usd:,.2f}" if abs(usd) >= _LEAST_WHOLE_USD or not usd else f"${usd:.3g}"
