"""A day has other prices at other hours, and a change known only to a window may have begun: both are said."""

import pytest
from price_rows import book, day, price

from analyzer.prices.diff import price_diff
from analyzer.prices.elsewhen import notes_of_day

NIGHT = {"hours_utc": "16:30-00:30", "priority": 1}
BOOK = book(
    price("output", 4, day(1), effective_until=day(2, 5, 16)),
    price("output", 8, day(2, 5, 16), effective_until=day(3)),
    price("output", 8, day(3)),
    price("output", 2, day(3), **NIGHT),
    price("cache_read", 1, day(1), effective_until=day(4)),
    price("cache_read", 0.5, day(4), effective_earliest=day(3, 20), effective_latest=day(4)),
)


def notes(at: str) -> list[str]:
    return list(notes_of_day(BOOK, "acme-large", at, "acme"))


def test_a_day_of_one_price_needs_no_note() -> None:
    assert notes("2026-02-01") == []


@pytest.mark.parametrize(
    ("at", "others", "example"),
    [("2026-02-05", "16:00", "2026-02-05T16:00Z"), ("2026-03-10", "00:30, 16:30", "2026-03-10T00:30Z")],
)
def test_other_hours_of_the_day_are_named(at: str, others: str, example: str) -> None:
    assert notes(at) == [f"these are the prices of 00:00 UTC; others hold from {others}: --on {example}"]


def test_an_hour_that_is_named_is_what_is_shown() -> None:
    assert notes("2026-03-10T12:00Z") == []


def test_a_change_that_may_have_begun_is_named_with_its_window() -> None:
    assert notes("2026-03-25T12:00Z") == [
        "another price of cache_read may hold already: it began between 2026-03-20 and 2026-04-01"
    ]


def test_a_change_of_price_is_dated_from_its_first_row_not_from_the_row_that_states_it_again() -> None:
    found = price_diff(BOOK, "2026-01-10", "2026-03-10T12:00Z").filter(kind="output", price_to_usd=8.0)
    assert found["effective_from"].to_list() == [day(2, 5, 16)]
