"""Laws fitted to measured rows: what is true comes back, and published splits of accelerator-time are met."""

import numpy as np
import polars as pl
import pytest

from pricing.hardware.fit import band_of, fitted, held_out_errors
from pricing.hardware.law import Load
from pricing.hardware.measured import rows_of
from pricing.hardware.shelf import load_hardware
from tests.builders import frame
from tests.hardware_rows import SERVING, lawful, served

TRUE = (4e-5, 2e-3, 1e-3, 3e-4)


def test_a_law_comes_back_from_rows_that_follow_it() -> None:
    (rows,) = rows_of(frame(SERVING, *lawful(TRUE)))
    law = fitted(rows, band=1.0, growth_gpu_s=None)
    assert law.gpu == pytest.approx(TRUE, rel=1e-6)
    assert law.median_error_frac == pytest.approx(0, abs=1e-9)


def test_accelerator_time_is_littles_law() -> None:
    """8 requests under way on 2 accelerators, 10.33 s each: 2 * 10.33 / 8 accelerator-seconds per request."""
    (rows,) = rows_of(frame(SERVING, served(n_gpus=2, concurrency=8, ttft_s=0.1, tpot_s=0.01, osl=1024)))
    assert rows.gpu_s[0] == pytest.approx(2 * (0.1 + 0.01 * 1023) / 8)


def test_lengths_are_those_that_were_sent() -> None:
    (rows,) = rows_of(frame(SERVING, served(isl=1000, osl=1000, mean_length_frac=0.9, cached_frac=0.5)))
    assert rows.loads[0] == Load(8, 450.0, 900.0, 900.0 + 450.0)


def test_engines_are_not_mixed() -> None:
    mixed = frame(SERVING, *lawful(TRUE, framework="vllm"), *lawful(TRUE, framework="sglang"), *lawful(TRUE, tp=2))
    assert len(rows_of(mixed)) == 3


def test_rows_of_one_shape_cannot_tell_input_from_output() -> None:
    one_shape = [row for row in lawful(TRUE) if row["isl"] == row["osl"]] * 2
    assert not rows_of(frame(SERVING, *one_shape))[0].can_be_fitted


def test_a_shape_that_follows_the_law_is_met_without_having_been_seen() -> None:
    (rows,) = rows_of(frame(SERVING, *lawful((4e-5, 2e-3, 0.0, 3e-4))))
    assert np.abs(held_out_errors(rows)).max() < 1e-6


@pytest.mark.parametrize(("n", "rank"), [(9, 9), (10, 10), (99, 93), (1, 1)])
def test_a_band_is_a_quantile_with_the_conformal_correction(n: int, rank: int) -> None:
    errors = np.arange(1, n + 1) / n
    assert band_of(-errors) == pytest.approx(np.exp(rank / n))


@pytest.mark.parametrize(
    ("accelerator", "a_ms", "b_ms"),
    [("h100", (0.05, 0.07), (0.4, 0.75)), ("h200", (0.03, 0.07), (0.25, 0.6)), ("b200", (0.009, 0.02), (0.1, 0.25))],
)
def test_published_splits_of_gpt_oss_are_met(
    accelerator: str, a_ms: tuple[float, float], b_ms: tuple[float, float]
) -> None:
    """GPU-ms per input token, and per output token above a concurrency of 32, of regressions over InferenceX sweeps.

    H100 0.059 and 0.52, H200 0.057 and 0.50, B200 0.0125 and 0.147 (medians over configurations).
    """
    serving = load_hardware().serving.filter(model="gpt-oss-120b", accelerator=accelerator)
    small = serving.filter(pl.col("n_gpus") <= 2)
    laws = [fitted(rows, 1.0, None) for rows in rows_of(small) if rows.can_be_fitted]
    prefill = np.median([law.prefill_gpu_s * 1e3 for law in laws])
    decode = np.median([law.decode(Load(64, 1e3, 1e3, 1e3)).base_gpu_s * 1e3 for law in laws])
    assert a_ms[0] <= prefill <= a_ms[1]
    assert b_ms[0] <= decode <= b_ms[1]


def test_every_bundled_engine_with_rows_enough_is_fitted_within_a_tenth() -> None:
    laws = [fitted(rows, 1.0, None) for rows in rows_of(load_hardware().serving) if rows.can_be_fitted]
    errors = [law.median_error_frac for law in laws if law.median_error_frac is not None]
    assert len(laws) > 50
    assert np.median(errors) < 0.03
    assert np.quantile(errors, 0.9) < 0.1
