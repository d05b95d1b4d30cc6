"""Rounds of calls: calls that were seen to overlap are one round, any other waits for the one before."""

import polars as pl


def begins_round(started: pl.Expr, ended: pl.Expr, by: str) -> pl.Expr:
    """Whether a call begins when every earlier call of its group has ended (true: it begins a new round).

    Args:
        started: Start of the call.
        ended: Its end.
        by: Column of the group. Rows are sorted by it and by start, calls without a start first.
    """
    done = ended.cum_max().shift(1).over(by)
    return done.is_null() | (started >= done)
