"""What all measured rows together say: efficiencies of a roofline, and errors of laws on rows they have not seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import tomli

from pricing.hardware.fit import band_of, held_out_errors, log_errors
from pricing.hardware.measured import Rows
from pricing.hardware.roofline import Efficiencies, Ideal, efficiencies_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_GPU: Final = ("prefill", "weights", "step_s", "context")
_FIRST: Final = ("first_s", "first", "first_per_request")
_ANY: Final = "any"
_HEAD: Final = """# Worked out from the measured rows in serving*.*; a test works it out again.
# efficiencies: multiples of the ideal, and seconds; bands: factors the true value lies within nine times in ten, from
# rows left out.

"""
MIN_ERRORS: Final = 30
"""Held-out errors below which the band of an accelerator is that of all."""
Engines = Sequence[tuple[Rows, Ideal]]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Efficiencies of the roofline, and bands: factors the true value lies within nine times in ten.

    Args:
        efficiencies: Multiples of the ideal.
        fit: Band of a fit on a shape it has not seen, by accelerator; under "": of any.
        scaled: Band of a roofline scaled to rows of one shape, on another shape of the engine.
        roofline: Band of a roofline on a model it has not seen.
    """

    efficiencies: Efficiencies
    fit: dict[str, float]
    scaled: float
    roofline: float

    def fit_band(self, accelerator: str) -> float:
        """Band of a fit on an accelerator; that of any where it has few rows."""
        return self.fit.get(accelerator, self.fit[""])


def calibrated(engines: Engines) -> Calibration:
    """Work out efficiencies and bands from measured rows.

    Args:
        engines: Rows of each engine, and what it would take at efficiencies of one.
    """
    efficiencies = efficiencies_of(engines)
    return Calibration(
        efficiencies=efficiencies,
        fit=_fit_bands([rows for rows, _ in engines]),
        scaled=band_of(_joined([_scaled_errors(rows, ideal, efficiencies) for rows, ideal in engines])),
        roofline=band_of(_joined(list(left_out_errors(engines, lambda rows: rows.engine["model"]).values()))),
    )


def _fit_bands(engines: Sequence[Rows]) -> dict[str, float]:
    by_accelerator: dict[str, list[Floats]] = {}
    for rows in engines:
        by_accelerator.setdefault(rows.engine["accelerator"], []).append(held_out_errors(rows))
    joined = {name: _joined(parts) for name, parts in by_accelerator.items()}
    own = {name: band_of(errors) for name, errors in joined.items() if errors.size >= MIN_ERRORS}
    return {"": band_of(_joined(list(joined.values()))), **own}


def _scaled_errors(rows: Rows, ideal: Ideal, efficiencies: Efficiencies) -> "Floats":
    """Log errors on every shape of an engine of a roofline scaled to another of its shapes, one at a time."""
    import numpy as np

    errors = log_errors(ideal.gpu, efficiencies.gpu, rows.loads, rows.gpu_s)
    by_shape = {shape: errors[[each == shape for each in rows.shapes]] for shape in sorted(set(rows.shapes))}
    pairs = ((seen, out) for seen in by_shape for out in by_shape if seen != out)
    return _joined([by_shape[out] - np.median(by_shape[seen]) for seen, out in pairs])


def left_out_errors(engines: Engines, what: Callable[[Rows], str]) -> dict[str, "Floats"]:
    """Log errors of the roofline on the engines of one kind, fitted to those of all others.

    Args:
        engines: Rows of each engine, and what it would take at efficiencies of one.
        what: Kind of an engine, such as its model or its accelerator.
    """
    errors = {}
    for kind in sorted({what(rows) for rows, _ in engines}):
        gpu = efficiencies_of([each for each in engines if what(each[0]) != kind]).gpu
        out = [each for each in engines if what(each[0]) == kind]
        errors[kind] = _joined([log_errors(ideal.gpu, gpu, rows.loads, rows.gpu_s) for rows, ideal in out])
    return errors


def _joined(parts: "Sequence[Floats]") -> "Floats":
    import numpy as np

    return np.concatenate([np.zeros(0), *parts])


def to_toml(calibration: Calibration) -> str:
    """Write a calibration down."""
    import tomli_w

    efficiencies = {
        **dict(zip(_GPU, calibration.efficiencies.gpu, strict=True)),
        **dict(zip(_FIRST, calibration.efficiencies.first, strict=True)),
    }
    fit = {name or _ANY: value for name, value in calibration.fit.items()}
    bands = {"scaled": calibration.scaled, "roofline": calibration.roofline, "fit": fit}
    return _HEAD + tomli_w.dumps({"efficiencies": efficiencies, "bands": bands})


def from_toml(text: str) -> Calibration:
    """Read what ``to_toml`` wrote."""
    stated = tomli.loads(text)
    known, bands = stated["efficiencies"], stated["bands"]
    efficiencies = Efficiencies(tuple(known[name] for name in _GPU), tuple(known[name] for name in _FIRST))
    fit = {"" if name == _ANY else name: value for name, value in bands["fit"].items()}
    return Calibration(efficiencies, fit, bands["scaled"], bands["roofline"])


@cache
def bundled_calibration() -> Calibration:
    """What all bundled rows together say, as the package keeps it."""
    return from_toml(files("pricing").joinpath("data/hardware/calibration.toml").read_text(encoding="utf-8"))
