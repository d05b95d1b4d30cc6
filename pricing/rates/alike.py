"""Places with the same rates: only a key's own changes, thresholds and windows tell the places of a lattice apart."""

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from pricing.rates.in_force import Series
from pricing.rates.key import Key
from pricing.rates.lattice import Lattice

_Own = TypeVar("_Own", bound=Hashable)
Firsts = npt.NDArray[np.uint32]
"""Key x place: the first place of the lattice at which the key has the same rates."""


@dataclass(frozen=True, slots=True)
class Alike:
    """First places alike, along each axis of the lattice."""

    interval: Firsts
    bucket: Firsts
    slot: Firsts

    def first(self, key: int, interval: int, bucket: int, slot: int) -> tuple[int, int, int, int]:
        """Give the first cell of a key that has the same rates as this one."""
        return key, int(self.interval[key, interval]), int(self.bucket[key, bucket]), int(self.slot[key, slot])


def alike(keys: Sequence[Sequence[Key]], lattice: Lattice, changes: Iterable[datetime] = ()) -> Alike:
    """Find the places that are alike.

    Args:
        keys: Ways each key is billed, by its number.
        lattice: Places calls can have.
        changes: Moments at which rates of any key change.
    """
    series = [frozenset[Series]().union(*(key.series for key in ways)) for ways in keys]
    moments = [frozenset(changes).union(*(key.moments for key in ways)) for ways in keys]
    return Alike(
        _by_key(moments, lambda own: _intervals(sorted(own), lattice)),
        _by_key(series, lambda own: _buckets(own, lattice)),
        _by_key(series, lambda own: _slots(own, lattice)),
    )


def _by_key(owns: Sequence[_Own], firsts: Callable[[_Own], list[int]]) -> Firsts:
    """Work out the places of each key; keys that share what tells places apart share these."""
    known = {own: firsts(own) for own in set(owns)}
    return np.array([known[own] for own in owns], dtype=np.uint32, ndmin=2)


def _firsts(labels: Sequence[Hashable]) -> list[int]:
    seen: dict[Hashable, int] = {}
    return [seen.setdefault(label, number) for number, label in enumerate(labels)]


def _intervals(changes: Sequence[datetime], lattice: Lattice) -> list[int]:
    moments = [lattice.moment(interval) for interval in range(lattice.no_interval + 1)]
    return _firsts([None if moment is None else bisect_right(changes, moment) for moment in moments])


def _buckets(own: Iterable[Series], lattice: Lattice) -> list[int]:
    thresholds = sorted({series.min_input_tokens for series in own})
    n = len(lattice.thresholds)
    firsts = _firsts([bisect_right(thresholds, lattice.tokens(bucket)) for bucket in range(n + 1)])
    return firsts + [n + first if first else 0 for first in firsts[1:]]


def _slots(own: Iterable[Series], lattice: Lattice) -> list[int]:
    windows = {(series.weekdays, series.hours_utc): series for series in own}.values()
    minutes = [lattice.minute(slot) for slot in range(len(lattice.slots) + 1)]
    firsts = _firsts([tuple(window.is_open(minute) for window in windows) for minute in minutes])
    return [*firsts, lattice.any_slot if any(firsts) else 0]
