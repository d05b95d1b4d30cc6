"""Sums of money and tokens: what is not known stays not known."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.sums import known_frac, known_total, total

Values = list[int | None]


def summed(values: Values, how: object) -> object:
    assert callable(how)
    return pl.DataFrame({"x_tokens": values}, schema={"x_tokens": pl.Int64}).select(how("x_tokens")).item()


@pytest.mark.parametrize(
    ("values", "whole", "known", "frac"),
    [
        ([1, 2], 3, 3, 1.0),
        ([1, None], None, 1, 0.5),
        ([None, None], None, None, 0.0),
        ([0, None], None, 0, 0.5),
        ([], 0, 0, None),
    ],
)
def test_a_total_is_unknown_if_a_part_is_and_no_rows_are_nothing(
    values: Values, whole: int | None, known: int | None, frac: float | None
) -> None:
    assert (summed(values, total), summed(values, known_total), summed(values, known_frac)) == (whole, known, frac)


def test_each_group_is_summed_by_itself() -> None:
    rows = pl.DataFrame({"g": ["a", "a", "b", "c"], "x_usd": [1.0, 2.0, None, 0.0]})
    sums = rows.group_by("g", maintain_order=True).agg(total("x_usd"), known=known_total("x_usd"))
    assert sums.rows() == [("a", 3.0, 3.0), ("b", None, None), ("c", 0.0, 0.0)]


def test_an_expression_is_summed_like_a_column() -> None:
    rows = pl.DataFrame({"a": [1, 2], "b": [3, None]})
    assert rows.select(total(pl.col("a") + pl.col("b")), known=known_total(pl.col("b"))).row(0) == (None, 3)


@given(st.lists(st.integers(0, 10**11) | st.none(), max_size=20))
def test_the_known_sum_is_a_lower_bound_and_equal_where_all_is_known(values: Values) -> None:
    known = [value for value in values if value is not None]
    assert summed(values, known_total) == (sum(known) if known or not values else None)
    assert summed(values, total) == (None if None in values else sum(known))
    if None not in values:
        column = pl.DataFrame({"x": values}, schema={"x": pl.Int64})
        assert column.select(total("x", is_known=True)).item() == sum(known)
