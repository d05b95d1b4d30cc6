"""The audit in the report: per run what agrees, what differs and why, and the largest differences."""

from typing import Any, Final

import polars as pl

from analyzer.audit import AuditResult
from analyzer.audit.causes import AGREES, NOT_RECORDED
from analyzer.report.blocks import Cell, Column, Table, number, table
from analyzer.report.sections.runs import labelled
from analyzer.report.words import usd
from analyzer.words import NOT_KNOWN, counted
from traces.errors import ReplayError
from traces.sums import known_total

Row = dict[str, Any]
_N_WORST: Final = 12
_ID_CHARS: Final = 64
_WHOLE: Final = ("run_id", "level", "measure", "recorded_basis")
_FIGURES: Final = ("recorded", "recomputed", "difference")
_SUMMARY_COLUMNS: Final = (
    Column("Agent"),
    Column("Compared"),
    Column("Agree", "figures", is_number=True),
    Column("Explained", is_number=True),
    Column("Unexplained", is_number=True),
    Column("Recorded", "sum of known", is_number=True),
    Column("Recomputed", "sum of known", is_number=True),
    Column("Difference", "sum of known", is_number=True),
    Column("Causes", "figures", is_prose=True),
)
_WORST_COLUMNS: Final = (
    Column("Agent"),
    Column("Where", is_prose=True),
    Column("Recorded", is_number=True),
    Column("Recomputed", is_number=True),
    Column("Difference", is_number=True),
    Column("Cause"),
    Column("Explanation", is_prose=True),
)


def content(audit: AuditResult | ReplayError | None, runs: pl.DataFrame) -> dict[str, Any]:
    """Fill the section: verdict and tables, or why there is no audit; both null: not audited."""
    if not isinstance(audit, AuditResult):
        nothing = dict.fromkeys(("verdict", "audit_summary", "audit_worst"))
        return {**nothing, "no_audit": None if audit is None else audit.problem}
    summary, worst = summary_table(audit, runs), worst_table(audit, runs)
    return {"verdict": verdict(audit), "audit_summary": summary, "audit_worst": worst, "no_audit": None}


def verdict(audit: AuditResult) -> str:
    """Say in one sentence whether recomputed and recorded figures agree."""
    n_alone = int((audit.rows["cause"] == NOT_RECORDED).sum())
    n, n_open = audit.rows.height - n_alone, audit.n_unexplained
    alone = f" {counted(n_alone, 'figure')} had nothing recorded to compare with." if n_alone else ""
    if not n:
        return f"Nothing was recorded to compare with.{alone}"
    compared = f"{counted(n, 'figure')} compared, tolerance {audit.tolerance:g}:"
    found = f"{n_open:,} differ without a proven cause." if n_open else "every difference is explained."
    return f"{compared} {found}{alone}"


def summary_table(audit: AuditResult, runs: pl.DataFrame) -> Table:
    """Comparisons by run, level and who states the figure; the causes of what differs with their counts."""
    compared = audit.summary.filter(pl.col("cause") != NOT_RECORDED).sort("n", "cause", descending=[True, False])
    agrees, is_explained = pl.col("cause") == AGREES, pl.col("is_explained")
    causes = pl.format("{} {}", pl.col("n"), pl.col("cause").str.replace_all("_", " "))
    sums = compared.group_by(_WHOLE).agg(
        *(known_total(name) for name in _FIGURES),
        n=pl.col("n").sum(),
        n_agree=pl.col("n").filter(agrees).sum(),
        n_explained=pl.col("n").filter(is_explained & ~agrees).sum(),
        n_open=pl.col("n").filter(~is_explained).sum(),
        causes=causes.filter(~agrees).str.join(", "),
    )
    rows = _of_runs(sums.sort(*_WHOLE), runs).sort("benchmark", "label", maintain_order=True, nulls_last=False)
    empty = "Nothing was recorded to compare with."
    return table("By run", _SUMMARY_COLUMNS, rows.iter_rows(named=True), _summary_cells, by="benchmark", empty=empty)


def worst_table(audit: AuditResult, runs: pl.DataFrame) -> Table:
    """The largest differences, unexplained ones first; the others are counted."""
    every = audit.worst(audit.rows.height)
    rows = _of_runs(every.head(_N_WORST), runs).iter_rows(named=True)
    empty = "No figure differs from what was recorded."
    shown = table("Largest differences", _WORST_COLUMNS, rows, _worst_cells, empty=empty)
    return Table(shown.caption, shown.columns, shown.groups, shown.empty, max(every.height - _N_WORST, 0))


def _of_runs(rows: pl.DataFrame, runs: pl.DataFrame) -> pl.DataFrame:
    named = labelled(runs).select("run_id", "benchmark", "label")
    return rows.join(named, on="run_id", how="left", maintain_order="left")


def _summary_cells(row: Row) -> tuple[Cell, ...]:
    agree = Cell(f"{row['n_agree']:,} (of {row['n']:,})", row["n_agree"])
    counts = (agree, *(number(row[name]) for name in ("n_explained", "n_open")))
    figures = (_figure(row, name) for name in _FIGURES)
    return (Cell(row["label"]), Cell(_compared(row)), *counts, *figures, Cell(row["causes"] or "none differs"))


def _worst_cells(row: Row) -> tuple[Cell, ...]:
    where = f"{_compared(row)} {_shortened(row['call_id'] or row['rollout_id'] or row['run_id'])}"
    figures = (_figure(row, name) for name in _FIGURES)
    cause = row["cause"].replace("_", " ") + ("" if row["is_explained"] else ", unexplained")
    return (Cell(row["label"]), Cell(where), *figures, Cell(cause), Cell(row["explanation"] or "none"))


def _compared(row: Row) -> str:
    """Say what was compared: dollars of calls, those only claimed by the agent's program, score of the run."""
    words = {"cost_usd": "dollars", "n_rollouts": "number of rollouts"}.get(row["measure"], str(row["measure"]))
    claimed = " (claimed by the agent's program)" if row["recorded_basis"] == "claimed" else ""
    return words if row["level"] == "score" else f"{words}, {row['level']}{claimed}"


def _shortened(name: str) -> str:
    """Keep start and end of a long id, which tell ids apart."""
    half = _ID_CHARS // 2
    return name if len(name) <= _ID_CHARS else f"{name[:half]} … {name[-half:]}"


def _figure(row: Row, name: str) -> Cell:
    value = row[name]
    if value is None:
        return Cell(NOT_KNOWN)
    return Cell(usd(value) if row["measure"] == "cost_usd" else f"{value:.6g}", value)
