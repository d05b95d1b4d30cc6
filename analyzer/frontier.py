"""Which points of score versus cost are on the frontier, by one of three definitions, per benchmark."""

from collections.abc import Callable
from typing import Final, Literal

import polars as pl

from analyzer.curves.parts.coverage import whose
from analyzer.frontier_kinds import KINDS
from analyzer.words import listed
from traces.errors import AnalysisError, UsageError

Kind = Literal["staircase", "hull", "hull_origin"]
Point = tuple[float, float]


def frontier(points: pl.DataFrame, kind: str = "staircase") -> pl.DataFrame:
    """Mark the points on the frontier of each benchmark; benchmarks are never compared with each other.

    Args:
        points: Rows with benchmark (null is a benchmark of its own), x (low is good), y and, where scores can be
            lower-is-better, is_higher_better; x_low and x_high where x can lie in a range (x_high null: unbounded).
        kind: A name of ``KINDS``.

    Returns:
        The same rows in the same order with frontier (the kind), is_placeable (false: x or y is not known, so that
        the point could be on the frontier or push others off it), is_on_frontier and is_frontier_certain (both null
        where not placeable): true if the answer is the same with this x at its lowest and all others at their
        highest, and the other way round. Points without a place but with a y count among the others there.

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
    certain = pl.when("is_placeable").then(~pl.col("_row").is_in(_open(placed, kind).implode()))
    return marked.with_columns(on, certain.alias("is_frontier_certain")).drop("_row", "_gain")


def open_memberships(marked: pl.DataFrame) -> tuple[str, ...]:
    """Say which agents would join or leave the frontier somewhere in the ranges of x; nothing if none would."""
    rows = marked.filter(~pl.col("is_frontier_certain")).select(whose(marked), "is_on_frontier").iter_rows()
    names = [f"{agent} ({'on' if is_on else 'off'} it as placed)" for agent, is_on in rows]
    words = "On the frontier or not, depending on where in their ranges the points lie"
    return (f"{words}: {listed(names)}.",) if names else ()


def _gain(points: pl.DataFrame) -> pl.Expr:
    if "is_higher_better" not in points.columns:
        return pl.col("y")
    return pl.when("is_higher_better").then("y").otherwise(-pl.col("y"))


def _open(placed: pl.DataFrame, kind: str) -> pl.Series:
    """Rows whose membership differs between their best and their worst case, each case a benchmark of its own."""
    ends = [pl.coalesce(name, "x") if name in placed.columns else pl.col("x") for name in ("x_low", "x_high")]
    known = placed.filter(pl.col("_gain").is_finite()).select(
        "benchmark", "_row", "_gain", "is_placeable", _low=ends[0], _high=ends[1]
    )
    is_wide = pl.col("_low").ne_missing(pl.col("_high")).any().over("benchmark")
    cases = known.filter(pl.col("is_placeable") & is_wide).select("benchmark", _case="_row")
    cases = cases.join(pl.DataFrame({"_is_best": [True, False]}), how="cross")
    is_itself = pl.col("_case") == pl.col("_row")
    x = pl.when(is_itself == pl.col("_is_best")).then("_low").otherwise("_high").alias("x")
    worlds = cases.join(known, on="benchmark", nulls_equal=True).with_columns(x)
    worlds = worlds.with_columns(benchmark=pl.struct("_case", "_is_best").rank("dense")).filter(
        pl.col("x").is_not_null()
    )
    kept = _RULES[kind](worlds).filter(is_itself)
    return kept.group_by("_case").len().filter(pl.col("len") == 1)["_case"]


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
