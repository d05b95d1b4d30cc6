"""Cost of every agent at every moment: the moments at which anything changes, and task-weighted means of one sweep."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Final

import polars as pl

from analyzer.curves.parts.axes import AXES
from analyzer.curves.parts.means import mean_resource
from analyzer.history.tables import COSTS
from pricing.book import PriceBook
from pricing.names.resolve import resolve
from pricing.scenario import Scenario
from pricing.sweep import Sweep
from pricing.sweep.plan import Plan
from traces.schema import UTC_TIME

ROLLOUT: Final = ("run_id", "rollout_id")
_ROWS_AT_ONCE: Final = 2_000_000


def on(scenario: Scenario, moment: datetime) -> Scenario:
    """Return a scenario with the prices of one moment."""
    return scenario.model_copy(update={"as_of": moment})


def moments_of(
    plan: Plan, books: Sequence[PriceBook], further: Sequence[datetime | None], span: tuple[datetime, datetime]
) -> list[datetime]:
    """Moments of a span at which a cost, an entry or a retirement may change something, its ends included.

    Args:
        plan: The trace; its lattice holds every change of price of its calls.
        books: Price books of its charges.
        further: Entries and retirements.
        span: First and last moment.
    """
    start, end = span
    known = chain(plan.grid.lattice.breaks, _charge_changes(plan.tables["charges"], books), further)
    inside = {moment.astimezone(UTC) for moment in known if moment is not None and start < moment < end}
    return sorted({start, *inside, end})


def mean_costs(
    plan: Plan, scenario: Scenario, attempts: pl.DataFrame, moments: Sequence[datetime], group: Sequence[str]
) -> pl.DataFrame:
    """Mean cost of one attempt of every agent at every moment, as ``score_vs_cost`` gives it for prices of that moment.

    Args:
        plan: The trace, grouped by rollout.
        scenario: How to price; its moment does not count.
        attempts: Rows of ``attempts``: rollout_id and weight.
        moments: When to price.
        group: Columns of an agent.
    """
    weights = attempts.select(*group, "rollout_id", "weight")
    size = max(1, _ROWS_AT_ONCE // max(1, plan.groups.height))
    parts = [moments[first : first + size] for first in range(0, len(moments), size)]
    means = pl.concat([_means(plan, scenario, weights, part, group) for part in parts])
    return means.sort(*group, "priced_at", nulls_last=False)


def _means(
    plan: Plan, scenario: Scenario, weights: pl.DataFrame, moments: Sequence[datetime], group: Sequence[str]
) -> pl.DataFrame:
    swept = Sweep(plan).costs([on(scenario, moment) for moment in moments])
    at = pl.DataFrame({"priced_at": pl.Series(moments, dtype=UTC_TIME)}).with_row_index("scenario")
    figures = swept.select("scenario", "rollout_id", *AXES["dollars"].columns())
    rows = figures.join(weights, on="rollout_id", how="inner", maintain_order="left")
    means = rows.group_by(*group, "scenario", maintain_order=True).agg(*mean_resource())
    named = dict(zip(("x", "x_low", "x_high"), COSTS, strict=True))
    return means.join(at, on="scenario", how="left").select(*group, "priced_at", *named).rename(named)


def changes(frame: pl.DataFrame, key: Sequence[str], names: Sequence[str]) -> pl.DataFrame:
    """Keep the rows, sorted by key and time, in which one of these columns differs from the row before."""
    is_other_key = pl.struct(key).rle_id().diff().ne_missing(0)
    return frame.filter(pl.any_horizontal(is_other_key, *(_differs(name, frame.schema[name]) for name in names)))


def _differs(name: str, dtype: pl.DataType) -> pl.Expr:
    """Whether a value differs from the one before, beyond the rounding of sums."""
    now, before = pl.col(name), pl.col(name).shift(1)
    if not dtype.is_float():
        return now.ne_missing(before)
    is_close = ((now - before).abs() <= _ROUNDING * pl.max_horizontal(now.abs(), before.abs())).fill_null(value=False)
    return now.ne_missing(before) & ~is_close


_ROUNDING: Final = 1e-12


def _charge_changes(charges: pl.DataFrame, books: Sequence[PriceBook]) -> Iterator[datetime]:
    """Moments at which a price of a charge may change, or its name comes to mean another model."""
    for book in books if charges.height else ():
        targets = resolve(charges.select("provider", "model"), book.directory).select(r"^(price|alias)_.*$")
        rows = book.rows.join(targets, left_on=_PRICED, right_on=[f"price_{name}" for name in _PRICED], how="inner")
        for name in (*_PRICE_EDGES, "alias_from", "alias_until"):
            yield from rows[name].drop_nulls().unique()


_PRICED: Final = ("provider", "model")
_PRICE_EDGES: Final = ("effective_from", "effective_until", "effective_earliest", "effective_latest")
