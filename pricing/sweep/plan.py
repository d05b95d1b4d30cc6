"""What a sweep needs before the first scenario: the lattice all share, the usage on it, and what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from pricing.book import PriceBook
from pricing.cost.cache import FACTS_AFTER, with_calls_before, with_full_cache, without_cache
from pricing.cost.facts import Facts, facts_of
from pricing.cost.rollup import missing_calls, missing_rollouts
from pricing.prepare import books_of
from pricing.rates.grid import Grid, coded, discount_moments, lattice_of
from pricing.rates.keys import KEY_COLUMNS, price_keys
from pricing.rates.lattice import Seen
from pricing.rates.place import Times, placed, with_rates
from pricing.reprice import seen_calls
from pricing.scenario import Scenario
from pricing.sweep.structure import Structure, shape_of
from pricing.sweep.usage import Usage, usage_of
from traces.errors import PricingError

_ROLLOUT = ("run_id", "rollout_id")


@dataclass(frozen=True)
class Plan:
    """A trace on a lattice on which every price of the scenarios changes.

    Args:
        tables: Canonical tables.
        by: Columns of a group.
        groups: Every group, with n_missing: calls (or rollouts) of it the trace does not hold.
        grid: Where calls are placed; its keys are those of one shape.
        facts: Facts of the calls.
        placed: Calls, placed.
        book: Prices of the list book; null: the package's own.
        structures: Structure of every shape.
        usages: Token sums by cache policy, once they were asked for.
    """

    tables: Mapping[str, pl.DataFrame]
    by: tuple[str, ...]
    groups: pl.DataFrame
    grid: Grid
    facts: Facts
    placed: pl.LazyFrame
    book: PriceBook | None
    structures: Mapping[str, Structure]
    usages: dict[str, Usage] = field(default_factory=dict)

    def shape(self, scenario: Scenario) -> str:
        """Name of a scenario's shape."""
        return shape_of(scenario).model_dump_json()

    def structure(self, scenario: Scenario) -> Structure:
        """Structure of a scenario's shape."""
        return self.structures[self.shape(scenario)]

    def usage(self, scenario: Scenario) -> Usage:
        """Token sums under a scenario's cache policy."""
        name = self.shape(scenario) if scenario.cache == "upper_bound" else scenario.cache
        if name not in self.usages:
            facts = FACTS_AFTER[scenario.cache](self.facts) if scenario.cache in FACTS_AFTER else self.facts
            self.usages[name] = usage_of(self._cached(scenario), self.grid, facts, self.by)
        return self.usages[name]

    def _cached(self, scenario: Scenario) -> pl.LazyFrame:
        """Calls after the cache policy."""
        if scenario.cache == "none":
            return without_cache(self.placed)
        if scenario.cache == "as_recorded":
            return self.placed
        structure = self.structure(scenario)
        grid = Grid(self.grid.keys, self.grid.lattice, {"effective": structure.keys}, scenario)
        rules = grid.cache_rules(structure.cells)
        numbered = with_calls_before(self.placed).with_columns(_kept="_place")
        return with_full_cache(with_rates(numbered, rules, grid, is_ordered=False)).rename({"_kept": "_place"})


def _refuse_hardware(scenarios: Sequence[Scenario]) -> None:
    if any(scenario.hardware for scenario in scenarios):
        remedy = "price under it call by call: evalreplay reprice STORE -s SCENARIO -o PRICED"
        raise PricingError("a deployment on accelerators has no list prices to move through dates or levers", remedy)


def plan_of(
    tables: Mapping[str, pl.DataFrame], scenarios: Sequence[Scenario], by: Sequence[str], book: PriceBook | None = None
) -> Plan:
    """Plan a sweep.

    Args:
        tables: Canonical tables.
        scenarios: Scenarios, or one of each shape and moment that will be asked for.
        by: Groups to sum by: run_id, or run_id and rollout_id.
        book: Prices; null: the package's own with each scenario's files.

    Raises:
        PricingError: if a scenario deploys a model on accelerators.
    """
    _refuse_hardware(scenarios)
    calls, facts = tables["calls"].lazy(), facts_of(tables["calls"])
    pairs = tables["calls"].select(KEY_COLUMNS).unique()
    shapes = {shape.model_dump_json(): shape for shape in map(shape_of, scenarios)}
    keys = {name: price_keys(pairs, books_of(shape, book)["effective"], shape) for name, shape in shapes.items()}
    changes = set[datetime]().union(*(discount_moments(scenario) for scenario in scenarios))
    every_key = (key for _, of_shape in keys.values() for key in of_shape)
    lattice = lattice_of(every_key, _seen(facts, scenarios), changes)
    frame, first = next(iter(keys.values()))
    numbered = coded(frame.with_columns(pl.Series("price_model", [key.price_model for key in first], dtype=pl.String)))
    grid = Grid(numbered, lattice, {"effective": first}, Scenario())
    at = placed(calls, grid, facts, _times(tables))
    recorded = usage_of(at, grid, facts, by)
    structures = {name: Structure(of_shape, lattice, recorded.cells) for name, (_, of_shape) in keys.items()}
    groups = _groups(tables, by)
    return Plan(tables, tuple(by), groups, grid, facts, at, book, structures, {"as_recorded": recorded})


def _seen(facts: Facts, scenarios: Sequence[Scenario]) -> Seen:
    """From the earliest to the latest moment some scenario prices at."""
    if "started_at" not in facts.known or facts.n_rows == 0:
        return Seen()
    moments = [scenario.moment for scenario in scenarios if scenario.moment is not None]
    moments += [facts.lowest["started_at"], facts.highest["started_at"]]
    return Seen(min(moments), max(moments), is_timed=True, is_single=facts.is_single)


def _times(tables: Mapping[str, pl.DataFrame]) -> Times:
    at = pl.coalesce("started_at", "ended_at")
    of_rollouts = tables["rollouts"].lazy().select("rollout_id", _rollout_at=at)
    return Times(None, of_rollouts, tables["runs"].lazy().select("run_id", _run_at=at))


def _groups(tables: Mapping[str, pl.DataFrame], by: Sequence[str]) -> pl.DataFrame:
    """Every group of the trace, with what of it is missing."""
    seen = seen_calls(tables["calls"].lazy()).collect()
    rows = pl.concat([tables[name].select(_ROLLOUT) for name in ("calls", "charges")])
    of_rollouts = rows.group_by("rollout_id").agg(n_rows=pl.len())
    rollouts = tables["rollouts"].join(seen, on="rollout_id", how="left").join(of_rollouts, on="rollout_id", how="left")
    rollouts = rollouts.select(*_ROLLOUT, n_missing=missing_calls().cast(pl.Int64))
    if "rollout_id" in by:
        return rollouts.select(*by, "n_missing").sort(by)
    of_runs = rows.group_by("run_id").agg(n_rows=pl.len())
    n_rollouts = rollouts.group_by("run_id").agg(
        _n_rollouts=pl.len().cast(pl.Int64), _n_calls=pl.col("n_missing").sum()
    )
    runs = tables["runs"].join(of_runs, on="run_id", how="left").join(n_rollouts, on="run_id", how="left")
    missing = missing_rollouts().cast(pl.Int64) + pl.col("_n_calls").fill_null(0)
    return runs.select(*by, n_missing=missing).sort(by)
