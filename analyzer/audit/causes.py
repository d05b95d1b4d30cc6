"""The causes of a difference between recorded and recomputed dollars: what proves each, and how it is said."""

from dataclasses import dataclass
from typing import Final

import polars as pl

AGREES: Final = "agrees"
NOT_RECORDED: Final = "not_recorded"
UNEXPLAINED: Final = "unexplained"
RESIDUAL: Final = "residual"
BY_PARTS: Final = "explained_by_parts"
AFTER_RATES: Final = (RESIDUAL, BY_PARTS, UNEXPLAINED)
"""Causes that give way to rates of the source's own, where those are proven."""

LEAST_USD: Final = 1e-6
"""Dollars below which no difference is told: what sources round to."""

FLAGS: Final = (
    "is_residual", "is_tokens_unknown", "is_calls_missing", "is_split_unknown", "is_reasoning_unclear",
    "is_write_unclear", "is_rate_spread", "is_price_lapsed", "is_price_unknown",
)  # fmt: skip
"""What is known of the calls behind a figure; true of a total if true of any of its parts."""

EVIDENCE: Final = ("other_day", "other_provider", "other_region", "own_rates")
"""Texts that stand only where other prices were tried and reproduced the recorded figure."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause, the condition that proves it, and its explanation, over the columns of a comparison."""

    name: str
    proof: pl.Expr
    words: pl.Expr


def judged(compared: pl.DataFrame, tolerance: float) -> pl.DataFrame:
    """Add the differences, cause, is_explained and explanation: the first cause that is proven, else "unexplained".

    Args:
        compared: recorded, recomputed, low, high, ``FLAGS``, ``EVIDENCE``, price_name, parts_recorded,
            parts_recomputed, has_settled_parts, parts_causes, is_rollouts_missing, is_bound, is_filtered;
            money in USD, null: not known.
        tolerance: Relative difference that is still equal.
    """
    causes = _causes()
    measured = compared.with_columns(
        _tolerance=pl.max_horizontal(pl.lit(LEAST_USD), pl.col("recorded").abs() * tolerance),
        difference=pl.col("recomputed") - pl.col("recorded"),
    )
    names = [pl.when(cause.proof).then(pl.lit(cause.name)) for cause in causes]
    words = [pl.when(cause.proof).then(cause.words) for cause in causes]
    return measured.with_columns(
        relative_difference=pl.when(pl.col("recorded") != 0).then(pl.col("difference") / pl.col("recorded").abs()),
        cause=pl.coalesce(*names, pl.lit(UNEXPLAINED)),
        explanation=pl.coalesce(*words, _no_cause()) + _scope(),
    ).with_columns(is_explained=pl.col("cause") != UNEXPLAINED)


def _scope() -> pl.Expr:
    return pl.when("is_filtered").then(pl.lit(" (all roles compared; the scenario counts fewer)")).otherwise(pl.lit(""))


def _causes() -> tuple[Cause, ...]:
    """List the causes, in the order in which they are tried."""
    is_above = pl.col("recorded") >= pl.col("low") - pl.col("_tolerance")
    unknown = pl.col("recomputed").is_null() & is_above & ~_contradicts_parts()
    spread = _span("low", "high")
    return (
        Cause(AGREES, _is_close("recorded", "recomputed"), pl.lit("recorded and recomputed agree")),
        Cause(NOT_RECORDED, pl.col("recorded").is_null(), pl.lit("the source records no cost")),
        Cause(RESIDUAL, pl.col("is_residual") & unknown, pl.lit("a total of the source exceeds the calls seen")),
        Cause("tokens_unknown", pl.col("is_tokens_unknown") & unknown, _at_least("token counts are not in the trace")),
        Cause(RESIDUAL, pl.col("is_rollouts_missing") & pl.col("has_settled_parts") & _exceeds_parts(), pl.format(
            "the source counts more rollouts than were seen, and records {} more than theirs", _usd(_missing()))),
        Cause("calls_missing", pl.col("is_calls_missing") & unknown, _at_least("calls are not in the trace")),
        *(Cause(name, pl.col(flag) & _is_within(), pl.format("{}: {} is possible", why, spread))
          for name, flag, why in _OPEN),
        Cause("price_not_in_force", pl.col("is_price_lapsed") & unknown, _of_price("no price in force then for {}")),
        Cause("price_unknown", pl.col("is_price_unknown") & unknown, _of_price("no price known for {}")),
        Cause("price_of_another_day", _stands("other_day"), _of("equals these tokens at the price of {}", "other_day")),
        Cause("provider_differs", _stands("other_provider"), _of("equals these tokens at {}", "other_provider")),
        Cause("region_differs", _stands("other_region"), _of("equals these tokens in the region {}", "other_region")),
        Cause("other_rates", _stands("own_rates"), pl.col("own_rates")),
        Cause(BY_PARTS, _has_parts() & _is_close("recorded", "parts_recorded"), pl.format(
            "the sum of the differences of its parts: {}", _parts_causes())),
    )  # fmt: skip


_OPEN: Final = (
    ("cache_split_unknown", "is_split_unknown", pl.lit("which input came from a cache is not in the trace")),
    ("reasoning_place_unknown", "is_reasoning_unclear", pl.lit("whether output includes the reasoning is not clear")),
    ("write_duration_unknown", "is_write_unclear", pl.lit("how long the cache was written for is not in the trace")),
    ("price_range", "is_rate_spread", pl.lit("the price is known as a range only")),
)


def _is_close(one: str, other: str) -> pl.Expr:
    return ((pl.col(one) - pl.col(other)).abs() <= pl.col("_tolerance")).fill_null(value=False)


def _is_within() -> pl.Expr:
    slack = pl.col("_tolerance")
    inside = pl.col("recorded").is_between(pl.col("low") - slack, pl.col("high") + slack)
    return inside.fill_null(value=False)


def _stands(text: str) -> pl.Expr:
    return pl.col(text).is_not_null()


def _has_parts() -> pl.Expr:
    return pl.col("has_settled_parts") & _is_close("recomputed", "parts_recomputed")


def _contradicts_parts() -> pl.Expr:
    """Find totals that must be the sum of what is recorded of their parts, and are not: nothing unknown explains it."""
    return pl.col("is_bound").fill_null(value=False) & ~_is_close("recorded", "parts_recorded")


def _missing() -> pl.Expr:
    return pl.col("recorded") - pl.col("parts_recorded")


def _exceeds_parts() -> pl.Expr:
    return (_missing() > pl.col("_tolerance")).fill_null(value=False)


def _parts_causes() -> pl.Expr:
    return pl.col("parts_causes").replace("", "each within the tolerance")


def _of(text: str, column: str) -> pl.Expr:
    return pl.format(text, pl.col(column))


def _of_price(text: str) -> pl.Expr:
    return pl.format(text, pl.col("price_name").fill_null("a model that is not named"))


def _at_least(text: str) -> pl.Expr:
    return pl.format("{}: at least {}", pl.lit(text), _usd(pl.col("low")))


def _span(low: str, high: str) -> pl.Expr:
    return pl.format("{} to {}", _usd(pl.col(low)), _usd(pl.col(high)))


def _usd(amount: pl.Expr) -> pl.Expr:
    return pl.format("${}", amount.round(6))


def _no_cause() -> pl.Expr:
    """Say where the figures lie, and claim no more."""
    below = pl.col("recomputed").is_null() & (pl.col("recorded") < pl.col("low"))
    one = pl.col("low") == pl.col("high")
    return pl.format(
        "no cause proven: {}",
        pl.when(below)
        .then(pl.format("recorded below what is known to be used, {}", _usd(pl.col("low"))))
        .when(one)
        .then(pl.format("recomputed as {}", _usd(pl.col("low"))))
        .otherwise(pl.format("recomputed as {}", _span("low", "high"))),
    ).fill_null("no cause proven")
