"""What each price contributes to the cost of a trace: cost is linear in prices, so shares are exact elasticities."""

from typing import Final

import numpy as np
import polars as pl

from pricing.rates.grid import PLACE
from pricing.rates.terms import TERMS, Reading, above, dearest_kind
from pricing.scenario import Scenario
from pricing.schema import PUSD_PER_USD
from pricing.sweep.plan import Plan
from pricing.sweep.usage import UNKNOWN_REQUESTS, UNKNOWN_USAGE
from traces.sums import total

_KEY: Final = ("price_model", "kind", "is_priced")


def contributions(plan: Plan, scenario: Scenario) -> pl.DataFrame:
    """Cost of every group by the model and kind of usage it was billed for.

    The figure is that of ``reprice``: the dearest reading of the tokens. What has no one figure is left out here and
    counted there.

    Args:
        plan: A trace.
        scenario: How to price it.

    Returns:
        The columns of a group, price_model (null: in no book), kind (of price; fees are "request"), is_priced (it has
        one price), tokens (requests for a fee) and cost_usd (null: not priced).
    """
    rows = cell_costs(plan, scenario)
    key = [*plan.by, *_KEY]
    summed: pl.DataFrame = rows.group_by(key).agg(total("tokens"), total("cost_usd"))
    return summed.sort(key, nulls_last=False)


def costs_by_name(plan: Plan, scenario: Scenario) -> pl.DataFrame:
    """Cost of a trace by the provider and model its calls name, and by kind: what each is priced as, and what it costs.

    Returns:
        provider, model (as the trace writes them), price_model (null: in no book), kind, tokens (requests for a fee),
        cost_usd (of what is priced), and unpriced_tokens.
    """
    rows = cell_costs(plan, scenario)
    key = ["provider", "model", "price_model", "kind"]
    unpriced = pl.when(~pl.col("is_priced")).then("tokens").otherwise(0.0)
    summed: pl.DataFrame = rows.group_by(key).agg(
        total("tokens"), total(pl.col("cost_usd").fill_null(0.0)), unpriced_tokens=total(unpriced)
    )
    return summed.sort(key, nulls_last=False)


def cell_costs(plan: Plan, scenario: Scenario) -> pl.DataFrame:
    """Cost of every group, role, cell and term that has tokens: the finest grain of a plan.

    Returns:
        The columns of a group, role, ``grid.PLACE`` (the cell), provider and model (as the trace writes them),
        price_model (null: in no book), kind, is_priced (it has one price), tokens (requests for a fee) and cost_usd
        (null: not priced).
    """
    usage, structure = plan.usage(scenario), plan.structure(scenario)
    rates = structure.rates([scenario])[0]
    is_one = rates[..., Reading.POINT_LOW] == rates[..., Reading.POINT]
    rate = np.where(is_one, rates[..., Reading.POINT], np.nan).ravel()
    sums, n_terms = usage.tokens.tocoo(), len(usage.terms)
    models = [structure.keys[key].price_model for key in structure.cells["key"]]
    named = plan.grid.keys
    kinds, is_whole = [list(each) for each in zip(*map(_kind, usage.terms), strict=True)]
    cells, terms = sums.col // n_terms, sums.col % n_terms
    rows = usage.groups[sums.row].with_columns(
        *structure.cells.select(PLACE)[cells],
        *named[structure.cells["key"].gather(cells)].select("provider", "model").cast(pl.String),
        pl.Series("price_model", [models[cell] for cell in cells], dtype=pl.String),
        pl.Series("kind", [kinds[term] for term in terms], dtype=pl.String),
        pl.Series("is_priced", ~np.isnan(rate[sums.col])),
        pl.Series("tokens", np.where(np.array(is_whole)[terms], sums.data, 0.0)),
        pl.Series("cost_usd", sums.data * rate[sums.col] / PUSD_PER_USD).fill_nan(None),
    )
    counted: pl.DataFrame = rows.filter(pl.col("kind").is_not_null(), pl.col("role").is_in(scenario.roles))
    return counted


def _kind(term: str) -> tuple[str | None, bool]:
    """Kind of price of a term, and whether it counts tokens (those above a threshold are counted below it too)."""
    if term in (UNKNOWN_USAGE, UNKNOWN_REQUESTS):
        return None, False
    base = next(name for name in TERMS if term == name or term.startswith(above(name, "")))
    return dearest_kind(base), base == term
