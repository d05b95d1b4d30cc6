"""Cost of a call: tokens times rates, as one expression over columns, in whole pico-dollars.

Three figures: the point takes the dearest reading of the tokens (all input uncached where the split is not known,
reasoning beside the output where it may lie outside), the high value is the point at the highest rates, the low value
the cheapest reading at the lowest rates. Where the rates of the point are not one figure, it is null.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import polars as pl

from pricing.cost.facts import Facts
from pricing.rates.rate_facts import MOST_PUSD, RateFacts, most_pusd
from traces.schema import INPUT_PARTS

_RATES: Final = {name: name.removesuffix("_tokens") for name in INPUT_PARTS[:4]}
_UNSPECIFIED: Final = "cache_write_unspecified_tokens"
_WRITES: Final = ("cache_write_5m", "cache_write_1h")
_ZERO: Final = pl.lit(0, pl.Int64)


@dataclass(frozen=True, slots=True)
class Costs:
    """How costs are computed.

    Args:
        steps: Steps of ``with_columns`` over calls joined with their rates.
        given: Columns that, by the facts, follow from the others: in every row, and in sums of rows as well.
        known: Columns without a null.
    """

    steps: list[dict[str, pl.Expr]]
    given: Mapping[str, pl.Expr] = field(default_factory=dict)
    known: frozenset[str] = frozenset()


def cost_columns(facts: Facts, rates: RateFacts) -> Costs:
    """Give the steps that add cost_pusd, its low, high, parts and cost_basis."""
    terms = _Terms(facts, rates, is_wide=most_pusd(facts, rates) > MOST_PUSD)
    if terms.is_plain():
        return _plain(terms)
    bill = partial(_billed, facts)
    figures = {"cost_low_pusd": bill(terms.lowest()), "cost_high_pusd": bill(terms.point("high"))}
    parts = {f"{name}_cost_pusd": bill(terms.single(term)) for name, term in terms.parts()}
    point_low = {} if terms.is_single() else {"_point_low": bill(terms.point("low"))}
    basis = {"cost_basis": _basis(facts, rates, terms)}
    return Costs([figures | parts | point_low, basis, {"cost_pusd": _figure()}])


def _plain(terms: "_Terms") -> Costs:
    """Everything is known: one figure, the sum of its parts."""
    nothing = {f"{name}_cost_pusd": _ZERO for name in terms.nothing()}
    parts = {f"{name}_cost_pusd": term("high") for name, term in terms.parts()}
    priced = {name: term for name, term in parts.items() if name not in nothing}
    cost = pl.sum_horizontal([*priced, _ZERO])
    given = nothing | dict.fromkeys(("cost_pusd", "cost_low_pusd", "cost_high_pusd"), cost)
    return Costs([priced, given, {"cost_basis": pl.lit("exact")}], given, frozenset(priced) | {"cost_pusd"})


def _billed(facts: Facts, cost: pl.Expr) -> pl.Expr:
    return cost if facts.is_true("is_billed") else pl.when("is_billed").then(cost).otherwise(_ZERO)


def _figure() -> pl.Expr:
    return pl.when(pl.col("cost_basis") != "range").then("cost_high_pusd")


_Term = Callable[[str], pl.Expr]
"""A cost by the end of the rates it takes, "low" or "high"."""


@dataclass(frozen=True, slots=True)
class _Terms:
    """The terms of the cost, without the branches the facts rule out."""

    facts: Facts
    rates: RateFacts
    is_wide: bool

    def is_plain(self) -> bool:
        """Tell whether tokens and rates are known and single, and nothing can be read in two ways."""
        usage = {*INPUT_PARTS, "output_tokens", "input_tokens", "reasoning_tokens"}
        return (
            self.facts.known >= usage
            and self._kinds() <= self.rates.known
            and self.is_single()
            and self.facts.is_zero(_UNSPECIFIED)
            and "output_high_tokens" in self.facts.absent
            and self.facts.is_true("is_billed")
            and (not self.rates.has_request_fee or "n_requests" in self.facts.known)
        )

    def is_single(self) -> bool:
        """Tell whether all rates in use are single."""
        return self._kinds() <= self.rates.single

    def _kinds(self) -> set[str]:
        kinds = {kind for tokens, kind in _RATES.items() if not self.facts.is_zero(tokens)} | {"output", "reasoning"}
        return kinds | set(() if self.facts.is_zero(_UNSPECIFIED) else _WRITES) | {"request"}

    def nothing(self) -> Iterator[str]:
        """Yield the parts that are zero in every call."""
        zero = {"uncached_input": ["uncached_input_tokens"], "cache_read": ["cache_read_tokens"]}
        zero |= {"cache_write": [*INPUT_PARTS[2:]], "reasoning": ["reasoning_tokens"]}
        yield from (name for name, tokens in zero.items() if all(map(self.facts.is_zero, tokens)))
        if not self.rates.has_request_fee:
            yield "request"

    def parts(self) -> Iterator[tuple[str, _Term]]:
        """Yield the parts of the point; null where they are not told apart."""
        yield "uncached_input", partial(self._term, "uncached_input_tokens", "uncached_input")
        yield "cache_read", partial(self._term, "cache_read_tokens", "cache_read")
        yield "cache_write", self._writes
        yield "visible_output", self._visible
        yield "reasoning", self._reasoning
        yield "request", self._fee

    def single(self, term: _Term) -> pl.Expr:
        """Give a part where it is one figure."""
        high = term("high")
        return high if self.is_single() else pl.when(term("low") == high).then(high)

    def point(self, end: str) -> pl.Expr:
        """Cost of the dearest reading of the tokens, at the rates of one end."""
        return self._input(end) + self._output(end) + self._fee(end)

    def lowest(self) -> pl.Expr:
        """Cost of the cheapest reading at the lowest rates, as far as it is known."""
        output = self._output_inside("low", pl.min_horizontal)
        return pl.sum_horizontal(self._lowest_input(), output, self._fee("low"), _ZERO)

    def _lowest_input(self) -> pl.Expr:
        known = pl.sum_horizontal(*(self._term(*item, "low") for item in _RATES.items()), self._unspecified("low"))
        if self._is_split_known():
            return known
        rate = pl.min_horizontal("uncached_input_low", "cache_read_low")
        is_whole = pl.col("input_tokens").is_not_null() & self._is_part_null()
        return pl.when(is_whole).then(known + self._product(self._unsplit(), rate)).otherwise(known)

    def _input(self, end: str) -> pl.Expr:
        parts = [term(end) for name, term in self.parts() if name in ("uncached_input", "cache_read", "cache_write")]
        split = pl.sum_horizontal(parts, ignore_nulls=False)
        if self._is_split_known():
            return split
        told = {tokens: self._term(tokens, kind, end) for tokens, kind in _RATES.items()}
        told[_UNSPECIFIED] = self._unspecified(end, pl.max_horizontal)
        known = [pl.when(pl.col(name).is_not_null()).then(term).otherwise(_ZERO) for name, term in told.items()]
        rest = self._product(self._unsplit(), pl.col(f"uncached_input_{end}"))
        whole = pl.sum_horizontal(*known, rest, ignore_nulls=False)
        return pl.when(self._is_part_null()).then(whole).otherwise(split)

    def _unsplit(self) -> pl.Expr:
        """Give the input no known part accounts for."""
        return pl.col("input_tokens") - pl.sum_horizontal(INPUT_PARTS)

    def _is_split_known(self) -> bool:
        return self.facts.known.issuperset(INPUT_PARTS)

    def _is_part_null(self) -> pl.Expr:
        return pl.any_horizontal(pl.col(part).is_null() for part in INPUT_PARTS)

    def _writes(self, end: str) -> pl.Expr:
        told = [self._term(f"{kind}_tokens", kind, end) for kind in _WRITES]
        return pl.sum_horizontal(*told, self._unspecified(end, pl.max_horizontal), ignore_nulls=False)

    def _unspecified(self, end: str, pick: Callable[..., pl.Expr] = pl.min_horizontal) -> pl.Expr:
        """Cost of a write of untold duration, at the cheaper or the dearer of the two."""
        if self.facts.is_zero(_UNSPECIFIED):
            return _ZERO
        return self._product(pl.col(_UNSPECIFIED), pick(f"{kind}_{end}" for kind in _WRITES))

    def _output(self, end: str) -> pl.Expr:
        inside = self._output_inside(end, pl.max_horizontal)
        return self._or_outside(inside, self._reported(end) + self._outside(end))

    def _output_inside(self, end: str, pick: Callable[..., pl.Expr]) -> pl.Expr:
        tokens = pl.col("output_tokens")
        if self.rates.is_reasoning_output or self.facts.is_zero("reasoning_tokens"):
            return self._product(tokens, pl.col(f"output_{end}"))
        unsplit = self._product(tokens, pick(f"output_{end}", f"reasoning_{end}"))
        split = self._visible_inside(end) + self._reasoning_inside(end)
        return pl.when(pl.col("reasoning_tokens").is_null()).then(unsplit).otherwise(split)

    def _visible(self, end: str) -> pl.Expr:
        return self._or_outside(self._visible_inside(end), self._reported(end))

    def _reasoning(self, end: str) -> pl.Expr:
        return self._or_outside(self._reasoning_inside(end), self._outside(end))

    def _or_outside(self, inside: pl.Expr, outside: pl.Expr) -> pl.Expr:
        """Choose the reading of the point: where reasoning may lie outside, it takes it as outside."""
        if "output_high_tokens" in self.facts.absent:
            return inside
        return pl.when(pl.col("output_high_tokens").is_null()).then(inside).otherwise(outside)

    def _visible_inside(self, end: str) -> pl.Expr:
        if self.facts.is_zero("reasoning_tokens"):
            return self._reported(end)
        return self._product(pl.col("output_tokens") - self._inside(), pl.col(f"output_{end}"))

    def _reasoning_inside(self, end: str) -> pl.Expr:
        if self.facts.is_zero("reasoning_tokens"):
            return _ZERO
        return self._product(self._inside(), pl.col(f"reasoning_{end}"))

    def _inside(self) -> pl.Expr:
        tokens = pl.col("output_tokens"), pl.col("reasoning_tokens")
        is_known = pl.all_horizontal(count.is_not_null() for count in tokens)
        return pl.when(is_known).then(pl.min_horizontal(tokens))

    def _reported(self, end: str) -> pl.Expr:
        return self._product(pl.col("output_tokens"), pl.col(f"output_{end}"))

    def _outside(self, end: str) -> pl.Expr:
        return self._product(pl.col("output_high_tokens") - pl.col("output_tokens"), pl.col(f"reasoning_{end}"))

    def _fee(self, end: str) -> pl.Expr:
        """Fees; where there is none, the number of requests need not be known."""
        if not self.rates.has_request_fee:
            return _ZERO
        fees = self._term("n_requests", "request", end)
        return pl.when(pl.col(f"request_{end}") == 0).then(_ZERO).otherwise(fees)

    def _term(self, tokens: str, kind: str, end: str) -> pl.Expr:
        return _ZERO if self.facts.is_zero(tokens) else self._product(pl.col(tokens), pl.col(f"{kind}_{end}"))

    def _product(self, tokens: pl.Expr, rate: pl.Expr) -> pl.Expr:
        """Tokens times rate; nothing costs nothing, whatever its price."""
        tokens = tokens.cast(pl.Int128) if self.is_wide else tokens
        if self._kinds() <= self.rates.known:
            return tokens * rate
        return pl.when(tokens == 0).then(_ZERO).otherwise(tokens * rate)


def _basis(facts: Facts, rates: RateFacts, terms: _Terms) -> pl.Expr:
    """Say what kind of figure it is; "range" where the rate is not one figure."""
    low, high = pl.col("cost_low_pusd"), pl.col("cost_high_pusd")
    basis = pl.when(low < high).then(pl.lit("upper_bound")).otherwise(pl.lit("exact"))
    if not terms.is_single():
        basis = pl.when(pl.col("_point_low") < high).then(pl.lit("range")).otherwise(basis)
    basis = pl.when(high.is_null()).then(pl.lit("price_unknown")).otherwise(basis)
    if not facts.known.issuperset((*INPUT_PARTS, "output_tokens", "n_requests")):
        basis = pl.when(high.is_null() & _is_usage_unknown(rates)).then(pl.lit("tokens_unknown")).otherwise(basis)
    if not facts.is_true("is_billed"):
        basis = pl.when("is_billed").then(basis).otherwise(pl.lit("not_billed"))
    return basis


def _is_usage_unknown(rates: RateFacts) -> pl.Expr:
    is_input_unknown = pl.col("input_tokens").is_null() & pl.any_horizontal(
        pl.col(part).is_null() for part in INPUT_PARTS
    )
    unknown = is_input_unknown | pl.col("output_tokens").is_null()
    if not rates.has_request_fee:
        return unknown
    return unknown | (pl.col("n_requests").is_null() & (pl.col("request_high") != 0))
