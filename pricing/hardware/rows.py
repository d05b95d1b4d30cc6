"""Rows of a hardware table, checked: a row that breaks a rule is told apart from those that keep them all."""

from typing import Final

import polars as pl

from traces.table import Table

_POSITIVE: Final = {
    "serving": (
        "n_gpus", "tp", "ep", "dp", "isl", "osl", "mean_length_frac", "concurrency", "tpot_s", "ttft_p99_s", "e2e_s",
        "tokens_per_gpu_s",
    ),
    "chips": ("value", "low", "high"),
    "architectures": ("params_b", "active_params_b", "n_layers", "kv_values"),
    "gpu_hours": ("usd_per_gpu_hour", "low_usd_per_gpu_hour", "high_usd_per_gpu_hour"),
    "cross_checks": ("output_tokens_per_gpu_s",),
    "drafts": ("depth", "acceptance_length"),
}  # fmt: skip
"""Columns of a table that are above zero wherever they are known."""
_RANGES: Final = {
    "chips": ("value", "low", "high"),
    "gpu_hours": ("usd_per_gpu_hour", "low_usd_per_gpu_hour", "high_usd_per_gpu_hour"),
}
"""Columns of a table that hold a figure and the lowest and highest of it."""
_REASON: Final = "reason"


def sound(table: Table, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part the rows of a conformed frame: those that keep every rule, and the count of the others by reason.

    Returns:
        The rows kept, and a frame of reason and n.
    """
    judged = frame.with_columns(_first_reason(table).alias(_REASON))
    kept = judged.filter(pl.col(_REASON).is_null()).drop(_REASON)
    return kept, counted(judged.drop_nulls(_REASON)[_REASON])


def counted(reasons: pl.Series) -> pl.DataFrame:
    """How often each reason stands in a column, most frequent first."""
    counts = reasons.alias("reason").value_counts(name="n").with_columns(pl.col("n").cast(pl.Int64))
    return counts.sort(["n", "reason"], descending=[True, False])


def _first_reason(table: Table) -> pl.Expr:
    return pl.coalesce(*_missing(table), *_strange(table), *_not_positive(table), *_out_of_range(table))


def _missing(table: Table) -> list[pl.Expr]:
    return [
        pl.when(pl.col(column.name).is_null()).then(pl.lit(f"no {column.name}"))
        for column in table.columns
        if not column.nullable
    ] or [pl.lit(None, dtype=pl.String)]


def _strange(table: Table) -> list[pl.Expr]:
    return [
        pl.when(~pl.col(column.name).is_in(list(column.values))).then(
            pl.format(f"{column.name} {{}} not among {', '.join(column.values)}", pl.col(column.name))
        )
        for column in table.columns
        if column.values is not None
    ]


def _not_positive(table: Table) -> list[pl.Expr]:
    positive: list[pl.Expr] = [
        pl.when(~(pl.col(name) > 0) | ~pl.col(name).cast(pl.Float64).is_finite()).then(pl.lit(f"{name} not above zero"))
        for name in _POSITIVE[table.name]
    ]
    if table.name != "serving":
        return positive
    negative = pl.when(~(pl.col("ttft_s") >= 0) | ~pl.col("ttft_s").is_finite()).then(pl.lit("ttft_s below zero"))
    cached = pl.when(~pl.col("cached_frac").is_between(0, 1)).then(pl.lit("cached_frac not between 0 and 1"))
    return [*positive, negative, cached]


def _out_of_range(table: Table) -> list[pl.Expr]:
    if table.name not in _RANGES:
        return []
    value, low, high = (pl.col(name) for name in _RANGES[table.name])
    return [pl.when((low > value) | (value > high)).then(pl.lit("the figure is not between its low and its high"))]
