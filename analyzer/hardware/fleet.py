"""Rollouts on a fleet of accelerators: how long they take and what is paid for it, idle accelerators included.

Beside it, never added to it: what the same calls take of busy accelerators (the marginal basis).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import polars as pl

from analyzer.hardware.fleet_calls import Hosted, hosted_of
from analyzer.hardware.fleet_notes import missing_of, notes_of, overfull
from pricing.hardware.engine import Engine, engine_of
from pricing.hardware.hosted import HARDWARE, hosted_seconds
from pricing.hardware.replay.clock import tool_seconds
from pricing.hardware.replay.fleet import Fleet, fleet_costs, shares_pusd
from pricing.hardware.replay.replay import Order, Replay, Schedule, Slots, replay
from pricing.hardware.replay.stages import Stages, stages_of
from pricing.hardware.replay.work import Readings, clock_work
from pricing.scenario import Scenario
from pricing.schema import PUSD_PER_USD

_POINT: Final = ("hardware_s", "hardware_s", "hardware_s")
_MICROSECOND: Final = 1e-6
_NAMES: Final = {"low": ("least", "tools_least"), "high": ("most", "tools_most")}
READINGS: Final = ("least", "tools_least", "tools_most", "most")
"""Readings of a trace, from the least it can take to the most: the lowest seconds of calls and the least tool time; the
single figures with the least and with the most tool time; the highest seconds and the most tool time."""


@dataclass(frozen=True)
class Asked:
    """What rollouts run on, where it is not as many at a time as the engines serve requests.

    Args:
        n_slots: Rollouts under way at a time; null: as many as requests are served.
        n_copies: Copies of the engine; null: as the deployment says.
        order: In which rollouts get a slot.
    """

    n_slots: int | None = None
    n_copies: int | None = None
    order: Order = "recorded"


@dataclass(frozen=True)
class FleetView:
    """Rollouts on a fleet.

    Args:
        readings: One row per reading of ``READINGS``: elapsed_s (first start to last end), held_s (with start-up and
            idle time), mean_rollout_s, gpu_hours (all accelerators, idle or not), occupancy_low_usd, occupancy_usd and
            occupancy_high_usd (those hours at the lowest, the single and the highest price), marginal_usd (the calls
            on busy accelerators, low, point, point and high), busy_frac (their share of gpu_hours), mean_load and
            peak_load (requests in flight). A row that is not bounded is null.
        rollouts: Per rollout and reading (tools_least and, where tool time is not told apart, tools_most): started_s,
            ended_s, queue_s, in_model_s, tool_s, and the share of the fleet's cost in occupancy_cost_pusd (10**-12
            USD, which add up exactly; null: tokens not known) beside its own marginal_usd.
        loads: Per reading: seconds during which so many requests were in flight.
        engine: What it runs on.
        fleet: How many of them.
        notes: What it rests on, in words.
        missing: Of these, what is left out or not known.
    """

    readings: pl.DataFrame
    rollouts: pl.DataFrame
    loads: pl.DataFrame
    engine: Engine
    fleet: Fleet
    notes: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def is_told(self) -> bool:
        """Whether tool time is told apart, so that there is one figure."""
        return "tools_most" not in self.rollouts["reading"] and self.row("tools_most")["elapsed_s"] is not None

    def row(self, reading: str) -> dict[str, float | None]:
        """Give the figures of a reading."""
        return self.readings.row(READINGS.index(reading), named=True)

    def bounds(self, name: str) -> tuple[float, float | None]:
        """Lowest and highest a column can be over all readings; null: unbounded."""
        low_name, high_name = (f"occupancy_{end}_usd" if name == "occupancy_usd" else name for end in ("low", "high"))
        low, high = self.readings[low_name].min(), self.readings[high_name]
        return float(low or 0.0), None if high.null_count() else float(high.max() or 0.0)  # type: ignore[arg-type]


def fleet_view(tables: Mapping[str, pl.DataFrame], scenario: Scenario, asked: Asked | None = None) -> FleetView:
    """Run the rollouts of a trace that call a deployed model on a fleet of its engines.

    Every call takes its seconds alone times the slowdown by the requests in flight beside it; a rollout keeps its slot
    while its tools run.

    Args:
        tables: Canonical tables.
        scenario: With one deployment.
        asked: How many at a time, on how many copies.

    Raises:
        PricingError: as ``points_of``, if not one model is deployed, or the fleet cannot be.
    """
    asked = asked or Asked()
    hosted = hosted_of(tables, scenario)
    engine = engine_of(hosted.point)
    fleet = _fleet(engine, asked)
    timed = hosted_seconds(hosted.calls, [engine.alone])
    stages = stages_of(timed, hosted.rollouts, HARDWARE)
    point, band = clock_work(stages, _POINT), clock_work(stages)
    slots = fleet.slots(engine.slowdown, asked.n_slots, asked.order)
    is_told = _is_told(stages)
    replays = replay(stages, band, slots), _at_point(stages, point, slots, is_told=is_told)
    at_point = replays[1]
    readings = _readings(replays, fleet, hosted)
    notes = tuple(notes_of(hosted, engine, fleet, slots, is_told=is_told))
    missing = tuple(missing_of(hosted, stages, point.n_unknown))
    notes = (*notes, *overfull(readings))
    kept = {"tools_least": at_point.low} | ({} if is_told or at_point.high is None else {"tools_most": at_point.high})
    costs = dict(readings.select("reading", "_cost_pusd").iter_rows())
    rollouts = pl.concat([_rollouts(name, schedule, costs[name], hosted) for name, schedule in kept.items()])
    loads = pl.concat(
        [schedule.loads.select(pl.lit(name).alias("reading"), pl.all()) for name, schedule in kept.items()]
    )
    return FleetView(readings.drop("_cost_pusd"), rollouts, loads, engine, fleet, (*notes, *missing), missing)


def _fleet(engine: Engine, asked: Asked) -> Fleet:
    point = engine.point
    low, usd, high = (Decimal(str(price)) for price in point.hour[:3])
    n_copies = point.deployment.n_copies if asked.n_copies is None else asked.n_copies
    held = point.deployment.startup_s, point.deployment.idle_s
    return Fleet(n_copies, point.placed.law.n_gpus, engine.concurrency, (low, usd, high), *held)


def _is_told(stages: Stages) -> bool:
    """Whether the least and the most tool time are the same, to the microsecond, and so is the order of the calls."""
    import numpy as np

    low_s, high_s = tool_seconds(stages)
    return not stages.is_chained.any() and bool(np.allclose(low_s, high_s, rtol=0, atol=_MICROSECOND))


def _at_point(stages: Stages, readings: Readings, slots: Slots, *, is_told: bool) -> Replay:
    """Replay at single figures; once where both readings are the same."""
    if not is_told or readings.high is None:
        return replay(stages, readings, slots)
    done = replay(stages, readings._replace(high=None), slots)
    return Replay(done.low, done.low, done.n_unknown)


def _readings(replays: tuple[Replay, Replay], fleet: Fleet, hosted: Hosted) -> pl.DataFrame:
    rows = {}
    for number, done in enumerate(replays):
        for row in fleet_costs(done, fleet).iter_rows(named=True):
            name = _NAMES[row["reading"]][number]
            rows[name] = {"reading": name, **_figures(row, getattr(done, row["reading"]), hosted.marginal(name))}
    return pl.DataFrame([rows[name] for name in READINGS], schema=_SCHEMA)


_SCHEMA: Final = {
    "reading": pl.String, "elapsed_s": pl.Float64, "held_s": pl.Float64, "mean_rollout_s": pl.Float64,
    "gpu_hours": pl.Float64, "occupancy_low_usd": pl.Float64, "occupancy_usd": pl.Float64,
    "occupancy_high_usd": pl.Float64, "marginal_usd": pl.Float64, "busy_frac": pl.Float64, "mean_load": pl.Float64,
    "peak_load": pl.Int64, "_cost_pusd": pl.Int128,
}  # fmt: skip


def _figures(
    row: dict[str, float | None], schedule: Schedule | None, marginal: tuple[float | None, float | None]
) -> dict[str, float | None]:
    usd, gpu_s = marginal
    if schedule is None or row["gpu_s"] is None:
        return {"marginal_usd": usd}
    spans = schedule.rollouts.select((pl.col("ended_s") - pl.col("started_s")).mean()).item()
    costs = {f"occupancy{end}_usd": (row[f"cost{end}_pusd"] or 0) / PUSD_PER_USD for end in ("_low", "", "_high")}
    return {
        **{name: row[name] for name in ("elapsed_s", "held_s", "mean_load", "peak_load")},
        **costs,
        "mean_rollout_s": spans,
        "gpu_hours": row["gpu_s"] / 3600,
        "marginal_usd": usd,
        "busy_frac": None if gpu_s is None or not row["gpu_s"] else gpu_s / row["gpu_s"],
        "_cost_pusd": row["cost_pusd"],
    }


def _rollouts(reading: str, schedule: Schedule, cost_pusd: int | None, hosted: Hosted) -> pl.DataFrame:
    """Add each rollout's share of the fleet's cost, by its accelerator-seconds, and its own marginal dollars."""
    rows = schedule.rollouts.join(hosted.of_rollouts, on="rollout_id", how="left", maintain_order="left")
    weights = rows["gpu_s"].to_list()
    shares = [None] * rows.height if cost_pusd is None else shares_pusd(int(cost_pusd), weights)
    return rows.select(
        "rollout_id", pl.lit(reading).alias("reading"), "started_s", "ended_s", "queue_s", "in_model_s", "tool_s",
        pl.Series("occupancy_cost_pusd", shares, pl.Int64), "marginal_usd",
    )  # fmt: skip
