"""How much slower requests go when others are under way: seconds per second of one alone, by number in flight."""

from collections.abc import Callable, Sequence

import numpy as np

from pricing.hardware.replay.grouping import FloatArray
from traces.errors import PricingError

Slowdown = Sequence[float] | FloatArray | Callable[[int], float] | None
"""Seconds per second at load 1 on one engine, by requests in flight (place 0 is not read); null: no load slows any."""


def pace(slowdown: Slowdown, n_engines: int, n_in_flight: int) -> list[float]:
    """Seconds per second at load 1, by requests in flight over all engines.

    Requests go to the engine with the fewest, so engines differ by one at most. All requests progress at the mean of
    their rates: which engine a request is on makes no difference.

    Args:
        slowdown: Of one engine.
        n_engines: Engines that share the load.
        n_in_flight: Highest number wanted. An array that ends before gives a shorter list.

    Raises:
        PricingError: where a slowdown is not a number above 0.
    """
    if slowdown is None:
        return [1.0] * (n_in_flight + 1)
    loads = range(1, -(-n_in_flight // n_engines) + 1)
    table = slowdown[1 : len(loads) + 1] if not callable(slowdown) else [slowdown(load) for load in loads]
    rates = np.divide(1.0, np.asarray([np.inf, *table], dtype=np.float64))
    bad = np.flatnonzero(~(rates[1:] > 0) | ~np.isfinite(rates[1:]))
    if len(bad):
        where = int(bad[0]) + 1
        raise PricingError(f"slowdown at {where} requests in flight is {table[where - 1]}", "give a number above 0")
    n = np.arange(1, min(n_in_flight, (len(rates) - 1) * n_engines) + 1)
    least, n_fuller = np.divmod(n, n_engines)
    fuller = np.minimum(least + 1, len(rates) - 1)
    done_per_s = n_fuller * (least + 1) * rates[fuller] + (n_engines - n_fuller) * least * rates[least]
    return [1.0, *(n / done_per_s).tolist()]
