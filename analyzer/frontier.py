"""Which points of score versus cost are on the frontier, by one of three definitions, per benchmark."""

from collections.abc import Callable
from typing import Final, Literal

import polars as pl

from traces.errors import AnalysisError, UsageError

Kind = Literal["staircase", "hull", "hull_origin"]
Point = tuple[float, float]

KINDS: Final = {
    "staircase": "staircase (no point is at least as good and at most as dear, and better in one)",
    "hull": "upper convex hull, its efficient part (what mixing agents cannot beat)",
    "hull_origin": "upper convex hull through the origin (mixing agents with not answering)",
}
"""The three definitions in use. Sources: the staircase is the Pareto set of tommyod/paretoset; the hull is the rule of
fsndzomga/hal-frontend utils/pareto.py (points on a chord are not on it); through the origin as in its utils/viz.py."""


def frontier(points: pl.DataFrame, kind: str = "staircase") -> pl.DataFrame:
    """Mark the points on the frontier of each benchmark; benchmarks are never compared with each other.

    Args:
        points: Rows with benchmark (null is a benchmark of its own), x (low is good), y and, where scores can be
            lower-is-better, is_higher_better.
        kind: A name of ``KINDS``.

    Returns:
        The same rows in the same order with frontier (the kind), is_placeable (false: x or y is not known, so that
        the point could be on the frontier or push others off it) and is_on_frontier (null where not placeable).

    Raises:
        UsageError: on an unknown kind.
        AnalysisError: on hull_origin where lower is better, as answering nothing is not worth 0 there.
    """
    if kind not in KINDS:
        raise UsageError(f"no frontier {kind!r}", f"known: {', '.join(KINDS)}")
    is_finite = [pl.col(name).is_finite().fill_null(value=False) for name in ("x", "y")]
    placed = points.with_row_index("_row").with_columns(
        pl.lit(kind).alias("frontier"), pl.all_horizontal(is_finite).alias("is_placeable"), _gain(points).alias("_gain")
    )
    _check_origin(placed, kind)
    chosen = _RULES[kind](placed.filter("is_placeable")).select("_row", is_on_frontier=pl.lit(value=True))
    marked = placed.join(chosen, on="_row", how="left", maintain_order="left")
    on = pl.when("is_placeable").then(pl.col("is_on_frontier").fill_null(value=False)).alias("is_on_frontier")
    return marked.with_columns(on).drop("_row", "_gain")


def _gain(points: pl.DataFrame) -> pl.Expr:
    if "is_higher_better" not in points.columns:
        return pl.col("y")
    return pl.when("is_higher_better").then("y").otherwise(-pl.col("y"))


def _check_origin(placed: pl.DataFrame, kind: str) -> None:
    if kind == "hull_origin" and "is_higher_better" in placed.columns and not placed["is_higher_better"].all():
        problem = "hull_origin: lower scores are better here, so answering nothing is not worth 0"
        raise AnalysisError(problem, "choose staircase or hull, or filter the benchmark")


def _staircase(placed: pl.DataFrame) -> pl.DataFrame:
    """Keep a point if it is the first x to reach the best gain so far; equal points do not dominate each other."""
    best = placed.sort("benchmark", "x", "_gain", descending=[False, False, True])
    best = best.with_columns(pl.col("_gain").cum_max().over("benchmark").alias("_best"))
    first = pl.col("x") == pl.col("x").min().over("benchmark", "_best")
    return best.filter(first & (pl.col("_gain") == pl.col("_best")))


def _hull(placed: pl.DataFrame) -> pl.DataFrame:
    return _on_hull(placed, ())


def _hull_origin(placed: pl.DataFrame) -> pl.DataFrame:
    return _on_hull(placed, ((0.0, 0.0),))


def _on_hull(placed: pl.DataFrame, start: tuple[Point, ...]) -> pl.DataFrame:
    """Keep what is on the hull of the staircase: that is the efficient part of the hull of all points."""
    stairs = _staircase(placed)
    kept = [_hull_rows(group, start) for group in stairs.partition_by("benchmark", maintain_order=True)]
    return pl.concat([stairs.clear(), *kept])


def _hull_rows(group: pl.DataFrame, start: tuple[Point, ...]) -> pl.DataFrame:
    corners = set(_upper_hull([*start, *group.select("x", "_gain").unique().sort("x").iter_rows()]))
    is_corner = [row in corners for row in group.select("x", "_gain").iter_rows()]
    return group.filter(pl.Series(is_corner, dtype=pl.Boolean))


def _upper_hull(points: list[Point]) -> list[Point]:
    """Upper convex hull of points sorted by x (Andrew's monotone chain); a point on a chord is left out."""
    hull: list[Point] = []
    for point in points:
        while len(hull) > 1 and _turn(hull[-2], hull[-1], point) >= 0:
            hull.pop()
        hull.append(point)
    return hull


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


_RULES: Final[dict[str, Callable[[pl.DataFrame], pl.DataFrame]]] = {
    "staircase": _staircase,
    "hull": _hull,
    "hull_origin": _hull_origin,
}
