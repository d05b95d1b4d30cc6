"""Cost and seconds of calls of deployed models, as columns: accelerator-time of their tokens, times its price.

A second's cost is split into prefill (uncached input), cached input and decoding. Where a trace does not tell cached
input apart, the low figure takes all of it from a cache and the point and the high one none.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

from pricing.hardware.point import Point, Seconds, Spread
from pricing.hardware.workload import uncached
from pricing.schema import PUSD_PER_USD

READINGS: Final = ("low", "point", "high")
_MODEL: Final = "_hosted_model"


def hosted_table(points: Sequence[Point]) -> pl.DataFrame:
    """One row per deployed model: pico-dollars and seconds per token by reading, as columns that start with ``_``."""
    return pl.DataFrame([_row(point) | {_MODEL: name} for point in points for name in point.models], schema=_SCHEMA)


def _row(point: Point) -> dict[str, object]:
    row: dict[str, object] = {"_known_context": point.known_context_tokens}
    row |= {
        "_hosted_title": point.title,
        "_hosted_evidence": point.placed.law.basis,
        "_is_estimate": bool(point.doubts),
    }
    usd = (point.usd_per_gpu_s.low, point.usd_per_gpu_s.value, point.usd_per_gpu_s.high)
    for reading, spread, price in zip(READINGS, point.gpu_seconds, usd, strict=True):
        scaled = (None if value is None else value * price * PUSD_PER_USD for value in spread)
        row |= {f"_{reading}_{name}_pusd": value for name, value in zip(Spread._fields, scaled, strict=True)}
    for reading, seconds in zip(READINGS, point.seconds, strict=True):
        row |= {f"_{reading}_{name}_s": value for name, value in zip(Seconds._fields, seconds, strict=True)}
    return row


_SCHEMA: Final = {
    _MODEL: pl.String,
    "_known_context": pl.Float64,
    "_hosted_title": pl.String,
    "_hosted_evidence": pl.String,
    "_is_estimate": pl.Boolean,
    **{f"_{reading}_{name}_pusd": pl.Float64 for reading in READINGS for name in Spread._fields},
    **{f"_{reading}_{name}_s": pl.Float64 for reading in READINGS for name in Seconds._fields},
}


def with_hosted_costs(priced: pl.LazyFrame, table: pl.DataFrame) -> pl.LazyFrame:
    """Put the cost of accelerator-time in place of list prices, for the calls of deployed models.

    Args:
        priced: Calls with their costs in pico-dollars, as list prices make them.
        table: As ``hosted_table`` gives it.
    """
    joined = priced.with_columns(pl.col("model").cast(pl.String).alias(_MODEL)).join(
        table.lazy(), on=_MODEL, how="left", maintain_order="left"
    )
    is_hosted = pl.col("_hosted_title").is_not_null()
    parts = joined.with_columns(**_parts())
    costs = _costs()
    written = {name: pl.when(is_hosted).then(value).otherwise(pl.col(name)) for name, value in costs.items()}
    helpers = [*_parts(), *_SCHEMA]
    return parts.with_columns(**written).drop(helpers)


def _parts() -> dict[str, pl.Expr]:
    """Pico-dollars by reading and part; null where its tokens are not known."""
    fresh, held = _readings()
    parts: dict[str, pl.Expr] = {}
    for reading in READINGS:
        output = pl.col(f"_{reading}_output_pusd") + _growth(reading, "pusd")
        parts |= {
            f"_{reading}_prefill": _whole(fresh[reading] * pl.col(f"_{reading}_uncached_pusd")),
            f"_{reading}_held": _whole(held[reading] * pl.col(f"_{reading}_cached_pusd")),
            f"_{reading}_decode": _whole(pl.col("output_tokens") * output),
            f"_{reading}_thought": _whole(pl.col("reasoning_tokens") * output),
        }
    return parts


def _readings() -> tuple[dict[str, pl.Expr], dict[str, pl.Expr]]:
    """Uncached and cached input tokens by reading."""
    total, told = pl.col("input_tokens"), pl.col("uncached_input_tokens")
    most, least = uncached(), pl.when(told.is_null()).then(0).otherwise(uncached())
    return {"low": least, "point": most, "high": most}, {
        "low": total - least,
        "point": total - most,
        "high": total - most,
    }


def context_tokens() -> pl.Expr:
    """Mean context of a request while its output is decoded; null: a total of an unknown number of requests."""
    n_requests = pl.when(pl.col("granularity").cast(pl.String) == "call").then(1).otherwise(pl.col("n_requests"))
    return (pl.col("input_tokens") + pl.col("output_tokens") / 2) / n_requests


def _growth(reading: str, unit: str) -> pl.Expr:
    """What a context beyond the known one adds per output token; null where context or growth is not known."""
    context = context_tokens()
    if reading != "point":
        whole = pl.col("input_tokens") + pl.col("output_tokens") / 2
        context = pl.coalesce(context, whole)
    beyond = (context - pl.col("_known_context")).clip(0)
    return pl.when(beyond == 0).then(0.0).otherwise(beyond * pl.col(f"_{reading}_growth_{unit}"))


def _whole(amount: pl.Expr) -> pl.Expr:
    return amount.round(0, mode="half_to_even").cast(pl.Int64)


def _costs() -> dict[str, pl.Expr]:
    """Columns of a priced call, from its parts."""
    cost = _sum("point")
    reasoning = pl.col("_point_thought")
    parts = {
        "uncached_input_cost_pusd": pl.when(pl.col("uncached_input_tokens").is_not_null()).then("_point_prefill"),
        "cache_read_cost_pusd": pl.when(pl.col("uncached_input_tokens").is_not_null()).then("_point_held"),
        "cache_write_cost_pusd": pl.lit(0, pl.Int64),
        "visible_output_cost_pusd": pl.col("_point_decode") - reasoning,
        "reasoning_cost_pusd": reasoning,
        "request_cost_pusd": pl.lit(0, pl.Int64),
    }
    low = pl.sum_horizontal(*(pl.col(f"_low_{part}").fill_null(0) for part in ("prefill", "held", "decode")))
    sums = {"cost_pusd": cost, "cost_low_pusd": low, "cost_high_pusd": _sum("high")}
    sums |= {"list_cost_pusd": cost, "contracted_cost_pusd": cost}
    billed = {
        name: pl.when("is_billed").then(value).otherwise(pl.lit(0, pl.Int64)) for name, value in (parts | sums).items()
    }
    return {**billed, **_words()}


def _sum(reading: str) -> pl.Expr:
    return pl.col(f"_{reading}_prefill") + pl.col(f"_{reading}_held") + pl.col(f"_{reading}_decode")


def _words() -> dict[str, pl.Expr]:
    is_unknown = pl.col("input_tokens").is_null() | pl.col("output_tokens").is_null()
    kind = pl.when("_is_estimate").then(pl.lit("hardware_estimate")).otherwise(pl.lit("hardware"))
    basis = pl.when(~pl.col("is_billed")).then(pl.lit("not_billed")).when(is_unknown).then(pl.lit("tokens_unknown"))
    return {
        "cost_basis": basis.otherwise(kind),
        "price_model": pl.col("_hosted_title"),
        "price_from": pl.lit(None, pl.Datetime("us", "UTC")),
        "price_evidence": pl.col("_hosted_evidence"),
        "price_time_basis": pl.lit("as_of"),
    }


def hosted_seconds(calls: pl.LazyFrame, table: pl.DataFrame) -> pl.LazyFrame:
    """Add hardware_s, hardware_low_s and hardware_high_s, seconds of each call on its deployment, to calls.

    Null: its model is not deployed, or its tokens are not known.

    Args:
        calls: CALLS.
        table: As ``hosted_table`` gives it.
    """
    joined = calls.with_columns(pl.col("model").cast(pl.String).alias(_MODEL)).join(
        table.lazy(), on=_MODEL, how="left", maintain_order="left"
    )
    fresh, _ = _readings()
    after_first = (pl.col("output_tokens") - 1).clip(0)
    seconds = {}
    for name, reading in zip(("hardware_low_s", "hardware_s", "hardware_high_s"), READINGS, strict=True):
        first = pl.col(f"_{reading}_first_s") + fresh[reading] * pl.col(f"_{reading}_first_per_token_s")
        step = pl.col(f"_{reading}_step_s") + _growth(reading, "s")
        seconds[name] = first + after_first * step
    return joined.with_columns(**seconds).drop(_SCHEMA)
