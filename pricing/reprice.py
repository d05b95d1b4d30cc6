"""Canonical tables in, priced tables out: every call at its rate, sums per rollout and run with their coverage."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from pricing.book import PriceBook, load_book
from pricing.cost.charges import price_charges
from pricing.cost.cost import Costs, cost_columns
from pricing.cost.facts import Facts, facts_of
from pricing.cost.rollup import HELPERS, call_sums, joined_sums, rollout_costs, run_costs, with_charges
from pricing.rates.grid import Grid, rate_grid
from pricing.rates.keys import KEY_COLUMNS
from pricing.rates.place import Times, cells_of, placed, with_rates
from pricing.rates.rate_facts import MOST_PUSD, most_pusd, rate_facts
from pricing.rates.times import END, START
from pricing.scenario import Scenario
from pricing.schema import PRICED_CALLS, PRICED_TABLES, PUSD_PER_USD
from traces.schema import INPUT_PARTS, ROLES, TABLES

DENSE_CELLS: Final = 30_000
"""Up to so many cells rates are worked out of all of them; beyond, of those that calls lie in."""


@dataclass(frozen=True, slots=True)
class Pricing:
    """Everything a trace is priced with: the scenario, the rates that can occur, and what is known of the calls.

    Args:
        scenario: How to price.
        book: Dated list prices, for what is not a call.
        grid: Where calls are priced.
        rates: Rates of the cells of the grid.
        facts: Facts of the calls, after the cache policy.
        times: Where the moment of a price comes from.
    """

    scenario: Scenario
    book: PriceBook
    grid: Grid
    rates: pl.DataFrame
    facts: Facts
    times: Times


def prepare(
    tables: Mapping[str, pl.LazyFrame], scenario: Scenario, facts: Facts, book: PriceBook | None = None
) -> Pricing:
    """Collect what can occur in a trace and work out its rates.

    Args:
        tables: Canonical tables.
        scenario: How to price.
        facts: Facts of ``tables["calls"]``.
        book: Prices; null: the package's own with the scenario's files.
    """
    book = book or load_book(scenario.prices)
    pairs = tables["calls"].select(KEY_COLUMNS).unique().collect(engine="streaming")
    pairs = pairs.with_columns(pl.col(KEY_COLUMNS).exclude("is_batch").cast(pl.String)).unique()
    of_rollouts = tables["rollouts"].select("rollout_id", _rollout_at=pl.coalesce("started_at", "ended_at"))
    of_runs = tables["runs"].select("run_id", _run_at=pl.coalesce("started_at", "ended_at"))
    times = Times(scenario.moment, of_rollouts, of_runs)
    is_timed = scenario.moment is not None or "started_at" in facts.known
    grid = rate_grid(pairs, {"effective": [book]}, _span(facts, scenario), scenario, is_timed=is_timed)
    known = _facts_without_cache(facts) if scenario.cache == "none" else facts
    return Pricing(scenario, book, grid, grid.rates(_cells(tables["calls"], grid, known, times)), known, times)


def _cells(calls: pl.LazyFrame, grid: Grid, facts: Facts, times: Times) -> pl.DataFrame:
    """Cells whose rates are asked for: all where there are few, else those that calls lie in."""
    if grid.n_cells <= DENSE_CELLS:
        return grid.all_cells()
    places = placed(calls, grid, facts, times).select(pl.col("_place").unique()).collect(engine="streaming")
    return cells_of(places["_place"].sort(), grid)


def _span(facts: Facts, scenario: Scenario) -> tuple[datetime, datetime]:
    if scenario.moment is not None:
        return scenario.moment, scenario.moment
    first, last = facts.lowest.get("started_at"), facts.highest.get("started_at")
    if "started_at" not in facts.known or first is None or last is None:
        return START, END
    return first, last


def priced_calls(calls: pl.LazyFrame, pricing: Pricing, *, is_ordered: bool = True) -> pl.LazyFrame:
    """Add cost_pusd, its low, high and parts, costs of other views, cost_basis, and what the price was, to calls."""
    if pricing.scenario.cache == "none":
        calls = _without_cache(calls)
    at = placed(calls, pricing.grid, pricing.facts, pricing.times)
    rated = with_rates(at, pricing.rates, pricing.grid, is_ordered=is_ordered)
    for step in _costs(pricing).steps:
        rated = rated.with_columns(**step)
    return rated


def _costs(pricing: Pricing) -> Costs:
    return cost_columns(pricing.facts, rate_facts(pricing.rates), pricing.grid.lattice.above)


def _without_cache(calls: pl.LazyFrame) -> pl.LazyFrame:
    first, *others = INPUT_PARTS
    none = pl.when(pl.col("input_tokens").is_not_null()).then(0)
    return calls.with_columns(pl.col("input_tokens").alias(first), *(none.alias(name) for name in others))


def _facts_without_cache(facts: Facts) -> Facts:
    first, *others = INPUT_PARTS
    changed = frozenset(INPUT_PARTS)
    known = facts.known | changed if "input_tokens" in facts.known else facts.known - changed
    ends = [end | {first: end.get("input_tokens")} | dict.fromkeys(others, 0) for end in (facts.lowest, facts.highest)]
    return Facts(facts.n_rows, known, facts.absent - changed, *ends)


def in_usd(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Turn every ``_pusd`` column into its ``_usd`` column."""
    money = [name for name in frame.collect_schema().names() if name.endswith("_pusd")]
    return frame.with_columns(_in_usd(name).alias(name.removesuffix("_pusd") + "_usd") for name in money).drop(money)


def _in_usd(money: str) -> pl.Expr:
    """Divide element by element: Polars divides by a single number through its reciprocal, one bit off at times."""
    pusd = pl.col(money).cast(pl.Float64)
    return pusd / (pusd * 0 + PUSD_PER_USD)


def call_table(calls: pl.LazyFrame, pricing: Pricing) -> pl.LazyFrame:
    """The table ``calls`` of a priced store."""
    return in_usd(priced_calls(calls, pricing)).select(
        pl.col(column.name).cast(column.dtype) for column in PRICED_CALLS.columns
    )


def counted_calls(calls: pl.LazyFrame, pricing: Pricing) -> pl.LazyFrame:
    """Priced calls of the roles the scenario counts, in any order, in pico-dollars."""
    roles = pricing.scenario.roles
    counted = calls if set(roles) == set(ROLES) else calls.filter(pl.col("role").cast(pl.String).is_in(roles))
    return priced_calls(counted, pricing, is_ordered=False)


def sums_by_rollout(shards: Iterable[pl.LazyFrame], charges: pl.DataFrame, pricing: Pricing) -> pl.LazyFrame:
    """Sums of calls and priced charges by rollout_id, in pico-dollars.

    Args:
        shards: Calls, one shard after the other, so that only the groups of one are open at a time.
        charges: Charges, priced, in pico-dollars.
        pricing: What to price with.
    """
    sums = [_collected_sums(calls, "rollout_id", pricing) for calls in shards]
    return with_charges(joined_sums(sums, "rollout_id"), charges, "rollout_id")


def _collected_sums(calls: pl.LazyFrame, key: str, pricing: Pricing) -> pl.DataFrame:
    """Sum in 64 bits; where so many calls of the highest cost there can be would not fit, again in 128."""
    sums = _call_sums(calls, key, pricing).collect(engine="streaming")
    n_most = sums.select(pl.col("n_rows").max()).item() or 0
    if n_most * most_pusd(pricing.facts, rate_facts(pricing.rates)) <= MOST_PUSD:
        return sums
    return _call_sums(calls, key, pricing, is_wide=True).collect(engine="streaming")


def _call_sums(calls: pl.LazyFrame, key: str, pricing: Pricing, *, is_wide: bool = False) -> pl.LazyFrame:
    priced = counted_calls(calls, pricing)
    if is_wide:
        priced = priced.with_columns(pl.selectors.ends_with("_pusd").cast(pl.Int128))
    return call_sums(priced, key, pricing.facts, _costs(pricing))


def priced_sums(
    tables: Mapping[str, pl.LazyFrame],
    charges: pl.DataFrame,
    pricing: Pricing,
    shards: Iterable[pl.LazyFrame] | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tables ``runs`` and ``rollouts`` of a priced store.

    Args:
        tables: Canonical tables.
        charges: Charges, priced, in pico-dollars.
        pricing: What to price with.
        shards: Parts of the calls, to be worked on one after the other; null: all at once.
    """
    in_rollouts = (calls.filter(pl.col("rollout_id").is_not_null()) for calls in shards or [tables["calls"]])
    sums = sums_by_rollout(in_rollouts, charges, pricing)
    rollouts = rollout_costs(tables["rollouts"], sums, _seen(tables["calls"])).collect(engine="streaming")
    of_run = tables["calls"].filter(pl.col("rollout_id").is_null())
    of_whole = charges.filter(pl.col("rollout_id").is_null())
    whole = with_charges(_call_sums(of_run, "run_id", pricing, is_wide=True), of_whole, "run_id")
    runs = run_costs(tables["runs"], rollouts.lazy(), whole)
    runs = runs.join(_price_span(tables, pricing), on="run_id", how="left", maintain_order="left")
    return in_usd(runs).drop(HELPERS).collect(), in_usd(rollouts.lazy()).drop(HELPERS).collect()


def _seen(calls: pl.LazyFrame) -> pl.LazyFrame:
    """Requests the trace holds of each rollout, of all roles; a total of an unknown number is one."""
    return calls.group_by("rollout_id").agg(_n_seen=pl.col("n_requests").fill_null(1).sum())


def _price_span(tables: Mapping[str, pl.LazyFrame], pricing: Pricing) -> pl.LazyFrame:
    """Earliest and latest moment whose prices were used, by run_id."""
    if pricing.scenario.moment is not None:
        at = pl.lit(pricing.scenario.moment)
        return tables["runs"].select("run_id", priced_from=at, priced_until=at)
    stamps = tables["calls"].select("run_id", at=pl.coalesce("started_at", "ended_at"))
    spans = stamps.group_by("run_id").agg(priced_from=pl.col("at").min(), priced_until=pl.col("at").max())
    return tables["runs"].join(spans, on="run_id", how="left").select(
        "run_id",
        priced_from=pl.coalesce("priced_from", "started_at"),
        priced_until=pl.coalesce("priced_until", "ended_at"),
    )  # fmt: skip


def reprice_tables(
    tables: Mapping[str, pl.DataFrame], scenario: Scenario | None = None, book: PriceBook | None = None
) -> dict[str, pl.DataFrame]:
    """Price canonical tables in memory.

    Args:
        tables: Canonical tables by name.
        scenario: How to price; null: list prices on the day of each call.
        book: Prices; null: the package's own.
    """
    whole = {name: tables.get(name, table.empty()) for name, table in TABLES.items()}
    lazy = {name: frame.lazy() for name, frame in whole.items()}
    pricing = prepare(lazy, scenario or Scenario(), facts_of(whole["calls"]), book)
    charges = price_charges(whole["charges"], whole["rollouts"], whole["runs"], pricing.scenario, pricing.book)
    runs, rollouts = priced_sums(lazy, charges, pricing)
    priced = {
        **whole,
        "runs": runs,
        "rollouts": rollouts,
        "calls": call_table(lazy["calls"], pricing).collect(),
        "charges": in_usd(charges.lazy()).collect(),
    }
    return {name: table.sort(table.conform(priced[name])) for name, table in PRICED_TABLES.items()}
