"""Where the dollars went: by part (input, cache, output, reasoning, fees, charges) and by who called the model."""

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from analyzer.curves.registry import Tables
from analyzer.report.blocks import Bar, Cell, Column, Table, number, table
from analyzer.report.sections.runs import labelled
from analyzer.report.words import cost, span, usd
from analyzer.words import NOT_KNOWN, percent
from traces.schema import ROLES
from traces.sums import known_frac, known_total, total

Row = dict[str, Any]
PARTS: Final = {
    "uncached_input": "Uncached input",
    "cache_read": "Cache read",
    "cache_write": "Cache write",
    "visible_output": "Visible output",
    "reasoning": "Reasoning",
    "request": "Request fees",
    "charges": "Charges",
    "mixed": "Not told apart",
}
_OF_CALLS: Final = tuple(PARTS)[:6]
_ROLE_COLUMNS: Final = (
    Column("Agent"),
    Column("Role"),
    Column("Counted", "in the sums"),
    Column("Calls", is_number=True),
    Column("Input", "tokens", is_number=True),
    Column("Output", "tokens", is_number=True),
    Column("Dollars", "USD", is_number=True),
)


def counted_roles(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Roles whose calls are in the sums of runs, as the scenario says; all where it does not."""
    return tuple(manifest.get("scenario", {}).get("roles", ROLES))


def part_sums(tables: Tables, roles: tuple[str, ...]) -> pl.DataFrame:
    """Known dollars of every part, per run; what has a cost that is not split into parts is in mixed_cost_usd."""
    calls = tables["calls"].filter(pl.col("role").is_in(roles)).with_columns(_mixed())
    of_calls = calls.group_by("run_id").agg(known_total(f"{part}_cost_usd") for part in (*_OF_CALLS, "mixed"))
    charges = tables["charges"].group_by("run_id").agg(known_total("cost_usd").alias("charges_cost_usd"))
    runs = labelled(tables["runs"]).select("run_id", "benchmark", "label")
    for sums in (of_calls, charges):
        runs = runs.join(sums, on="run_id", how="left", maintain_order="left")
    has_charges = pl.col("run_id").is_in(charges["run_id"].implode())
    return runs.with_columns(pl.when(has_charges).then("charges_cost_usd").otherwise(0.0).alias("charges_cost_usd"))


def spent(sums: pl.DataFrame) -> dict[str, str]:
    """Parts that are not known to be zero in every run, with their labels."""
    is_spent = (pl.col(f"{part}_cost_usd").ne_missing(0.0).any().alias(part) for part in PARTS)
    shown = sums.select(is_spent).row(0, named=True)
    return {part: label for part, label in PARTS.items() if shown[part]}


def by_part(sums: pl.DataFrame) -> Table:
    """Table of ``part_sums``; parts that are zero in every run have no column."""
    shown = spent(sums)
    columns = [Column("Agent"), Column("Shares", "of the known dollars")]
    columns += [Column(label, "USD", is_number=True) for label in shown.values()]

    def cells(row: Row) -> tuple[Cell | Bar, ...]:
        known = {part: row[f"{part}_cost_usd"] for part in shown}
        dollars = (Cell(NOT_KNOWN if value is None else usd(value), value) for value in known.values())
        return (Cell(row["label"]), _bar(known), *dollars)

    empty = "There are no runs, so no dollars."
    return table("Known dollars by part", columns, sums.iter_rows(named=True), cells, by="benchmark", empty=empty)


def by_role(tables: Tables, roles: tuple[str, ...]) -> Table:
    """Calls, tokens and dollars of every role, per run."""
    sums = tables["calls"].group_by("run_id", "role").agg(
        total("cost_usd"), known_total("cost_low_usd"), total("cost_high_usd"), n_calls=pl.len(),
        coverage_frac=known_frac("cost_usd"),
        **{f"{part}_{end}": sum_of(f"{part}_tokens") for part in ("input", "output")
           for end, sum_of in (("tokens", total), ("low_tokens", known_total))},
    )  # fmt: skip
    runs = labelled(tables["runs"]).select("run_id", "benchmark", "label")
    order = pl.col("role").replace_strict({role: place for place, role in enumerate(ROLES)}, default=len(ROLES))
    rows = runs.join(sums.sort(order), on="run_id", maintain_order="left_right")

    def cells(row: Row) -> tuple[Cell, ...]:
        return (
            Cell(row["label"]),
            Cell(row["role"]),
            Cell("yes" if row["role"] in roles else "no"),
            number(row["n_calls"]),
            *(_tokens(row, part) for part in ("input", "output")),
            Cell(cost(row), row["cost_low_usd"]),
        )

    empty = "There are no calls: nothing says who spent what."
    return table("Dollars by role", _ROLE_COLUMNS, rows.iter_rows(named=True), cells, by="benchmark", empty=empty)


def _mixed() -> pl.Expr:
    """Cost of a call beyond its known parts; 0 where all parts are known."""
    parts = [pl.col(f"{part}_cost_usd") for part in _OF_CALLS]
    rest = pl.col("cost_usd") - pl.sum_horizontal(part.fill_null(0.0) for part in parts)
    is_split = pl.all_horizontal(part.is_not_null() for part in parts)
    return pl.when(is_split).then(0.0).otherwise(rest).alias("mixed_cost_usd")


def _bar(known: Mapping[str, float | None]) -> Bar:
    whole = sum(value or 0.0 for value in known.values())
    shares = tuple((part, value / whole) for part, value in known.items() if value and whole)
    said = ", ".join(f"{PARTS[part]} {percent(share)}" for part, share in shares)
    return Bar(shares, said or "no known dollars", whole)


def _tokens(row: Row, part: str) -> Cell:
    point, low = row[f"{part}_tokens"], row[f"{part}_low_tokens"]
    return Cell(span(lambda value: f"{value:,.0f}", point, point if point is not None else low, point), low)
