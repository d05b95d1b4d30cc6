"""What is known of all rates before a query runs, and how much one call can cost at most."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from pricing.cost.facts import Facts
from traces.checks import MOST_TOKENS
from traces.schema import INPUT_PARTS

MOST_PUSD: Final = 2**62
"""Amounts up to this are safe in 64 bits; where a larger one is possible, 128 bits are used."""


@dataclass(frozen=True, slots=True)
class RateFacts:
    """What holds for every rate a query can meet.

    Args:
        known: Kinds that have a rate everywhere.
        single: Kinds whose low and high rates are the same everywhere.
        is_reasoning_output: Reasoning is priced as output everywhere.
        has_request_fee: Some model takes a fee per request.
        highest_pusd: Highest rate of all.
    """

    known: frozenset[str]
    single: frozenset[str]
    is_reasoning_output: bool
    has_request_fee: bool
    highest_pusd: int


def rate_facts(cells: pl.DataFrame) -> RateFacts:
    """Facts of the cells of a grid, in which every place a call can have has a cell."""
    kinds = [name.removesuffix("_low") for name in cells.columns if name.endswith("_low")]
    nulls = cells.null_count().row(0, named=True)
    return RateFacts(
        known=frozenset(kind for kind in kinds if nulls[f"{kind}_low"] == 0),
        single=frozenset(kind for kind in kinds if cells[f"{kind}_low"].equals(cells[f"{kind}_high"])),
        is_reasoning_output=all(cells[f"reasoning_{end}"].equals(cells[f"output_{end}"]) for end in ("low", "high")),
        has_request_fee=bool(cells.select((pl.col("request_high") != 0).any() | (nulls["request_high"] > 0)).item()),
        highest_pusd=cells.select(pl.max_horizontal(pl.col(r"^.*_high$").max())).item() or 0,
    )


def most_pusd(facts: Facts, rates: RateFacts) -> int:
    """Bound the cost of one call from above, from the largest counts and the highest rate."""
    counts = (*INPUT_PARTS, "input_tokens", "output_tokens", "output_high_tokens", "n_requests")
    most = [0 if name in facts.absent else facts.highest.get(name) for name in counts]
    return sum(MOST_TOKENS if count is None else int(count) for count in most) * rates.highest_pusd
