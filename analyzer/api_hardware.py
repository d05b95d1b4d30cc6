"""The Python interface of ``evalreplay hardware``, as ``er.hardware``: each of its questions as one function."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from analyzer.hardware import breakeven as crossing
from analyzer.hardware import fleet as fleets
from analyzer.hardware import frontiers as fronts
from analyzer.hardware import listing as tables
from analyzer.hardware.holdouts import holdouts
from analyzer.hardware.opening import open_tables
from analyzer.hardware.recorded import RecordedView, recorded_view
from analyzer.session import Paths, as_priced, as_store
from pricing.hardware import ratio as ratios
from pricing.hardware.deployment import Deployment, HourPrice
from pricing.scenario import Scenario, load_scenario

Rows = Sequence[Path | str]
"""Tables of one's own over the bundled ones."""


def show(name: str | None = None, *, rows: Rows = ()) -> pl.DataFrame:
    """Show everything known of an accelerator or a model; without a name, list all."""
    hardware = open_tables([Path(row) for row in rows]).hardware
    return tables.listing(hardware) if name is None else tables.known_of(hardware, name)


def frontier(model: str, *, rows: Rows = (), price: HourPrice | None = None, **choice: Any) -> fronts.Frontiers:
    """Give throughput and USD per million tokens against the speed of a request; options: ``FrontChoice``."""
    hardware = open_tables([Path(row) for row in rows]).hardware
    return fronts.frontiers(hardware, model, fronts.FrontChoice(**choice), price or HourPrice())


def ratio(model: str, start: str, end: str, at: Sequence[float], *, rows: Rows = (), **options: Any) -> ratios.Ratios:
    """Compare two accelerators at equal speed of a request; options: those of ``pricing.hardware.ratio.ratios``."""
    hardware = open_tables([Path(row) for row in rows]).hardware
    return ratios.ratios(hardware, fronts.served_name(hardware, model), start, end, at, **options)


def breakeven(  # noqa: PLR0913 - the options of a command
    source: Paths, model: str, deployments: Sequence[Deployment], *, scenario: Scenario | None = None, rows: Rows = (),
    allow_estimate: bool = False,
) -> crossing.BreakEven:  # fmt: skip
    """Say how busy deployments must be to cost what the API does; scenario: how the source is priced there."""
    hosted = load_scenario(hardware_files=tuple(Path(row) for row in rows), allow_estimate=allow_estimate)
    return crossing.breakeven(as_priced(source, scenario), model, deployments, hosted)


def fleet(
    source: Paths, scenario: Scenario, *, slots: int | None = None, copies: int | None = None
) -> fleets.FleetView:
    """Run the rollouts of a trace on a fleet of the model the scenario deploys: hours, dollars, load."""
    return fleets.fleet_view(as_store(source).tables(), scenario, fleets.Asked(slots, copies))


def slots(source: Paths, n_slots: Sequence[int]) -> RecordedView:
    """Run recorded rollouts on other numbers of slots, at the seconds they took: a scheduling what-if."""
    return recorded_view(as_store(source).tables(), n_slots)


def errors(*, rows: Rows = ()) -> pl.DataFrame:
    """Say how wrong the hardware model is on measured loads it has not seen."""
    return holdouts(open_tables([Path(row) for row in rows]).hardware)
