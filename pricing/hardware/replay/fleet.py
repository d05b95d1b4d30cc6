"""What a fleet costs for the time it is held: every accelerator, idle ones included, from start-up to the end.

This is the occupancy basis; GPU-seconds by call (the marginal basis) come from elsewhere and are only set beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

import polars as pl

from pricing.hardware.replay.load import Slowdown
from pricing.hardware.replay.replay import Order, Replay, Schedule, Slots
from pricing.schema import PUSD_PER_USD
from traces.errors import PricingError

_S_PER_HOUR: Final = 3600
_US_PER_S: Final = 10**6


@dataclass(frozen=True)
class Fleet:
    """Copies of an engine, and the price of their hours.

    Args:
        n_replicas: Copies of the engine.
        n_gpus: Accelerators of each.
        concurrency: Requests under way at a time on each; further ones wait.
        usd_per_gpu_hour: USD per accelerator and hour: low, point, high.
        startup_s: Seconds from renting to the first request.
        idle_s: Further seconds held and unused, before or after.
    """

    n_replicas: int
    n_gpus: int
    concurrency: int
    usd_per_gpu_hour: tuple[Decimal, Decimal, Decimal]
    startup_s: float = 0.0
    idle_s: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what no fleet can be.

        Raises:
            PricingError: naming the value and what is possible.
        """
        for name in ("n_replicas", "n_gpus", "concurrency"):
            if getattr(self, name) < 1:
                raise PricingError(f"{name} of the fleet is {getattr(self, name)}", "give 1 or more")
        for name in ("startup_s", "idle_s"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise PricingError(f"{name} of the fleet is {getattr(self, name)}", "give seconds, 0 or more")
        low, point, high = self.usd_per_gpu_hour
        if not 0 < low <= point <= high:
            problem = f"USD per GPU-hour are {low}, {point}, {high} (low, point, high)"
            raise PricingError(problem, "give prices above 0, in that order")

    def slots(
        self, slowdown: Slowdown, n_slots: int | None = None, order: Order = "recorded", *, is_as_arrived: bool = False
    ) -> Slots:
        """Give what rollouts run on: as many at a time as the fleet serves requests, unless said otherwise."""
        most = self.n_replicas * self.concurrency
        return Slots(most if n_slots is None else n_slots, slowdown, self.n_replicas, most, order, is_as_arrived)


def fleet_costs(replay: Replay, fleet: Fleet, marginal_gpu_s: float | None = None) -> pl.DataFrame:
    """Hours and dollars of a fleet for each reading of a trace.

    Args:
        replay: Rollouts on the slots of the fleet.
        fleet: What is held.
        marginal_gpu_s: GPU-seconds of the calls, for the share of the fleet they keep busy; null: not known.

    Returns:
        One row per reading (low, high): elapsed_s of the rollouts; held_s with start-up and idle time; gpu_s over all
        accelerators; cost_low_pusd, cost_pusd and cost_high_pusd at the low, point and high price (10**-12 USD, rounded
        once); mean_load and peak_load of requests; busy_frac (marginal GPU-seconds over those held). Where high is not
        known its row is null, and the true cost is that of low at least.
    """
    schedules = {"low": replay.low, "high": replay.high}
    rows = [{"reading": name, **_held(schedule, fleet, marginal_gpu_s)} for name, schedule in schedules.items()]
    return pl.DataFrame(rows, schema=_SCHEMA)


_SCHEMA: Final = {
    "reading": pl.String, "elapsed_s": pl.Float64, "held_s": pl.Float64, "gpu_s": pl.Float64,
    "cost_low_pusd": pl.Int128, "cost_pusd": pl.Int128, "cost_high_pusd": pl.Int128,
    "mean_load": pl.Float64, "peak_load": pl.Int64, "busy_frac": pl.Float64,
}  # fmt: skip


def _held(schedule: Schedule | None, fleet: Fleet, marginal_gpu_s: float | None) -> dict[str, object]:
    if schedule is None:
        return {}
    held_us = round((schedule.elapsed_s + fleet.startup_s + fleet.idle_s) * _US_PER_S)
    gpu_us = held_us * fleet.n_replicas * fleet.n_gpus
    low, point, high = (_pusd(gpu_us, usd) for usd in fleet.usd_per_gpu_hour)
    is_known = marginal_gpu_s is not None and gpu_us > 0
    return {
        "elapsed_s": schedule.elapsed_s,
        "held_s": held_us / _US_PER_S,
        "gpu_s": gpu_us / _US_PER_S,
        "cost_low_pusd": low,
        "cost_pusd": point,
        "cost_high_pusd": high,
        "mean_load": schedule.mean_load,
        "peak_load": schedule.peak_load,
        "busy_frac": (marginal_gpu_s or 0.0) * _US_PER_S / gpu_us if is_known else None,
    }


def _pusd(gpu_us: int, usd_per_gpu_hour: Decimal) -> int:
    return round(Fraction(usd_per_gpu_hour) * PUSD_PER_USD * gpu_us / (_S_PER_HOUR * _US_PER_S))


def shares_pusd(cost_pusd: int, gpu_s: Sequence[float | None]) -> list[int | None]:
    """Split what a fleet cost among rollouts in proportion to their GPU-seconds; the shares add up exactly.

    Args:
        cost_pusd: Pico-dollars to split.
        gpu_s: GPU-seconds of each rollout; null: not known, and then no share is. Nor is one where all are 0.

    Raises:
        PricingError: where GPU-seconds are below 0.
    """
    known = [seconds for seconds in gpu_s if seconds is not None]
    if any(not 0 <= seconds < float("inf") for seconds in known):
        raise PricingError(f"GPU-seconds of a rollout are {min(known)}", "give 0 or more")
    weights = [round(seconds * _US_PER_S * 1000) for seconds in known]
    whole = sum(weights)
    if len(known) < len(gpu_s) or whole == 0:
        return [None] * len(gpu_s)
    shares: list[int | None] = []
    done = given = 0
    for weight in weights:
        done += weight
        until = cost_pusd * done // whole
        shares.append(until - given)
        given = until
    return shares
