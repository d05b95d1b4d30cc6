"""How wrong the hardware model is on measured loads it has not seen, and how many of them its bands hold."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import exp, log
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from pricing.hardware.calibrate import Calibration, bundled_calibration
from pricing.hardware.calibrate import left_out_errors as left_out_roofline
from pricing.hardware.facts import architectures_of, chips_of
from pricing.hardware.fit import band_of, held_out_errors
from pricing.hardware.front import front_band, fronts, left_out_errors
from pricing.hardware.laws import engines_with_ideals
from pricing.hardware.measured import Rows, rows_of
from pricing.hardware.shelf import Hardware

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_SCHEMA: Final = {
    "law": pl.String, "left_out": pl.String, "n_loads": pl.Int64, "median_error_frac": pl.Float64,
    "p10": pl.Float64, "p90": pl.Float64, "band": pl.Float64, "covered_frac": pl.Float64,
    "band_unseen": pl.Float64, "covered_unseen_frac": pl.Float64,
}  # fmt: skip
_ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class _Errors:
    """Log errors of predicted over measured, and the log of the band each has to lie within."""

    errors: "Floats"
    bands: "Floats"


def holdouts(hardware: Hardware, calibration: Calibration | None = None) -> pl.DataFrame:
    """Errors on loads that were left out, law by law.

    Every load is predicted by what was fitted without its shape (fit), without its model or its accelerator (roofline),
    or without itself (front).

    Args:
        hardware: The tables.
        calibration: The bands in use; null: as the package keeps them.

    Returns:
        One row per law and kind left out: n_loads, median_error_frac, p10 and p90 of predicted over measured, band (the
        factor in use; of several the widest) and covered_frac, the share of the loads within it; band_unseen and
        covered_unseen_frac, the same of a band worked out without that kind (null: there is no other). The row "all"
        joins those of a law.
    """
    return pl.DataFrame(list(_rows(hardware, calibration or bundled_calibration())), schema=_SCHEMA)


def _rows(hardware: Hardware, calibration: Calibration) -> Iterator[dict[str, Any]]:
    yield from _by_kind("fit, without one input/output shape", _held_out(rows_of(hardware.serving), calibration))
    known = engines_with_ideals(hardware.serving, architectures_of(hardware.architectures), chips_of(hardware.chips))
    for what in ("model", "accelerator"):
        if len({rows.engine[what] for rows, _ in known}) <= 1:
            continue  # nothing is left to fit once it is out
        errors = left_out_roofline(known, lambda rows, what=what: rows.engine[what])  # type: ignore[misc]
        yield from _by_kind(f"roofline, without one {what}", _within(errors, calibration.roofline))
    drawn = fronts(hardware.serving)
    off: dict[str, list[float]] = {}
    for front in drawn:
        off.setdefault(front.model, []).extend(left_out_errors(front))
    yield from _by_kind("front, without one load", _within(off, front_band(drawn)))


def _within(errors: Mapping[str, Any], band: float) -> dict[str, _Errors]:
    """Errors that all have to lie within one band."""
    import numpy as np

    return {name: _Errors(np.asarray(found), np.full(len(found), log(band))) for name, found in errors.items()}


def _held_out(engines: list[Rows], calibration: Calibration) -> dict[str, _Errors]:
    """Errors of fits on every shape they have not seen, by model, each within the band of its accelerator."""
    by_model: dict[str, list[_Errors]] = {}
    for rows in engines:
        band = calibration.fit_band(rows.engine["accelerator"])
        by_model.setdefault(rows.engine["model"], []).append(_within({"": held_out_errors(rows)}, band)[""])
    return {name: _joined(parts) for name, parts in by_model.items()}


def _joined(parts: list[_Errors]) -> _Errors:
    import numpy as np

    return _Errors(np.concatenate([each.errors for each in parts]), np.concatenate([each.bands for each in parts]))


def _by_kind(law: str, found: Mapping[str, _Errors]) -> Iterator[dict[str, Any]]:
    """One row per kind with errors, and one for all."""
    seen = {name: each for name, each in sorted(found.items()) if each.errors.size}
    rows = []
    for name, each in seen.items():
        others = [other for kind, other in seen.items() if kind != name]
        rows.append(_row(law, name, each, band_of(_joined(others).errors) if others else None))
    yield from rows
    if len(rows) > 1:
        every = _row(law, _ALL, _joined(list(seen.values())), None)
        n_covered = sum(row["covered_unseen_frac"] * row["n_loads"] for row in rows)
        widest = max(row["band_unseen"] for row in rows)
        yield every | {"band_unseen": widest, "covered_unseen_frac": n_covered / every["n_loads"]}


def _row(law: str, name: str, found: _Errors, unseen: float | None) -> dict[str, Any]:
    import numpy as np

    sizes = np.abs(found.errors)
    low, high = (exp(float(np.quantile(found.errors, share))) for share in (0.1, 0.9))
    return {
        "law": law, "left_out": name, "n_loads": int(sizes.size), "median_error_frac": exp(float(np.median(sizes))) - 1,
        "p10": low, "p90": high, "band": exp(float(found.bands.max())),
        "covered_frac": float(np.mean(sizes <= found.bands)), "band_unseen": unseen,
        "covered_unseen_frac": None if unseen is None else float(np.mean(sizes <= log(unseen))),
    }  # fmt: skip
