"""What scenarios of one shape share: price keys, and their list prices at the cells of a trace, worked out once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from pricing.rates.key import Key
from pricing.rates.lattice import Lattice
from pricing.rates.listed import Lister
from pricing.rates.policy import Policy, applied, discounts_of, policy_of
from pricing.rates.terms import READINGS, Floats, Reading, term_rates
from pricing.scenario import Scenario
from pricing.scenario.model import Batch
from pricing.sweep.usage import UNKNOWN_REQUESTS, UNKNOWN_USAGE, term_names
from traces.schema import ROLES


def shape_of(scenario: Scenario) -> Scenario:
    """Leave out of a scenario what does not change which rows its calls may be billed by."""
    batch = None if scenario.batch is None else Batch(share_frac=1.0)
    cache = "upper_bound" if scenario.cache == "upper_bound" else "as_recorded"
    plain = {"name": "", "as_of": "recorded", "discount": (), "currency": None, "roles": ROLES}
    return scenario.model_copy(update={**plain, "batch": batch, "cache": cache})


@dataclass(frozen=True)
class Structure:
    """Price keys of scenarios of one shape, at the cells of a trace.

    Args:
        keys: How the calls of each key are billed.
        lattice: Where their prices change.
        cells: Columns of ``PLACE``.
        known: List prices of the cells, by the interval all are priced in (null: each in its own).
        plain: Their policy without a discount, likewise.
    """

    keys: Sequence[Key]
    lattice: Lattice
    cells: pl.DataFrame
    known: dict[int | None, Floats] = field(default_factory=dict)
    plain: dict[int | None, Policy] = field(default_factory=dict)

    def interval(self, scenario: Scenario) -> int | None:
        """Interval a scenario prices every call in; null: each in its own."""
        return None if scenario.moment is None else self.lattice.interval(scenario.moment)

    def rates(self, scenarios: Sequence[Scenario]) -> Floats:
        """Rates under scenarios of this shape: scenario x cell x term (``usage.term_names``) x reading.

        Nan is not known; in the low reading it is 0, as the low bound holds what is known.
        """
        names = term_names(len(self.lattice.above))
        listed = np.concatenate([self._listed(self.interval(scenario)) for scenario in scenarios])
        found = term_rates(applied(listed, self._policy(scenarios)), len(self.lattice.above))
        rates = np.zeros((listed.shape[0], len(names), len(READINGS)))
        for number, name in enumerate(names):
            if name in found:
                rates[:, number] = np.stack([found[name][reading] for reading in READINGS], axis=-1)
        rates[:, names.index(UNKNOWN_USAGE)] = np.nan
        has_fee = found["request"]["point"] != 0
        rates[has_fee, names.index(UNKNOWN_REQUESTS)] = np.nan
        rates[..., Reading.LOW] = np.nan_to_num(rates[..., Reading.LOW])
        by_scenario = rates.reshape(len(scenarios), self.cells.height, len(names), len(READINGS))
        by_scenario[:, self.is_skipped] = 0.0
        return by_scenario

    def _listed(self, interval: int | None) -> Floats:
        if interval not in self.known:
            addresses = self.cells.iter_rows()
            places = [self._lister.at(key, at if interval is None else interval, *rest) for key, at, *rest in addresses]
            rates = [place.rates for place in places]
            self.known[interval] = np.stack(rates) if rates else np.empty((0, *self._lister.shape))
        return self.known[interval]

    def _policy(self, scenarios: Sequence[Scenario]) -> Policy:
        parts = [self._policy_of(scenario) for scenario in scenarios]
        return Policy(*(np.concatenate(values) for values in zip(*parts, strict=True)))

    def _policy_of(self, scenario: Scenario) -> tuple[Floats, Floats, Floats]:
        interval, discounts = self.interval(scenario), discounts_of(scenario, "effective")
        if interval not in self.plain:
            self.plain[interval] = policy_of(self.keys, self.moments(interval), (), len(self.lattice.above))
        policy = self.plain[interval]
        share, kept = policy.share_frac, policy.kept_frac
        if scenario.batch is not None:
            share = np.full_like(share, scenario.batch.share_frac)
        if discounts:
            kept = policy_of(self.keys, self.moments(interval), discounts, len(self.lattice.above)).kept_frac
        return share, policy.multiplier, kept

    def moments(self, interval: int | None) -> list[tuple[int, datetime | None]]:
        """Key of each cell and the moment it is priced at (null: none), all in one interval or each in its own."""
        addresses = zip(self.cells["key"], self.cells["interval"], strict=True)
        return [(key, self.lattice.moment(at if interval is None else interval)) for key, at in addresses]

    @cached_property
    def _lister(self) -> Lister:
        return Lister(self.keys, self.lattice)

    @cached_property
    def is_skipped(self) -> npt.NDArray[np.bool_]:
        """Whether the book of a cell's key leaves it out of every sum."""
        return np.array([self.keys[key].is_skipped for key in self.cells["key"]], dtype=np.bool_)
