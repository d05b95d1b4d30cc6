"""When an agent could first be called, and from when on it no longer could: facts of the models it calls."""

from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from pricing.book import PriceBook
from pricing.rates.in_force import KINDS
from pricing.rates.keys import Key
from pricing.scenario import Scenario
from pricing.schema import MODEL_FACTS
from pricing.sweep.plan import Plan
from traces.schema import UTC_TIME

_MODEL: Final = ("trace_model", "provider", "model")
_PRICED: Final = _MODEL[1:]


def called_models(plan: Plan, scenario: Scenario) -> pl.DataFrame:
    """Models the counted calls of each run are priced as: what their names meant when they were called.

    Returns:
        run_id, trace_model (as the trace writes it), provider and model of the price book (null: in no book).
    """
    usage = plan.usage(scenario)
    at = usage.n_calls.tocoo()
    placed = usage.groups[at.row].select("run_id", "role").with_columns(pl.Series("_cell", at.col, dtype=pl.UInt32))
    counted = placed.filter(pl.col("role").is_in(scenario.roles)).drop("role").unique()
    found = counted.join(_models_of_cells(plan, scenario), on="_cell", how="inner")
    models: pl.DataFrame = found.drop("_cell").unique()
    return models.sort("run_id", *_MODEL, nulls_last=False)


def model_entries(called: pl.DataFrame, runs: pl.DataFrame, books: Sequence[PriceBook]) -> pl.DataFrame:
    """When each called model entered and retired.

    It enters on its release date; where none is stated, at its first dated price (the latest day of the window if only
    a window is known) or with its first run here, whichever is earlier: that run shows that it could be called.

    Args:
        called: Rows of ``called_models``.
        runs: run_id, started_at: the earliest start known of a run.
        books: Price books, in the order in which they count.

    Returns:
        trace_model, provider, model, entered_at (null: not known), entry_basis, retired_at, is_called_before.
    """
    first_run = called.join(runs, on="run_id", how="left").group_by(_MODEL).agg(_run_at=pl.col("started_at").min())
    joined = first_run.join(_facts(books), on=_PRICED, how="left").join(_first_prices(books), on=_PRICED, how="left")
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


def _models_of_cells(plan: Plan, scenario: Scenario) -> pl.DataFrame:
    structure = plan.structure(scenario)
    names = plan.grid.keys.sort("key")["model"].cast(pl.String).to_list()
    cells = plan.usage(scenario).cells.select("key", "interval").iter_rows()
    rows = [
        (number, names[key], *_meant(structure.keys[key], interval, plan))
        for number, (key, interval) in enumerate(cells)
    ]
    schema = pl.Schema({"_cell": pl.UInt32, **dict.fromkeys(_MODEL, pl.String)})
    return pl.DataFrame(rows, schema=schema, orient="row")


def _meant(key: Key, interval: int, plan: Plan) -> tuple[str | None, str | None]:
    """Model of the book a name meant then; where it meant none then, the latest it meant."""
    moment = plan.grid.lattice.moment(interval)
    stretch = None if moment is None else key.at(moment)
    stretch = stretch or (key.stretches[-1] if key.stretches else None)
    return (None, None) if stretch is None else (stretch.provider, stretch.model)


def _facts(books: Sequence[PriceBook]) -> pl.DataFrame:
    facts = pl.concat([MODEL_FACTS.empty(), *(book.models for book in books)])
    facts = facts.unique(_PRICED, keep="first", maintain_order=True)
    return facts.select(*_PRICED, _released_at=_midnight("release_date"), _retired_at=_midnight("retired_date"))


def _midnight(day: str) -> pl.Expr:
    return pl.col(day).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _first_prices(books: Sequence[PriceBook]) -> pl.DataFrame:
    """When the first dated price of each model was certainly in force, and whether only a window is known for it."""
    certain = pl.coalesce("effective_latest", "effective_from")
    return (
        pl.concat([book.rows.select(*_PRICED, *_STARTS, "kind") for book in _distinct(books)])
        .filter(pl.col("kind").is_in(KINDS) & certain.is_not_null())
        .sort(certain, pl.col("effective_latest"), nulls_last=False)
        .unique(_PRICED, keep="first", maintain_order=True)
        .select(*_PRICED, _price_at=certain.cast(UTC_TIME), _is_window=pl.col("effective_latest").is_not_null())
    )


_STARTS: Final = ("effective_from", "effective_latest")


def _distinct(books: Sequence[PriceBook]) -> Iterator[PriceBook]:
    """Each book once."""
    return iter({id(book): book for book in books}.values())
