"""Canonical tables in, priced tables out: every call at its rate, sums per rollout and run with their coverage."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import polars as pl

from pricing.book import PriceBook
from pricing.cost.cache import with_calls_before, with_full_cache, without_cache
from pricing.cost.charges import counted_charges, price_charges
from pricing.cost.clock import with_api_clock
from pricing.cost.currency import converted
from pricing.cost.facts import facts_of
from pricing.cost.other_clocks import with_hardware_clock, with_stated_speed
from pricing.cost.rollup import HELPERS, call_sums, joined_sums, rollout_costs, run_costs, with_charges
from pricing.cost.units import in_units
from pricing.hardware.hosted import hosted_costs, most_hosted_pusd
from pricing.hardware.point import Point
from pricing.hardware.workload import is_of
from pricing.prepare import Pricing, prepare
from pricing.rates.place import placed, with_rates
from pricing.rates.rate_facts import MOST_PUSD, most_pusd, rate_facts
from pricing.scenario import Scenario
from pricing.schema import PRICED_CALLS, PRICED_TABLES
from traces.schema import INPUT_PARTS, ROLES, TABLES


def priced_calls(calls: pl.LazyFrame, pricing: Pricing, *, is_ordered: bool = True) -> pl.LazyFrame:
    """Add cost_pusd, its low, high and parts, costs of other views, cost_basis, and what the price was, to calls."""
    policy = pricing.scenario.cache
    calls = _BEFORE_RATES[policy](calls) if policy in _BEFORE_RATES else calls
    if not pricing.points:
        return _at_list_prices(calls, pricing, is_ordered=is_ordered)
    numbered = calls.with_row_index("_number") if is_ordered else calls
    parts = [_on_accelerators(numbered, point, pricing) for point in pricing.points]
    if pricing.has_others:
        others = numbered.filter(~is_of(name for point in pricing.points for name in point.models))
        parts = [_at_list_prices(others, pricing, is_ordered=False), *parts]
    priced = pl.concat(parts, how="diagonal_relaxed")
    return priced.sort("_number").drop("_number") if is_ordered else priced


def _at_list_prices(calls: pl.LazyFrame, pricing: Pricing, *, is_ordered: bool) -> pl.LazyFrame:
    is_cached = pricing.scenario.cache == "upper_bound"
    at = placed(calls, pricing.grid, pricing.facts, pricing.times)
    rated = with_rates(at, pricing.rates, pricing.grid, is_ordered=is_ordered)
    rated = with_full_cache(rated) if is_cached else rated
    for step in pricing.costs().steps:
        rated = rated.with_columns(**step)
    if pricing.times.moment is not None:
        rated = rated.with_columns(_at=pl.lit(pricing.times.moment))
    priced = converted(rated, pricing.exchange).drop("_at")
    if not is_cached:
        return priced
    return (priced.sort("_row") if is_ordered else priced).drop("_row")


def _on_accelerators(calls: pl.LazyFrame, point: Point, pricing: Pricing) -> pl.LazyFrame:
    is_alone = len(pricing.points) == 1 and not pricing.has_others
    costed = hosted_costs(calls if is_alone else calls.filter(is_of(point.models)), point)
    moment = pricing.times.moment
    at = pl.coalesce("started_at", "ended_at") if moment is None else pl.lit(moment)
    return converted(costed.with_columns(_at=at), pricing.exchange).drop("_at")


_BEFORE_RATES: Final[dict[str, Callable[[pl.LazyFrame], pl.LazyFrame]]] = {
    "none": without_cache,
    "upper_bound": with_calls_before,
}
"""What a cache policy does to calls before their rates are known."""


def call_table(calls: pl.LazyFrame, pricing: Pricing) -> pl.LazyFrame:
    """The table ``calls`` of a priced store: tokens as recorded, costs under the cache policy."""
    kept = {} if pricing.scenario.cache == "as_recorded" else {f"_recorded_{part}": part for part in INPUT_PARTS}
    recorded = calls.with_columns(**{name: pl.col(part) for name, part in kept.items()})
    priced = in_units(priced_calls(recorded, pricing), pricing.scenario.currency)
    restored = priced.with_columns(**{part: pl.col(name) for name, part in kept.items()})
    return restored.select(pl.col(column.name).cast(column.dtype) for column in PRICED_CALLS.columns)


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
    most = most_pusd(pricing.facts, rate_facts(pricing.rates.rows))
    if n_most * max(most, most_hosted_pusd(pricing.facts, pricing.points)) <= MOST_PUSD:
        return sums
    return _call_sums(calls, key, pricing, is_wide=True).collect(engine="streaming")


def _call_sums(calls: pl.LazyFrame, key: str, pricing: Pricing, *, is_wide: bool = False) -> pl.LazyFrame:
    priced = counted_calls(calls, pricing)
    if is_wide:
        priced = priced.with_columns(pl.selectors.ends_with("_pusd").cast(pl.Int128))
    return call_sums(priced, key, pricing.facts, pricing.costs())


def priced_sums(
    tables: Mapping[str, pl.LazyFrame],
    charges: pl.DataFrame,
    pricing: Pricing,
    shards: Iterable[pl.LazyFrame] | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tables ``runs`` and ``rollouts`` of a priced store.

    Args:
        tables: Canonical tables.
        charges: Charges that count, priced, in pico-dollars.
        pricing: What to price with.
        shards: Parts of the calls, to be worked on one after the other; null: all at once.
    """
    in_rollouts = (calls.filter(pl.col("rollout_id").is_not_null()) for calls in shards or [tables["calls"]])
    sums = sums_by_rollout(in_rollouts, charges, pricing)
    costs = rollout_costs(tables["rollouts"], sums, seen_calls(tables["calls"]))
    rollouts = _with_clocks(costs, tables["calls"], pricing).collect(engine="streaming")
    of_run = tables["calls"].filter(pl.col("rollout_id").is_null())
    of_whole = charges.filter(pl.col("rollout_id").is_null())
    whole = with_charges(_call_sums(of_run, "run_id", pricing, is_wide=True), of_whole, "run_id")
    runs = run_costs(tables["runs"], rollouts.lazy(), whole)
    runs = runs.join(_price_span(tables, pricing), on="run_id", how="left", maintain_order="left")
    written = (in_units(frame, pricing.scenario.currency).drop(HELPERS).collect() for frame in (runs, rollouts.lazy()))
    return next(written), next(written)


def _with_clocks(rollouts: pl.LazyFrame, calls: pl.LazyFrame, pricing: Pricing) -> pl.LazyFrame:
    timed = with_api_clock(rollouts, calls, pricing.scenario)
    timed = with_stated_speed(timed, calls, pricing.scenario.speed)
    return with_hardware_clock(timed, calls, pricing.points)


def seen_calls(calls: pl.LazyFrame) -> pl.LazyFrame:
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
    charges = price_charges(whole, pricing.scenario, pricing.books[0], pricing.exchange, pricing.list_book)
    runs, rollouts = priced_sums(lazy, counted_charges(charges, whole["calls"], pricing.scenario), pricing)
    priced = {
        **whole,
        "runs": runs,
        "rollouts": rollouts,
        "calls": call_table(lazy["calls"], pricing).collect(),
        "charges": in_units(charges.lazy(), pricing.scenario.currency).collect(),
    }
    return {name: table.sort(table.conform(priced[name])) for name, table in PRICED_TABLES.items()}
