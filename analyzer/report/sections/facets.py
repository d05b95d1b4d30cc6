"""One benchmark of the report: its agents and their frontiers, its curves, and the notes these carry."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from analyzer.card import cards
from analyzer.curves.registry import CurveResult, Tables, find
from analyzer.frontier import frontier
from analyzer.frontier_kinds import KINDS
from analyzer.report.blocks import Cell, Chart, Column, Table, name, number, table
from analyzer.report.charts import svg
from analyzer.report.charts.keys import letter
from analyzer.report.words import count, span, usd
from analyzer.words import beside
from pricing.scenario import Scenario
from traces.errors import AnalysisError, ReplayError

Row = dict[str, Any]
_BUDGET: Final = "Score at a budget"
_BUDGETS: Final = ("dollars", "tokens", "turns", "seconds")
_RECORDED: Final = {"cost": "recorded"}
KIND_LABELS: Final = {"staircase": "Staircase", "hull": "Convex hull", "hull_origin": "Hull from origin"}
_COLUMNS: Final = (
    Column("Agent"),
    Column("n", "attempts", is_number=True),
    Column("Tasks", "attempted", is_number=True),
    Column("Score", "mean", is_number=True),
    Column("Dollars", "USD per attempt", is_number=True),
    Column("Time", "s per attempt", is_number=True),
    *(Column(label, "frontier") for label in KIND_LABELS.values()),
)


@dataclass(frozen=True, slots=True)
class Facet:
    """A benchmark: its cards, agents, charts and notes.

    Args:
        benchmark: Its name.
        cards: Cards of its runs.
        agents: Its agents and the frontiers; null: the tables cannot answer.
        charts: Charts that show something.
        blank: Titles of the charts on which there is nothing to draw.
        notes: Notes on the charts, each with the charts it belongs to (empty: all).
        problem: Why the tables cannot answer, with what to do.
    """

    benchmark: str
    cards: pl.DataFrame
    agents: Table | None = None
    charts: tuple[Chart, ...] = ()
    blank: tuple[str, ...] = ()
    notes: tuple[tuple[str, str], ...] = field(default=())
    problem: str | None = None


def facets(tables: Tables, scenario: Scenario) -> list[Facet]:
    """Every benchmark on its own, in order of its name."""
    names = tables["runs"]["benchmark"].unique().sort(nulls_last=False).to_list()
    keys = {agent: place for place, agent in enumerate(tables["runs"]["agent"].unique().sort())}
    return [_facet(at, benchmark, _only(tables, benchmark), keys, scenario) for at, benchmark in enumerate(names)]


def common_notes(shown: Sequence[Facet]) -> list[tuple[str, str]]:
    """Notes that all of several benchmarks with charts carry, to be said once."""
    noted = [facet.notes for facet in shown if facet.notes]
    return [note for note in noted[0] if all(note in notes for notes in noted)] if len(noted) > 1 else []


def _only(tables: Tables, benchmark: str | None) -> dict[str, pl.DataFrame]:
    is_here = pl.col("benchmark").eq_missing(pl.lit(benchmark, dtype=pl.String))
    runs = tables["runs"].filter(is_here)
    rollouts = tables["rollouts"].filter(pl.col("run_id").is_in(runs["run_id"].implode()))
    return {"runs": runs, "rollouts": rollouts, "tasks": tables["tasks"].filter(is_here)}


def _facet(number: int, benchmark: str | None, tables: Tables, keys: Mapping[str, int], scenario: Scenario) -> Facet:
    try:
        results = _results(tables)
        facet_cards = cards(tables, scenario)
    except ReplayError as error:
        return Facet(name(benchmark), pl.DataFrame(), problem=str(error))
    agents = _agents(results[0][1], results[1][1].frame, keys)
    charts = [_chart(title, result, keys, f"b{number}-c{at}") for at, (title, result) in enumerate(results)]
    drawn = tuple(chart for chart in charts if chart.svg)
    blank = tuple(chart.title for chart in charts if not chart.svg)
    return Facet(name(benchmark), facet_cards, agents, drawn, blank, tuple(_notes(dict(results))))


def _results(tables: Tables) -> list[tuple[str, CurveResult]]:
    """Curves with their titles, dollars and time first; recorded dollars where only those are known."""
    cost, used, dollars = find("score_vs_cost")(tables), {}, "dollars"
    if not cost.frame["x"].count():
        recorded = find("score_vs_cost")(tables, **_RECORDED)
        if recorded.frame["x"].count():
            cost, used, dollars = recorded, _RECORDED, "recorded dollars"
    budget = find("score_at_budget")
    return [
        (f"Score versus {dollars}", cost),
        ("Score versus time", find("score_vs_time")(tables)),
        (f"{_BUDGET} of {dollars}", budget(tables, axis=_BUDGETS[0], **used)),
        *((f"{_BUDGET} of {axis}", budget(tables, axis=axis)) for axis in _BUDGETS[1:]),
    ]


def _agents(cost: CurveResult, times: pl.DataFrame, keys: Mapping[str, int]) -> Table:
    """Every agent with its key, its place, and whether it is on each of the three frontiers."""
    points = cost.frame
    is_recorded = "recorded_dollars" in points["axis"]
    seconds = times.select("agent", *(pl.col(f"x{end}").alias(f"s{end}") for end in ("", "_low", "_high")))
    rows = points.join(seconds, on="agent", how="left", maintain_order="left")
    for kind in KINDS:
        rows = rows.with_columns(pl.Series(kind, _membership(points, kind), dtype=pl.String))

    def cells(row: Row) -> tuple[Cell, ...]:
        dollars = span(usd, row["x"], row["x_low"], row["x_high"])
        dollars = beside(dollars, "recorded") if is_recorded and row["x"] is not None else dollars
        return (
            Cell(row["agent"], key=keys[row["agent"]]),
            number(row["n_rollouts"]),
            Cell(_tasks(row), row["n_tasks"]),
            Cell(span(_score, row["y"], row["y_low"], row["y_high"]), row["y"]),
            Cell(dollars, row["x"]),
            Cell(span(count, row["s"], row["s_low"], row["s_high"]), row["s"]),
            *(Cell(row[kind]) for kind in KINDS),
        )

    return table("Agents and frontiers", _COLUMNS, rows.iter_rows(named=True), cells, empty="No attempts.")


def _tasks(row: Row) -> str:
    n, n_all = row["n_tasks"], row["n_benchmark_tasks"]
    return f"{n:,}" if n_all is None or n == n_all else f"{n:,} (of {n_all:,})"


def _score(value: float) -> str:
    return f"{value:.3g}"


def _membership(points: pl.DataFrame, kind: str) -> list[str]:
    try:
        marked = frontier(points, kind).select("is_on_frontier", "is_frontier_certain").rows()
    except AnalysisError:
        return ["not defined"] * points.height
    return [_MEMBERSHIPS[is_on] + ("" if is_certain in {True, None} else ", uncertain") for is_on, is_certain in marked]


_MEMBERSHIPS: Final = {True: "on it", False: "no", None: "cannot be placed"}


def _chart(title: str, result: CurveResult, keys: Mapping[str, int], place: str) -> Chart:
    drawn = svg.draw(result, keys, place)
    is_blank = len(drawn.not_drawn) == result.frame["agent"].n_unique()
    remarks = (
        _named("No place is known in full for", drawn.not_drawn, keys),
        _named("No room for the letter of", drawn.not_named, keys),
    )
    return Chart(title, "" if is_blank else drawn.svg, tuple(filter(None, remarks)))


def _named(words: str, agents: tuple[str, ...], keys: Mapping[str, int]) -> str:
    return f"{words} {', '.join(letter(keys[agent]) for agent in agents)}." if agents else ""


def _notes(results: Mapping[str, CurveResult]) -> Iterator[tuple[str, str]]:
    """Every note once, with the charts it belongs to where these are not all."""
    where: dict[str, list[str]] = {}
    for title, result in results.items():
        for note in result.notes:
            where.setdefault(note, []).append(title)
    every_budget = [title for title in results if title.startswith(_BUDGET)]
    for note, titles in where.items():
        parts = [title for title in titles if title not in every_budget] if set(every_budget) <= set(titles) else titles
        named = "; ".join([*parts, *(["Score at any budget"] if len(parts) < len(titles) else [])])
        yield note, "" if len(titles) == len(results) else named
