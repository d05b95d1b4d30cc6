"""The tables of a store that is being built, over all its shards: which shard holds which row."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from traces.schema import TABLES

SHARD: Final = "shard"
"""Column that names the shard of a row."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written so far.

    Args:
        folder: Store being built.
        shards: Names of its shards.
    """

    folder: Path
    shards: Sequence[str]

    def path(self, name: str, shard: str) -> Path:
        """Where the rows of a table in a shard lie, if it has any."""
        return self.folder / name / f"{shard}.parquet"

    def scan(self, name: str, columns: Sequence[str], shards: Sequence[str] | None = None) -> pl.LazyFrame:
        """Columns of a table, and the shard of each row; of some shards or of all."""
        paths = [self.path(name, shard) for shard in (self.shards if shards is None else shards)]
        there = [path for path in paths if path.is_file()]
        schema = {column: TABLES[name].schema[column] for column in columns}
        if not there:
            return pl.LazyFrame(schema={SHARD: pl.String, **schema})
        rows = pl.scan_parquet(there, include_file_paths=SHARD, glob=False)
        shard = pl.col(SHARD).str.extract(r"([^/\\]+)\.parquet$")
        return rows.select(shard, *(pl.col(column).cast(dtype) for column, dtype in schema.items()))
