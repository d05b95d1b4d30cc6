"""When an agent could first be called, and from when on it no longer could: facts of the models it calls."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import polars as pl

from pricing.book import PriceBook
from pricing.moments import END, START
from pricing.names.resolve import resolve_one
from pricing.rates.in_force import KINDS
from pricing.scenario import Scenario
from pricing.sweep.plan import Plan
from traces.schema import UTC_TIME

_MODEL: Final = ("trace_model", "provider", "model")
_PRICED: Final = _MODEL[1:]


def called_models(plan: Plan, scenario: Scenario, book: PriceBook) -> pl.DataFrame:
    """Models the counted calls of each run are of: what their names meant when they were called.

    Args:
        plan: The trace.
        scenario: How it is priced.
        book: List prices: the models of other books are those it knows by the same name.

    Returns:
        run_id, trace_model (as the trace writes it), provider and model of the book (null: not in it).
    """
    usage = plan.usage(scenario)
    at = usage.n_calls.tocoo()
    placed = usage.groups[at.row].select("run_id", "role").with_columns(pl.Series("_cell", at.col, dtype=pl.UInt32))
    counted = placed.filter(pl.col("role").is_in(scenario.roles)).drop("role").unique()
    found = counted.join(_models_of_cells(plan, scenario, book), on="_cell", how="inner")
    models: pl.DataFrame = found.drop("_cell").unique()
    return models.sort("run_id", *_MODEL, nulls_last=False)


def skipped_runs(plan: Plan, scenario: Scenario) -> list[str]:
    """Runs of which the book leaves a model out of every sum."""
    usage, structure = plan.usage(scenario), plan.structure(scenario)
    at = usage.n_calls.tocoo()
    skipped = usage.groups[at.row].filter(pl.Series(structure.is_skipped[at.col], dtype=pl.Boolean))
    counted = skipped.filter(pl.col("role").is_in(scenario.roles))
    return sorted(counted["run_id"].unique())


def model_entries(called: pl.DataFrame, runs: pl.DataFrame, book: PriceBook, stated: pl.DataFrame) -> pl.DataFrame:
    """When each called model entered and retired.

    It enters on its release date; where none is stated, at its first dated price (the latest day of the window if only
    a window is known) or with its first run here, whichever is earlier: that run shows that it could be called.

    Args:
        called: Rows of ``called_models``.
        runs: run_id, started_at: the earliest start known of a run.
        book: List prices and facts of models.
        stated: trace_model and _stated_at, release dates that win over those of the book.

    Returns:
        trace_model, provider, model, entered_at (null: not known), entry_basis, retired_at, is_called_before.
    """
    first_run = called.join(runs, on="run_id", how="left").group_by(_MODEL).agg(_run_at=pl.col("started_at").min())
    joined = first_run.join(_facts(book), on=_PRICED, how="left").join(_first_prices(book), on=_PRICED, how="left")
    joined = joined.join(stated, on="trace_model", how="left")
    joined = joined.with_columns(_released_at=pl.coalesce("_stated_at", "_released_at"))
    released, price_at, run_at = pl.col("_released_at"), pl.col("_price_at"), pl.col("_run_at")
    is_price_first = price_at.is_not_null() & (run_at.is_null() | (price_at <= run_at))
    basis = (
        pl.when(released.is_not_null()).then(pl.lit("release_date"))
        .when(is_price_first & pl.col("_is_window")).then(pl.lit("price_window"))
        .when(is_price_first).then(pl.lit("first_price"))
        .when(run_at.is_not_null()).then(pl.lit("first_run"))
        .otherwise(pl.lit("unknown"))
    )  # fmt: skip
    return joined.select(
        *_MODEL,
        entered_at=pl.coalesce(released, pl.min_horizontal(price_at, run_at)),
        entry_basis=basis,
        retired_at="_retired_at",
        is_called_before=(run_at < released).fill_null(value=False),
    ).sort(_MODEL, nulls_last=False)


def agent_entries(
    members: pl.DataFrame, called: pl.DataFrame, entries: pl.DataFrame, group: Sequence[str]
) -> pl.DataFrame:
    """When each agent entered and retired: with the last of its models to come, and the first to go.

    Args:
        members: The columns of a group, _run_id (each of its runs) and started_at of that run.
        called: Rows of ``called_models``.
        entries: Rows of ``model_entries``.
        group: Columns that identify an agent.
    """
    models = called.join(entries, on=_MODEL, how="left", nulls_equal=True)
    joined = members.join(models, left_on="_run_id", right_on="run_id", how="left").sort(*group, *_MODEL)
    is_bare = pl.col("entry_basis").is_null()  # no counted call was seen: only that it ran is known
    joined = joined.with_columns(
        entered_at=pl.when(is_bare).then("started_at").otherwise("entered_at"),
        entry_basis=pl.when(~is_bare).then("entry_basis").when(pl.col("started_at").is_null()).then(pl.lit("unknown"))
        .otherwise(pl.lit("first_run")),
        _name=pl.coalesce(pl.format("{}/{}", "provider", "model"), "trace_model"),
    )  # fmt: skip
    entered = pl.col("entered_at")
    return joined.group_by(group, maintain_order=True).agg(
        models=pl.col("_name").drop_nulls().unique().sort().str.join(", "),
        entered_at=pl.when(entered.null_count() == 0).then(entered.max()),
        entry_basis=pl.col("entry_basis").sort_by(entered, nulls_last=True).last(),
        retired_at=pl.col("retired_at").min(),
        is_called_before=pl.col("is_called_before").any(),
    )


def _models_of_cells(plan: Plan, scenario: Scenario, book: PriceBook) -> pl.DataFrame:
    structure = plan.structure(scenario)
    pairs = plan.grid.keys.sort("key").select(pl.col("provider", "model").cast(pl.String)).rows()
    known = set(book.rows.select(_PRICED).unique().iter_rows())
    own = {pair: _stretches(pair, book) for pair in set(pairs)}
    rows = []
    for number, (key, interval) in enumerate(plan.usage(scenario).cells.select("key", "interval").iter_rows()):
        moment, priced_as = plan.grid.lattice.moment(interval), structure.keys[key]
        meant = _at(moment, [(each.since, each.until, each.provider, each.model) for each in priced_as.stretches])
        if meant not in known and not priced_as.is_what_if:
            meant = _at(moment, own[pairs[key]])
        rows.append((number, pairs[key][1], *meant))
    schema = pl.Schema({"_cell": pl.UInt32, **dict.fromkeys(_MODEL, pl.String)})
    return pl.DataFrame(rows, schema=schema, orient="row")


_Meaning = tuple[datetime, datetime, str, str]
"""From when until when a name meant a provider's model."""


def _stretches(pair: tuple[str | None, str | None], book: PriceBook) -> list[_Meaning]:
    found = resolve_one(*pair, book.directory).drop_nulls("price_model")
    columns = (
        pl.col("alias_from").fill_null(START), pl.col("alias_until").fill_null(END), "price_provider", "price_model",
    )  # fmt: skip
    return found.select(columns).rows()


def _at(moment: datetime | None, meanings: Sequence[_Meaning]) -> tuple[str | None, str | None]:
    """Model a name meant at a moment; where it meant none then, the latest it meant; (None, None): none ever."""
    then = [rest for since, until, *rest in meanings if moment is not None and since <= moment < until]
    provider, model = [*then, *(rest for _, _, *rest in meanings[-1:]), (None, None)][0]
    return provider, model


def _facts(book: PriceBook) -> pl.DataFrame:
    return book.models.select(*_PRICED, _released_at=_midnight("release_date"), _retired_at=_midnight("retired_date"))


def _midnight(day: str) -> pl.Expr:
    return pl.col(day).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _first_prices(book: PriceBook) -> pl.DataFrame:
    """When the first dated price of each model was certainly in force, and whether only a window is known for it."""
    certain = pl.coalesce("effective_latest", "effective_from")
    return (
        book.rows.filter(pl.col("kind").is_in(KINDS) & certain.is_not_null())
        .sort(certain, pl.col("effective_latest"), nulls_last=False)
        .unique(_PRICED, keep="first", maintain_order=True)
        .select(*_PRICED, _price_at=certain.cast(UTC_TIME), _is_window=pl.col("effective_latest").is_not_null())
    )
