"""Hardware tables for tests: rows that follow a law exactly, so that what is fitted can be told from what is true."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl

from pricing.hardware.schema import ARCHITECTURES, CHIPS, CROSS_CHECKS, DRAFTS, GPU_HOURS, SERVING
from pricing.hardware.shelf import Hardware
from tests.builders import frame

ORIGIN = {"basis": "measured", "source": "made up"}
SHAPES = ((1024, 1024), (1024, 8192), (8192, 1024))
CONCURRENCIES = (4, 8, 16, 32, 64)


def served(**values: Any) -> dict[str, Any]:
    """Give one measured row of an engine on one accelerator."""
    row = {"model": "open-30b", "accelerator": "h200", "weights_precision": "fp8", "framework": "vllm", "n_gpus": 1}
    row |= {"speculation": "none", "isl": 1024, "osl": 1024, "mean_length_frac": 1.0, "concurrency": 8}
    return {**row, "ttft_s": 0.1, "tpot_s": 0.01, **ORIGIN, **values}


def lawful(gpu: Sequence[float] = (4e-5, 2e-3, 0.0, 3e-4), ttft_s: float = 0.1, **engine: Any) -> list[dict[str, Any]]:
    """Give rows of an engine whose accelerator-seconds are exactly g0*i + g1*o/c + g2*o/sqrt(c) + g3*o."""
    n_gpus, rows = engine.get("n_gpus", 1), []
    for isl, osl in SHAPES:
        for c in CONCURRENCIES:
            gpu_s = gpu[0] * isl + gpu[1] * osl / c + gpu[2] * osl / c**0.5 + gpu[3] * osl
            tpot_s = (gpu_s * c / n_gpus - ttft_s) / (osl - 1)
            rows.append(served(**engine, isl=isl, osl=osl, concurrency=c, ttft_s=ttft_s, tpot_s=tpot_s))
    return rows


def architecture(**values: Any) -> dict[str, Any]:
    row = {"model": "open-30b", "params_b": 30.0, "active_params_b": 30.0, "n_layers": 48, "kv_values": 1024}
    return {**row, **ORIGIN, **values}


def chip(accelerator: str = "h200", **quantities: float) -> list[dict[str, Any]]:
    known = {"memory_gb": 141.0, "bandwidth_tb_s": 4.8, "bf16_tflops": 989.0, "fp8_tflops": 1979.0, **quantities}
    return [
        {"accelerator": accelerator, "quantity": name, "value": value, "low": value, "high": value, **ORIGIN}
        for name, value in known.items()
    ]


def hour(usd: float = 3.6, **values: Any) -> dict[str, Any]:
    row = {"accelerator": "h200", "tier": "neocloud", "usd_per_gpu_hour": usd, "observed_from": date(2026, 7, 1)}
    bounds = {"low_usd_per_gpu_hour": usd, "high_usd_per_gpu_hour": usd}
    return {**row, **bounds, **ORIGIN, "basis": "stated", **values}


def tables_of(
    serving: Sequence[dict[str, Any]] | None = None,
    architectures: Sequence[dict[str, Any]] | None = None,
    chips: Sequence[dict[str, Any]] | None = None,
    hours: Sequence[dict[str, Any]] | None = None,
) -> Hardware:
    """Give hardware tables; unnamed ones hold the one model on the one accelerator."""
    return Hardware(
        serving=_frame(SERVING, lawful() if serving is None else serving),
        chips=_frame(CHIPS, chip() if chips is None else chips),
        architectures=_frame(ARCHITECTURES, [architecture()] if architectures is None else architectures),
        gpu_hours=_frame(GPU_HOURS, [hour()] if hours is None else hours),
        cross_checks=CROSS_CHECKS.empty(),
        drafts=DRAFTS.empty(),
    )


def _frame(table: Any, rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    return frame(table, *rows)
