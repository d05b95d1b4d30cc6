"""The one way to sum money and tokens: what is not known stays not known.

Polars gives 0 for the sum of an all-null group. A total with an unknown part is not known either; its known part is
a lower bound. These expressions are the only sums of ``_usd``, ``_pusd`` and ``_tokens`` columns (a test bans the bare
``sum``).
"""

import polars as pl


def total(column: str | pl.Expr, *, is_known: bool = False) -> pl.Expr:
    """Sum that is null if any value is null (and 0 for no rows: nothing happened).

    Args:
        column: Column or expression.
        is_known: No value is null, as the caller knows from the column's statistics; spares the count.
    """
    values = _expr(column)
    return values.sum() if is_known else pl.when(values.null_count() == 0).then(values.sum())


def known_total(column: str | pl.Expr) -> pl.Expr:
    """Sum of the known values: a lower bound of non-negative parts; null if none is known (0 for no rows)."""
    values = _expr(column)
    return pl.when((values.count() > 0) | (values.len() == 0)).then(values.sum())


def known_frac(column: str | pl.Expr) -> pl.Expr:
    """Share of rows whose value is known; null for no rows."""
    values = _expr(column)
    return pl.when(values.len() > 0).then(values.count() / values.len())


def _expr(column: str | pl.Expr) -> pl.Expr:
    return pl.col(column) if isinstance(column, str) else column
