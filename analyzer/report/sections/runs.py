"""The headline: what there is in a few figures, and one row per run with its score and what it took."""

from typing import Any

import polars as pl

from analyzer.card import column
from analyzer.curves.registry import Tables
from analyzer.report.blocks import Cell, Column, Table, name, table
from analyzer.report.words import cost, count, span, usd
from analyzer.words import NOT_KNOWN, beside, counted, percent
from traces.sums import known_total, total

Row = dict[str, Any]
_COLUMNS = (
    Column("Agent"),
    Column("Score", "mean", is_number=True),
    Column("n", "attempts", is_number=True),
    Column("Dollars", "USD, whole run", is_number=True),
    Column("Dollars", "USD per attempt", is_number=True),
    Column("Tokens", "per attempt", is_number=True),
    Column("Turns", "per attempt", is_number=True),
    Column("Time", "s per attempt", is_number=True),
    Column("Priced", "% of calls", is_number=True),
)


def labelled(runs: pl.DataFrame) -> pl.DataFrame:
    """Runs sorted by benchmark and agent, with label: the agent, and the run where an agent has several."""
    is_alone = pl.len().over("benchmark", "agent") == 1
    label = pl.when(is_alone).then("agent").otherwise(pl.format("{}, run {}", "agent", "run_id")).alias("label")
    return runs.with_columns(label).sort("benchmark", "agent", "run_id", nulls_last=False)


def figures(tables: Tables) -> list[tuple[str, str]]:
    """What the page is about, as (what, how many)."""
    runs, calls = tables["runs"], tables["calls"]
    return [
        ("Benchmarks", f"{runs['benchmark'].n_unique():,}"),
        ("Runs", f"{runs.height:,}"),
        ("Attempts", f"{tables['rollouts'].height:,}"),
        ("Model calls", f"{calls.height:,}"),
        ("Dollars, all runs", cost(_all_runs(runs)) if runs.height else NOT_KNOWN),
    ]


def run_table(tables: Tables, cards: pl.DataFrame) -> Table:
    """One row per run, grouped by benchmark: score, dollars, tokens, turns, time, share priced."""
    money = ("cost_usd", "cost_low_usd", "cost_high_usd", "coverage_frac")
    rows = labelled(tables["runs"]).select("run_id", "label", *money)
    joined = rows.join(cards, on="run_id", how="inner", maintain_order="left")
    empty = "There are no runs in these tables."
    return table("Runs", _COLUMNS, joined.iter_rows(named=True), _cells, by="benchmark", empty=empty)


def sentences(cards: pl.DataFrame) -> list[tuple[str, list[tuple[str, str]]]]:
    """Cards as (benchmark, [(agent, the rest of its sentence)])."""
    from analyzer.card_text import sentence

    rows = [(name(card["benchmark"]), str(card["agent"]), sentence(card)) for card in cards.iter_rows(named=True)]
    benchmarks = dict.fromkeys(benchmark for benchmark, _, _ in rows)
    return [
        (benchmark, [(agent, text.removeprefix(agent).strip()) for where, agent, text in rows if where == benchmark])
        for benchmark in benchmarks
    ]


def _all_runs(runs: pl.DataFrame) -> Row:
    n_priced, n_unpriced = (int(runs[f"n_{name}_calls"].sum()) for name in ("priced", "unpriced"))
    n_calls = n_priced + n_unpriced
    sums = runs.select(total("cost_usd"), known_total("cost_low_usd"), total("cost_high_usd"))
    return {**sums.row(0, named=True), "coverage_frac": n_priced / n_calls if n_calls else None}


def _cells(row: Row) -> tuple[Cell, ...]:
    return (
        Cell(row["label"]),
        _score(row),
        Cell(count(row["n_rollouts"] or 0), row["n_rollouts"] or 0),
        Cell(
            _stated(cost(row), row["cost_usd"], row["recorded_cost_usd"]),
            row["cost_usd"] if row["cost_usd"] is not None else row["cost_low_usd"],
        ),
        *(_mean(row, axis) for axis in ("dollars", "tokens", "turns", "seconds")),
        Cell(percent(row["coverage_frac"]).removesuffix(" %"), row["coverage_frac"]),
    )


def _score(row: Row) -> Cell:
    if row["score"] is None:
        claimed = row["recorded_score"]
        return Cell(NOT_KNOWN if claimed is None else f"{NOT_KNOWN} (source claims {claimed:.4g})")
    missing = f" ({counted(row['n_unscored'], 'attempt')} not scored)" if row["n_unscored"] else ""
    return Cell(f"{row['score']:.3g}{missing}", row["score"])


def _mean(row: Row, axis: str) -> Cell:
    point, low, high = (row[column("mean", axis, bound)] for bound in ("", "low", "high"))
    text = span(usd if axis == "dollars" else count, point, low, high)
    text = _stated(text, point, row["mean_recorded_usd"]) if axis == "dollars" else text
    return Cell(text, point if point is not None else low)


def _stated(text: str, recomputed: float | None, recorded: float | None) -> str:
    """Put what the source states beside dollars that could not be recomputed."""
    return text if recomputed is not None or recorded is None else beside(text, f"source states {usd(recorded)}", "; ")
