"""Completing mapped tables: copies out, calls in order with ids and clocks, every declared column in its type."""

from typing import Final

import polars as pl

from traces.plain.cells import PLACE
from traces.plain.rollouts import complete_rollouts, complete_runs
from traces.rejects import RejectLog
from traces.schema import TABLES
from traces.sums import total

_ROLLOUT: Final = ("run_id", "rollout_id")
_HELPERS: Final = ("_path", "_place")
_SECOND: Final = 1_000_000


def complete(tables: dict[str, pl.DataFrame], run: pl.DataFrame, log: RejectLog) -> dict[str, pl.DataFrame]:
    """Make canonical tables of rows with keys; ``run`` is one row of constants.

    Copies go to the log. Rollouts and runs are there for every row that belongs to one.
    """
    names = ("calls", "rollouts", "rollouts.facts", "runs.facts", "tasks", "scores", "charges")
    full = {name: _typed(name.partition(".")[0], tables.get(name)) for name in names}
    own, repeated = _unique_rollouts(full["rollouts"], log)
    calls = _calls(full["calls"].join(repeated, on=list(_HELPERS), how="anti"), log)
    rollouts = complete_rollouts(own, full["rollouts.facts"], calls, log)
    others = [full["scores"], full["charges"]]
    runs = complete_runs(full["runs.facts"], run, [rollouts, calls, *others], log)
    rollouts = rollouts.join(runs.select("run_id", "benchmark"), on="run_id", how="left", suffix="_of_run")
    benchmark = pl.lit(run["benchmark"].item() if "benchmark" in run.columns else None, pl.String)
    made = {
        "runs": runs,
        "tasks": _unique(full["tasks"].with_columns(pl.col("benchmark").fill_null(benchmark)), "tasks", log),
        "rollouts": rollouts.with_columns(pl.coalesce("benchmark", "benchmark_of_run")),
        "scores": _unique(full["scores"].with_columns(pl.col("event").fill_null("final")), "scores", log),
        "calls": calls,
        "charges": _charges(full["charges"]),
    }
    return {name: _declared(name, rows) for name, rows in made.items() if rows.height}


def _typed(table: str, rows: pl.DataFrame | None) -> pl.DataFrame:
    """Every declared column and the helpers, null where there is no value."""
    schema = pl.Schema(TABLES[table].schema)
    schema |= {
        "task_id": pl.String(),
        "attempt": pl.Int64(),
        "_row": pl.Int64(),
        **dict.fromkeys(_HELPERS, pl.String()),
    }
    if rows is None:
        return pl.DataFrame(schema=schema)
    columns = (pl.col(name) if name in rows.columns else pl.lit(None).alias(name) for name in schema)
    return rows.select(column.cast(dtype) for column, dtype in zip(columns, schema.values(), strict=True))


def _declared(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Declared columns and helpers; a declared default stands where the source says nothing."""
    table = TABLES[name]
    defaults = [column for column in table.columns if not column.nullable and column.default is not None]
    filled = rows.with_columns(pl.col(column.name).fill_null(pl.lit(column.default)) for column in defaults)
    return filled.select(*table.schema, *(pl.col(helper).fill_null("") for helper in _HELPERS))


def _unique_rollouts(rows: pl.DataFrame, log: RejectLog) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rollouts, the first of each id, and the places of the others: copies, or attempts nobody numbered."""
    content = [name for name in rows.columns if name not in PLACE]
    copies = rows.filter(~pl.struct(content).is_first_distinct())
    others = rows.filter(pl.struct(content).is_first_distinct() & ~pl.struct(_ROLLOUT).is_first_distinct())
    for path, place, rollout_id in copies.select(*_HELPERS, "rollout_id").iter_rows():
        log.duplicate(path, place, rollout_id)
    for path, place, task_id in others.select(*_HELPERS, "task_id").iter_rows():
        reason = f"another row of task {task_id!r}; if it is another attempt, map attempt or rollout_id"
        log.malformed(path, place, reason)
    return rows.filter(pl.struct(_ROLLOUT).is_first_distinct()), pl.concat([copies, others]).select(_HELPERS)


def _unique(rows: pl.DataFrame, table: str, log: RejectLog) -> pl.DataFrame:
    key = TABLES[table].key
    is_first = pl.struct(key).is_first_distinct()
    for path, place, *ids in rows.filter(~is_first).select(*_HELPERS, *key).iter_rows():
        original = "/".join(str(part) for part in ids if part is not None)
        log.duplicate(path, place, original, "a row with these ids came before")
    return rows.filter(is_first)


def _charges(rows: pl.DataFrame) -> pl.DataFrame:
    """Charges of the same thing are added up: the table has one row for each."""
    key, added = TABLES["charges"].key, ("quantity", "recorded_cost_usd")
    kept = [name for name in rows.columns if name not in {*key, *added, "started_at"}]
    sums = [total(name).alias(name) for name in added]
    return rows.group_by(key, maintain_order=True).agg(*sums, pl.col("started_at").min(), pl.col(kept).first())


def _calls(rows: pl.DataFrame, log: RejectLog) -> pl.DataFrame:
    is_copy = pl.col("call_id").is_not_null() & ~pl.struct(*_ROLLOUT, "call_id").is_first_distinct()
    for path, place, call_id in rows.filter(is_copy).select(*_HELPERS, "call_id").iter_rows():
        log.duplicate(path, place, call_id, "the same call_id came before in its rollout")
    return _ordered(rows.filter(~is_copy)).with_columns(*_clocks()).with_columns(_call_time_basis(), _n_requests())


def _ordered(rows: pl.DataFrame) -> pl.DataFrame:
    """Number calls by their start where all are stamped, else as they stand; name those without an id by that."""
    is_stamped = (pl.col("started_at").null_count() == 0).over(_ROLLOUT)
    in_order = rows.with_columns(_by=pl.when(is_stamped).then("started_at")).sort(
        *_ROLLOUT, "_by", "_path", "_row", maintain_order=True
    )
    number = pl.int_range(pl.len()).over(_ROLLOUT).cast(pl.Int64)
    has_none = (pl.col("call_index").count() == 0).over(_ROLLOUT)
    is_call = (pl.col("granularity") == "call") & pl.col("rollout_id").is_not_null()
    index = pl.when(has_none & is_call).then(number).otherwise("call_index")
    indexed = in_order.with_columns(call_index=index)
    is_unique = (pl.col("call_index").n_unique() == pl.len()).over(_ROLLOUT)
    place = pl.when(is_unique & pl.col("call_index").is_not_null()).then("call_index").otherwise(number)
    named = pl.concat_str(pl.coalesce("rollout_id", "run_id"), place, separator="#")
    return indexed.with_columns(call_id=pl.coalesce("call_id", named)).drop("_by")


def _clocks() -> list[pl.Expr]:
    started, ended, latency = pl.col("started_at"), pl.col("ended_at"), pl.col("latency_s")
    lasted = pl.duration(microseconds=(latency * _SECOND).round().cast(pl.Int64))
    return [
        pl.coalesce(ended, started + lasted).alias("ended_at"),
        pl.coalesce(latency, (ended - started).dt.total_microseconds() / _SECOND).alias("latency_s"),
    ]


def _call_time_basis() -> pl.Expr:
    has_stamp = pl.any_horizontal(pl.col("started_at", "ended_at").is_not_null())
    measured, bound = pl.lit("measured"), pl.lit("lower_bound")
    basis = pl.when(pl.col("latency_s").is_not_null()).then(measured).when(has_stamp).then(bound)
    return pl.coalesce("time_basis", basis).alias("time_basis")


def _n_requests() -> pl.Expr:
    one = pl.when(pl.col("granularity") == "call").then(pl.lit(1, pl.Int64))
    return pl.coalesce("n_requests", one).alias("n_requests")
