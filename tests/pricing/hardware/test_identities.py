"""Times and throughput of a load follow from concurrency and two times: by head, and by a second computation."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.hardware.identities import identities, with_predictions
from pricing.hardware.schema import SERVING


def loads(**given: object) -> pl.DataFrame:
    row = {
        "model": "m", "accelerator": "h200", "n_gpus": 4, "isl": 1000, "osl": 100, "mean_length_frac": 1.0,
        "concurrency": 8, "ttft_s": 0.1, "tpot_s": 0.1, "basis": "measured", "source": "test", **given,
    }  # fmt: skip
    return SERVING.conform(pl.DataFrame([row]))


def test_a_request_takes_the_first_token_and_one_interval_per_further_token() -> None:
    predicted = with_predictions(loads())
    assert predicted["predicted_e2e_s"].item() == pytest.approx(10.0)  # 0.1 + 99 * 0.1
    assert predicted["predicted_tokens_per_gpu_s"].item() == pytest.approx(
        220.0
    )  # 8 requests * 1,100 tokens / 10 s / 4


def test_ratios_are_of_the_rows_that_state_what_is_predicted() -> None:
    found = identities(loads(e2e_s=8.0))
    assert found.rows() == [("e2e_s", 1, 1.25, 1.25, 1.25), ("tokens_per_gpu_s", 0, None, None, None)]


LOADS = st.fixed_dictionaries(
    {
        "concurrency": st.integers(1, 512),
        "n_gpus": st.integers(1, 8),
        "isl": st.integers(1, 10_000),
        "osl": st.integers(2, 10_000),
        "ttft_s": st.floats(0.0, 100.0),
        "tpot_s": st.floats(0.001, 1.0),
    }
)


@given(LOADS)
def test_a_closed_loop_added_up_token_by_token_agrees(load: dict[str, Any]) -> None:
    request_s = load["ttft_s"] + sum([load["tpot_s"]] * (load["osl"] - 1))
    tokens_per_s = sum((load["isl"] + load["osl"]) / request_s for _ in range(load["concurrency"]))
    predicted = with_predictions(loads(**load))["predicted_tokens_per_gpu_s"].item()
    assert predicted == pytest.approx(tokens_per_s / load["n_gpus"])
