"""Deployments of a scenario against a trace: each model's engine, load and hourly price, or why there is none."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from pricing.hardware.deployment import Deployment
from pricing.hardware.facts import folded, served_model
from pricing.hardware.hours import hour_of
from pricing.hardware.laws import Machines, laws_of
from pricing.hardware.memory import PRECISION_BYTES
from pricing.hardware.operating_point import Refused, cheapest, place
from pricing.hardware.point import Coverage, Point
from pricing.hardware.workload import Workload, is_of, outside, workload_of
from traces.errors import PricingError, nearest

ANY: Final = "*"
"""Key of a deployment that means every model no other key does."""


def points_of(
    calls: pl.LazyFrame,
    meant: Mapping[str, Sequence[str]],
    deployments: Mapping[str, Deployment],
    machines: Machines,
    *,
    allow_estimate: bool = False,
) -> list[Point]:
    """Deploy models and say what each rests on.

    Args:
        calls: CALLS of the trace.
        meant: Models of the trace by key of a deployment, as ``names_meant`` gives them.
        deployments: By key.
        machines: The hardware tables.
        allow_estimate: Whether a result may rest on more than measured rows of the model at measured lengths.

    Raises:
        PricingError: if a model, an accelerator or a price is not known, if no engine can do what was asked, or if a
            result would be an estimate and that is not allowed.
    """
    points = [
        _point(calls, key, meant[key], deployment, machines) for key, deployment in deployments.items() if meant[key]
    ]
    for point in points:
        if point.doubts and not allow_estimate:
            problem = f"hardware {point.model!r}: an estimate: {'; '.join(point.doubts)}"
            raise PricingError(problem, "take it as one: --allow-estimate, or allow_estimate = true in the scenario")
    return points


def names_meant(written: Sequence[str], keys: Iterable[str]) -> dict[str, list[str]]:
    """Models of a trace each key of a deployment means: that name, else it without who hosts it, else, by *, any other.

    Args:
        written: Models as the trace writes them.
        keys: Keys of deployments.

    Raises:
        PricingError: if a key means none.
    """
    meant: dict[str, list[str]] = {key: [] for key in keys}
    by_folded = {folded(key): key for key in reversed(list(meant))}
    for model in written:
        key = model if model in meant else by_folded.get(folded(model), ANY)
        if key in meant:
            meant[key].append(model)
    for key, models in meant.items():
        if not models and key != ANY:
            raise PricingError(f"hardware {key!r}: no call of the trace names it", nearest(key, written))
    return meant


def _point(calls: pl.LazyFrame, key: str, models: Sequence[str], deployment: Deployment, machines: Machines) -> Point:
    of_models = calls.filter(is_of(models))
    name = models[0] if key == ANY else key
    point = point_for(name, deployment, workload_of(of_models), machines)
    counted = outside(of_models, point.placed.law.shape).collect(engine="streaming").row(0)
    return replace(point, models=tuple(models), coverage=Coverage(*counted))


def point_for(model: str, deployment: Deployment, workload: Workload, machines: Machines) -> Point:
    """Deploy a model for calls of a mean length.

    Args:
        model: Model as the trace writes it.
        deployment: On what.
        workload: The mean call.
        machines: The hardware tables.

    Raises:
        PricingError: as ``points_of``.
    """
    _refuse_unknown_accelerator(deployment.accelerator, machines)
    _refuse_unknown_precision(deployment)
    served = served_model(model, deployment.like, machines.names)
    laws = laws_of(served, deployment, machines)
    if not laws:
        raise PricingError(
            f"hardware {model!r}: {_no_law(served, deployment, machines)}", _known_engines(served, machines)
        )
    found = [place(law, deployment, workload, machines) for law in laws]
    placed = cheapest(found)
    if placed is None:
        raise PricingError(*_refusal(model, deployment, [each for each in found if isinstance(each, Refused)]))
    hour = hour_of(deployment.accelerator, deployment, machines.hardware.gpu_hours)
    return Point(model, (model,), served, deployment, placed, hour, Coverage(0, 0), machines.calibration.roofline)


def _refuse_unknown_accelerator(accelerator: str, machines: Machines) -> None:
    known = {*machines.chips, *machines.hardware.serving["accelerator"]}
    if accelerator not in known:
        raise PricingError(f"no accelerator {accelerator!r}", nearest(accelerator, known))


def _refuse_unknown_precision(deployment: Deployment) -> None:
    for precision in (deployment.precision, deployment.kv_precision):
        if precision is not None and precision not in PRECISION_BYTES:
            raise PricingError(f"no precision {precision!r}", nearest(precision, PRECISION_BYTES))


def _no_law(served: str, deployment: Deployment, machines: Machines) -> str:
    rows = machines.hardware.serving.filter(pl.col("model") == served, pl.col("accelerator") == deployment.accelerator)
    if rows.is_empty():
        return f"no row of {served} on {deployment.accelerator}, and too little is known of it for a roofline"
    return f"no row of {served} on {deployment.accelerator} has what was asked for"


def _known_engines(served: str, machines: Machines) -> str:
    rows = machines.hardware.serving.filter(pl.col("model") == served)
    engines = rows.select("accelerator", "n_gpus", "weights_precision", "framework").unique().sort(pl.all()).head(8)
    words = [f"{row[1]} x {row[0]} {row[2] or ''} {row[3] or ''}".strip() for row in engines.iter_rows()]
    return f"measured: {'; '.join(words)}" if words else "give rows of it: hardware_files in the scenario"


def _refusal(model: str, deployment: Deployment, refused: Sequence[Refused]) -> tuple[str, str]:
    """What no engine can do, and the nearest that one can."""
    by_reason = {reason: [each for each in refused if each.reason == reason] for reason in _NEAREST}
    reason = next(reason for reason, all_such in by_reason.items() if all_such)
    is_least = reason == "first"
    best = (min if is_least else max)(by_reason[reason], key=lambda each: each.nearest)
    problem, remedy = _NEAREST[reason]
    asked = {"min": deployment.min_tokens_s, "first": deployment.max_ttft_s, "asked": deployment.concurrency}
    values = {**{name: "" if value is None else f"{value:g}" for name, value in asked.items()}, "model": model}
    return problem.format(**values), remedy.format(nearest=f"{best.nearest:.3g}", engine=best.law.title)


_NEAREST = {
    "speed": (
        "hardware {model!r}: no engine gives {min} tokens/s to every request",
        "the most that one gives is {nearest} ({engine})",
    ),
    "first": (
        "hardware {model!r}: no engine gives the first token within {first} s",
        "the least that one takes is {nearest} s ({engine})",
    ),
    "concurrency": (
        "hardware {model!r}: the caches of {asked} requests of this length do not fit in memory",
        "the most that fit are about {nearest} ({engine})",
    ),
    "memory": (
        "hardware {model!r}: the weights and the cache of one request do not fit in memory",
        "more accelerators to a copy (n_gpus), or a smaller precision; the largest tried: {engine}",
    ),
}
