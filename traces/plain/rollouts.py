"""Rollouts and runs of mapped tables: what their own rows say, what other rows say of them, what follows from calls."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from traces.plain.cells import PLACE
from traces.rejects import RejectLog

_ROLLOUT: Final = ("run_id", "rollout_id")
_CLOCKS: Final = ("started_at", "ended_at", "wall_s", "time_basis", "is_tz_assumed")
_SEEN_AT: Final = ("_path", "_place")
_SECOND: Final = 1_000_000


def complete_rollouts(rows: pl.DataFrame, facts: pl.DataFrame, calls: pl.DataFrame, log: RejectLog) -> pl.DataFrame:
    """Rollouts with their clocks, and one for every rollout only its calls tell of.

    A clock taken from calls spans what was stamped: a lower bound.
    """
    known = _filled(rows, _collapsed(facts, _ROLLOUT, log), _ROLLOUT)
    own = known.with_columns(_wall()).with_columns(_time_basis())
    own = own.with_columns(is_tz_assumed=pl.when(pl.col("time_basis").is_not_null()).then("is_tz_assumed"))
    timed = own.filter(pl.col("time_basis").is_not_null()).select(*_ROLLOUT, _is_timed=pl.lit(value=True))
    seen = _seen_in(calls).join(timed, on=list(_ROLLOUT), how="left")
    open_clocks = (pl.when(pl.col("_is_timed").is_null()).then(name).alias(name) for name in _CLOCKS)
    return _filled(own, seen.with_columns(open_clocks), _ROLLOUT)


def complete_runs(
    facts: pl.DataFrame, constants: pl.DataFrame, tables: Sequence[pl.DataFrame], log: RejectLog
) -> pl.DataFrame:
    """One row for every run any table speaks of; the constants stand where no row says otherwise."""
    own = _collapsed(facts, ("run_id",), log)
    ids = pl.concat([table.select("run_id", "_path") for table in (*tables, facts)])
    runs = ids.group_by("run_id", maintain_order=True).agg(pl.col("_path").min().alias("source_path"))
    runs = runs.join(own.drop("source_path"), on="run_id", how="left", maintain_order="left")
    fixed = [name for name in constants.columns if name in runs.columns and name not in {"run_id", *PLACE}]
    runs = runs.with_columns(pl.col(name).fill_null(constants[name].item()) for name in fixed if name in runs.columns)
    for more in (_model_of(tables[1]), _span_of(tables[:2])):
        runs = _filled(runs, more, ("run_id",))
    agent = pl.concat_str("scaffold", "model", "reasoning_effort", separator=" + ", ignore_nulls=True)
    named = pl.coalesce("agent", pl.when(agent != "").then(agent), pl.lit("unknown"))
    return runs.with_columns(agent=named, source_format=pl.lit("table"))


def _collapsed(rows: pl.DataFrame, key: Sequence[str], log: RejectLog) -> pl.DataFrame:
    """One row per key of facts repeated on many rows; a fact with several values is unknown, and in the log."""
    facts = [name for name in rows.columns if name not in {*key, *PLACE}]
    groups = rows.group_by(key, maintain_order=True)
    known = (pl.col(name).drop_nulls() for name in facts)
    values = groups.agg(
        pl.when(value.n_unique() == 1).then(value.first()).alias(name) for name, value in zip(facts, known, strict=True)
    )
    counts = groups.agg(pl.col(facts).drop_nulls().n_unique(), pl.col("_path", "_place").first())
    for name in facts:
        for path, place, id_, n_values in counts.filter(pl.col(name) > 1).select(*_SEEN_AT, key[-1], name).iter_rows():
            log.contradiction(path, place, f"{name} of {id_} has {n_values} values")
    return values.join(counts.select(*key, *_SEEN_AT), on=list(key), how="left", maintain_order="left")


def _filled(rows: pl.DataFrame, others: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Rows of both; where both have a value the first stands."""
    extra = [name for name in others.columns if name not in key and name in rows.columns]
    more = others.select(*key, *extra)
    joined = rows.join(more, on=list(key), how="full", coalesce=True, suffix="_other", maintain_order="left_right")
    return joined.with_columns(pl.coalesce(name, f"{name}_other") for name in extra).select(rows.columns)


def _seen_in(calls: pl.DataFrame) -> pl.DataFrame:
    last = pl.coalesce("ended_at", "started_at").max()
    rollouts = calls.filter(pl.col("rollout_id").is_not_null()).group_by(*_ROLLOUT, maintain_order=True)
    spans = rollouts.agg(
        pl.col("task_id", "attempt").first(),
        pl.col("started_at").min(),
        last.alias("ended_at"),
        pl.col("is_tz_assumed").any(),
        pl.lit(None, pl.Float64).alias("wall_s"),
    )
    bound = pl.when(pl.col("started_at").is_not_null()).then(pl.lit("lower_bound"))
    return spans.with_columns(_wall(), time_basis=bound)


def _wall() -> pl.Expr:
    spanned = (pl.col("ended_at") - pl.col("started_at")).dt.total_microseconds() / _SECOND
    return pl.coalesce("wall_s", spanned).alias("wall_s")


def _time_basis() -> pl.Expr:
    has_stamp = pl.any_horizontal(pl.col("started_at", "ended_at").is_not_null())
    measured, bound = pl.lit("measured"), pl.lit("lower_bound")
    basis = pl.when(pl.col("wall_s").is_not_null()).then(measured).when(has_stamp).then(bound)
    return pl.coalesce("time_basis", basis).alias("time_basis")


def _model_of(calls: pl.DataFrame) -> pl.DataFrame:
    """Most frequent model of the agent, the first by name where several are."""
    agents = calls.filter((pl.col("role").fill_null("agent") == "agent") & pl.col("model").is_not_null())
    counted = agents.group_by("run_id", "model").len().sort("run_id", "len", "model", descending=[False, True, False])
    return counted.group_by("run_id", maintain_order=True).agg(pl.col("model").first())


def _span_of(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    stamps = pl.concat([table.select("run_id", "started_at", "ended_at") for table in tables])
    ended = pl.coalesce("ended_at", "started_at").max().alias("ended_at")
    return stamps.group_by("run_id", maintain_order=True).agg(pl.col("started_at").min(), ended)
