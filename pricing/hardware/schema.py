"""The hardware tables: what was measured, what chips are, what models weigh, what an hour costs.

null = not known. A row keeps where it comes from, when, how it was come by, and under what licence.
"""

from typing import Final, Literal, get_args

import polars as pl

from traces.table import Column, Table

BASES: Final = ("measured", "derived", "spec_sheet", "stated", "placeholder")
"""How a figure was come by: measured; computed from measured ones; a maker's specification; stated by its seller or
author without how; one its source marks as a stand-in for a figure to come."""
SPECULATION: Final = ("none", "mtp", "eagle", "unlabelled")
"""Speculative decoding; unlabelled: the source does not say, and its rows of the model are of both kinds."""
Tier = Literal["hyperscaler", "neocloud", "rental", "retail", "on_demand", "spot", "spot_floor", "reserved", "stated"]
TIERS: Final[tuple[str, ...]] = get_args(Tier)
"""Whose hour it is: what an hour costs its owner (hyperscaler, neocloud), a rental of years, a retail hour, a cloud's
on-demand or spot hour, the lowest bid (not a price at which anything was had), a reserved hour, the user's own."""

DRAWN_FRAC: Final = 0.9
"""Mean of lengths drawn evenly from 0.8 to 1 times the nominal one, as InferenceX draws them."""

_ORIGIN: Final = (
    Column("basis", pl.String, "How the figure was come by.", nullable=False, values=BASES),
    Column("source", pl.String, "Where it is written.", nullable=False),
    Column("licence", pl.String, "Licence of the source; null: not stated."),
    Column("note", pl.String, "Anything else worth knowing."),
)
_ENGINE: Final = (
    Column("model", pl.String, "Model served, by its short name.", nullable=False),
    Column("accelerator", pl.String, "Accelerator, such as h200.", nullable=False),
    Column("weights_precision", pl.String, "Precision of the weights: bf16, fp8, fp4, int4; null: not known."),
    Column("kv_precision", pl.String, "Precision of the key-value cache; null: not stated."),
    Column("framework", pl.String, "Serving framework: vllm, sglang, trtllm ...; null: not known."),
    Column("framework_version", pl.String, "Its version; null: not stated."),
    Column("n_gpus", pl.Int64, "Accelerators that one copy of the model runs on.", nullable=False),
    Column("tp", pl.Int64, "Tensor-parallel degree; null: not stated."),
    Column("ep", pl.Int64, "Expert-parallel degree; null: not stated."),
    Column("dp", pl.Int64, "Attention-data-parallel degree; null: not stated."),
    Column("speculation", pl.String, "Speculative decoding.", nullable=False, default="unlabelled", values=SPECULATION),
    Column("config", pl.String, "Id of the configuration at its source; null: none."),
)
ENGINE: Final = tuple(column.name for column in _ENGINE)
"""Columns that together say what served the requests."""

SERVING: Final = Table(
    "serving",
    (),
    "One row per measured load: an engine under a closed loop of so many concurrent requests of one shape. Throughput "
    "and cost follow from concurrency, time to first token, time per output token and number of accelerators.",
    (
        *_ENGINE,
        Column("isl", pl.Int64, "Input tokens per request, nominal.", nullable=False),
        Column("osl", pl.Int64, "Output tokens per request, nominal.", nullable=False),
        Column("mean_length_frac", pl.Float64, "Mean of the lengths drawn over the nominal ones.", nullable=False, default=DRAWN_FRAC),
        Column("cached_frac", pl.Float64, "Share of the input read from a prefix cache.", nullable=False, default=0.0),
        Column("concurrency", pl.Int64, "Requests under way at a time.", nullable=False),
        Column("ttft_s", pl.Float64, "Seconds to the first token, mean (or median, see statistic).", nullable=False),
        Column("tpot_s", pl.Float64, "Seconds per output token after the first, mean (or median).", nullable=False),
        Column("statistic", pl.String, "What ttft_s and tpot_s are of the requests.", nullable=False, default="mean", values=("mean", "median")),
        Column("ttft_p99_s", pl.Float64, "99th percentile of seconds to the first token; null: not stated."),
        Column("e2e_s", pl.Float64, "Seconds per request, as measured; null: not stated."),
        Column("tokens_per_gpu_s", pl.Float64, "Input and output tokens per second and accelerator, as measured; null: not stated."),
        Column("date", pl.Date, "Day of the measurement; null: not known."),
        *_ORIGIN,
    ),
)  # fmt: skip

CHIPS: Final = Table(
    "chips",
    ("accelerator", "quantity", "source"),
    "One row per quantity of an accelerator and source of it.",
    (
        Column("accelerator", pl.String, "Accelerator.", nullable=False),
        Column("quantity", pl.String, "What is stated: memory_gb, bandwidth_tb_s, bf16_tflops, fp8_tflops, fp4_tflops (dense), scale_up_gb_s, scale_up_gpus, tdp_w, all_in_kw.", nullable=False),
        Column("value", pl.Float64, "Value.", nullable=False),
        Column("low", pl.Float64, "Lowest value a source states.", nullable=False),
        Column("high", pl.Float64, "Highest value a source states.", nullable=False),
        *_ORIGIN,
    ),
)  # fmt: skip

ARCHITECTURES: Final = Table(
    "architectures",
    ("model",),
    "One row per model: what decides its memory and arithmetic.",
    (
        Column("model", pl.String, "Model, by its short name.", nullable=False),
        Column("names", pl.String, "Other names it is written by, comma-separated.", nullable=False, default=""),
        Column("params_b", pl.Float64, "Billions of parameters.", nullable=False),
        Column("active_params_b", pl.Float64, "Billions of parameters a token passes through.", nullable=False),
        Column("n_layers", pl.Int64, "Layers that attend to the whole context.", nullable=False),
        Column("kv_values", pl.Int64, "Values the cache keeps of a token in one such layer.", nullable=False),
        Column("is_latent", pl.Boolean, "Whether those values are one latent vector that tensor parallelism cannot split.", nullable=False, default=False),
        Column("n_window_layers", pl.Int64, "Layers that attend to a window.", nullable=False, default=0),
        Column("window_tokens", pl.Int64, "Tokens of that window; null: no such layers."),
        Column("n_experts", pl.Int64, "Routed experts of a layer; null: dense."),
        Column("n_active_experts", pl.Int64, "Of which a token uses; null: dense."),
        Column("has_mtp", pl.Boolean, "Whether it has heads that predict several tokens.", nullable=False, default=False),
        *_ORIGIN,
    ),
)  # fmt: skip

GPU_HOURS: Final = Table(
    "gpu_hours",
    (),
    "One row per price of an accelerator-hour.",
    (
        Column("accelerator", pl.String, "Accelerator.", nullable=False),
        Column("tier", pl.String, "Whose hour it is.", nullable=False, values=TIERS),
        Column("cloud", pl.String, "Who rents it out; null: no one cloud."),
        Column("usd_per_gpu_hour", pl.Float64, "USD per accelerator and hour.", nullable=False),
        Column("low_usd_per_gpu_hour", pl.Float64, "Lowest the source states.", nullable=False),
        Column("high_usd_per_gpu_hour", pl.Float64, "Highest the source states.", nullable=False),
        Column("observed_from", pl.Date, "First day the source stated it; null: not dated."),
        Column("observed_until", pl.Date, "Last day it was seen; null: not dated."),
        *_ORIGIN,
    ),
)  # fmt: skip

CROSS_CHECKS: Final = Table(
    "cross_checks",
    (),
    "One row per published throughput at full load, of any engine: to check by, never to price with.",
    (
        Column("suite", pl.String, "Whose figure: mlperf-5.1, trtllm-perf.", nullable=False),
        Column("model", pl.String, "Model, by its short name.", nullable=False),
        Column("accelerator", pl.String, "Accelerator.", nullable=False),
        Column("weights_precision", pl.String, "Precision of the weights; null: not known."),
        Column("scenario", pl.String, "Scenario of the suite, or input and output length.", nullable=False),
        Column("isl", pl.Int64, "Input tokens per request; null: the suite's own data."),
        Column("osl", pl.Int64, "Output tokens per request; null: the suite's own data."),
        Column("output_tokens_per_gpu_s", pl.Float64, "Output tokens per second and accelerator.", nullable=False),
        *_ORIGIN,
    ),
)  # fmt: skip

DRAFTS: Final = Table(
    "drafts",
    ("model", "method", "depth", "setting"),
    "One row per depth of speculative decoding: tokens accepted per step.",
    (
        Column("model", pl.String, "Model, by its short name.", nullable=False),
        Column("method", pl.String, "mtp or eagle.", nullable=False),
        Column("depth", pl.Int64, "Tokens drafted per step.", nullable=False),
        Column("setting", pl.String, "thinking_on or thinking_off.", nullable=False),
        Column("acceptance_length", pl.Float64, "Mean tokens per step, the model's own included.", nullable=False),
        *_ORIGIN,
    ),
)  # fmt: skip

HARDWARE_TABLES: Final = {
    table.name: table for table in (SERVING, CHIPS, ARCHITECTURES, GPU_HOURS, CROSS_CHECKS, DRAFTS)
}
