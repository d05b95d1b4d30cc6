"""Bands: how wrong laws are on rows, accelerators and models they have not seen, and that nine in ten are covered."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import tomli

from pricing.hardware.calibrate import Calibration, calibrated, from_toml, left_out_errors, to_toml
from pricing.hardware.fit import band_of, held_out_errors
from pricing.hardware.laws import Machines, engines_with_ideals, machines_of
from pricing.hardware.measured import Rows
from pricing.hardware.roofline import Ideal
from pricing.hardware.shelf import load_hardware

COVERED = 0.9


@cache
def machines() -> Machines:
    return machines_of(load_hardware())


@cache
def engines() -> list[tuple[Rows, Ideal]]:
    known = machines()
    return engines_with_ideals(known.hardware.serving, known.architectures, known.chips)


def calibration() -> Calibration:
    return machines().calibration


def test_efficiencies_are_those_of_real_machines() -> None:
    """Prefill at some 60 % of peak arithmetic, weights at some 60 % of bandwidth, a step of some 4 ms."""
    prefill, weights, step_s, context = calibration().efficiencies.gpu
    assert 1.2 < prefill < 2.5
    assert 1.2 < weights < 2.5
    assert 0.002 < step_s < 0.006
    assert 1.0 < context < 4.0


def test_a_roofline_covers_models_it_was_not_fitted_to() -> None:
    errors = np.concatenate(list(left_out_errors(engines(), lambda rows: rows.engine["model"]).values()))
    assert np.mean(np.abs(errors) <= np.log(calibration().roofline)) >= COVERED
    assert np.exp(np.median(np.abs(errors))) - 1 < 0.35


def test_a_roofline_covers_accelerators_it_was_not_fitted_to() -> None:
    errors = np.concatenate(list(left_out_errors(engines(), lambda rows: rows.engine["accelerator"]).values()))
    assert np.mean(np.abs(errors) <= np.log(calibration().roofline)) >= COVERED


@pytest.mark.parametrize("what", [lambda rows: rows.engine["model"], lambda rows: rows.engine["accelerator"]])
def test_bands_of_fits_hold_for_engines_they_were_not_made_from(what: Callable[[Rows], str]) -> None:
    """Each kind's shapes left out, against the band of all other kinds."""
    errors = {kind: [held_out_errors(rows) for rows, _ in engines() if what(rows) == kind] for kind in kinds(what)}
    joined = {kind: np.concatenate(parts) for kind, parts in errors.items()}
    covered, n = 0, 0
    for kind, own in joined.items():
        others = np.concatenate([each for name, each in joined.items() if name != kind])
        covered += int(np.sum(np.abs(own) <= np.log(band_of(others))))
        n += own.size
    assert covered / n >= COVERED


def kinds(what: Callable[[Rows], str]) -> set[str]:
    return {what(rows) for rows, _ in engines()}


def test_the_less_is_known_the_wider_the_band() -> None:
    assert calibration().fit_band("h100") < calibration().scaled < calibration().roofline


def test_the_calibration_that_ships_is_that_of_the_rows_that_ship() -> None:
    found = calibrated(engines())
    assert from_toml(to_toml(found)) == found
    kept, worked_out = tomli.loads(to_toml(calibration())), tomli.loads(to_toml(found))
    assert kept["efficiencies"] == pytest.approx(worked_out["efficiencies"], rel=1e-6)
    assert kept["bands"]["fit"] == pytest.approx(worked_out["bands"]["fit"], rel=1e-6)
    assert calibration().roofline == pytest.approx(found.roofline, rel=1e-6)
    assert calibration().scaled == pytest.approx(found.scaled, rel=1e-6)
