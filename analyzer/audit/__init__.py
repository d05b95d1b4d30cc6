"""Recomputed versus recorded: priced tables in, every comparison out, with the cause that can be proven."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from analyzer.audit.causes import AFTER_RATES, AGREES, EVIDENCE, NOT_RECORDED, judged
from analyzer.audit.implied_rates import GROUP, own_rates, token_columns
from analyzer.audit.levels import KEYS, call_level, charge_level, rollout_level, run_level
from analyzer.audit.prices import other_prices
from analyzer.audit.scores import score_rows
from pricing.book import PriceBook, load_book
from traces.schema import CALLS
from traces.sums import known_total, total

Tables = Mapping[str, pl.DataFrame]

TOLERANCE: Final = 1e-4
"""Relative difference that is still equal, unless another is asked for."""

ROWS: Final = pl.Schema(
    {
        "level": pl.String,
        "measure": pl.String,
        "run_id": pl.String,
        "rollout_id": pl.String,
        "call_id": pl.String,
        "recorded": pl.Float64,
        "recomputed": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "difference": pl.Float64,
        "relative_difference": pl.Float64,
        "recorded_basis": pl.String,
        "cause": pl.String,
        "is_explained": pl.Boolean,
        "explanation": pl.String,
    }
)
_LEVELS: Final = ("run", "score", "rollout", "call", "charge")
_SUMMARY: Final = ("run_id", "level", "measure", "recorded_basis", "cause", "is_explained")
_NOTHING: Final = (AGREES, NOT_RECORDED)


@dataclass(frozen=True, slots=True)
class AuditResult:
    """Every comparison of something recorded with something recomputed.

    Args:
        rows: One row per comparison of which a side is known. ``measure`` says what and in which unit: cost_usd, score
            or n_rollouts. ``difference`` is recomputed minus recorded (null: a side is not known), between ``low`` and
            ``high`` lies what is possible (null: unbounded); ``recorded_basis`` is recorded, or claimed for the
            agent's own estimate. Levels: run, rollout, call, charge, and score.
        summary: Number and known sums by run, level, measure, recorded_basis and cause.
        tolerance: Relative difference that was taken as equal (of dollars, never below 1e-6).
    """

    rows: pl.DataFrame
    summary: pl.DataFrame
    tolerance: float

    @property
    def n_unexplained(self) -> int:
        """Number of differences without a proven cause."""
        return self.rows.height - int(self.rows["is_explained"].sum())

    def is_ok(self, tolerance: float | None = None) -> bool:
        """Whether the unexplained differences of no run, level and measure exceed this share of what is recorded.

        Args:
            tolerance: Share; null: that of the audit. Unexplained scores and numbers of rollouts always exceed it.
        """
        share = self.tolerance if tolerance is None else tolerance
        beyond = pl.max_horizontal(pl.col("low") - pl.col("recorded"), pl.col("recorded") - pl.col("high"))
        amount = pl.coalesce(pl.col("difference").abs(), pl.when(beyond > 0).then(beyond))
        sums = self.rows.group_by("run_id", "level", "measure").agg(
            excess=total(pl.when(~pl.col("is_explained")).then(amount).otherwise(0.0)),
            recorded=known_total(pl.col("recorded").abs()),
            is_open=~pl.col("is_explained").all() & (pl.col("measure") != "cost_usd").any(),
        )
        is_within = (pl.col("excess") <= share * pl.col("recorded").fill_null(0)).fill_null(value=False)
        return sums.filter(pl.col("is_open") | ~is_within).is_empty()

    def worst(self, n: int = 20) -> pl.DataFrame:
        """First n rows that differ or cannot be compared: unexplained first, then by size of the difference."""
        return (
            self.rows.filter(~pl.col("cause").is_in(_NOTHING))
            .sort("is_explained", pl.col("difference").abs(), "level", descending=[False, True, False],
                  nulls_last=True, maintain_order=True)
            .head(n)
        )  # fmt: skip


def audit(tables: Tables, tolerance: float = TOLERANCE, book: PriceBook | None = None) -> AuditResult:
    """Compare what a trace records with what its tokens and scores give, and name each cause that can be proven.

    Dollars agree within 1e-6 or the relative tolerance. A cause that rests on other prices is claimed only where those
    reproduce the recorded figures to 1e-9. What a source records is compared for all roles, whatever roles a scenario
    counts.

    Args:
        tables: Priced tables.
        tolerance: Relative difference that is still equal.
        book: Prices to try other days and providers of; null: the package's own.
    """
    calls = tables["calls"].with_row_index("_row")
    of_calls = _judged_calls(calls, tolerance, book or load_book())
    parts = pl.concat([of_calls, judged(charge_level(tables["charges"]), tolerance)], how="diagonal")
    compared = rollout_level(tables["rollouts"], parts, calls)
    of_rollouts = _judged_rollouts(compared, calls, tables["charges"], tolerance)
    of_whole_runs = parts.filter(pl.col("rollout_id").is_null())
    parts_of_runs = pl.concat([of_rollouts, of_whole_runs], how="diagonal")
    of_runs = judged(run_level(tables["runs"], parts_of_runs, compared), tolerance)
    dollars = pl.concat([of_runs, of_rollouts, parts], how="diagonal").with_columns(measure=pl.lit("cost_usd"))
    rows = _rows(pl.concat([dollars, score_rows(tables, tolerance)], how="diagonal_relaxed"))
    return AuditResult(rows, _summary(rows), tolerance)


def _rows(judged_rows: pl.DataFrame) -> pl.DataFrame:
    rows = judged_rows.select(pl.col(name).cast(dtype) for name, dtype in ROWS.items())
    either = pl.col("recorded").is_not_null() | pl.col("recomputed").is_not_null()
    by_level = pl.col("level").cast(pl.Enum(_LEVELS))
    return rows.filter(either).sort(by_level, "measure", "run_id", "rollout_id", "call_id", maintain_order=True)


def _summary(rows: pl.DataFrame) -> pl.DataFrame:
    sums = [known_total(name) for name in ("recorded", "recomputed", "difference")]
    by_level = pl.col("level").cast(pl.Enum(_LEVELS))
    order = [pl.col("run_id"), by_level, pl.col("measure"), pl.col("recorded_basis"), pl.col("cause")]
    descending = [False, False, False, True, False]
    counted = rows.group_by(_SUMMARY).agg(pl.len().alias("n"), *sums)
    return counted.sort(order, descending=descending, nulls_last=True)


def _judged_calls(calls: pl.DataFrame, tolerance: float, book: PriceBook) -> pl.DataFrame:
    """Judge calls; those left without a cause are tried at other prices, then for rates of the source's own."""
    compared = call_level(calls).with_columns(calls["_row"])
    first = judged(compared, tolerance)
    if first["is_explained"].all():
        return first
    told = first.select("_row", "recorded", "recorded_basis", is_open=~pl.col("is_explained"))
    canonical = calls.select("_row", *CALLS.schema.names()).join(told, on="_row", maintain_order="left")
    found = other_prices(canonical.filter("is_open"), book)
    figures = calls.select("_row", *GROUP[:-1], *token_columns(), recomputed="cost_usd").join(told, on="_row")
    is_found = pl.col("_row").is_in(found["_row"].implode())
    rates = own_rates(figures.with_columns(is_open=pl.col("is_open") & ~is_found))
    return judged(_with_evidence(compared, found.join(rates, on="_row", how="full", coalesce=True)), tolerance)


def _judged_rollouts(
    compared: pl.DataFrame, calls: pl.DataFrame, charges: pl.DataFrame, tolerance: float
) -> pl.DataFrame:
    """Judge rollouts, with the rates their totals imply where nothing but calls of one model is in each."""
    numbered = compared.with_row_index("_row")
    first = judged(numbered, tolerance)
    is_open = pl.col("cause").is_in(AFTER_RATES) & pl.col("recomputed").is_not_null()
    told = first.select("_row", *KEYS[:2], "recorded", "recorded_basis", "recomputed", is_open=is_open)
    if not told["is_open"].any():
        return first
    of_model = GROUP[1:-1]
    totals = calls.group_by(KEYS[:2]).agg(
        pl.struct(of_model).n_unique().alias("n_models"),
        *(pl.col(key).first() for key in of_model),
        *(total(kind) for kind in token_columns()),
    )
    of_one = totals.filter(pl.col("n_models") == 1).join(charges, on="rollout_id", how="anti")
    return judged(_with_evidence(numbered, own_rates(told.join(of_one, on=KEYS[:2]))), tolerance)


def _with_evidence(compared: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    known = [name for name in EVIDENCE if name in found.columns]
    return compared.drop(known).join(found, on="_row", how="left", maintain_order="left")
