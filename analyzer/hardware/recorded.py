"""Recorded rollouts on other numbers of slots: a scheduling what-if, in which every call takes as long as it did."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

import polars as pl

from analyzer.words import counted
from pricing.hardware.replay.replay import Order, Replay, Schedule, Slots, replay
from pricing.hardware.replay.stages import Stages, stages_of
from pricing.hardware.replay.work import Readings, recorded_work

AS_STARTED: Final = "as started"


@dataclass(frozen=True)
class RecordedView:
    """Recorded rollouts on slots.

    Args:
        frame: One row per number of slots and order (the first as started, where every start is recorded): n_slots
            (null: every rollout starts when it did), order, elapsed_s and its elapsed_hours, change_frac (of that as
            started; null: not known), last_start_s (when the last rollout got its slot), drain_s (from then to the
            end, in which slots stand empty), mean_load and peak_load (calls in flight).
        rollouts: Per number of slots, order and rollout: started_s, ended_s, queue_s, in_model_s, tool_s.
        notes: What it rests on, in words.
    """

    frame: pl.DataFrame
    rollouts: pl.DataFrame
    notes: tuple[str, ...]


def recorded_view(
    tables: Mapping[str, pl.DataFrame], n_slots: Sequence[int], orders: Sequence[Order] = get_args(Order)
) -> RecordedView:
    """Run recorded rollouts through slots, at the seconds they took.

    Args:
        tables: Canonical tables.
        n_slots: Rollouts under way at a time, each a what-if of its own.
        orders: In which rollouts get a slot.

    Raises:
        PricingError: where a number of slots is below 1.
    """
    stages = stages_of(tables["calls"].lazy(), tables["rollouts"].lazy())
    work = recorded_work(stages)
    asked = [Slots(n, order=order) for n in n_slots for order in orders]
    if stages.rollouts["started_at"].null_count() == 0 and stages.rollouts.height:
        asked = [Slots(is_as_arrived=True), *asked]
    done = [(slots, _once(stages, work, slots)) for slots in asked]
    started_s = next((replayed.low.elapsed_s for slots, replayed in done if slots.is_as_arrived), None)
    frame = pl.DataFrame([_row(slots, replayed, started_s) for slots, replayed in done], schema=_SCHEMA)
    rollouts = [replayed.low.rollouts.select(*_named(slots), pl.all()) for slots, replayed in done]
    return RecordedView(frame, pl.concat(rollouts), tuple(_notes(stages, work, frame)))


_SCHEMA: Final = {
    "n_slots": pl.Int64, "order": pl.String, "elapsed_s": pl.Float64, "elapsed_hours": pl.Float64,
    "change_frac": pl.Float64, "last_start_s": pl.Float64, "drain_s": pl.Float64, "mean_load": pl.Float64,
    "peak_load": pl.Int64,
}  # fmt: skip


def _once(stages: Stages, work: Readings, slots: Slots) -> Replay:
    """Both readings take as long; one is enough."""
    return replay(stages, work._replace(high=None), slots)


def _order(slots: Slots) -> str:
    return AS_STARTED if slots.is_as_arrived else slots.order


def _named(slots: Slots) -> tuple[pl.Expr, pl.Expr]:
    return pl.lit(slots.n_slots, pl.Int64).alias("n_slots"), pl.lit(_order(slots)).alias("order")


def _row(slots: Slots, replayed: Replay, as_started_s: float | None) -> dict[str, float | str | None]:
    done: Schedule = replayed.low
    last = float(done.rollouts["started_s"].max() or 0.0)  # type: ignore[arg-type]
    return {
        "n_slots": slots.n_slots,
        "order": _order(slots),
        "elapsed_s": done.elapsed_s,
        "elapsed_hours": done.elapsed_s / 3600,
        "change_frac": done.elapsed_s / as_started_s - 1 if as_started_s else None,
        "last_start_s": last,
        "drain_s": done.elapsed_s - last,
        "mean_load": done.mean_load,
        "peak_load": done.peak_load,
    }


def _notes(stages: Stages, work: Readings, frame: pl.DataFrame) -> Iterator[str]:
    in_all = float((work.low.lead_s.sum() + _spans(stages)) / 3600)
    yield (
        "A scheduling what-if: every call and tool takes as long as it was recorded to, whatever the load; what load "
        "does to calls comes from a hardware model (--hardware)."
    )
    yield f"{counted(stages.rollouts.height, 'rollout')} of {in_all:,.2f} h in all: on N slots never less than an Nth."
    yield (
        "order: rollouts get a slot in the order they were recorded to start in, or in that of their key; what differs "
        "is how much is left to run when the last one has got its slot (drain_s)."
    )
    if frame["change_frac"].null_count() == frame.height:
        yield "Not every start is recorded: there is no schedule as started to compare with."
    n_open = int(stages.rollouts["is_open"].sum())
    if n_open:
        yield f"{counted(n_open, 'rollout')} without a recorded end: what came after the last stamp is left out."
    if work.n_unknown:
        yield f"{counted(work.n_unknown, 'rollout')} of unknown seconds take none here: hours are at least these."
    if stages.n_unplaced:
        yield f"{counted(stages.n_unplaced, 'call')} of no rollout left out."


def _spans(stages: Stages) -> float:
    return float(stages.gaps.span_s.sum())
