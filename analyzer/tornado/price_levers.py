"""Prices as levers: each price that adds something to the cost, moved by a share or to what it was before."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import numpy as np

from analyzer.tornado.lever import End, Lever, certain_end
from analyzer.tornado.question import Question
from pricing.rates.terms import Floats
from pricing.sweep.moved import Span, past_values, price_parts

_KIND_WORDS: Final = {
    "uncached_input": "uncached input",
    "cache_read": "cache reads",
    "cache_write_5m": "5-minute cache writes",
    "cache_write_1h": "1-hour cache writes",
}
BASE: Final = "as priced"
_Ends = dict[str | None, list[tuple[datetime, Floats]]]
"""By model: moments, and the change of the cost of each scope with its price as it was then."""


def price_levers(question: Question, by_frac: float) -> Iterator[Lever]:
    """Every price, moved down and up by a share."""
    for lever in _prices(question):
        part = np.zeros(question.scopes.height) if lever.part_usd is None else lever.part_usd
        steps = (-by_frac, by_frac)
        ends = tuple(certain_end(question, f"{100 * step:+.4g} %", step * part) for step in steps)
        yield _with(lever, ends)


def past_price_levers(question: Question, span: Span) -> Iterator[Lever]:
    """Every price, moved to the lowest and the highest it was within a span."""
    levers = list(_prices(question))
    for kind in dict.fromkeys(lever.kind for lever in levers):
        past = _past(question, str(kind), span)
        for lever in levers:
            if lever.kind == kind:
                yield _with(lever, _extremes(question, past.get(lever.price_model, [])))


def price_words(kind: str) -> str:
    """Name the price of a kind of usage, or of charge."""
    return "fee per request" if kind == "request" else f"price of {_KIND_WORDS.get(kind, kind.replace('_', ' '))}"


def _prices(question: Question) -> Iterator[Lever]:
    """Every price that adds something to the cost, with that part."""
    for kind, parts in price_parts(question.spots, question.scenario).items():
        sums = question.by_model(question.counted(parts))
        for number, model in enumerate(question.models):
            if model is not None and sums[:, number].any():
                name = f"{price_words(kind)}, {model}"
                yield Lever(name, BASE, (), model, kind, sums[:, number])


def _with(lever: Lever, ends: tuple[End, ...]) -> Lever:
    return Lever(lever.name, lever.base, ends, lever.price_model, lever.kind, lever.part_usd)


def _past(question: Question, kind: str, span: Span) -> _Ends:
    """Change of cost with the price of a kind as it was at each moment it changed; without those it is not known at."""
    found: _Ends = {}
    base = question.base_usd
    for moments, values in past_values(question.spots, question.scenario, kind, span):
        then = question.counted(values)
        change = question.by_model(then - base)
        lost = question.by_model(np.where(np.isnan(then) & ~np.isnan(base), 1.0, 0.0)).sum(axis=0) > 0
        for number, model in enumerate(question.models):
            if model is not None and model in moments and not lost[number]:
                found.setdefault(model, []).append((moments[model], change[:, number]))
    return found


def _extremes(question: Question, past: list[tuple[datetime, Floats]]) -> tuple[End, ...]:
    """Lowest and highest of the costs of all scopes together."""
    if not past:
        return ()
    ends = (pick(past, key=lambda each: float(each[1].sum())) for pick in (min, max))
    return tuple(certain_end(question, f"on {moment:%Y-%m-%d}", change) for moment, change in ends)
