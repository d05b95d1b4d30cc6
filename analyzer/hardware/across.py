"""The same rollouts on several accelerators at several loads, and on their API: dollars against time, by point."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import polars as pl

from analyzer.frontier import frontier
from analyzer.hardware.across_notes import notes_of
from analyzer.hardware.api_point import api_point
from analyzer.hardware.fleet import Asked, FleetView, fleet_view
from pricing.hardware.deploy import ANY
from pricing.scenario import Scenario, load_scenario
from traces.errors import PricingError
from traces.schema import TABLES

Over = Literal["rollout", "elapsed"]
Tools = Literal["least", "most"]
API: Final = "API"


@dataclass(frozen=True)
class Choice:
    """What is compared.

    Args:
        accelerators: On what.
        concurrencies: Requests under way at a time on each engine, a point each.
        model: Model whose calls are served; "*": every one.
        keys: Further keys of every deployment, such as like or usd_per_gpu_hour.
        over: Time of a point: the mean of a rollout, or from the first start to the last end.
        tools: Reading of tool time points stand at, where a trace does not tell it apart.
        hosted: Scenario of the accelerators: files of hardware, and whether estimates are taken.
    """

    accelerators: Sequence[str]
    concurrencies: Sequence[int]
    model: str = ANY
    keys: Mapping[str, Any] = field(default_factory=dict)
    over: Over = "rollout"
    tools: Tools = "least"
    hosted: Scenario = field(default_factory=Scenario)


@dataclass(frozen=True)
class Across:
    """One store on several accelerators and its API.

    Args:
        frame: One row per point, in order, the API first: on (API or accelerator), concurrency and n_gpus (null: API),
            engine, basis ("API price", or "occupancy": the fleet as long as it is held), cost_usd, rollout_s (mean)
            and elapsed_s, each with low and high (null: unbounded), marginal_usd (the calls on busy accelerators, never
            added), evidence ("recorded", or what the engine's law rests on), x, x_low, x_high (the time asked for) and
            is_on_frontier (no point is both cheaper and faster; null: has no place).
        notes: What it rests on, in words.
        over: Which time x is.
    """

    frame: pl.DataFrame
    notes: tuple[str, ...]
    over: Over


def across(priced: Mapping[str, pl.DataFrame], choice: Choice) -> Across:
    """Run the rollouts of a store on every accelerator at every load, and set them beside their API.

    Args:
        priced: Priced tables; what the calls cost in them is the point of the API.
        choice: What is compared.

    Raises:
        PricingError: as ``fleet_view``, where nothing can be said of an accelerator at any load; or if the calls are
            priced on accelerators already.
    """
    tables = {name: priced[name].select(table.schema.names()) for name, table in TABLES.items()}
    views: dict[tuple[str, int], FleetView] = {}
    refused: dict[tuple[str, int], PricingError] = {}
    for name in choice.accelerators:
        for concurrency in choice.concurrencies:
            try:
                views[name, concurrency] = fleet_view(tables, _scenario(choice, name, concurrency), Asked())
            except PricingError as error:
                refused[name, concurrency] = error
        if not any(key[0] == name for key in views):
            raise refused[name, choice.concurrencies[0]]
    first = next(iter(views.values()))
    rows = [api_point(priced, first), *(_row(*key, view, choice.tools) for key, view in views.items())]
    frame = _placed(pl.DataFrame(rows, schema=SCHEMA), choice.over)
    return Across(frame, tuple(notes_of(views, refused, frame, choice.tools)), choice.over)


SCHEMA: Final = {
    "on": pl.String, "concurrency": pl.Int64, "n_gpus": pl.Int64, "engine": pl.String, "basis": pl.String,
    "cost_usd": pl.Float64, "cost_low_usd": pl.Float64, "cost_high_usd": pl.Float64,
    "rollout_s": pl.Float64, "rollout_low_s": pl.Float64, "rollout_high_s": pl.Float64,
    "elapsed_s": pl.Float64, "elapsed_low_s": pl.Float64, "elapsed_high_s": pl.Float64,
    "marginal_usd": pl.Float64, "evidence": pl.String,
}  # fmt: skip


def _scenario(choice: Choice, accelerator: str, concurrency: int) -> Scenario:
    deployment = {"accelerator": accelerator, "concurrency": concurrency, **choice.keys}
    hardware = load_scenario(hardware={choice.model: deployment}).hardware
    return choice.hosted.model_copy(update={"hardware": hardware})


def _row(accelerator: str, concurrency: int, view: FleetView, tools: Tools) -> dict[str, Any]:
    law = view.engine.point.placed.law
    placed = view.row(f"tools_{tools}")
    bounds = {
        f"{stem}_{end}_{unit}": value
        for stem, unit, name in (
            ("cost", "usd", "occupancy_usd"), ("rollout", "s", "mean_rollout_s"), ("elapsed", "s", "elapsed_s"),
        )
        for end, value in zip(("low", "high"), view.bounds(name), strict=True)
    }  # fmt: skip
    return {
        "on": accelerator,
        "concurrency": concurrency,
        "n_gpus": law.n_gpus * view.fleet.n_replicas,
        "engine": law.title,
        "basis": "occupancy",
        "cost_usd": placed["occupancy_usd"],
        "rollout_s": placed["mean_rollout_s"],
        "elapsed_s": placed["elapsed_s"],
        **bounds,
        "marginal_usd": placed["marginal_usd"],
        "evidence": law.basis,
    }


def _placed(rows: pl.DataFrame, over: Over) -> pl.DataFrame:
    """Add the time asked for, and which points no other beats in both."""
    places = {name: pl.col(f"{over}{name[1:]}_s") for name in ("x", "x_low", "x_high")}
    named = rows.with_columns(**places, benchmark=pl.lit(""), agent=pl.col("on"), run_id=pl.lit(None, pl.String))
    marked = frontier(named.with_columns(y=pl.col("cost_usd"), is_higher_better=pl.lit(value=False)))
    return marked.select(*rows.columns, *places, "is_on_frontier")
