"""Cards for people: a sentence each, a LaTeX table, or JSON."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import polars as pl

from analyzer.card import QUANTILE_RULE, STATISTICS, column
from analyzer.words import NOT_KNOWN, at_least, counted, percent, usd

Card = dict[str, Any]
_SCENARIO: Final = "Scenario"
_SAME: Final = 0.005
_WHOLE_FROM: Final = 100
_LATEX: Final = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


def to_text(cards: pl.DataFrame) -> str:
    """One sentence per card, then the rule the quantiles follow."""
    return "\n\n".join([*(sentence(card) for card in cards.iter_rows(named=True)), QUANTILE_RULE]) + "\n"


def to_json(cards: pl.DataFrame) -> str:
    """Every column of every card with its sentence; null means not known."""
    rows = [{**card, "sentence": sentence(card)} for card in cards.iter_rows(named=True)]
    notes = cards["scenario"].drop_nulls().unique().to_list()
    content = {"quantile_rule": QUANTILE_RULE, "notes": notes, "cards": rows}
    return json.dumps(content, indent=2, ensure_ascii=False, default=datetime.isoformat, allow_nan=False) + "\n"


def to_latex(cards: pl.DataFrame) -> str:
    """Give a booktabs table, one line per card, text escaped."""
    shown = to_cells(cards)
    rows, header = shown.rows(), [_escaped(name) for name in shown.columns]
    body = [" & ".join(_escaped(cell) for cell in row) + r" \\" for row in rows]
    lines = [
        f"% {QUANTILE_RULE}",
        r"\begin{tabular}{" + "l" * len(header) + "}",
        r"\toprule",
        " & ".join(header) + r" \\",
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def to_cells(cards: pl.DataFrame) -> pl.DataFrame:
    """Show every card as a row of ready-made text: the table to print."""
    shown = {name: cell for name, cell in _CELLS.items() if name != _SCENARIO or cards["scenario"].count()}
    rows = [[cell(card) for cell in shown.values()] for card in cards.iter_rows(named=True)]
    return pl.DataFrame(rows, schema=dict.fromkeys(shown, pl.String), orient="row")


def sentence(card: Card) -> str:
    """Say the card in one sentence: score, attempts, dollars, tokens, turns, seconds, limits, prices, coverage."""
    name = f"{card['agent']} (effort {card['reasoning_effort'] or NOT_KNOWN})"
    score = f"{card['score_metric'] or 'score'} {_score(card)}"
    used = "; ".join(f"{axis} {_figures(card, axis)}" for axis in _SHOWN)
    return (
        f"{name} on {card['benchmark'] or 'an unnamed benchmark'}: {score} over {_attempts(card)}. "
        f"Per attempt, mean / P50 / P95: {used}. "
        f"Limits per attempt: {_limits(card)}; budget told to the model: {_told(card)}. "
        f"Prices: {_prices(card)}; {_coverage(card)}.{' ' if card['scenario'] else ''}{_scenario(card)}"
    )


def _score(card: Card) -> str:
    if card["score"] is None:
        recorded = card["recorded_score"]
        return NOT_KNOWN if recorded is None else f"{NOT_KNOWN} (its source claims {recorded:.4g})"
    low, high = card["score_low"], card["score_high"]
    if not card["n_unscored"]:
        return f"{card['score']:.4g}"
    return f"{card['score']:.4g} (between {_bound(low)} and {_bound(high)}: {card['n_unscored']} not scored)"


def _bound(value: float | None) -> str:
    return NOT_KNOWN if value is None else f"{value:.4g}"


def _attempts(card: Card) -> str:
    if not card["n_rollouts"]:
        return "no rollouts"
    low, high = card["n_attempts_min"], card["n_attempts_max"]
    times = f"{low}" if low == high else f"{low} to {high}"
    words = [f"{counted(card['n_tasks'], 'task')}, {times} attempt{'s' if times != '1' else ''} each"]
    words += [f"{card['n_errors']} ended by infrastructure errors"] if card["n_errors"] else []
    words += [f"{counted(card['n_missing_tasks'], 'more task')} never attempted"] if card["n_missing_tasks"] else []
    return ", ".join(words)


def _figures(card: Card, axis: str) -> str:
    figures = [_quantity(card, statistic, axis) for statistic in STATISTICS]
    text = NOT_KNOWN if set(figures) == {NOT_KNOWN} else " / ".join(figures)
    stated = card["mean_recorded_usd"]
    is_stated = axis == "dollars" and card[column("mean", axis)] is None and stated is not None
    return f"{text} (recorded by its source: {usd(stated)} on average)" if is_stated else text


def _quantity(card: Card, statistic: str, axis: str) -> str:
    """Give the figure with its range where that is wide, a lower bound, or not known."""
    point, low, high = (card[column(statistic, axis, bound)] for bound in ("", "low", "high"))
    show = _SHOWN[axis]
    if point is not None:
        is_wide = low < point * (1 - _SAME) or high > point * (1 + _SAME)
        return f"{show(point)} ({show(low)} to {show(high)})" if is_wide else show(point)
    if high is not None:
        return f"{show(low)} to {show(high)}"
    return at_least(show, low)


def _limits(card: Card) -> str:
    limits = [(usd, "limit_usd", ""), (_count, "limit_tokens", " tokens"), (_count, "limit_s", " s")]
    limits += [(_count, "limit_turns", " turns")]
    known = [f"{show(card[name])}{unit}" for show, name, unit in limits if card[name] is not None]
    return ", ".join(known) or "none known"


def _told(card: Card) -> str:
    return {True: "yes", False: "no", None: NOT_KNOWN}[card["is_budget_told"]]


def _prices(card: Card) -> str:
    days = [f"{card[name]:%Y-%m-%d}" for name in ("priced_from", "priced_until") if card[name] is not None]
    return " to ".join(dict.fromkeys(days)) or NOT_KNOWN


def _coverage(card: Card) -> str:
    share = card["priced_frac"]
    return "share priced not known" if share is None else f"{percent(share)} of calls priced"


def _scenario(card: Card) -> str:
    return card["scenario"] or ""


def _count(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= _WHOLE_FROM else f"{value:.3g}"


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def _figures_of(axis: str) -> Callable[[Card], str]:
    return lambda card: _figures(card, axis)


_SHOWN: Final[dict[str, Callable[[float], str]]] = {
    "dollars": usd, "tokens": _count, "turns": _count, "seconds": _count
}  # fmt: skip
_CELLS: Final[dict[str, Callable[[Card], str]]] = {
    "Agent": lambda card: str(card["agent"]),
    "Effort": lambda card: str(card["reasoning_effort"] or NOT_KNOWN),
    "Benchmark": lambda card: str(card["benchmark"] or NOT_KNOWN),
    "Score": _score,
    "Attempts": _attempts,
    **{f"{axis.capitalize()} mean / P50 / P95": _figures_of(axis) for axis in _SHOWN},
    "Limits": _limits,
    "Told": _told,
    "Prices": _prices,
    "Coverage": _coverage,
    _SCENARIO: _scenario,
}
