"""What a trace is priced with, worked out before any call is priced: books, grid, rates, rates of exchange."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from pricing.book import PriceBook, load_book
from pricing.book.named import LIST_BOOK, load_named_book
from pricing.cost.cache import FACTS_AFTER
from pricing.cost.cost import Costs, cost_columns
from pricing.cost.currency import load_fx
from pricing.cost.facts import Facts
from pricing.hardware.point import Point
from pricing.rates.grid import Grid, RateTable, rate_grid
from pricing.rates.keys import KEY_COLUMNS
from pricing.rates.lattice import Seen
from pricing.rates.place import Times, cells_of, placed
from pricing.rates.policy import View
from pricing.rates.rate_facts import rate_facts
from pricing.scenario import Scenario
from pricing.scenario.check import checked

DENSE_CELLS: Final = 1_000_000
"""Up to so many cells rates are worked out of all of them; beyond, of those that calls lie in."""


@dataclass(frozen=True, slots=True)
class Pricing:
    """Everything a trace is priced with: the scenario, the rates that can occur, and what is known of the calls.

    Args:
        scenario: How to price.
        books: Prices; of what is not a call, those of the first.
        list_book: List prices of what is not a call.
        grid: Where calls are priced.
        rates: Rates of the cells of the grid.
        facts: Facts of the calls, after the cache policy.
        times: Where the moment of a price comes from.
        exchange: Rates of the currency by day; null: none is asked for.
        points: Deployed models.
        has_others: Whether there are calls of models that are not deployed, or of none that is named.
    """

    scenario: Scenario
    books: Sequence[PriceBook]
    list_book: PriceBook
    grid: Grid
    rates: RateTable
    facts: Facts
    times: Times
    exchange: pl.DataFrame | None
    points: tuple[Point, ...] = ()
    has_others: bool = True

    def sources(self) -> dict[str, str]:
        """Give the sha256 of every file prices were read from."""
        return sources_of(self.books)

    def costs(self) -> Costs:
        """Give the steps from rated calls to their costs."""
        has_open = self.scenario.cache == "upper_bound"
        costs = cost_columns(self.facts, rate_facts(self.rates.rows), self.grid.lattice.above, has_open=has_open)
        return Costs(costs.steps, has_skipped=costs.has_skipped) if self.points else costs


def prepare(
    tables: Mapping[str, pl.LazyFrame], scenario: Scenario, facts: Facts, book: PriceBook | None = None
) -> Pricing:
    """Collect what can occur in a trace and work out its rates.

    Args:
        tables: Canonical tables.
        scenario: How to price.
        facts: Facts of ``tables["calls"]``.
        book: Prices; null: the package's own with the scenario's files.

    Raises:
        PricingError: if the scenario names what its books or files do not have.
    """
    books = books_of(scenario, book)
    scenario = checked(scenario, books["effective"])
    pairs = tables["calls"].select(KEY_COLUMNS).unique().collect(engine="streaming")
    pairs = pairs.with_columns(pl.col(KEY_COLUMNS).exclude("is_batch").cast(pl.String)).unique()
    times = _times(tables, scenario)
    grid = rate_grid(pairs, books, _seen(facts, scenario), scenario)
    known = FACTS_AFTER[scenario.cache](facts) if scenario.cache in FACTS_AFTER else facts
    rates = grid.rates(_cells(tables["calls"], grid, known, times))
    exchange = _exchange(tables, grid, known, times)
    list_book = books.get("list", books["effective"])[0]
    points = deployed(tables["calls"], pairs["model"], scenario)
    hosted = {name for point in points for name in point.models}
    has_others = not set(pairs["model"]) <= hosted
    return Pricing(scenario, books["effective"], list_book, grid, rates, known, times, exchange, points, has_others)


def deployed(calls: pl.LazyFrame, models: pl.Series, scenario: Scenario) -> tuple[Point, ...]:
    """Deploy the models a scenario deploys; the hardware tables are read only if there are any.

    Args:
        calls: CALLS.
        models: Models they name.
        scenario: What it deploys.
    """
    if not scenario.hardware:
        return ()
    from pricing.hardware.deploy import names_meant, points_of
    from pricing.hardware.laws import machines_of
    from pricing.hardware.shelf import load_hardware

    machines = machines_of(load_hardware(scenario.hardware_files))
    meant = names_meant(sorted(models.drop_nulls().unique()), scenario.hardware)
    return tuple(points_of(calls, meant, scenario.hardware, machines, allow_estimate=scenario.allow_estimate))


def books_of(scenario: Scenario, book: PriceBook | None = None) -> dict[View, list[PriceBook]]:
    """Give the books of every view whose prices differ from what is paid in the end.

    Args:
        scenario: How to price.
        book: Prices of every view; null: the package's own, with the scenario's files but for list prices.
    """
    effective = [_book(name, scenario, scenario.prices, book) for name in scenario.books]
    books: dict[View, list[PriceBook]] = {"effective": effective}
    if scenario.discount or (scenario.prices and book is None):
        books["list"] = [_book(name, scenario, (), book) for name in scenario.books]
    if any(discount.type == "commitment" for discount in scenario.discount):
        books["contracted"] = effective
    return books


def sources_of(books: Sequence[PriceBook]) -> dict[str, str]:
    """sha256 of every file books were read from."""
    return {name: digest for book in books for name, digest in book.sources.items()}


def _book(name: str, scenario: Scenario, files: Sequence[Path], book: PriceBook | None) -> PriceBook:
    return (book or load_book(files, scenario.catalogue)) if name == LIST_BOOK else load_named_book(name).price_book()


def _times(tables: Mapping[str, pl.LazyFrame], scenario: Scenario) -> Times:
    of_rollouts = tables["rollouts"].select("rollout_id", _rollout_at=pl.coalesce("started_at", "ended_at"))
    of_runs = tables["runs"].select("run_id", _run_at=pl.coalesce("started_at", "ended_at"))
    return Times(scenario.moment, of_rollouts, of_runs)


def _seen(facts: Facts, scenario: Scenario) -> Seen:
    if scenario.moment is not None:
        return Seen(scenario.moment, scenario.moment, is_timed=True, is_single=facts.is_single)
    if "started_at" not in facts.known or facts.n_rows == 0:
        return Seen()
    return Seen(facts.lowest["started_at"], facts.highest["started_at"], is_timed=True, is_single=facts.is_single)


def _cells(calls: pl.LazyFrame, grid: Grid, facts: Facts, times: Times) -> pl.DataFrame:
    """Cells whose rates are asked for: all where there are few, else those that calls lie in."""
    if grid.n_cells <= DENSE_CELLS:
        return grid.all_cells()
    places = placed(calls, grid, facts, times).select(pl.col("_place").unique()).collect(engine="streaming")
    return cells_of(places["_place"].sort(), grid)


def _exchange(tables: Mapping[str, pl.LazyFrame], grid: Grid, facts: Facts, times: Times) -> pl.DataFrame | None:
    """Rates of exchange of every day something is priced at."""
    if grid.scenario.currency is None:
        return None
    table = load_fx(grid.scenario.currency)
    if times.moment is not None:
        return table.of([times.moment.date()])
    stamps = [placed(tables["calls"], grid, facts, times).select(_at="_at")]
    stamps += [tables[name].select(_at="started_at") for name in ("charges", "rollouts", "runs")]
    days = pl.concat(stamps).select(pl.col("_at").dt.date().unique()).collect(engine="streaming")
    return table.of(days["_at"].drop_nulls())
