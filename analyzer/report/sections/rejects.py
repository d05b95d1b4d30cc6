"""What was refused or left out while reading, by kind; nothing is dropped without being counted here."""

from typing import Any, Final

import polars as pl

from analyzer.report.blocks import Cell, Column, Table, number, table

_COLUMNS: Final = (
    Column("Kind"),
    Column("Format"),
    Column("Reason", is_prose=True),
    Column("Records", is_number=True),
    Column("First at", is_prose=True),
)


def reject_table(rejects: pl.DataFrame) -> Table:
    """Count rejects by kind, format and reason, most first."""
    places = pl.concat_str(
        "source_path", pl.when(pl.col("place") != "").then("place"), separator=": ", ignore_nulls=True
    )
    groups = rejects.group_by("kind", "source_format", "reason").agg(n=pl.len(), first=places.min())
    rows = groups.sort("n", "kind", "source_format", "reason", descending=[True, False, False, False])
    empty = "Nothing was refused or left out while reading."
    return table("Rejects by kind", _COLUMNS, rows.iter_rows(named=True), _cells, empty=empty)


def _cells(row: dict[str, Any]) -> tuple[Cell, ...]:
    words = (row["kind"], row["source_format"] or "not recognised", row["reason"])
    return (*map(Cell, words), number(row["n"]), Cell(row["first"]))
