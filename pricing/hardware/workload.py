"""What a trace asks of a deployed model: means per call, and how much of it lies outside what was measured."""

from collections.abc import Iterable
from typing import NamedTuple

import polars as pl

from pricing.hardware.law import Shape
from traces.sums import total


class Workload(NamedTuple):
    """Calls of one model.

    Args:
        n_calls: Calls whose tokens are known; 0: only totals of an unknown number, and the means are per output token.
        uncached_tokens: Mean uncached input of a call; all of its input where the split is not known.
        cached_tokens: Mean input read from a cache.
        output_tokens: Mean output of a call.
    """

    n_calls: int
    uncached_tokens: float
    cached_tokens: float
    output_tokens: float

    @property
    def context_tokens(self) -> float:
        """Mean context while the output is decoded."""
        return self.uncached_tokens + self.cached_tokens + self.output_tokens / 2


def is_of(models: Iterable[str]) -> pl.Expr:
    """Whether a call is of one of the models; false where it names none."""
    return pl.col("model").cast(pl.String).is_in(list(models)).fill_null(value=False)


def uncached() -> pl.Expr:
    """Uncached input of a call, cache writes included; all of its input where the split is not known."""
    writes = pl.sum_horizontal("cache_write_5m_tokens", "cache_write_1h_tokens", "cache_write_unspecified_tokens")
    return pl.coalesce(pl.col("uncached_input_tokens") + writes, "input_tokens")


def workload_of(calls: pl.LazyFrame) -> Workload:
    """Means of the calls of one model.

    Args:
        calls: CALLS of the model; totals count as their calls do on average, and those of an unknown number of requests
            only where there is nothing else: then per output token, as the length of a call is not known.
    """
    new, held = uncached(), pl.col("input_tokens") - uncached()
    known = calls.filter(pl.col("input_tokens").is_not_null(), pl.col("output_tokens").is_not_null())
    sums = {"new": total(new), "held": total(held), "out": total("output_tokens")}
    counted = known.filter(_n_requests().is_not_null()).select(_n_requests().clip(1).sum(), **sums)
    n_calls, *lengths = counted.collect(engine="streaming").row(0)
    if n_calls:
        return Workload(n_calls, *(tokens / n_calls for tokens in lengths))
    *inputs, output = known.select(**sums).collect(engine="streaming").row(0)
    return Workload(0, *(tokens / max(output, 1) for tokens in (*inputs, output)))


def _n_requests() -> pl.Expr:
    """Requests a row stands for; null: a total of an unknown number."""
    return pl.when(pl.col("granularity") == "call").then(1).otherwise(pl.col("n_requests"))


def outside(calls: pl.LazyFrame, shape: Shape | None) -> pl.LazyFrame:
    """Tokens of calls, and those of calls outside what was measured.

    A call is outside where its input or output is longer than any that was measured, where it reads a cache, which no
    row does, and where it is a total of an unknown number of requests.

    Args:
        calls: CALLS of the model.
        shape: What was measured; null: nothing.
    """
    tokens = pl.col("input_tokens").fill_null(0) + pl.col("output_tokens").fill_null(0)
    if shape is None:
        return calls.select(n_tokens=total(tokens), n_outside_tokens=total(tokens))
    n = _n_requests()
    is_long = (pl.col("input_tokens") / n > shape.max_input_tokens) | (
        pl.col("output_tokens") / n > shape.max_output_tokens
    )
    is_out = is_long.fill_null(value=False) | (pl.col("cache_read_tokens") > 0).fill_null(value=False) | n.is_null()
    return calls.select(n_tokens=total(tokens), n_outside_tokens=total(tokens.filter(is_out)))
