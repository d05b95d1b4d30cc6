"""Costs of one trace under many scenarios, from its token sums; Float64 throughout, equal to repricing within 1e-9."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl
from scipy import sparse

from pricing.book import PriceBook
from pricing.cost.charges import counted_charges, price_charges
from pricing.prepare import books_of
from pricing.rates.terms import Floats, Reading
from pricing.scenario import Scenario
from pricing.scenario.check import checked
from pricing.schema import PUSD_PER_USD
from pricing.sweep.plan import Plan, plan_of
from pricing.sweep.usage import UNKNOWN_USAGE, Usage
from traces.sums import total

_FIGURES: Final = ("cost_usd", "cost_low_usd", "cost_high_usd", "coverage_frac", "n_rows")
_CHUNK: Final = 2_000_000
"""Rates held at once."""


def sweep(
    tables: Mapping[str, pl.DataFrame],
    scenarios: Sequence[Scenario],
    by: Sequence[str] = ("run_id",),
    book: PriceBook | None = None,
) -> pl.DataFrame:
    """Price a trace under every scenario.

    Args:
        tables: Canonical tables.
        scenarios: How to price.
        by: Groups to sum by: run_id, or run_id and rollout_id.
        book: Prices; null: the package's own with each scenario's files.

    Returns:
        One row per scenario (its number) and group: cost_usd (null: some part is not known), its low and high (null:
        unbounded) and coverage_frac, as ``reprice`` gives them, and n_rows: requests and charges, with missing ones.
    """
    meant = [checked(scenario, books_of(scenario, book)["effective"]) for scenario in scenarios]
    return Sweep(plan_of(tables, meant, by, book)).costs(meant)


@dataclass(frozen=True)
class Sweep:
    """A trace ready to be priced under the scenarios it was planned for, and others of their shapes and moments."""

    plan: Plan

    def costs(self, scenarios: Sequence[Scenario]) -> pl.DataFrame:
        """Give the costs of every group under every scenario, as ``sweep`` does.

        Args:
            scenarios: With the names of their discounts as the book writes them (``scenario.check.checked``).
        """
        figures = np.empty((len(scenarios), self.plan.groups.height, len(_FIGURES)))
        for numbers in self._chunks(scenarios):
            chunk = [scenarios[same[0]] for same in numbers]
            for same, found in zip(numbers, self._figures(chunk), strict=True):
                figures[same] = found
        columns = figures.reshape(-1, len(_FIGURES))
        number = np.repeat(np.arange(len(scenarios), dtype=np.uint32), self.plan.groups.height)
        groups = pl.concat([self.plan.groups.select(self.plan.by)] * len(scenarios) or [self.plan.groups.clear()])
        named = {name: pl.Series(columns[:, place]).fill_nan(None) for place, name in enumerate(_FIGURES)}
        return groups.select(pl.Series("scenario", number), *self.plan.by).with_columns(**named)

    def _chunks(self, scenarios: Sequence[Scenario]) -> Iterator[list[list[int]]]:
        """Numbers of scenarios that can be worked on together, those that are the same in one list."""
        alike: dict[tuple[str, str, tuple[str, ...]], dict[str, list[int]]] = {}
        for number, scenario in enumerate(scenarios):
            together = self.plan.shape(scenario), scenario.cache, scenario.roles
            alike.setdefault(together, {}).setdefault(self._signature(scenario), []).append(number)
        for signatures in alike.values():
            numbers = list(signatures.values())
            usage = self.plan.usage(scenarios[numbers[0][0]])
            size = max(1, _CHUNK // max(1, usage.cells.height * len(usage.terms)))
            yield from (numbers[start : start + size] for start in range(0, len(numbers), size))

    def _signature(self, scenario: Scenario) -> str:
        """What tells the costs of two scenarios of one shape apart."""
        share = scenario.batch and scenario.batch.share_frac
        at = (
            self.plan.structure(scenario).interval(scenario)
            if self.plan.tables["charges"].is_empty()
            else scenario.as_of
        )
        return repr((at, share, scenario.discount))

    def _figures(self, scenarios: Sequence[Scenario]) -> Floats:
        """Scenario x group x figure, of scenarios that are worked on together; nan: null."""
        usage = self.plan.usage(scenarios[0])
        rates = self.plan.structure(scenarios[0]).rates(scenarios)
        members = self._members(usage, scenarios[0].roles)
        n_scenarios, n_cells, n_terms, n_readings = rates.shape
        flat = rates.transpose(1, 2, 0, 3).reshape(n_cells * n_terms, n_scenarios * n_readings)
        costs = (members @ (usage.tokens @ flat)).reshape(-1, n_scenarios, n_readings) / PUSD_PER_USD
        n_calls = members @ usage.n_calls.sum(axis=1)
        n_priced = members @ _priced_calls(usage, rates, self.plan.structure(scenarios[0]).is_skipped)
        return np.stack(
            [
                self._finished(costs[:, number], n_calls, n_priced[:, number], self._charges(scenario))
                for number, scenario in enumerate(scenarios)
            ]
        )

    def _members(self, usage: Usage, roles: Sequence[str]) -> sparse.csr_array:
        """Groups x rows of the usage: 1 where a row of a counted role belongs to a group."""
        numbered = self.plan.groups.select(self.plan.by).with_row_index("_group")
        rows = usage.groups.with_row_index("_row").filter(pl.col("role").is_in(roles))
        found = rows.join(numbered, on=list(self.plan.by), how="inner")
        at = found["_group"].to_numpy(), found["_row"].to_numpy()
        return sparse.csr_array((np.ones(found.height), at), shape=(numbered.height, usage.groups.height))

    def _charges(self, scenario: Scenario) -> Floats:
        """Group x (cost, low, high, rows, rows with a cost) of charges."""
        if self.plan.tables["charges"].is_empty():
            return self._uncharged
        book = books_of(scenario, self.plan.book)["effective"][0]
        priced = price_charges(self.plan.tables, scenario, book)
        counted = counted_charges(priced, self.plan.tables["calls"], scenario)
        sums = counted.group_by(self.plan.by).agg(**_CHARGED)
        joined = self.plan.groups.join(sums, on=list(self.plan.by), how="left", maintain_order="left")
        values = joined.select(list(_CHARGED)).cast(pl.Float64).to_numpy() / [*[PUSD_PER_USD] * 3, 1, 1]
        is_charged = joined["n_rows"].is_not_null().to_numpy()
        return np.where(is_charged[:, None], values, 0.0)

    @cached_property
    def _uncharged(self) -> Floats:
        return np.zeros((self.plan.groups.height, len(_CHARGED)))

    def _finished(self, costs: Floats, n_calls: Floats, n_priced: Floats, charges: Floats) -> Floats:
        """Figures of groups, from the four readings of the cost of their calls and what else is known of them."""
        n_missing = self.plan.groups["n_missing"].to_numpy()
        high = np.where(n_missing > 0, np.nan, costs[:, Reading.HIGH] + charges[:, 2])
        is_one = (costs[:, Reading.POINT_LOW] == costs[:, Reading.POINT]) & ~np.isnan(high)
        point = np.where(is_one, costs[:, Reading.POINT] + charges[:, 0], np.nan)
        n_rows = n_calls + charges[:, 3] + n_missing
        coverage = np.divide(n_priced + charges[:, 4], n_rows, out=np.ones_like(n_rows), where=n_rows > 0)
        return np.column_stack([point, costs[:, Reading.LOW] + charges[:, 1], high, coverage, n_rows])


_CHARGED: Final = {
    "cost_pusd": total("cost_pusd"),
    "cost_low_pusd": total("cost_low_pusd"),
    "cost_high_pusd": total("cost_high_pusd"),
    "n_rows": pl.len(),
    "n_priced_rows": pl.col("cost_pusd").count(),
}


def _priced_calls(usage: Usage, rates: Floats, is_skipped: np.ndarray) -> Floats:
    """Calls that have one cost, by row and scenario: of cells whose terms all have one rate, but of unknown usage."""
    n_cells, n_terms = rates.shape[1:3]
    unknown = usage.terms.index(UNKNOWN_USAGE)
    is_used = np.asarray(usage.tokens.sum(axis=0)).reshape(n_cells, n_terms) > 0
    is_used[:, unknown] = False
    is_one = rates[..., Reading.POINT_LOW] == rates[..., Reading.POINT]
    is_priced = ((is_one | ~is_used).all(axis=2) & ~is_skipped).T.astype(np.float64)
    n_unknown = usage.tokens[:, unknown::n_terms]
    return np.asarray(usage.n_calls @ is_priced - n_unknown @ is_priced)
