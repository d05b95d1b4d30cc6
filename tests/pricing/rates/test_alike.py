"""Places at which a key has the same rates share them; beyond a limit only the places calls lie in are worked out."""

from datetime import datetime
from typing import Any

import pytest
from builders import call, tables
from decimal_rates import Row
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from price_rows import book, day, price, rows_of
from strategies import SCENARIOS, books, calls, traces

from pricing import prepare
from pricing.book import PriceBook
from pricing.moments import END, START
from pricing.rates.alike import Alike, alike
from pricing.rates.in_force import price_rows
from pricing.rates.key import Key, RowSet, Stretch
from pricing.rates.lattice import Lattice
from pricing.reprice import reprice_tables

OFF_PEAK = {"hours_utc": "16:30-00:30", "priority": 1}
LATTICE = Lattice(breaks=(day(2), day(3), day(4)), thresholds=(100, 1000), slots=(30, 990))
"""Four intervals, three buckets and three slots, and the places of calls of which less is known."""


def key(*rows: dict[str, Any]) -> Key:
    """A key whose model has some prices of output."""
    named = book(*rows).rows.rows(named=True)
    own = RowSet({"output": price_rows(named)}, {}, None)
    return Key((Stretch(START, END, "acme", "acme", "acme-large", (own, own, own)),))


def firsts(*rows: dict[str, Any], changes: tuple[datetime, ...] = ()) -> tuple[list[int], list[int], list[int]]:
    """Of each interval, bucket and slot, the first with the same rates."""
    found = alike([(key(*rows),)], LATTICE, changes)
    return found.interval[0].tolist(), found.bucket[0].tolist(), found.slot[0].tolist()


def test_a_price_that_never_changes_has_one_place_but_that_of_no_moment() -> None:
    assert firsts(price("output", 1)) == ([0, 0, 0, 0, 4], [0] * 5, [0] * 4)


def test_only_its_own_changes_tell_intervals_apart() -> None:
    changed = (price("output", 1, effective_until=day(3)), price("output", 2, day(3)))
    assert firsts(*changed)[0] == [0, 0, 2, 2, 4]
    assert firsts(price("output", 1), changes=(day(4),))[0] == [0, 0, 0, 3, 4]


def test_only_its_own_threshold_tells_buckets_and_totals_apart() -> None:
    assert firsts(price("output", 1), price("output", 2, min_input_tokens=1000))[1] == [0, 0, 2, 0, 4]
    assert firsts(price("output", 1), price("output", 2, min_input_tokens=100))[1] == [0, 1, 1, 3, 3]


def test_only_its_own_window_tells_slots_apart_and_any_slot_may_be_in_it() -> None:
    assert firsts(price("output", 1), price("output", 2, **OFF_PEAK))[2] == [0, 1, 0, 3]
    assert firsts(price("output", 1), price("output", 2, weekdays="Mon-Sun", priority=1))[2] == [0] * 4


def test_a_place_is_shared_along_all_axes_at_once() -> None:
    found: Alike = alike([(key(price("output", 1)),), (key(price("output", 2, **OFF_PEAK)),)], LATTICE)

    assert found.first(0, 3, 2, 1) == (0, 0, 0, 0)
    assert found.first(1, 3, 2, 1) == (1, 0, 0, 1)


def test_a_key_billed_in_two_ways_changes_with_either() -> None:
    ways = (key(price("output", 1, day(2))), key(price("output", 1, day(3))))

    assert alike([ways], LATTICE).interval[0].tolist() == [0, 1, 2, 2, 4]


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(books(), st.lists(calls(), min_size=1, max_size=12), st.sampled_from(SCENARIOS))
def test_working_out_only_the_places_of_calls_changes_no_figure(
    monkeypatch: pytest.MonkeyPatch, prices: list[Row], listed: list[Row], scenario: Any
) -> None:
    prices = [*prices, *(price("output", 9, model=model) for model in ("acme-large", "acme-small"))]
    whole = reprice_tables(traces(listed), scenario, PriceBook(rows_of(*prices)))

    with monkeypatch.context() as patched:
        patched.setattr(prepare, "DENSE_CELLS", 0)
        sparse = reprice_tables(traces(listed), scenario, PriceBook(rows_of(*prices)))

    assert all(whole[name].equals(sparse[name]) for name in whole)


def test_beyond_the_limit_only_the_places_of_calls_are_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    lazy = {name: table.lazy() for name, table in tables(calls=[call(output_tokens=1)]).items()}
    facts = prepare.Facts(1, frozenset(), frozenset(), {}, {})
    priced = book(price("output", 1), price("output", 2, day(3), min_input_tokens=100))

    dense = prepare.prepare(lazy, prepare.Scenario(), facts, priced)
    monkeypatch.setattr(prepare, "DENSE_CELLS", 0)
    sparse = prepare.prepare(lazy, prepare.Scenario(), facts, priced)

    assert dense.rates.cells.height == dense.grid.n_cells > 1
    assert sparse.rates.cells.height == 1
