"""What repricing would change, before it is done: costs by run and by model, under two scenarios, from token sums."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from analyzer.words import counted, listed, percent
from pricing.cost.facts import facts_of
from pricing.prepare import books_of, prepare
from pricing.scenario import Scenario
from pricing.scenario.check import checked
from pricing.sweep import Sweep
from pricing.sweep.plan import Plan, plan_of
from pricing.sweep.shares import costs_by_name
from traces.sums import total

_COSTS: Final = ("cost_usd", "cost_low_usd", "cost_high_usd", "coverage_frac")
_NAMES: Final = ("provider", "model")


@dataclass(frozen=True, slots=True)
class DryRun:
    """Costs before and after; nothing is written.

    Args:
        runs: One row per run: benchmark, agent, run_id; cost_usd, its low and high, and coverage_frac, each with
            _before and _after; change_usd and change_frac (null: one of them is not one figure).
        models: One row per provider and model as the trace writes them: price_model, cost_usd and unpriced_tokens, each
            with _before and _after; tokens.
        notes: What changes, and what does not, in words.
    """

    runs: pl.DataFrame
    models: pl.DataFrame
    notes: tuple[str, ...]


def dry_run(tables: Mapping[str, pl.DataFrame], before: Scenario, after: Scenario) -> DryRun:
    """Compare the costs of a trace under two scenarios.

    Args:
        tables: Canonical tables.
        before: How it is priced now.
        after: How it would be priced.

    Raises:
        PricingError: if a scenario names what its books or files do not have.
    """
    before, after = (checked(scenario, books_of(scenario)["effective"]) for scenario in (before, after))
    if after.currency is not None:
        _refuse_days_without_rate(tables, after)
    plan = plan_of(tables, [before, after], ("run_id",))
    costs = Sweep(plan).costs([before, after])
    runs = tables["runs"].select("benchmark", "agent", "run_id")
    for number, end in enumerate(("before", "after")):
        of_end = costs.filter(scenario=number).select("run_id", pl.col(_COSTS).name.suffix(f"_{end}"))
        runs = runs.join(of_end, on="run_id", how="left", maintain_order="left")
    change = pl.col("cost_usd_after") - pl.col("cost_usd_before")
    runs = runs.with_columns(change_usd=change, change_frac=(change / pl.col("cost_usd_before")).fill_nan(None))
    models = _models(plan, before, after)
    return DryRun(runs, models, tuple(_notes(runs, models, before, after)))


def _refuse_days_without_rate(tables: Mapping[str, pl.DataFrame], scenario: Scenario) -> None:
    lazy = {name: table.lazy() for name, table in tables.items()}
    prepare(lazy, scenario, facts_of(tables["calls"]))


def _models(plan: Plan, before: Scenario, after: Scenario) -> pl.DataFrame:
    one, other = (
        costs_by_name(plan, scenario)
        .filter(pl.col("kind") != "request")
        .group_by(_NAMES)
        .agg(pl.col("price_model").last(), total("tokens"), total("cost_usd"), total("unpriced_tokens"))
        for scenario in (before, after)
    )
    joined = one.join(other, on=_NAMES, how="full", coalesce=True, nulls_equal=True, suffix="_after")
    renamed = joined.rename({name: f"{name}_before" for name in ("price_model", "cost_usd", "unpriced_tokens")})
    return renamed.drop("tokens_after").sort("cost_usd_before", *_NAMES, descending=[True, False, False])


def _notes(runs: pl.DataFrame, models: pl.DataFrame, before: Scenario, after: Scenario) -> Iterator[str]:
    yield f"Before: {before.title}. After: {after.title}."
    n_changed = runs.filter(pl.col("change_usd") != 0).height
    n_open = runs.filter(pl.col("change_usd").is_null()).height
    yield f"{n_changed} of {counted(runs.height, 'run')} change; of {n_open} the change is not one figure."
    moved = models.filter(pl.col("price_model_before").ne_missing(pl.col("price_model_after")))
    if moved.height:
        pairs = [f"{row['model']} as {row['price_model_after'] or 'nothing'}" for row in moved.iter_rows(named=True)]
        yield f"Priced as another model: {listed(pairs)}."
    lost = models.filter(pl.col("unpriced_tokens_after") > pl.col("unpriced_tokens_before"))
    for row in lost.iter_rows(named=True):
        share = row["unpriced_tokens_after"] / row["tokens"]
        yield f"No price after for {percent(share)} of the tokens of {row['model']}."
    yield from _policies(after)


def _policies(after: Scenario) -> Iterator[str]:
    if after.unlisted_tiers == "half":
        yield "Half the standard price is assumed where no batch or flex price is listed (evidence: assumed/half)."
    if after.substitute:
        yield "The same tokens at another model are a what-if: another model would have used other tokens."
    if after.batch is not None and after.batch.share_frac and after.batch.turnaround_s is None:
        yield "Batches take longer: without a turnaround (turnaround_s) the time is not known."
    elif after.service_tier or after.cache != "as_recorded":
        yield "Another tier or use of the cache answers at another speed: the time is not known."
