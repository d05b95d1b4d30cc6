"""Token sums: the usage of a trace by group, role, cell and term; all a price can depend on, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from pricing.cost.facts import Facts
from pricing.cost.rollup import n_requests
from pricing.cost.terms import UsageTerms
from pricing.rates.grid import Grid
from pricing.rates.place import cells_of
from pricing.rates.terms import ORDERED_INPUT, TERMS, above
from traces.schema import INPUT_PARTS
from traces.sums import total

UNKNOWN_USAGE: Final = "unknown_usage"
"""Calls whose tokens are not known: they cost an unknown amount at any price."""
UNKNOWN_REQUESTS: Final = "unknown_requests"
"""Totals of an unknown number of requests: they cost an unknown amount where a request has a fee."""


@dataclass(frozen=True)
class Usage:
    """Usage of the calls of a trace; of those not billed, only that there are some.

    Args:
        groups: The columns grouped by, and role; one row per row of tokens.
        cells: Columns of ``grid.PLACE``; one row per cell some call lies in.
        terms: Terms, in the order they stand in within a cell.
        tokens: Groups x (cells x terms).
        n_calls: Groups x cells: requests.
    """

    groups: pl.DataFrame
    cells: pl.DataFrame
    terms: tuple[str, ...]
    tokens: sparse.csr_array
    n_calls: sparse.csr_array


def usage_of(placed: pl.LazyFrame, grid: Grid, facts: Facts, by: Sequence[str]) -> Usage:
    """Sum the usage of calls.

    Args:
        placed: Calls with _place, the number of their cell in the grid.
        grid: The grid they were placed in.
        facts: Facts of the calls.
        by: Columns to group by.
    """
    group = [*by, "role"]
    sums = _summed(placed, grid, facts, group)
    groups = sums.select(group).unique(maintain_order=True)
    numbered = groups.with_row_index("_row")
    rows = sums.select(group).join(numbered, on=group, how="left", nulls_equal=True, maintain_order="left")["_row"]
    places = sums["_place"].unique().sort()
    at = rows.to_numpy().astype(np.int64), places.search_sorted(sums["_place"]).to_numpy().astype(np.int64)
    names = term_names(len(grid.lattice.above))
    n_calls = sparse.coo_array((sums["_n_calls"].to_numpy(), at), shape=(groups.height, places.len()))
    return Usage(groups, cells_of(places, grid), names, _tokens(sums, names, at, n_calls.shape), n_calls.tocsr())


def term_names(n_above: int) -> tuple[str, ...]:
    """Terms of a sweep, in order."""
    steps = (above(term, number) for number in range(n_above) for term in ORDERED_INPUT)
    return (*TERMS, *steps, UNKNOWN_USAGE, UNKNOWN_REQUESTS)


def _summed(placed: pl.LazyFrame, grid: Grid, facts: Facts, group: Sequence[str]) -> pl.DataFrame:
    terms = UsageTerms(facts, has_fees=True, thresholds=grid.lattice.above).all()
    terms |= {
        UNKNOWN_USAGE: pl.when(_is_unknown()).then(n_requests()).otherwise(0),
        UNKNOWN_REQUESTS: pl.col("n_requests").is_null(),
    }
    is_all_billed = facts.is_true("is_billed")
    billed = {name: each if is_all_billed else pl.when("is_billed").then(each) for name, each in terms.items()}
    known = {name: tokens.cast(pl.Int64).fill_null(0) for name, tokens in billed.items()}
    sums = {name: total(name, is_known=True) for name in known}
    return (
        placed.select(*group, "_place", _n_calls=n_requests(), **known)
        .group_by(*group, "_place")
        .agg(pl.col("_n_calls").sum(), **sums)
        .with_columns(pl.col("role").cast(pl.String))
        .sort(*group, "_place", nulls_last=False)
        .collect(engine="streaming")
    )


def _is_unknown() -> pl.Expr:
    is_split_unknown = pl.any_horizontal(pl.col(part).is_null() for part in INPUT_PARTS)
    return (pl.col("input_tokens").is_null() & is_split_unknown) | pl.col("output_tokens").is_null()


_Places = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""Rows and columns."""


def _tokens(sums: pl.DataFrame, names: Sequence[str], at: _Places, shape: tuple[int, int]) -> sparse.csr_array:
    """Put the sums of every term into one matrix, the terms of a cell beside each other."""
    rows, cells = at
    present = [(number, sums[name].to_numpy()) for number, name in enumerate(names) if name in sums.columns]
    columns = [cells * len(names) + number for number, _ in present]
    values = np.concatenate([tokens for _, tokens in present]).astype(np.float64)
    places = np.tile(rows, len(present)), np.concatenate(columns)
    tokens = sparse.coo_array((values, places), shape=(shape[0], shape[1] * len(names))).tocsr()
    tokens.eliminate_zeros()
    return tokens
