"""Usage terms times their rates, in whole pico-dollars, without the branches the facts rule out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from pricing.cost.terms import ZERO
from pricing.rates.rate_facts import RateFacts
from pricing.rates.terms import above


@dataclass(frozen=True, slots=True)
class Products:
    """Costs of terms and of their sums.

    Args:
        terms: Tokens by term.
        rates: Facts of the rates.
        n_above: Thresholds above which tokens have a price of their own.
        is_wide: Compute in 128 bits.
    """

    terms: Mapping[str, pl.Expr]
    rates: RateFacts
    n_above: int
    is_wide: bool

    def total(self, reading: str, view: str = "") -> pl.Expr:
        """Cost of all terms at one reading of the rates; null if one is not known."""
        return pl.sum_horizontal(*(self._of(term, reading, view) for term in self.terms), ZERO, ignore_nulls=False)

    def known_total(self, reading: str) -> pl.Expr:
        """Cost of the terms that are known."""
        return pl.sum_horizontal(*(self._of(term, reading) for term in self.terms), ZERO)

    def part(self, terms: Iterable[str], reading: str) -> pl.Expr | None:
        """Cost of some terms with what lies above thresholds; none: there are none of them."""
        named = [each for term in terms for each in (term, *(above(term, i) for i in range(self.n_above)))]
        products = [self._of(term, reading) for term in named if term in self.terms]
        if len(products) == 1:
            return products[0]
        return pl.sum_horizontal(products, ignore_nulls=False) if products else None

    def is_single(self, view: str = "") -> bool:
        """Tell whether all rates in use have one reading."""
        return self.rates.single.issuperset(view + term for term in self.terms)

    def is_known(self, view: str = "") -> bool:
        """Tell whether all rates in use are known."""
        return self.rates.known.issuperset(view + term for term in self.terms)

    def _of(self, term: str, reading: str, view: str = "") -> pl.Expr:
        """Cost of a term; nothing costs nothing, whatever its price, and no price means no fee to count."""
        tokens = self.terms[term].cast(pl.Int128) if self.is_wide else self.terms[term]
        rate = pl.col(f"{view}{term}_{'point' if view + term in self.rates.single else reading}")
        if term == "request":
            return pl.when((tokens == 0) | (rate == 0)).then(ZERO).otherwise(tokens * rate)
        return tokens * rate if self.is_known(view) else pl.when(tokens == 0).then(ZERO).otherwise(tokens * rate)
