"""Cost and seconds of calls of deployed models, as columns: accelerator-time of their tokens, times its price.

A cost is split into prefill (uncached input), cached input and decoding. Where a trace does not tell cached input
apart, the low figure takes all of it from a cache, and the point and the high one none. Where reasoning may lie outside
the output, the low figure takes it to lie within, and the point and the high one outside.
"""

from collections.abc import Iterable, Sequence
from math import ceil
from typing import Final

import polars as pl

from pricing.cost.facts import Facts
from pricing.hardware.point import Point, Seconds, Spread
from pricing.hardware.workload import is_of, uncached
from pricing.schema import PUSD_PER_USD
from traces.checks import MOST_TOKENS

HARDWARE: Final = ("hardware_s", "hardware_low_s", "hardware_high_s")
"""Clock on accelerators: seconds, what they are at least and at most."""
_NOTHING: Final = pl.lit(0, pl.Int64)
_MOST_OUTPUT: Final = pl.coalesce("output_high_tokens", "output_tokens")
"""Output, with the reasoning that may lie outside it."""


def hosted_costs(calls: pl.LazyFrame, point: Point) -> pl.LazyFrame:
    """Add the columns of a priced call, in pico-dollars, to calls of one deployed model.

    Args:
        calls: CALLS of the model.
        point: Where it runs.
    """
    low, middle, high = _priced(point)
    known = point.known_context_tokens
    figures = {
        "cost_low_pusd": _whole(_at_least(low, known)),
        "cost_high_pusd": _whole(_sum(_terms(high, known, context_tokens(_MOST_OUTPUT, is_whole=True)))),
        **{f"_{name}": _whole(term) for name, term in _terms(middle, known, context_tokens(_MOST_OUTPUT)).items()},
        "_thought": _whole(_thought() * _decode(middle, known, context_tokens(_MOST_OUTPUT))),
    }
    costed = calls.with_columns(**figures).with_columns(**_parts())
    return costed.with_columns(**_billed(), **_words(point)).drop("_fresh", "_held", "_output", "_thought")


def context_tokens(output: pl.Expr | None = None, *, is_whole: bool = False) -> pl.Expr:
    """Mean context of a request while its output is decoded.

    Null: a total of an unknown number of requests; of such the whole total where ``is_whole``.

    Args:
        output: Output tokens; null: those that are known of.
        is_whole: Whether a total of an unknown number of requests counts as one.
    """
    output = pl.col("output_tokens") if output is None else output
    is_call = pl.col("granularity") == "call"
    n_requests = pl.when(is_call).then(1).otherwise(pl.col("n_requests").fill_null(1) if is_whole else "n_requests")
    return (pl.col("input_tokens") + output / 2) / n_requests


def most_hosted_pusd(facts: Facts, points: Iterable[Point]) -> int:
    """Bound the cost of one call from above, from the largest counts, the longest context and the highest rates."""
    names = ("input_tokens", "output_tokens", "output_high_tokens")
    highest = (facts.highest.get(name) for name in names if name not in facts.absent)
    tokens = sum(MOST_TOKENS if count is None else int(count) for count in highest)
    rates = (_priced(point)[2] for point in points)
    most = max(
        (max(each.uncached, each.cached, each.output + (each.growth or 0) * tokens) for each in rates), default=0
    )
    return ceil(most * tokens)


def _priced(point: Point) -> list[Spread]:
    """Pico-dollars per token: lowest, point, highest."""
    spreads = zip(point.gpu_seconds, point.usd_per_gpu_s, strict=True)
    return [spread.times(usd * PUSD_PER_USD) for spread, usd in spreads]


def _terms(rates: Spread, known: float, context: pl.Expr) -> dict[str, pl.Expr]:
    """Cost of the uncached input, the cached input and the output of a call."""
    fresh = uncached()
    return {
        "fresh": fresh * rates.uncached,
        "held": (pl.col("input_tokens") - fresh).clip(0) * rates.cached,
        "output": _MOST_OUTPUT * _decode(rates, known, context),
    }


def _thought() -> pl.Expr:
    """Reasoning apart from visible output: what lies outside it where it may, else what of it is reasoning."""
    outside = pl.col("output_high_tokens") - pl.col("output_tokens")
    inside = pl.min_horizontal("reasoning_tokens", "output_tokens")
    return pl.when(pl.col("reasoning_tokens").is_not_null()).then(pl.coalesce(outside, inside))


def _at_least(rates: Spread, known: float) -> pl.Expr:
    """Least cost: of what is known, all input from a cache where it is not told apart."""
    least = pl.when(pl.col("uncached_input_tokens").is_null()).then(0).otherwise(uncached())
    held = (pl.col("input_tokens") - least).clip(0)
    output = pl.col("output_tokens") * _decode(rates, known, context_tokens()).fill_null(rates.output)
    return (least * rates.uncached).fill_null(0) + (held * rates.cached).fill_null(0) + output.fill_null(0)


def _decode(rates: Spread, known: float, context: pl.Expr) -> pl.Expr:
    """Cost of an output token after a context."""
    return _grown(rates.output, rates.growth, known, context)


def _grown(base: float, growth: float | None, known: float, context: pl.Expr) -> pl.Expr:
    """What an output token takes, with its growth beyond the known context; null where that is not known."""
    if growth == 0:
        return pl.lit(base)
    beyond = (context - known).clip(0)
    if growth is None:
        return pl.when(beyond == 0).then(base)
    return base + beyond * growth


def _sum(terms: dict[str, pl.Expr]) -> pl.Expr:
    fresh, held, output = terms.values()
    return fresh + held + output


def _whole(amount: pl.Expr) -> pl.Expr:
    return amount.round(0, mode="half_to_even").cast(pl.Int64)


def _parts() -> dict[str, pl.Expr]:
    is_told = pl.col("uncached_input_tokens").is_not_null()
    return {
        "cost_pusd": pl.col("_fresh") + pl.col("_held") + pl.col("_output"),
        "uncached_input_cost_pusd": pl.when(is_told).then("_fresh"),
        "cache_read_cost_pusd": pl.when(is_told).then("_held"),
        "cache_write_cost_pusd": _NOTHING,
        "visible_output_cost_pusd": pl.col("_output") - pl.col("_thought"),
        "reasoning_cost_pusd": pl.col("_thought"),
        "request_cost_pusd": _NOTHING,
    }


def _billed() -> dict[str, pl.Expr]:
    """Nothing where a call was answered from a local cache."""
    names = [*_parts(), "cost_low_pusd", "cost_high_pusd"]
    billed = {name: pl.when("is_billed").then(name).otherwise(_NOTHING) for name in names}
    return {**billed, "list_cost_pusd": billed["cost_pusd"], "contracted_cost_pusd": billed["cost_pusd"]}


def _words(point: Point) -> dict[str, pl.Expr]:
    is_unknown = pl.col("input_tokens").is_null() | pl.col("output_tokens").is_null()
    basis = pl.when(~pl.col("is_billed")).then(pl.lit("not_billed")).when(is_unknown).then(pl.lit("tokens_unknown"))
    return {
        "cost_basis": basis.otherwise(pl.lit("hardware_estimate" if point.doubts else "hardware")),
        "price_model": pl.lit(point.title),
        "price_from": pl.lit(None, pl.Datetime("us", "UTC")),
        "price_evidence": pl.lit(point.placed.law.basis),
        "price_time_basis": pl.lit("as_of"),
    }


def hosted_seconds(calls: pl.LazyFrame, points: Sequence[Point]) -> pl.LazyFrame:
    """Add hardware_s, hardware_low_s and hardware_high_s, seconds of each call on its deployment, to calls.

    Null: its model is not deployed, or its tokens are not known.

    Args:
        calls: CALLS.
        points: Deployed models.
    """
    middle, low, high = HARDWARE
    columns = {}
    for number, name in enumerate((low, middle, high)):
        seconds = pl.lit(None, pl.Float64)
        for point in points:
            of_point = _seconds(point.seconds[number], point.known_context_tokens, is_least=name == low)
            seconds = pl.when(is_of(point.models)).then(of_point).otherwise(seconds)
        columns[name] = seconds
    return calls.with_columns(**columns)


def _seconds(rates: Seconds, known: float, *, is_least: bool) -> pl.Expr:
    least = pl.when(pl.col("uncached_input_tokens").is_null()).then(0).otherwise(uncached())
    step = _grown(rates.step, rates.growth, known, context_tokens(None if is_least else _MOST_OUTPUT))
    new = least if is_least else uncached()
    first = rates.first + new * rates.first_per_token
    if rates.first_per_cached:
        first += (pl.col("input_tokens") - new).clip(0) * rates.first_per_cached
    output = pl.col("output_tokens") if is_least else _MOST_OUTPUT
    return first + (output - 1).clip(0) * step
