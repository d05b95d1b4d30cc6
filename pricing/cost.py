"""Cost of a call: tokens times rates, as one expression over columns, in whole pico-dollars.

Low and high are carried beside the figure wherever something is not known: the cache split (low: all read from cache,
high: all uncached), the place of the reasoning, the duration of a cache write, or the rate itself.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl

from pricing.facts import Facts
from traces.schema import INPUT_PARTS


@dataclass(frozen=True, slots=True)
class RateFacts:
    """What holds for every rate a query can meet: low = high, none missing, reasoning priced as output, no fee."""

    is_single: bool
    is_complete: bool
    is_reasoning_output: bool
    has_request_fee: bool


def rate_facts(cells: pl.DataFrame) -> RateFacts:
    """Facts of the cells of a grid."""
    kinds = [name.removesuffix("_low") for name in cells.columns if name.endswith("_low")]
    same = [(pl.col(f"{kind}_low").eq_missing(pl.col(f"{kind}_high"))).all() for kind in kinds]
    return RateFacts(
        is_single=bool(cells.select(pl.all_horizontal(same)).item()),
        is_complete=sum(cells.select(f"{kind}_high").null_count().item() for kind in kinds) == 0,
        is_reasoning_output=bool(cells.select(pl.col("reasoning_high").eq_missing(pl.col("output_high")).all()).item()),
        has_request_fee=bool(cells.select((pl.col("request_high") != 0).any()).item()),
    )


def cost_columns(facts: Facts, rates: RateFacts) -> list[dict[str, pl.Expr]]:
    """Steps of ``with_columns`` that add cost_pusd, its low, high, parts and cost_basis to calls joined with rates."""
    parts = _Parts(facts, rates)
    return [
        {"_in_low": parts.input(is_low=True), "_out_low": parts.output(is_low=True)}
        | {"_in_high": parts.input(is_low=False), "_out_high": parts.output(is_low=False)},
        {
            "cost_low_pusd": _billed(facts, pl.col("_in_low").fill_null(0) + pl.col("_out_low").fill_null(0)),
            "cost_high_pusd": _billed(facts, pl.col("_in_high") + pl.col("_out_high")),
            **{f"{name}_cost_pusd": _billed(facts, cost) for name, cost in parts.named()},
        },
        {"cost_basis": _basis(facts, rates, parts)},
        {"cost_pusd": pl.when(pl.col("cost_basis") != "range").then("cost_high_pusd")},
    ]


def _billed(facts: Facts, cost: pl.Expr) -> pl.Expr:
    return cost if facts.is_true("is_billed") else pl.when("is_billed").then(cost).otherwise(0)


@dataclass(frozen=True, slots=True)
class _Parts:
    """The terms of the cost, without the branches the facts rule out."""

    facts: Facts
    rates: RateFacts

    def input(self, *, is_low: bool) -> pl.Expr:
        """Input and fees: the sum of the split where it is known, else all at the lowest or the uncached rate."""
        split = pl.sum_horizontal(self._split(is_low=is_low), ignore_nulls=False) + self._fee()
        if self._is_split_known():
            return split
        rate = pl.min_horizontal("uncached_input_low", "cache_read_low") if is_low else pl.col("uncached_input_high")
        known = pl.all_horizontal(pl.col(part).is_not_null() for part in INPUT_PARTS)
        return pl.when(known).then(split).otherwise(self._product(pl.col("input_tokens"), rate) + self._fee())

    def output(self, *, is_low: bool) -> pl.Expr:
        """Output: the reported tokens for the low value, with reasoning that may lie outside for the high one."""
        plain = self._output(pl.col("output_tokens"), is_low=is_low)
        if is_low or "output_high_tokens" in self.facts.absent:
            return plain
        return self._or_outside(plain, self._reported_output() + self._outside_reasoning())

    def named(self) -> Iterator[tuple[str, pl.Expr]]:
        """Yield the parts of the figure; null where they are not told apart."""
        uncached, read, *writes = self._split(is_low=False)
        yield "uncached_input", uncached
        yield "cache_read", read
        yield "cache_write", pl.sum_horizontal(writes, ignore_nulls=False)
        visible = pl.col("output_tokens") - pl.col("reasoning_tokens")
        yield "visible_output", self._or_outside(self._product(visible, pl.col("output_high")), self._reported_output())
        yield "reasoning", self._or_outside(self._term("reasoning_tokens", "reasoning_high"), self._outside_reasoning())
        yield "request", self._fee()

    def is_point_shifted(self) -> Iterable[pl.Expr]:
        """Yield the conditions under which the high value rests on another count of tokens than the low one."""
        if not self._is_split_known():
            yield pl.any_horizontal(pl.col(part).is_null() for part in INPUT_PARTS)
        if "output_high_tokens" not in self.facts.absent:
            yield pl.col("output_high_tokens").is_not_null()
        if not self.facts.is_zero("cache_write_unspecified_tokens"):
            yield pl.col("cache_write_unspecified_tokens") > 0

    def _is_split_known(self) -> bool:
        return self.facts.known.issuperset(INPUT_PARTS)

    def _split(self, *, is_low: bool) -> list[pl.Expr]:
        end = "low" if is_low else "high"
        kinds = ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h")
        terms = [self._term(f"{kind}_tokens", f"{kind}_{end}") for kind in kinds]
        return [*terms, self._unspecified_write(is_low=is_low)]

    def _unspecified_write(self, *, is_low: bool) -> pl.Expr:
        """Cost of a write of untold duration: at the dearer of the two rates for the high value."""
        tokens = "cache_write_unspecified_tokens"
        if self.facts.is_zero(tokens):
            return pl.lit(0, pl.Int64)
        rates = [f"cache_write_{ttl}_{'low' if is_low else 'high'}" for ttl in ("5m", "1h")]
        return self._product(pl.col(tokens), (pl.min_horizontal if is_low else pl.max_horizontal)(rates))

    def _output(self, tokens: pl.Expr, *, is_low: bool) -> pl.Expr:
        end = "low" if is_low else "high"
        all_output = self._product(tokens, pl.col(f"output_{end}"))
        if self.rates.is_reasoning_output or self.facts.is_zero("reasoning_tokens"):
            return all_output
        pick = pl.min_horizontal if is_low else pl.max_horizontal
        unsplit = self._product(tokens, pick(f"output_{end}", f"reasoning_{end}"))
        inside = pl.col("reasoning_tokens").clip(0, tokens)
        split = self._product(tokens - inside, pl.col(f"output_{end}")) + self._product(
            inside, pl.col(f"reasoning_{end}")
        )
        return pl.when(pl.col("reasoning_tokens").is_null()).then(unsplit).otherwise(split)

    def _or_outside(self, inside: pl.Expr, outside: pl.Expr) -> pl.Expr:
        """Choose the part of the figure: where reasoning may lie outside, the figure takes it as outside."""
        if "output_high_tokens" in self.facts.absent:
            return inside
        return pl.when(pl.col("output_high_tokens").is_null()).then(inside).otherwise(outside)

    def _reported_output(self) -> pl.Expr:
        return self._product(pl.col("output_tokens"), pl.col("output_high"))

    def _outside_reasoning(self) -> pl.Expr:
        return self._product(pl.col("output_high_tokens") - pl.col("output_tokens"), pl.col("reasoning_high"))

    def _fee(self) -> pl.Expr:
        if not self.rates.has_request_fee:
            return pl.lit(0, pl.Int64)
        return self._term("n_requests", "request_high")

    def _term(self, tokens: str, rate: str) -> pl.Expr:
        if self.facts.is_zero(tokens):
            return pl.lit(0, pl.Int64)
        return self._product(pl.col(tokens), pl.col(rate))

    def _product(self, tokens: pl.Expr, rate: pl.Expr) -> pl.Expr:
        """Tokens times rate; nothing costs nothing, whatever its price."""
        if self.rates.is_complete:
            return tokens * rate
        return pl.when(tokens == 0).then(0).otherwise(tokens * rate)


def _basis(facts: Facts, rates: RateFacts, parts: _Parts) -> pl.Expr:
    """Say what kind of figure it is; "range" where the rate is not one figure (or the tokens neither)."""
    shifted = pl.any_horizontal(pl.lit(value=False), *parts.is_point_shifted())
    differs = pl.col("cost_low_pusd") < pl.col("cost_high_pusd")
    basis = pl.when(differs & shifted).then(pl.lit("upper_bound")).otherwise(pl.lit("exact"))
    if not rates.is_single:
        spread = pl.any_horizontal(
            pl.col(f"{kind}_low").ne_missing(pl.col(f"{kind}_high"))
            for kind in ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning")
        )
        basis = pl.when(differs & spread).then(pl.lit("range")).otherwise(basis)
    if not rates.is_complete:
        basis = pl.when(pl.col("cost_high_pusd").is_null()).then(pl.lit("price_unknown")).otherwise(basis)
    if not facts.known.issuperset(("input_tokens", "output_tokens")):
        unknown = pl.col("input_tokens").is_null() | pl.col("output_tokens").is_null()
        basis = pl.when(unknown).then(pl.lit("tokens_unknown")).otherwise(basis)
    if not facts.is_true("is_billed"):
        basis = pl.when(~pl.col("is_billed")).then(pl.lit("not_billed")).otherwise(basis)
    return basis
