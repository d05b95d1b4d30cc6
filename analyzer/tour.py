"""The tour: every step from a store of real rollouts to a report, on the figures that come with the package."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

import polars as pl

from analyzer import api
from analyzer.card_text import sentence
from analyzer.figures import draw, save
from analyzer.prices.listing import glance, price_rows
from analyzer.words import counted
from pricing.book import load_book
from pricing.priced_store import reprice_store
from traces.store import Store, open_store

BUNDLED: Final = Path(str(files("analyzer"))) / "data" / "demo"
"""A store of real rollouts, numbers only; sources and licences in NOTICE."""

_RUN_COLUMNS: Final = ("benchmark", "agent", "n_rollouts", "n_calls", "score", "tokens_frac", "cache_split_frac")
_COST_COLUMNS: Final = ("benchmark", "agent", "cost_usd", "cost_low_usd", "cost_high_usd", "coverage_frac")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the command a user would type, and what it shows."""

    command: str
    lines: tuple[str, ...] = ()
    table: pl.DataFrame | None = None
    footnotes: tuple[str, ...] = ()


def tour(output: Path) -> Iterator[Step]:
    """Take the tour, writing the store, the priced store, the figures and the report under ``output``."""
    shutil.copytree(BUNDLED, output / "store", dirs_exist_ok=True)
    yield Step("evalreplay show store/", table=api.show(BUNDLED).runs.select(_RUN_COLUMNS))
    priced = reprice_store(open_store(output / "store"), output / "priced", is_forced=True)
    yield Step("evalreplay reprice store/ -o priced/", table=_costs(priced))
    yield _audited(priced)
    yield Step("evalreplay card priced/", tuple(sentence(row) for row in api.card(priced).iter_rows(named=True)))
    yield _figure(priced, "score_at_budget", output / "score_at_budget.png")
    yield _frontier(priced, output / "frontier.png")
    shown, footnotes = glance(price_rows(load_book(), "o3", "2025-06-09"))
    yield Step("evalreplay prices o3 --on 2025-06-09", table=shown, footnotes=tuple(footnotes))
    api.report(priced, output / "report.html")
    yield Step("evalreplay report priced/ -o report.html")


def _costs(priced: Store) -> pl.DataFrame:
    return priced.table("runs").select(_COST_COLUMNS).sort("benchmark", "agent")


def _audited(priced: Store) -> Step:
    result = api.audit(priced)
    found = f"{counted(result.n_unexplained, 'difference')} without a proven cause"
    return Step("evalreplay audit priced/", (found,), result.summary)


def _figure(priced: Store, name: str, path: Path) -> Step:
    result = api.curve(name, priced)
    save(draw(result), path)
    return Step(f"evalreplay curve {name} priced/ --figure {path.name}", (f"drawn: {path}",))


def _frontier(priced: Store, path: Path) -> Step:
    result = api.curve("score_vs_cost", priced)
    marked = api.frontier(priced)
    save(draw(result, marked), path)
    table = marked.select("benchmark", "agent", "x", "x_low", "x_high", "y", "is_on_frontier")
    return Step(f"evalreplay frontier priced/ --figure {path.name}", (f"drawn: {path}",), table)
