"""Laws of the engines that could serve a model on an accelerator: fitted where rows allow, else from a roofline."""

from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from pricing.hardware.calibrate import Calibration, bundled_calibration
from pricing.hardware.deployment import Deployment
from pricing.hardware.facts import architectures_of, chips_of, names_of
from pricing.hardware.fit import fitted
from pricing.hardware.law import Law
from pricing.hardware.measured import Rows, rows_of
from pricing.hardware.memory import Architecture
from pricing.hardware.roofline import Chip, Ideal, ideal_of, roofline_law, scaled_law
from pricing.hardware.schema import ENGINE
from pricing.hardware.shelf import Hardware

_SIZES: Final = (1, 2, 4, 8)
"""Accelerators of one copy that are tried where no row says how many: powers of two within a node."""


@dataclass(frozen=True)
class Machines:
    """The hardware tables, ready to be asked.

    Args:
        hardware: The tables.
        architectures: Models by short name.
        chips: Accelerators by name.
        names: Short name of a model by every other.
        calibration: What all rows together say.
    """

    hardware: Hardware
    architectures: dict[str, Architecture]
    chips: dict[str, Chip]
    names: dict[str, str]
    calibration: Calibration

    def ideal(self, engine: dict[str, Any]) -> Ideal | None:
        """What an engine would take at efficiencies of one; null: its model or accelerator is not known well enough."""
        architecture = self.architectures.get(engine["model"])
        chip = self.chips.get(engine["accelerator"])
        return None if architecture is None or chip is None else ideal_of(engine, architecture, chip)

    def law(self, rows: Rows) -> Law | None:
        """Law of an engine with rows; null: they are too few, and a roofline cannot be drawn."""
        ideal = self.ideal(rows.engine)
        calibration = self.calibration
        if rows.can_be_fitted:
            growth = None if ideal is None else calibration.efficiencies.gpu[-1] * ideal.growth_gpu_s()
            return fitted(rows, calibration.fit_band(rows.engine["accelerator"]), growth)
        return None if ideal is None else scaled_law(rows, ideal, calibration.efficiencies, calibration.scaled)


def machines_of(hardware: Hardware, calibration: Calibration | None = None) -> Machines:
    """Make the hardware tables ready to be asked.

    Args:
        hardware: The tables.
        calibration: What all rows together say; null: as the package keeps it.
    """
    architectures, chips = architectures_of(hardware.architectures), chips_of(hardware.chips)
    calibration = calibration or bundled_calibration()
    return Machines(hardware, architectures, chips, names_of(hardware.architectures), calibration)


def engines_with_ideals(
    serving: pl.DataFrame, architectures: dict[str, Architecture], chips: dict[str, Chip]
) -> list[tuple[Rows, Ideal]]:
    """Rows of the engines whose model and accelerator are known well enough, with what they would ideally take."""
    known = pl.col("model").is_in(list(architectures)) & pl.col("accelerator").is_in(list(chips))
    engines = rows_of(serving.filter(known))
    return [
        (rows, ideal_of(rows.engine, architectures[rows.engine["model"]], chips[rows.engine["accelerator"]]))
        for rows in engines
    ]


def laws_of(model: str, deployment: Deployment, machines: Machines) -> list[Law]:
    """Laws of the engines that fit a deployment: fits, else scaled rooflines, else rooflines of sizes that fit.

    Args:
        model: Short name.
        deployment: Which engines are asked for.
        machines: The tables.
    """
    rows = rows_of(_asked(machines.hardware.serving, model, deployment))
    laws = [law for each in rows if (law := machines.law(each)) is not None]
    best = next((basis for basis in ("fit", "scaled") if any(law.basis == basis for law in laws)), None)
    if best is not None:
        return [law for law in laws if law.basis == best]
    return _rooflines(model, deployment, machines)


def _asked(serving: pl.DataFrame, model: str, deployment: Deployment) -> pl.DataFrame:
    wanted = {
        "model": model,
        "accelerator": deployment.accelerator,
        "n_gpus": deployment.n_gpus,
        "weights_precision": deployment.precision,
        "kv_precision": deployment.kv_precision,
        "framework": deployment.framework,
        "tp": deployment.tp,
        "ep": deployment.ep,
    }
    fits = [pl.col(name) == value for name, value in wanted.items() if value is not None]
    if deployment.speculation != "any":
        fits.append(pl.col("speculation") == deployment.speculation)
    return serving.filter(*fits)


def _rooflines(model: str, deployment: Deployment, machines: Machines) -> list[Law]:
    sizes = _SIZES if deployment.n_gpus is None else (deployment.n_gpus,)
    return [law for n_gpus in sizes if (law := _roofline(model, n_gpus, deployment, machines)) is not None]


def _usual_precision(model: str, serving: pl.DataFrame) -> str:
    """Precision a model is mostly measured at; eight bits where it never was."""
    stated = serving.filter(pl.col("model") == model)["weights_precision"].drop_nulls()
    return str(stated.mode().sort().first() or "fp8")


def _roofline(model: str, n_gpus: int, deployment: Deployment, machines: Machines) -> Law | None:
    engine: dict[str, Any] = dict.fromkeys(ENGINE)
    engine |= {
        "model": model,
        "accelerator": deployment.accelerator,
        "weights_precision": deployment.precision or _usual_precision(model, machines.hardware.serving),
        "kv_precision": deployment.kv_precision,
        "framework": deployment.framework,
        "n_gpus": n_gpus,
        "tp": deployment.tp or n_gpus,
        "ep": deployment.ep,
        "speculation": "none",
    }
    ideal = machines.ideal(engine)
    if ideal is None:
        return None
    calibration = machines.calibration
    return roofline_law(engine, ideal, calibration.efficiencies, calibration.roofline)
