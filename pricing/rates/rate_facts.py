"""What is known of all rates before a query runs, and how much one call can cost at most."""

from dataclasses import dataclass
from itertools import chain
from typing import Final

import polars as pl

from pricing.cost.facts import Facts
from pricing.rates.terms import READINGS
from traces.checks import MOST_TOKENS
from traces.schema import INPUT_PARTS

MOST_PUSD: Final = 2**62
"""Amounts up to this are safe in 64 bits; where a larger one is possible, 128 bits are used."""


@dataclass(frozen=True, slots=True)
class RateFacts:
    """What holds for every rate a query can meet; a term of a view other than "effective" has its name before it.

    Args:
        terms: Terms there are rates of.
        known: Those that have a rate everywhere.
        single: Those all readings of which are the same everywhere.
        free: Those whose rate is 0 everywhere.
        is_reasoning_output: Reasoning is priced as output everywhere.
        is_what_if: Some model is priced as another.
        is_skipped: Some model is left out of every sum.
        highest_pusd: Highest rate of all.
    """

    terms: frozenset[str]
    known: frozenset[str]
    single: frozenset[str]
    free: frozenset[str]
    is_reasoning_output: bool
    is_what_if: bool
    is_skipped: bool
    highest_pusd: int


def rate_facts(rates: pl.DataFrame) -> RateFacts:
    """Facts of the rates of cells, every one a call can lie in."""
    last = f"_{READINGS[-1]}"
    terms = {name.removesuffix(last): [f"{name.removesuffix(last)}_{reading}" for reading in READINGS]
             for name in rates.columns if name.endswith(last)}  # fmt: skip
    nulls = rates.null_count().row(0, named=True)
    return RateFacts(
        terms=frozenset(terms),
        known=frozenset(term for term, names in terms.items() if not any(nulls[name] for name in names)),
        single=frozenset(term for term, names in terms.items() if _are_same(rates, names)),
        free=frozenset(term for term, names in terms.items() if _are_zero(rates, names)),
        is_reasoning_output=all(
            _are_same(rates, [f"reasoning_{reading}", f"visible_output_{reading}"]) for reading in READINGS
        ),
        is_what_if=bool(rates["is_what_if"].any()),
        is_skipped=bool(rates["is_skipped"].any()),
        highest_pusd=_highest(rates, list(chain.from_iterable(terms.values()))),
    )


def _are_same(rates: pl.DataFrame, names: list[str]) -> bool:
    first, *others = names
    return all(rates[first].equals(rates[other], check_names=False, null_equal=True) for other in others)


def _are_zero(rates: pl.DataFrame, names: list[str]) -> bool:
    return all(rates[name].null_count() == 0 and not (rates[name] != 0).any() for name in names)


def _highest(rates: pl.DataFrame, names: list[str]) -> int:
    return int(rates.select(pl.max_horizontal(pl.col(names).abs().max())).item() or 0)


def most_pusd(facts: Facts, rates: RateFacts) -> int:
    """Bound the cost of one call from above, from the largest counts and the highest rate."""
    counts = (*INPUT_PARTS, "input_tokens", "output_tokens", "output_high_tokens", "n_requests")
    most = [0 if name in facts.absent else facts.highest.get(name) for name in counts]
    return sum(MOST_TOKENS if count is None else int(count) for count in most) * rates.highest_pusd
