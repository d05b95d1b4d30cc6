"""What is not known: calls without tokens, cache split or price, clocks, scores, models without a price."""

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from analyzer.curves.registry import Tables
from analyzer.report.blocks import Cell, Column, Table, number, table
from analyzer.report.sections.runs import labelled

Row = dict[str, Any]
_CLOCKS: Final = {"measured": "measured", "lower_bound": "lower bound", "upper_bound": "upper bound", None: "none"}
_COUNTS: Final = {
    "n_calls": Column("Calls", "in the trace", is_number=True),
    "n_missing": Column("Calls missing", "counted by the source only", is_number=True),
    "n_no_tokens": Column("Tokens unknown", "calls", is_number=True),
    "n_no_split": Column("Cache split unknown", "calls", is_number=True),
    "n_no_price": Column("Price unknown", "calls", is_number=True),
    "n_no_cost": Column("No single cost", "calls", is_number=True),
    "n_no_score": Column("Not scored", "attempts", is_number=True),
}
_CLOCK: Final = Column("Clock", "attempts", is_prose=True)
_COLUMNS: Final = (Column("Agent"), *_COUNTS.values(), _CLOCK)
_UNPRICED_COLUMNS: Final = (
    Column("Model"),
    Column("Billed by"),
    Column("Calls", is_number=True),
    Column("Why", is_prose=True),
    Column("What to do", is_prose=True),
)


def coverage_table(tables: Tables) -> Table:
    """Count what is not known, per run."""
    runs = labelled(tables["runs"]).select("run_id", "benchmark", "label")
    for frame in (_of_calls(tables["calls"]), _of_rollouts(tables["rollouts"], tables["calls"])):
        runs = runs.join(frame, on="run_id", how="left", maintain_order="left")
    runs = runs.with_columns(pl.col(name).fill_null(0) for name in _COUNTS)
    empty = "There are no runs, so nothing is missing from them."
    return table("What is not known", _COLUMNS, runs.iter_rows(named=True), _cells, by="benchmark", empty=empty)


def unpriced_table(tables: Tables, manifest: Mapping[str, Any]) -> Table:
    """Models with calls that have no price, with the reason and what to do where the manifest gives them."""
    advice = {(row.get("provider"), row.get("model")): row for row in manifest.get("unpriced", ())}
    calls = tables["calls"].filter(pl.col("cost_basis") == "price_unknown")
    rows = (
        calls.group_by("provider", "model")
        .agg(n=pl.len())
        .sort("n", "provider", "model", descending=[True, False, False])
    )

    def cells(row: Row) -> tuple[Cell, ...]:
        given = advice.get((row["provider"], row["model"]), {})
        return (
            Cell(row["model"] or "not told"),
            Cell(row["provider"] or "not told"),
            number(row["n"]),
            Cell(given.get("reason") or "no such model, or no price in force on that day"),
            Cell(given.get("hint") or "add a price file or an alias"),
        )

    empty = "Every model in these calls has a price."
    return table("Models without a price", _UNPRICED_COLUMNS, rows.iter_rows(named=True), cells, empty=empty)


def _of_calls(calls: pl.DataFrame) -> pl.DataFrame:
    is_input, is_output = (pl.col(f"{part}_tokens").is_not_null() for part in ("input", "output"))
    return calls.group_by("run_id").agg(
        n_calls=pl.len(),
        n_no_tokens=(~(is_input & is_output)).sum(),
        n_no_split=(is_input & pl.col("uncached_input_tokens").is_null()).sum(),
        n_no_price=(pl.col("cost_basis") == "price_unknown").sum(),
        n_no_cost=pl.col("cost_usd").null_count(),
    )


def _of_rollouts(rollouts: pl.DataFrame, calls: pl.DataFrame) -> pl.DataFrame:
    """Count by run; a rollout without any call misses at least one."""
    seen = calls.group_by("rollout_id").agg(n_seen=pl.col("n_requests").fill_null(1).sum())
    joined = rollouts.join(seen, on="rollout_id", how="left")
    n_seen = pl.col("n_seen").fill_null(0)
    missing = pl.coalesce(pl.col("n_calls") - n_seen, pl.when(n_seen == 0).then(1).otherwise(0)).clip(0)
    clocks = (_is_clock(basis).sum().alias(str(basis)) for basis in _CLOCKS)
    counts = (missing.sum().alias("n_missing"), pl.col("score").null_count().alias("n_no_score"))
    return joined.group_by("run_id").agg(*counts, *clocks)


def _is_clock(basis: str | None) -> pl.Expr:
    return pl.col("time_basis").eq_missing(pl.lit(basis, dtype=pl.String))


def _cells(row: Row) -> tuple[Cell, ...]:
    clocks = [f"{row[str(basis)]:,} {words}" for basis, words in _CLOCKS.items() if row[str(basis)]]
    counts = (number(row[count]) for count in _COUNTS)
    return (Cell(row["label"]), *counts, Cell(", ".join(clocks) or "no attempts"))
