"""The three frontiers: published examples, published sets, and a slow reference."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.frontier import frontier, open_memberships
from analyzer.frontier_kinds import KINDS
from traces.errors import AnalysisError, UsageError

Points = list[tuple[float, float]]
PARETOSET_EXAMPLE = [(2.0, 0.0), (1.0, 1.0), (0.0, 2.0), (3.0, 3.0)]


def points(rows: Points, *, is_higher_better: bool = True, benchmark: str | None = "bench") -> pl.DataFrame:
    columns = pl.DataFrame(rows, schema={"x": pl.Float64, "y": pl.Float64}, orient="row")
    fixed = pl.lit(benchmark, dtype=pl.String).alias("benchmark"), pl.lit(is_higher_better).alias("is_higher_better")
    return columns.with_columns(*fixed)


def marks(frame: pl.DataFrame, kind: str = "staircase") -> list[bool | None]:
    return frontier(frame, kind)["is_on_frontier"].to_list()


def test_the_paretoset_example_min_max() -> None:
    assert marks(points(PARETOSET_EXAMPLE)) == [False, False, True, True]


def test_the_paretoset_example_min_min() -> None:
    assert marks(points(PARETOSET_EXAMPLE, is_higher_better=False)) == [True, True, True, False]


def test_a_point_under_the_chord_is_on_the_staircase_but_not_on_the_hull() -> None:
    frame = points([(1.0, 1.0), (2.0, 1.1), (3.0, 3.0)])
    assert marks(frame) == [True, True, True]
    assert marks(frame, "hull") == [True, False, True]


def test_the_hull_through_the_origin_drops_a_dear_first_point() -> None:
    frame = points([(2.0, 0.5), (3.0, 3.0)])
    assert marks(frame, "hull") == [True, True]
    assert marks(frame, "hull_origin") == [False, True]


def test_equal_points_share_the_frontier() -> None:
    frame = points([(1.0, 1.0), (1.0, 1.0), (1.0, 0.5)])
    assert all(marks(frame, kind) == [True, True, False] for kind in KINDS)


def test_points_without_a_place_are_listed_not_dropped() -> None:
    frame = points([(1.0, 1.0), (2.0, 2.0)]).with_columns(pl.when(pl.col("x") < 2).then("x").alias("x"))
    marked = frontier(frame)
    assert marked["is_placeable"].to_list() == [True, False]
    assert marked["is_on_frontier"].to_list() == [True, None]
    assert marked["frontier"].to_list() == ["staircase", "staircase"]


def test_benchmarks_have_frontiers_of_their_own() -> None:
    frame = pl.concat(
        [points([(1.0, 1.0)]), points([(2.0, 0.5)], benchmark="hard"), points([(3.0, 0.1)], benchmark=None)]
    )
    assert all(marks(frame, kind) == [True, True, True] for kind in KINDS)


def test_no_points_give_no_frontier() -> None:
    assert all(frontier(points([]), kind).is_empty() for kind in KINDS)


def test_an_unknown_frontier_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="known: staircase, hull, hull_origin"):
        frontier(points([]), "pareto")


def test_the_origin_means_nothing_where_lower_is_better() -> None:
    with pytest.raises(AnalysisError, match="lower scores are better"):
        frontier(points(PARETOSET_EXAMPLE, is_higher_better=False), "hull_origin")


def slow_staircase(rows: Points) -> list[bool]:
    """Non-dominated, by the definition."""
    return [not any(c <= x and a >= y and (c < x or a > y) for c, a in rows) for x, y in rows]


def slow_hull(rows: Points) -> list[bool]:
    """On the staircase, and on or above every mixture of two others around it."""

    def is_under_a_chord(x: float, y: float) -> bool:
        around = ((left, right) for left in rows for right in rows if left[0] < x < right[0])
        return any(a * (d - x) + b * (x - c) >= y * (d - c) for (c, a), (d, b) in around)

    return [on and not is_under_a_chord(*row) for on, row in zip(slow_staircase(rows), rows, strict=True)]


GRID = st.lists(st.tuples(st.integers(0, 6).map(float), st.integers(0, 6).map(float)), max_size=9)


@settings(max_examples=60)
@given(GRID)
def test_the_marks_equal_the_definitions_one_point_at_a_time(rows: Points) -> None:
    assert marks(points(rows)) == slow_staircase(rows)
    assert marks(points(rows), "hull") == slow_hull(rows)


def test_the_published_sets_of_24_agents(shared_data: Path) -> None:
    raw = pl.read_parquet(shared_data / "stats" / "swebench_bash_only_per_instance.parquet")
    means = raw.filter(~pl.col("model").str.starts_with("Claude 3.7 Sonnet")).group_by("model")
    frame = means.agg(x=pl.col("cost").mean(), y=pl.col("resolved").mean()).with_columns(benchmark=pl.lit("swe"))
    hull = {"DeepSeek V3.2 Reasoner", "Gemini 3 Pro Preview (2025-11-18)", "Claude 4.5 Opus medium (20251101)"}
    more = {"GPT-5 (2025-08-07) (medium reasoning)", "GPT-5.1 (2025-11-13) (medium reasoning)"}
    assert set(frontier(frame, "hull").filter("is_on_frontier")["model"]) == hull
    assert set(frontier(frame).filter("is_on_frontier")["model"]) == hull | more


def ranged(*rows: tuple[float | None, float, float | None, float]) -> pl.DataFrame:
    names = {"x": pl.Float64, "x_low": pl.Float64, "x_high": pl.Float64, "y": pl.Float64}
    frame = pl.DataFrame(list(rows), schema=names, orient="row")
    return frame.with_columns(agent=pl.Series([f"agent {n}" for n in range(len(rows))]), benchmark=pl.lit("bench"))


def certainty(*rows: tuple[float | None, float, float | None, float]) -> list[bool | None]:
    return frontier(ranged(*rows))["is_frontier_certain"].to_list()


def test_without_ranges_every_membership_is_certain() -> None:
    marked = frontier(points([(1.0, 1.0), (2.0, 0.5)]))
    assert marked["is_frontier_certain"].to_list() == [True, True]
    assert open_memberships(marked.with_columns(agent=pl.lit("a"))) == ()


def test_a_range_that_could_cross_a_rival_leaves_both_open() -> None:
    rows = ((4.0, 1.0, 4.0, 0.5), (2.0, 2.0, 2.0, 0.5))
    assert certainty(*rows) == [False, False]
    [note] = open_memberships(frontier(ranged(*rows)))
    assert note.endswith("agent 0 (off it as placed), agent 1 (on it as placed).")


def test_a_range_that_crosses_nobody_is_certain() -> None:
    assert certainty((4.0, 3.0, 4.0, 0.5), (2.0, 2.0, 2.0, 0.5)) == [True, True]
    assert certainty((4.0, 1.0, 4.0, 0.9), (2.0, 2.0, 2.0, 0.5)) == [True, False]


def test_a_point_without_a_place_makes_those_it_could_push_off_uncertain() -> None:
    assert certainty((None, 0.0, None, 0.5), (2.0, 2.0, 2.0, 0.5), (3.0, 3.0, 3.0, 0.6)) == [None, False, True]


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 5)), max_size=6))
def test_certainty_equals_the_definition_one_point_at_a_time(rows: list[tuple[int, int, int]]) -> None:
    values = [(float(low + wide), float(low), float(low + wide), float(y)) for low, wide, y in rows]
    expected = []
    for number in range(len(values)):
        best = [(low if n == number else high, y) for n, (_, low, high, y) in enumerate(values)]
        worst = [(high if n == number else low, y) for n, (_, low, high, y) in enumerate(values)]
        expected.append(slow_staircase(best)[number] == slow_staircase(worst)[number])
    assert certainty(*values) == expected
