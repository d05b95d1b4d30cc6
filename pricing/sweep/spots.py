"""What each spot of a trace costs: its calls of one group, role and cell, or its charges of one kind.

This is the grain at which scenarios can be compared: within a spot, all calls are billed at the same prices.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pricing.cost.charges import counted_charges, price_charges
from pricing.moments import START
from pricing.prepare import books_of
from pricing.rates.terms import Floats, Reading
from pricing.scenario import Scenario
from pricing.schema import PUSD_PER_USD
from pricing.sweep.plan import Plan
from pricing.sweep.structure import Structure
from pricing.sweep.usage import UNKNOWN_USAGE, Usage
from traces.sums import total

LOW, POINT, HIGH = range(3)
_CHARGE: Final = ("provider", "model", "kind")
_MONEY: Final = ("cost_low_pusd", "cost_pusd", "cost_high_pusd")


@dataclass(frozen=True)
class Spots:
    """The spots of a plan, those of calls first.

    Args:
        plan: A trace.
        base: Scenario that names the models calls are priced as.
    """

    plan: Plan
    base: Scenario

    @cached_property
    def frame(self) -> pl.DataFrame:
        """One row per spot: the columns of a group, role, price_model (null: in no book), kind (null but of charges).

        Charges of no call count whatever roles do.
        """
        rows, cells = np.divmod(self._codes, self._usage.cells.height)
        calls = self._usage.groups[rows].select(
            *self.plan.by,
            "role",
            pl.Series("price_model", [self._price_models[cell] for cell in cells], dtype=pl.String),
            pl.lit(None, pl.String).alias("kind"),
        )
        model = pl.concat_str("provider", "model", separator="/", ignore_nulls=True)
        charges = self._charges(self.base).select(
            *self.plan.by, pl.lit(None, pl.String).alias("role"), model.alias("price_model"), "kind"
        )
        return pl.concat([calls, charges])

    def values(self, scenario: Scenario, structure: Structure | None = None) -> Floats:
        """Cost of every spot in USD, as spot x (low, point, high); nan: not known, or not one figure.

        Usage that is not known adds nothing here.

        Args:
            scenario: One the plan was made for.
            structure: Prices in place of the scenario's own.
        """
        usage = self.plan.usage(scenario)
        rates = (structure or self.plan.structure(scenario)).rates([scenario])[0]
        rates[:, usage.terms.index(UNKNOWN_USAGE)] = 0.0
        is_one = rates[..., Reading.POINT_LOW] == rates[..., Reading.POINT]
        point = np.where(is_one, rates[..., Reading.POINT], np.nan)
        readings = (rates[..., Reading.LOW], point, rates[..., Reading.HIGH])
        calls = np.column_stack([self._summed(usage, each.ravel()) for each in readings])
        charges = self._charges(scenario).select(_MONEY).cast(pl.Float64).to_numpy()
        return np.concatenate([calls, charges]) / PUSD_PER_USD

    def _summed(self, usage: Usage, rate: Floats) -> Floats:
        tokens = usage.tokens.tocoo()
        codes = tokens.row.astype(np.int64) * usage.cells.height + tokens.col // len(usage.terms)
        spots = np.searchsorted(self._codes, codes)
        sums: Floats = np.bincount(spots, tokens.data * rate[tokens.col], self._codes.size).astype(np.float64)
        return sums

    @cached_property
    def _usage(self) -> Usage:
        return self.plan.usage(self.base)

    @cached_property
    def _codes(self) -> npt.NDArray[np.int64]:
        """Row of the usage and cell of every spot of calls, as an ascending number: the same under any cache policy."""
        at = self._usage.n_calls.tocoo()
        return np.sort(at.row.astype(np.int64) * self._usage.cells.height + at.col)

    @cached_property
    def _price_models(self) -> list[str | None]:
        """Model each cell is priced as."""
        structure = self.plan.structure(self.base)
        keys = [(structure.keys[key], at or START) for key, at in structure.moments(structure.interval(self.base))]
        found = [(key, key.at(moment)) for key, moment in keys]
        return [f"{stretch.provider}/{stretch.model}" if stretch else key.price_model for key, stretch in found]

    def _charges(self, scenario: Scenario) -> pl.DataFrame:
        """Charges priced, one row per group and kind of charge."""
        key = [*self.plan.by, *_CHARGE]
        book = books_of(scenario, self.plan.book)["effective"][0]
        priced = price_charges(self.plan.tables, scenario, book) if self._has_charges else self._no_charges
        counted = counted_charges(priced, self.plan.tables["calls"], scenario)
        wide = counted.select(*key, pl.col(_MONEY).cast(pl.Float64))
        summed: pl.DataFrame = wide.group_by(key).agg(total(name) for name in _MONEY)
        return summed.sort(key, nulls_last=False)

    @cached_property
    def _has_charges(self) -> bool:
        return not self.plan.tables["charges"].is_empty()

    @cached_property
    def _no_charges(self) -> pl.DataFrame:
        return self.plan.tables["charges"].clear().with_columns(pl.lit(None, pl.Float64).alias(name) for name in _MONEY)
