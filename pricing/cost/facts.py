"""What is known of whole columns before a query runs (no nulls, all null, all zero): from statistics, or counted.

Pricing leaves out every branch these facts rule out, so that plain traces cost plain arithmetic.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from traces.schema import INPUT_PARTS


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of a table.

    Args:
        n_rows: Number of rows.
        known: Columns without a null.
        absent: Columns of nulls only.
        lowest: Smallest value of a column, where known.
        highest: Largest value of a column, where known.
    """

    n_rows: int
    known: frozenset[str]
    absent: frozenset[str]
    lowest: dict[str, Any]
    highest: dict[str, Any]

    def is_always(self, column: str, value: object) -> bool:
        """Tell whether every row is known to hold this value."""
        return column in self.known and self.lowest.get(column) == value == self.highest.get(column)

    def is_zero(self, column: str) -> bool:
        """Tell whether every value is known to be 0."""
        return self.is_always(column, 0)

    @property
    def has_totals(self) -> bool:
        """Whether some rows may be totals of several requests."""
        return not (self.is_always("granularity", "call") and self.is_always("n_requests", 1))

    @property
    def is_single(self) -> bool:
        """Whether every row is one request of known input and moment."""
        return not self.has_totals and self.known >= {"input_tokens", "started_at"}

    def is_true(self, column: str) -> bool:
        """Tell whether every value is known to be True."""
        return self.is_always(column, value=True)


_RANGED: Final = (
    *INPUT_PARTS, "input_tokens", "output_tokens", "reasoning_tokens", "n_requests", "is_billed", "granularity", "role",
    "started_at",
)  # fmt: skip


def facts_of(frame: pl.DataFrame) -> Facts:
    """Count the facts of calls in memory; extremes only of what pricing asks for."""
    nulls = frame.null_count().row(0, named=True) if frame.width else {}
    ranged = frame.select(name for name in _RANGED if name in frame.columns)
    lowest, highest = (end.row(0, named=True) if ranged.width else {} for end in (ranged.min(), ranged.max()))
    return Facts(
        frame.height,
        frozenset(name for name, count in nulls.items() if count == 0),
        frozenset(name for name, count in nulls.items() if count == frame.height),
        lowest,
        highest,
    )


def facts_of_parquet(shards: Sequence[Path]) -> Facts:
    """Read the facts of a table from the statistics of its Parquet files; what they do not state is not known."""
    import pyarrow.parquet as pq

    counts: dict[str, list[_Statistics]] = {}
    n_rows = 0
    for path in shards:
        metadata = pq.ParquetFile(path).metadata
        n_rows += metadata.num_rows
        for group in range(metadata.num_row_groups):
            for number in range(metadata.num_columns):
                chunk = metadata.row_group(group).column(number)
                counts.setdefault(chunk.path_in_schema, []).append(_statistics(chunk))
    return _merged(n_rows, counts)


_Statistics = tuple[int, Any, Any]
"""Nulls (-1: not stated), smallest and largest value (None: no value, or not stated)."""


def _statistics(chunk: Any) -> _Statistics:
    statistics = chunk.statistics
    if statistics is None or not statistics.has_null_count:
        return -1, None, None
    if statistics.has_min_max:
        return statistics.null_count, statistics.min, statistics.max
    return statistics.null_count, None, None if statistics.null_count == chunk.num_values else _NOT_STATED


_NOT_STATED: Final = object()


def _merged(n_rows: int, counts: dict[str, list[_Statistics]]) -> Facts:
    stated = {name: groups for name, groups in counts.items() if all(count >= 0 for count, _, _ in groups)}
    nulls = {name: sum(count for count, _, _ in groups) for name, groups in stated.items()}
    bounded = {name: groups for name, groups in stated.items() if all(high is not _NOT_STATED for *_, high in groups)}
    return Facts(
        n_rows,
        frozenset(name for name, count in nulls.items() if count == 0),
        frozenset(name for name, count in nulls.items() if count == n_rows),
        {name: _extreme(min, (low for _, low, _ in groups)) for name, groups in bounded.items()},
        {name: _extreme(max, (high for _, _, high in groups)) for name, groups in bounded.items()},
    )


def _extreme(pick: Any, values: Iterable[Any]) -> Any:
    known = [value for value in values if value is not None]
    extreme = pick(known) if known else None
    return extreme.replace(tzinfo=extreme.tzinfo or UTC) if isinstance(extreme, datetime) else extreme
