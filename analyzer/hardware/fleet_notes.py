"""What the hours and dollars of a fleet rest on, in words."""

from collections.abc import Iterator

import polars as pl

from analyzer.hardware.fleet_calls import Hosted
from analyzer.words import counted, percent
from pricing.hardware.engine import Engine
from pricing.hardware.replay.fleet import Fleet
from pricing.hardware.replay.replay import Slots
from pricing.hardware.replay.stages import Stages


def notes_of(hosted: Hosted, engine: Engine, fleet: Fleet, slots: Slots, *, is_told: bool) -> Iterator[str]:
    """Say what a fleet rests on: the deployment, its load, both bases of dollars, tool time."""
    point = hosted.point
    yield f"{point.title}; {percent(point.coverage.outside_frac)} of its tokens outside what was measured."
    if point.doubts:
        yield f"An estimate, no vendor's price: {'; '.join(point.doubts)}."
    yield _held(fleet, slots)
    yield from engine.notes
    yield _bases(fleet, hosted)
    yield _tools(is_told=is_told)


def _held(fleet: Fleet, slots: Slots) -> str:
    gpus = fleet.n_replicas * fleet.n_gpus
    order = "recorded order" if slots.order == "recorded" else "order of their key"
    return (
        f"{counted(gpus, 'accelerator')} ({counted(fleet.n_replicas, 'engine')} of {fleet.n_gpus}), "
        f"{counted(slots.n_slots or 0, 'rollout')} at a time in their {order}, at most "
        f"{counted(fleet.concurrency, 'request')} under way on an engine; held {fleet.startup_s:g} s before and "
        f"{fleet.idle_s:g} s after."
    )


def _bases(fleet: Fleet, hosted: Hosted) -> str:
    busy = percent(hosted.point.deployment.utilisation_frac)
    return (
        "Occupancy: every accelerator for as long as it is held, idle or not. Marginal: accelerator-seconds of the "
        f"calls at {counted(fleet.concurrency, 'request')} on an engine, {busy} busy. Two answers, never added."
    )


def _tools(*, is_told: bool) -> str:
    if is_told:
        return "Tool time is as recorded; the range is that of the calls' seconds and of the price."
    return (
        "Tool time is not told apart from calls in this trace: tools_least takes as little of it as the stamps allow, "
        "tools_most as much."
    )


def overfull(readings: pl.DataFrame) -> Iterator[str]:
    """Say why the calls may ask for more accelerator-seconds than are held."""
    most = readings["busy_frac"].drop_nulls().to_list()
    if most and max(most) > 1:
        yield (
            f"busy_frac is up to {100 * max(most):.3g} %: accelerator-seconds and latencies are laws of their own "
            "(cached input takes accelerator-time and no seconds), so that hours may be that much longer."
        )


def missing_of(hosted: Hosted, stages: Stages, n_unknown: int) -> Iterator[str]:
    """Say what of a trace a fleet leaves out or does not know."""
    n_open = int(stages.rollouts["is_open"].sum())
    if n_open:
        yield f"{counted(n_open, 'rollout')} without a recorded end: what came after the last stamp is left out."
    if hosted.n_left_out:
        yield f"{counted(hosted.n_left_out, 'rollout')} without a call of the model left out."
    if n_unknown:
        yield (
            f"{counted(n_unknown, 'call')} of other models or of unknown tokens take no time here: hours and dollars "
            "are at least these."
        )
    n_missing = int(stages.rollouts["n_missing"].sum())
    if n_missing:
        yield f"{counted(n_missing, 'request')} the source counts and the trace does not hold: at least these."
    n_chained = int(stages.rollouts["n_chained"].sum())
    if n_chained:
        overlap = f"In {counted(n_chained, 'stage')} calls overlap in part"
        yield f"{overlap}: side by side at least, one after the other at most."
    if stages.n_unplaced:
        yield f"{counted(stages.n_unplaced, 'call')} of no rollout left out."
