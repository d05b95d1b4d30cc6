"""List prices at places: what each key's models list at each cell of a lattice, as arrays; nothing taken off yet."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import product
from typing import Final

import numpy as np
import numpy.typing as npt

from pricing.moments import START
from pricing.rates.alike import Alike, alike
from pricing.rates.in_force import INPUT_KINDS, KINDS, PriceRows, rates_at
from pricing.rates.key import Key, RowSet, Stretch
from pricing.rates.lattice import Lattice

Floats = npt.NDArray[np.float64]
ASSUMED: Final = "assumed/half"
RETIRED: Final = "retired"
"""In place of the date basis: the last known price of a model that could no longer be called."""
_N_READINGS: Final = 3
_REQUEST: Final = KINDS.index("request")


@dataclass(frozen=True, slots=True)
class Place:
    """What is listed at one place.

    Args:
        rates: Reading (fewest, stated, most tokens) x endpoint (own tier, batch) x end (low, high) x kind; nan: not
            known. Kinds are ``KINDS``, then the additions above each threshold of the lattice.
        since: From when the price of uncached input is in force, or may be; null: always, or none in force.
        evidence: Layer and date basis of that price, that it is the last of a retired model, or that it is assumed;
            null: none in force.
    """

    rates: Floats
    since: datetime | None
    evidence: str | None


@dataclass(frozen=True)
class Lister:
    """List prices of keys on a lattice; what was worked out once is kept."""

    keys: Sequence[Key]
    lattice: Lattice
    known: dict[tuple[int, int, int, int], Place] = field(default_factory=dict)

    @cached_property
    def alike(self) -> Alike:
        """Places with the same list prices."""
        return alike([(key,) for key in self.keys], self.lattice)

    def at(self, key: int, interval: int, bucket: int, slot: int) -> Place:
        """What a key lists at a place."""
        address = self.alike.first(key, interval, bucket, slot)
        if address not in self.known:
            self.known[address] = self._listed(*address)
        return self.known[address]

    def _listed(self, number: int, interval: int, bucket: int, slot: int) -> Place:
        key, moment = self.keys[number], self.lattice.moment(interval)
        moment = START if moment is None and key.is_timeless else moment
        stretch = None if moment is None else key.at(moment)
        if moment is None or stretch is None:
            return self._nothing(key, is_timed=moment is not None)
        buckets, slots = self.lattice.buckets[bucket], self.lattice.weeks[slot]
        if len(buckets) == len(slots) == 1:
            return self._single(stretch, key.share_frac, moment, (buckets[0], slots[0]))
        within = dict.fromkeys(self.alike.first(number, interval, *place) for place in product(buckets, slots))
        return self._spanned([self.at(*place) for place in within], is_over_buckets=len(buckets) > 1)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the rates of a place."""
        return _N_READINGS, 2, 2, len(KINDS) + len(INPUT_KINDS) * len(self.lattice.above)

    def _nothing(self, key: Key, *, is_timed: bool) -> Place:
        """Nothing is in force; without a moment, that there is no fee is known only of models that never had one."""
        rates = np.full(self.shape, np.nan)
        has_fee = any(rows.own.get("request") for stretch in key.stretches for rows in stretch.rows)
        if is_timed or not has_fee:
            rates[..., _REQUEST] = 0.0
        return Place(rates, None, None)

    def _single(self, stretch: Stretch, share_frac: float, moment: datetime, where: tuple[int, int]) -> Place:
        bucket, slot = where
        rates = np.empty(self.shape)
        for number, rows in enumerate(stretch.rows):
            at = moment, self.lattice.tokens(bucket), self.lattice.minute(slot)
            rates[number], since, evidence = self._endpoints(rows, share_frac, *at)
            if rows is stretch.rows[0] and stretch.rows[0] is stretch.rows[2]:
                rates[:] = rates[0]
                break
        if evidence is not None and evidence != ASSUMED and moment >= stretch.retired_at:
            evidence = f"{evidence.split('/')[0]}/{RETIRED}"
        return Place(rates, since, evidence)

    def _endpoints(
        self, rows: RowSet, share_frac: float, moment: datetime, tokens: int, minute: int
    ) -> tuple[Floats, datetime | None, str | None]:
        own, since, evidence = self._ends(rows.own, moment, tokens, minute)
        batch, since_batch, evidence_batch = self._ends(rows.batch, moment, tokens, minute)
        if rows.batch:
            since, evidence = since_batch, evidence_batch
        if rows.standard is not None:
            standard, since_standard, _ = self._ends(rows.standard, moment, tokens, minute)
            half = _halved(standard)
            is_assumed = _is_missing(own, batch) & ~np.isnan(half) & np.array(rows.is_halved)[:, None, None]
            if is_assumed[[share_frac < 1, share_frac > 0]].any():
                since, evidence = since_standard, ASSUMED
            own, batch = np.where(is_assumed, half, [own, batch])
        return np.stack([own, batch]), since, evidence

    def _ends(
        self, rows: PriceRows, moment: datetime, tokens: int, minute: int
    ) -> tuple[Floats, datetime | None, str | None]:
        if not rows:
            return np.full(self.shape[-2:], np.nan), None, None
        listed = rates_at(rows, moment, tokens, minute, self.lattice.above)
        return np.array(listed.rates, dtype=np.float64).T, listed.since, listed.evidence

    def _spanned(self, places: Sequence[Place], *, is_over_buckets: bool) -> Place:
        """Span rates over places: the lowest low, the highest high, nan where one of them is not known."""
        rates = np.stack([place.rates for place in places])
        if is_over_buckets:
            rates = self._without_thresholds(rates)
        low, high = rates[..., 0, :].min(axis=0), rates[..., 1, :].max(axis=0)
        since = [place.since for place in places if place.since is not None]
        return Place(np.stack([low, high], axis=-2), max(since, default=None), places[-1].evidence)

    def _without_thresholds(self, rates: Floats) -> Floats:
        """Let every token pay the price below or above a threshold: requests of a total cannot be told apart."""
        n_kinds, n_inputs = len(KINDS), len(INPUT_KINDS)
        steps = rates[..., n_kinds:].reshape(*rates.shape[:-1], -1, n_inputs)
        base = rates[..., :n_inputs]
        reached = np.concatenate([base[..., None, :], base[..., None, :] + np.cumsum(steps, axis=-2)], axis=-2)
        spanned = rates.copy()
        spanned[..., n_kinds:] = 0.0
        spanned[..., 0, :n_inputs] = reached[..., 0, :, :].min(axis=-2)
        spanned[..., 1, :n_inputs] = reached[..., 1, :, :].max(axis=-2)
        return spanned


def _is_missing(own: Floats, batch: Floats) -> npt.NDArray[np.bool_]:
    """Tell which rates of the own tier and the batch are not known; where input has no price, requests have none."""
    is_missing = np.isnan([own, batch])
    is_missing[..., _REQUEST] |= is_missing[..., KINDS.index("uncached_input")]
    return is_missing


def _halved(rates: Floats) -> Floats:
    """Half the price of every kind but fees per request."""
    halved = rates / 2
    halved[..., _REQUEST] = rates[..., _REQUEST]
    return halved
