"""What was checked: recomputed against recorded figures, and what was refused or left out while reading."""

from typing import Any, Final

import polars as pl

from analyzer.audit import AuditResult
from analyzer.report.blocks import Cell, Column, Table, number, table
from analyzer.report.runs import labelled
from analyzer.report.words import NOT_KNOWN, counted, usd

_COLUMNS: Final = (
    Column("Kind"),
    Column("Format"),
    Column("Reason"),
    Column("Records", is_number=True),
    Column("First at"),
)


_SUMMARY_COLUMNS: Final = (
    Column("Agent"),
    Column("Compared"),
    Column("Cause"),
    Column("Explained"),
    Column("Comparisons", is_number=True),
    Column("Recorded", "sum of known", is_number=True),
    Column("Recomputed", "sum of known", is_number=True),
    Column("Difference", "sum of known", is_number=True),
)
_WORST_COLUMNS: Final = (
    Column("Agent"),
    Column("Where"),
    Column("Recorded", is_number=True),
    Column("Recomputed", is_number=True),
    Column("Difference", is_number=True),
    Column("Explained"),
    Column("Explanation"),
)
_N_WORST: Final = 15


def verdict(audit: AuditResult) -> str:
    """Say in one sentence whether recomputed and recorded figures agree."""
    n, open_rows = audit.rows.height, audit.n_unexplained
    if not n:
        return "Nothing was recorded to compare with."
    if not open_rows:
        return f"{counted(n, 'comparison')}: every difference beyond {audit.tolerance:g} of the figure is explained."
    return f"{open_rows:,} of {counted(n, 'comparison')} differ without a proven cause (tolerance {audit.tolerance:g})."


def audit_summary(audit: AuditResult, runs: pl.DataFrame) -> Table:
    """Comparisons by run, level and cause."""
    rows = _of_runs(audit.summary, runs).iter_rows(named=True)
    empty = "Nothing was recorded to compare with."
    return table("Recomputed versus recorded", _SUMMARY_COLUMNS, rows, _summary_cells, by="benchmark", empty=empty)


def audit_worst(audit: AuditResult, runs: pl.DataFrame) -> Table:
    """The largest differences, unexplained ones first."""
    rows = _of_runs(audit.worst(_N_WORST), runs).iter_rows(named=True)
    return table("Largest differences", _WORST_COLUMNS, rows, _worst_cells, empty="No comparison differs.")


def reject_table(rejects: pl.DataFrame) -> Table:
    """Count rejects by kind, format and reason, most first."""
    places = pl.concat_str(
        "source_path", pl.when(pl.col("place") != "").then("place"), separator=": ", ignore_nulls=True
    )
    groups = rejects.group_by("kind", "source_format", "reason").agg(n=pl.len(), first=places.min())
    rows = groups.sort("n", "kind", "source_format", "reason", descending=[True, False, False, False])
    empty = "Nothing was refused or left out while reading."
    return table("Rejects by kind", _COLUMNS, rows.iter_rows(named=True), _cells, empty=empty)


def _of_runs(rows: pl.DataFrame, runs: pl.DataFrame) -> pl.DataFrame:
    named = labelled(runs).select("run_id", "benchmark", "label")
    return rows.join(named, on="run_id", how="left", maintain_order="left")


def _summary_cells(row: dict[str, Any]) -> tuple[Cell, ...]:
    compared = f"{row['level']}: {_measure(row)}"
    figures = (_figure(row, name) for name in ("recorded", "recomputed", "difference"))
    return (Cell(row["label"]), Cell(compared), Cell(row["cause"]), _yes(row), number(row["n"]), *figures)


def _worst_cells(row: dict[str, Any]) -> tuple[Cell, ...]:
    figures = (_figure(row, name) for name in ("recorded", "recomputed", "difference"))
    where = f"{row['level']} {row['call_id'] or row['rollout_id'] or row['run_id']}"
    words = row["explanation"] or row["cause"]
    return (Cell(row["label"]), Cell(where), *figures, _yes(row), Cell(words))


def _figure(row: dict[str, Any], name: str) -> Cell:
    value = row[name]
    if value is None:
        return Cell(NOT_KNOWN)
    sign = "\u2212" if value < 0 else ""
    return Cell(sign + usd(abs(value)) if row["measure"].endswith("_usd") else f"{value:.6g}", value)


def _measure(row: dict[str, Any]) -> str:
    return "dollars" if row["measure"].endswith("_usd") else row["measure"].replace("_", " ")


def _yes(row: dict[str, Any]) -> Cell:
    return Cell("yes" if row["is_explained"] else "no", float(row["is_explained"]))


def _cells(row: dict[str, Any]) -> tuple[Cell, ...]:
    words = (row["kind"], row["source_format"] or "not recognised", row["reason"])
    return (*map(Cell, words), number(row["n"]), Cell(row["first"]))
