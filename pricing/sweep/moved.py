"""Prices moved while usage stays: what each price adds to the cost of every spot, and would have at earlier dates."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Final

import numpy as np

from pricing.moments import END, START
from pricing.rates.in_force import KINDS, PriceRow, PriceRows
from pricing.rates.key import Key, RowSet, Stretch
from pricing.rates.terms import Floats
from pricing.scenario import Scenario
from pricing.sweep.spots import POINT, Spots
from pricing.sweep.structure import Structure

_STEP: Final = 2.0**-10
_FINE: Final = 2.0**20
"""Rates are rounded to whole pico-dollars; in units this much smaller the rounding does not show in a difference."""

Rows = Sequence[PriceRow]
Change = Callable[[str, str, Rows], Rows]
"""From a model (provider/model), a kind of usage and its rows to other rows."""
Span = tuple[datetime, datetime]


def price_parts(spots: Spots, scenario: Scenario) -> dict[str, Floats]:
    """What the prices of each kind of usage add to the cost of every spot: the derivative by the logarithm of price.

    Cost is linear in prices, so the parts add up to the cost. Usage counts where its price is listed: cache reads of a
    model without a price for them lie with its uncached input, reasoning without one with its output. Where the dearer
    of two equal prices counts, each has half.

    Returns:
        By kind, USD by spot; nan where the cost is not one figure.
    """
    values, charges = spots.values(scenario)[:, POINT], spots.frame["kind"]
    is_call = charges.is_null().to_numpy() & ~np.isnan(values)
    parts: dict[str, Floats] = {}
    for kind in _listed_kinds(spots.plan.structure(scenario)):
        up, down = (_scaled(spots, scenario, kind, 1 + step) for step in (_STEP, -_STEP))
        parts[kind] = np.where(is_call, (up - down) / (2 * _STEP * _FINE), values * 0)
    for kind in charges.drop_nulls().unique().sort():
        of_kind = np.where(charges.eq_missing(kind).to_numpy(), values, 0.0)
        parts[kind] = parts[kind] + of_kind if kind in parts else of_kind
    return parts


def past_values(
    spots: Spots, scenario: Scenario, kind: str, span: Span
) -> Iterator[tuple[Mapping[str, datetime], Floats]]:
    """Cost of every spot with the price of one kind as it was at the start of a span, and after each change within it.

    All else is priced as the scenario has it. Models whose price has changed less often than others keep theirs in the
    later steps.

    Returns:
        The moment whose price applies by model (provider/model), and USD by spot (nan: not one figure, or not listed
        then).
    """
    structure = spots.plan.structure(scenario)
    dates = _dates(structure, kind, span)
    for number in range(max(map(len, dates.values()), default=0)):
        chosen = {model: of_model[number] for model, of_model in dates.items() if number < len(of_model)}
        frozen = _rewritten(structure, lambda model, of, rows, chosen=chosen: _as_at(chosen, kind, model, of, rows))  # type: ignore[misc]
        yield chosen, spots.values(scenario, frozen)[:, POINT]


def _listed_kinds(structure: Structure) -> list[str]:
    listed = {kind for rows in _row_sets(structure) for of in _endpoints(rows) for kind, found in of.items() if found}
    return [kind for kind in KINDS if kind in listed]


def _scaled(spots: Spots, scenario: Scenario, kind: str, factor: float) -> Floats:
    """Cost of every spot with the prices of one kind times a factor, in fine units."""

    def change(_model: str, of: str, rows: Rows) -> Rows:
        times = _FINE * (factor if of == kind else 1.0)
        return [replace(row, price=row.price * times) for row in rows]

    return spots.values(scenario, _rewritten(spots.plan.structure(scenario), change))[:, POINT]


def _dates(structure: Structure, kind: str, span: Span) -> dict[str, list[datetime]]:
    """Start of a span, and the moments in it from which another price of the kind was in force, by model."""
    dates: dict[str, set[datetime]] = {}
    for stretch in chain.from_iterable(key.stretches for key in structure.keys):
        rows = [row for sets in stretch.rows for of in _endpoints(sets) for row in of.get(kind, ())]
        moments = {span[0], *(row.since for row in rows if span[0] < row.since <= span[1])}
        listed = {moment for moment in moments if any(row.since <= moment < row.until for row in rows)}
        dates.setdefault(f"{stretch.provider}/{stretch.model}", set()).update(listed)
    return {model: sorted(of_model) for model, of_model in dates.items() if of_model}


def _as_at(chosen: Mapping[str, datetime], kind: str, model: str, of: str, rows: Rows) -> Rows:
    """Rows of a price as they were at a moment, in force always; without any then, one whose price is not known."""
    if of != kind or model not in chosen or not rows:
        return rows
    then = [row for row in rows if row.since <= chosen[model] < row.until] or [replace(rows[0], price=math.nan)]
    return [replace(row, since=START, until=END, covered=(START, END)) for row in then]


def _rewritten(structure: Structure, change: Change) -> Structure:
    """The structure with other rows of prices."""
    return Structure([_key(key, change) for key in structure.keys], structure.lattice, structure.cells)


def _key(key: Key, change: Change) -> Key:
    return replace(key, stretches=tuple(_stretch(stretch, change) for stretch in key.stretches))


def _stretch(stretch: Stretch, change: Change) -> Stretch:
    model = f"{stretch.provider}/{stretch.model}"
    changed = {id(rows): _row_set(rows, model, change) for rows in stretch.rows}
    low, middle, high = (changed[id(rows)] for rows in stretch.rows)
    return replace(stretch, rows=(low, middle, high))


def _row_set(rows: RowSet, model: str, change: Change) -> RowSet:
    def of(prices: PriceRows) -> PriceRows:
        return {kind: change(model, kind, listed) for kind, listed in prices.items()}

    standard = None if rows.standard is None else of(rows.standard)
    return replace(rows, own=of(rows.own), batch=of(rows.batch), standard=standard)


def _row_sets(structure: Structure) -> Iterator[RowSet]:
    return chain.from_iterable(stretch.rows for key in structure.keys for stretch in key.stretches)


def _endpoints(rows: RowSet) -> tuple[PriceRows, ...]:
    return rows.own, rows.batch, rows.standard or {}
