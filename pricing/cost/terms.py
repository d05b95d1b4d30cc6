"""Usage as the terms a cost is a sum of (``rates.terms``): one expression over columns for each, 0 where there is none.

A term is null where its tokens are not known. Terms that the facts rule out are left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from pricing.cost.facts import Facts
from pricing.rates.terms import ORDERED_INPUT, above
from traces.schema import INPUT_PARTS

ZERO: Final = pl.lit(0, pl.Int64)
_REASONING, _OUTPUT, _OUTPUT_HIGH = (pl.col(f"{name}_tokens") for name in ("reasoning", "output", "output_high"))
_PARTS: Final = {part.removesuffix("_tokens"): part for part in INPUT_PARTS}
_TOLD_BY: Final = {
    "uncached_input": INPUT_PARTS[:1],
    "cache_read": INPUT_PARTS[1:2],
    "cache_write": INPUT_PARTS[2:],
    "visible_output": ("output_tokens", "reasoning_tokens"),
    "reasoning": ("output_tokens", "reasoning_tokens"),
    "request": (),
}
"""Counts that tell a part of the cost apart."""


@dataclass(frozen=True, slots=True)
class UsageTerms:
    """Tokens of a call by term.

    Args:
        facts: Facts of the calls.
        has_fees: Some model takes a fee per request.
        thresholds: Input tokens above which tokens have a price of their own, ascending.
    """

    facts: Facts
    has_fees: bool
    thresholds: tuple[int, ...] = ()

    def all(self) -> dict[str, pl.Expr]:
        """Terms that can be other than 0."""
        input_ = dict(self._input())
        return {**input_, **dict(self._output()), **dict(self._requests()), **self._above(input_)}

    @property
    def is_split_known(self) -> bool:
        """Whether every call tells how much of its input came from a cache."""
        return self.facts.known.issuperset(INPUT_PARTS)

    @property
    def is_reasoning_known(self) -> bool:
        """Whether every call tells how much of its output is reasoning."""
        return "reasoning_tokens" in self.facts.known and "output_tokens" in self.facts.known

    @property
    def has_outside(self) -> bool:
        """Whether the reasoning of some call may lie outside its output count."""
        return "output_high_tokens" not in self.facts.absent

    def told(self, part: str) -> pl.Expr | None:
        """Whether a call tells a part of its cost apart; none: every call does."""
        names = _TOLD_BY[part]
        told = [pl.col(name).is_not_null() for name in names if name not in self.facts.known]
        return pl.all_horizontal(told) if told else None

    def _input(self) -> Iterator[tuple[str, pl.Expr]]:
        for term, part in _PARTS.items():
            if not self.facts.is_zero(part):
                yield term, pl.col(part) if part in self.facts.known else pl.col(part).fill_null(0)
        if not self.is_split_known:
            rest = pl.col("input_tokens") - pl.sum_horizontal(INPUT_PARTS)
            is_any_unknown = pl.any_horizontal(pl.col(part).is_null() for part in INPUT_PARTS)
            yield "unsplit_input", pl.when(is_any_unknown).then(rest).otherwise(ZERO)

    def _output(self) -> Iterator[tuple[str, pl.Expr]]:
        if self.facts.is_zero("reasoning_tokens") and not self.has_outside:
            yield "visible_output", _OUTPUT
            return
        inside = pl.min_horizontal(_OUTPUT, _REASONING)
        if self.is_reasoning_known and not self.has_outside:
            yield "visible_output", _OUTPUT - inside
            yield "reasoning", inside
            return
        inside = pl.when(_OUTPUT.is_not_null()).then(inside)
        is_told, is_inside = _REASONING.is_not_null(), _OUTPUT_HIGH.is_null()
        yield "visible_output", pl.when(is_told).then(_OUTPUT - inside).otherwise(ZERO)
        yield "reasoning", pl.when(is_told & is_inside).then(inside).otherwise(ZERO)
        yield "unsplit_output", pl.when(is_told).then(ZERO).otherwise(_OUTPUT)
        yield "enclosed_reasoning", pl.when(is_told & ~is_inside).then(inside).otherwise(ZERO)
        yield "outside_reasoning", pl.when(is_inside).then(ZERO).otherwise(_OUTPUT_HIGH - _OUTPUT)

    def _requests(self) -> Iterator[tuple[str, pl.Expr]]:
        if self.has_fees:
            yield "request", pl.col("n_requests")

    def _above(self, input_: dict[str, pl.Expr]) -> dict[str, pl.Expr]:
        """Tokens of each input term that lie above each threshold, what is cached standing first in the prompt."""
        terms = [term for term in ORDERED_INPUT if term in input_]
        ends = {term: pl.sum_horizontal(*(input_[each] for each in terms[: place + 1]), ignore_nulls=False)
                for place, term in enumerate(terms)}  # fmt: skip
        return {
            above(term, number): pl.when(ends[term] - input_[term] > threshold)
            .then(input_[term])
            .otherwise((ends[term] - threshold).clip(lower_bound=0))
            for number, threshold in enumerate(self.thresholds)
            for term in terms
        }
