"""Stamps and columns of rows that are gathered one at a time."""

from datetime import UTC, datetime

import polars as pl
import pytest

from traces.rows import first_and_last, frame_of_tuples, microseconds, moment, series


@pytest.mark.parametrize(
    ("stamps", "first", "last", "is_assumed"),
    [
        (["2026-01-02T00:00:00", None, "2026-01-01T00:00:00.5"], 1, 2, True),
        (["2026-01-02T00:00:00Z", "2026-01-01T01:00:00.5+01:00"], 1, 2, False),
        (["2026-01-02T00:00:00Z", "noise", "2026-01-01T00:00:00.5Z"], 1, 2, False),
        ([1767312000, 1767225600.5], 1, 2, False),
    ],
)
def test_the_earliest_and_the_latest_stamp_are_found(
    stamps: list[str | float | None], first: int, last: int, *, is_assumed: bool
) -> None:
    ends = first_and_last(stamps)
    assert [end.at for end in ends] == [
        datetime(2026, 1, first, 0, 0, 0, 500_000, UTC),
        datetime(2026, 1, last, tzinfo=UTC),
    ]
    assert {end.is_assumed for end in ends} == {is_assumed}


def test_no_stamp_has_neither_end() -> None:
    assert first_and_last([None, ""]) == (moment(None), moment(None))
    assert microseconds(moment(None)) is None


def test_microseconds_are_exact() -> None:
    assert microseconds(moment("2026-01-01T00:00:00.000001Z")) == 1_767_225_600_000_001


def test_half_a_character_is_written_out_and_what_is_no_number_is_null() -> None:
    assert series("text", ["a", "\ud800", None], pl.String).to_list() == ["a", "\\ud800", None]
    assert series("number", [1, "x", None], pl.Int64).to_list() == [1, None, None]


def test_rows_of_one_width_become_columns_and_no_row_none() -> None:
    schema = {"a": pl.Int64, "b": pl.String}
    assert frame_of_tuples([(1, "x"), (None, "y")], schema).rows() == [(1, "x"), (None, "y")]
    assert frame_of_tuples([], schema).schema == schema
