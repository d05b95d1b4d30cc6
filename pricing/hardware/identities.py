"""Bookkeeping identities of measured loads: what concurrency and two times predict, over what was measured.

A request takes TTFT + TPOT x (output tokens - 1), and as many are under way at any time as the concurrency says
(Little's law), so that these four decide throughput.
"""

from typing import Final

import polars as pl

QUANTILES: Final = (0.1, 0.5, 0.9)
_MEASURED: Final = {"e2e_s": "predicted_e2e_s", "tokens_per_gpu_s": "predicted_tokens_per_gpu_s"}


def with_predictions(serving: pl.DataFrame) -> pl.DataFrame:
    """Add predicted_e2e_s and predicted_tokens_per_gpu_s (input and output tokens per second and accelerator).

    Args:
        serving: Rows of SERVING; lengths are the nominal ones times mean_length_frac.
    """
    n_input, n_output = (pl.col(name) * pl.col("mean_length_frac") for name in ("isl", "osl"))
    e2e_s = pl.col("ttft_s") + pl.col("tpot_s") * (n_output - 1)
    tokens_per_s = pl.col("concurrency") * (n_input + n_output) / e2e_s
    return serving.with_columns(predicted_e2e_s=e2e_s, predicted_tokens_per_gpu_s=tokens_per_s / pl.col("n_gpus"))


def identities(serving: pl.DataFrame) -> pl.DataFrame:
    """Compare predictions with the rows that state what they predict.

    Returns:
        One row per quantity (e2e_s, tokens_per_gpu_s): n rows that state it, and p10, p50, p90 of predicted over
        measured; null where no row states it.
    """
    predicted = with_predictions(serving)
    rows = []
    for measured, name in _MEASURED.items():
        ratios = predicted.select(pl.col(name) / pl.col(measured)).drop_nulls().to_series()
        p10, p50, p90 = (ratios.quantile(q, "linear") for q in QUANTILES)
        rows.append({"quantity": measured, "n": ratios.len(), "p10": p10, "p50": p50, "p90": p90})
    floats = dict.fromkeys(("p10", "p50", "p90"), pl.Float64)
    return pl.DataFrame(rows, schema={"quantity": pl.String, "n": pl.Int64, **floats})
