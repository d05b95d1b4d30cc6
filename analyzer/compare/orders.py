"""Which agents changed places: those on the frontier before and after, and pairs whose order of cost flipped."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from analyzer.frontier import frontier

_POINT: Final = ("x", "x_low", "x_high", "y", "is_on_frontier", "is_frontier_certain")
FLIP: Final = pl.Schema(
    {
        **dict.fromkeys(("benchmark", "agent_a", "agent_b"), pl.String),
        **dict.fromkeys(("a_before_usd", "b_before_usd", "a_after_usd", "b_after_usd"), pl.Float64),
        "is_certain": pl.Boolean,
        "crossing_frac": pl.Float64,
    }
)


def frontier_changes(before: pl.DataFrame, after: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Say of every agent whether it entered or left the frontier.

    Args:
        before: Points of score versus cost of side A.
        after: Points of side B.
        kind: Definition of the frontier.

    Returns:
        One row per benchmark and agent: x (mean dollars per attempt), x_low, x_high, y (score), is_on_frontier and
        is_frontier_certain, each with _before and _after (null: not there, or not placed), and change: entered, left,
        stayed, off, or not placed.
    """
    ends = {"before": frontier(before, kind), "after": frontier(after, kind)}
    one, other = (
        frame.select("benchmark", "agent", *(pl.col(name).alias(f"{name}_{end}") for name in _POINT))
        for end, frame in ends.items()
    )
    both = one.join(other, on=["benchmark", "agent"], how="full", coalesce=True, nulls_equal=True)
    was, is_now = pl.col("is_on_frontier_before"), pl.col("is_on_frontier_after")
    change = (
        pl.when(was & is_now).then(pl.lit("stayed"))
        .when(is_now & ~was.fill_null(value=False)).then(pl.lit("entered"))
        .when(was & ~is_now.fill_null(value=False)).then(pl.lit("left"))
        .when(was.is_null() & is_now.is_null()).then(pl.lit("not placed"))
        .otherwise(pl.lit("off"))
    )  # fmt: skip
    return both.with_columns(change=change).sort("benchmark", "agent", nulls_last=False)


def flips(changes: pl.DataFrame) -> pl.DataFrame:
    """Pairs of agents of a benchmark whose order of cost is not the same before and after.

    Args:
        changes: What ``frontier_changes`` returns.

    Returns:
        Columns of ``FLIP``. is_certain: the ranges of the two do not overlap, before and after. crossing_frac: how far
        on the straight line from the costs before to those after both cost the same.
    """
    rows = [row for group in changes.partition_by("benchmark", maintain_order=True) for row in _of_benchmark(group)]
    return pl.DataFrame(rows, schema=FLIP, orient="row")


def _of_benchmark(group: pl.DataFrame) -> Iterator[dict[str, object]]:
    placed = group.filter(pl.col("x_before").is_not_null(), pl.col("x_after").is_not_null()).rows(named=True)
    for number, a in enumerate(placed):
        for b in placed[number + 1 :]:
            gap_before, gap_after = a["x_before"] - b["x_before"], a["x_after"] - b["x_after"]
            if gap_before * gap_after < 0:
                yield {
                    "benchmark": a["benchmark"], "agent_a": a["agent"], "agent_b": b["agent"],
                    "a_before_usd": a["x_before"], "b_before_usd": b["x_before"],
                    "a_after_usd": a["x_after"], "b_after_usd": b["x_after"],
                    "is_certain": all(_are_apart(a, b, end) for end in ("before", "after")),
                    "crossing_frac": gap_before / (gap_before - gap_after),
                }  # fmt: skip


def _are_apart(a: dict[str, float], b: dict[str, float], end: str) -> bool:
    low, high = f"x_low_{end}", f"x_high_{end}"
    return a[high] < b[low] or b[high] < a[low]
