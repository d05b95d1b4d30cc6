"""Rollouts replayed on a number of slots: when each starts and ends, and how loaded the engines are."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from pricing.hardware.replay.load import Slowdown, pace
from pricing.hardware.replay.schedule import Played, Queue, most_at_once, play
from pricing.hardware.replay.stages import Stages
from pricing.hardware.replay.work import Readings, Work
from traces.errors import PricingError

Order = Literal["recorded", "key"]


@dataclass(frozen=True)
class Slots:
    """What the rollouts run on.

    Args:
        n_slots: Rollouts under way at a time; null: all of them.
        slowdown: Seconds per second at load 1 by requests in flight on one engine; null: a scheduling what-if, in
            which every request takes as long as it did.
        n_engines: Engines that share the requests evenly.
        most_in_flight: Requests under way at a time over all engines, further ones wait; null: no cap.
        order: Rollouts get slots in the order they were recorded to start in (those without a start last, by their
            key), or of their key.
        is_as_arrived: Whether a rollout waits for its recorded start, counted from the first.
    """

    n_slots: int | None = None
    slowdown: Slowdown = None
    n_engines: int = 1
    most_in_flight: int | None = None
    order: Order = "recorded"
    is_as_arrived: bool = False


@dataclass(frozen=True)
class Schedule:
    """One reading of a trace on slots.

    Args:
        rollouts: In the order of their key: rollout_id; started_s and ended_s from the start of the whole; queue_s
            (from its arrival to its slot); in_model_s (some request of it sent and not answered); tool_s.
        loads: n_in_flight, seconds: how long so many requests were in flight; levels without a second left out.
        elapsed_s: From the start of the whole to the end of the last rollout.
        in_flight_s: Seconds of requests in flight, summed over requests.
        mean_load: Mean of requests in flight; null where nothing takes time.
        peak_load: Most requests in flight.
    """

    rollouts: pl.DataFrame
    loads: pl.DataFrame
    elapsed_s: float
    in_flight_s: float
    mean_load: float | None
    peak_load: int


@dataclass(frozen=True)
class Replay:
    """Both readings of a trace on slots: the extremes of its tool time, and of its calls' seconds where they have some.

    Under a slowdown, less tool time also means a higher load, so that high need not end last. high is null where no
    bound is known; n_unknown is what took no time in low because none is known.
    """

    low: Schedule
    high: Schedule | None
    n_unknown: int


def replay(stages: Stages, readings: Readings, slots: Slots | None = None) -> Replay:
    """Run rollouts through slots: a slot serves a rollout to its end, tools included, then takes the next.

    Every request of a stage is sent at once; the stage ends with the last answer.

    Args:
        stages: Rollouts and their recorded starts.
        readings: What they ask for: ``recorded_work`` or ``clock_work``.
        slots: What they run on; null: a slot for each, all starting at once.

    Raises:
        PricingError: where a number of slots, engines or requests is below 1, a slowdown is not above 0 or ends before
            the load reached, or starts are asked for that are not recorded.
    """
    slots = slots or Slots()
    _check(slots)
    queue = _queue(stages, slots)
    low = _schedule(stages, readings.low, slots, queue)
    high = None if readings.high is None else _schedule(stages, readings.high, slots, queue)
    return Replay(low, high, readings.n_unknown)


def _check(slots: Slots) -> None:
    for name in ("n_slots", "n_engines", "most_in_flight"):
        value = getattr(slots, name)
        if value is not None and value < 1:
            raise PricingError(f"{name} is {value}", "give 1 or more")


def _queue(stages: Stages, slots: Slots) -> Queue:
    n, started = stages.rollouts.height, stages.rollouts["started_at"]
    if slots.is_as_arrived and started.null_count():
        problem = f"{started.null_count()} of {n} rollouts have no recorded start"
        raise PricingError(problem, "replay without recorded starts")
    starts_us = started.dt.epoch("us").cast(pl.Float64).fill_null(float("inf")).to_numpy()
    is_recorded = slots.is_as_arrived or slots.order == "recorded"
    order = np.argsort(starts_us, kind="stable") if is_recorded else np.arange(n)
    in_order_us = starts_us[order]
    arrived_s = (in_order_us - in_order_us[0]) / 1e6 if slots.is_as_arrived and n else np.zeros(n)
    return Queue(order, arrived_s)


def _schedule(stages: Stages, work: Work, slots: Slots, queue: Queue) -> Schedule:
    n = stages.rollouts.height
    n_slots = max(n, 1) if slots.n_slots is None else slots.n_slots
    at_once = most_at_once(work, n_slots)
    most = at_once if slots.most_in_flight is None else min(at_once, slots.most_in_flight)
    played = play(work, queue, n_slots, pace(slots.slowdown, slots.n_engines, most), most)
    seconds_at = np.asarray(played.seconds_at)
    n_in_flight = np.arange(len(seconds_at))
    elapsed_s, in_flight_s = max(played.ended_s, default=0.0), float(n_in_flight @ seconds_at)
    loads = pl.DataFrame({"n_in_flight": n_in_flight, "seconds": seconds_at}).filter(pl.col("seconds") > 0)
    return Schedule(
        rollouts=_rollouts(stages, work, played, queue),
        loads=loads,
        elapsed_s=elapsed_s,
        in_flight_s=in_flight_s,
        mean_load=in_flight_s / elapsed_s if elapsed_s > 0 else None,
        peak_load=int(n_in_flight[seconds_at > 0].max(initial=0)),
    )


def _rollouts(stages: Stages, work: Work, played: Played, queue: Queue) -> pl.DataFrame:
    n = stages.rollouts.height
    arrivals = np.empty(n)
    arrivals[queue.order] = queue.arrived_s
    rows = np.repeat(np.arange(n), np.diff(work.first_stage))
    started_s = np.asarray(played.started_s)
    return stages.rollouts.select(
        "rollout_id",
        started_s=started_s,
        ended_s=np.asarray(played.ended_s),
        queue_s=started_s - arrivals,
        in_model_s=np.asarray(played.in_model_s),
        tool_s=work.lead_s + np.bincount(rows, work.tool_s, n),
    )
