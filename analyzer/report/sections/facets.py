"""One benchmark of the report: its agents and their frontiers, its curves, and the notes these carry."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from analyzer.card import cards
from analyzer.curves.registry import CurveResult, Tables, find
from analyzer.frontier import KINDS, frontier
from analyzer.report.blocks import Cell, Chart, Column, Table, name, number, table
from analyzer.report.charts import svg
from analyzer.report.charts.keys import letter
from analyzer.report.words import count, span, usd
from traces.errors import AnalysisError, ReplayError

Row = dict[str, Any]
_BUDGET: Final = "Score at a budget"
CHARTS: Final = (
    ("Score versus dollars", "score_vs_cost", {}),
    ("Score versus time", "score_vs_time", {}),
    *(
        (f"{_BUDGET} of {axis}", "score_at_budget", {"axis": axis})
        for axis in ("dollars", "tokens", "turns", "seconds")
    ),
)
KIND_LABELS: Final = {"staircase": "Staircase", "hull": "Convex hull", "hull_origin": "Hull from origin"}
_COLUMNS: Final = (
    Column("Agent"),
    Column("n", "attempts", is_number=True),
    Column("Score", "mean", is_number=True),
    Column("Dollars", "USD per attempt", is_number=True),
    Column("Time", "s per attempt", is_number=True),
    *(Column(label, "frontier") for label in KIND_LABELS.values()),
)


@dataclass(frozen=True, slots=True)
class Facet:
    """A benchmark: its cards, agents, charts and notes; problem: why the tables cannot answer, with what to do."""

    benchmark: str
    cards: pl.DataFrame
    agents: Table | None = None
    charts: tuple[Chart, ...] = ()
    notes: tuple[tuple[str, str], ...] = field(default=())
    problem: str | None = None


def facets(tables: Tables) -> list[Facet]:
    """Every benchmark on its own, in order of its name."""
    names = tables["runs"]["benchmark"].unique().sort(nulls_last=False).to_list()
    return [_facet(number, benchmark, _only(tables, benchmark)) for number, benchmark in enumerate(names)]


def _only(tables: Tables, benchmark: str | None) -> dict[str, pl.DataFrame]:
    is_here = pl.col("benchmark").eq_missing(pl.lit(benchmark, dtype=pl.String))
    runs = tables["runs"].filter(is_here)
    rollouts = tables["rollouts"].filter(pl.col("run_id").is_in(runs["run_id"].implode()))
    return {"runs": runs, "rollouts": rollouts, "tasks": tables["tasks"].filter(is_here)}


def _facet(number: int, benchmark: str | None, tables: Tables) -> Facet:
    try:
        results = [(title, find(curve)(tables, **options)) for title, curve, options in CHARTS]
        facet_cards = cards(tables)
    except ReplayError as error:
        return Facet(name(benchmark), pl.DataFrame(), problem=str(error))
    points, times = results[0][1].frame, results[1][1].frame
    keys = {agent: place for place, agent in enumerate(points["agent"])}
    agents = _agents(points, times, keys)
    charts = tuple(_chart(title, result, keys, f"b{number}-c{at}") for at, (title, result) in enumerate(results))
    return Facet(name(benchmark), facet_cards, agents, charts, tuple(_notes(dict(results))))


def _agents(points: pl.DataFrame, times: pl.DataFrame, keys: Mapping[str, int]) -> Table:
    """Every agent with its key, its place, and whether it is on each of the three frontiers."""
    seconds = times.select("agent", *(pl.col(f"x{end}").alias(f"s{end}") for end in ("", "_low", "_high")))
    rows = points.join(seconds, on="agent", how="left", maintain_order="left")
    for kind in KINDS:
        rows = rows.with_columns(pl.Series(kind, _membership(points, kind), dtype=pl.String))

    def cells(row: Row) -> tuple[Cell, ...]:
        dollars = span(usd, row["x"], row["x_low"], row["x_high"])
        return (
            Cell(row["agent"], key=keys[row["agent"]]),
            number(row["n_rollouts"]),
            Cell(span(_score, row["y"], row["y_low"], row["y_high"]), row["y"]),
            Cell(dollars, row["x"]),
            Cell(span(count, row["s"], row["s_low"], row["s_high"]), row["s"]),
            *(Cell(row[kind]) for kind in KINDS),
        )

    return table("Agents and frontiers", _COLUMNS, rows.iter_rows(named=True), cells, empty="No attempts.")


def _score(value: float) -> str:
    return f"{value:.3g}"


def _membership(points: pl.DataFrame, kind: str) -> list[str]:
    try:
        marked = frontier(points, kind)["is_on_frontier"]
    except AnalysisError:
        return ["not defined"] * points.height
    return [{True: "on it", False: "no", None: "cannot be placed"}[is_on] for is_on in marked]


def _chart(title: str, result: CurveResult, keys: Mapping[str, int], place: str) -> Chart:
    drawn = svg.draw(result, keys, place)
    is_blank = len(drawn.not_drawn) == len(keys)
    remarks = (
        _named("No place is known in full for", drawn.not_drawn, keys),
        _named("No room for the letter of", drawn.not_named, keys),
    )
    blank = f"Nothing to draw: {'the place of no agent is known' if keys else 'there are no attempts'}."
    return Chart(title, "" if is_blank else drawn.svg, (blank,) if is_blank else tuple(filter(None, remarks)))


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
