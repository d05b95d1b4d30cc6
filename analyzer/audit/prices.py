"""Recorded costs tried at other prices of the book: of another day, another provider, another region."""

from datetime import timedelta
from functools import reduce
from typing import Final

import polars as pl

from analyzer.audit.implied_rates import GROUP
from pricing.book import PriceBook
from pricing.names.aliases import normalised
from pricing.names.directory import Directory
from pricing.names.resolve import resolve
from pricing.reprice import reprice_tables
from pricing.scenario import Scenario
from traces.schema import CALLS, UTC_TIME

_CLOSE: Final = 1e-9
_LEAST_SHARE: Final = 0.9
_N_SAMPLE: Final = 100
_PAIR: Final = ("provider", "model")
_ALTERNATIVES: Final = pl.Schema(
    {
        **dict.fromkeys(_PAIR, pl.String()),
        "at": UTC_TIME,
        **dict.fromkeys(("to_provider", "to_model", "to_region"), pl.String()),
    }
)
"""A price to try for a model: at another moment, of another provider and model, in a region (null: as the call)."""


def other_prices(calls: pl.DataFrame, book: PriceBook) -> pl.DataFrame:
    """Find prices that reproduce recorded costs to 1e-9: _row, other_day, other_provider, other_region (null: none).

    A price counts only if it reproduces at least nine in ten of the figures of its ``GROUP`` that have no cause yet,
    so that a coincidence in a few proves nothing. Of several the nearest day, and the first provider, is named.

    Args:
        calls: Canonical columns of the calls without a cause, with _row, recorded (USD) and recorded_basis.
        book: Prices.
    """
    usable = calls.filter(pl.col("recorded") > 0, pl.col("input_tokens").is_not_null(), ~pl.col("is_residual"))
    pairs = usable.select(_PAIR).unique()
    days = _matched(usable, _on_other_days(pairs, book), book)
    providers = _matched(usable, _at_other_providers(pairs, book), book)
    regions = _matched(usable, _in_other_regions(pairs, book), book)
    found = (
        days.select("_row", other_day=pl.col("at").dt.strftime("%Y-%m-%d")),
        providers.select("_row", other_provider="to_provider"),
        regions.select("_row", other_region="to_region"),
    )
    return reduce(lambda one, other: one.join(other, on="_row", how="full", coalesce=True), found)


def _on_other_days(pairs: pl.DataFrame, book: PriceBook) -> pl.DataFrame:
    """Days on which a price of the model changed, and the one before the first."""
    targets = resolve(pairs, book.directory).filter(pl.col("price_model").is_not_null())
    listed = targets.join(
        book.rows, left_on=["price_provider", "price_model"], right_on=["provider", "model"], how="inner"
    )
    changes = listed.select(*_PAIR, at="effective_from").drop_nulls("at").unique()
    before = changes.group_by(_PAIR).agg(pl.col("at").min() - timedelta(days=1))
    return pl.concat([changes, before]).with_columns(
        to_provider="provider", to_model="model", to_region=pl.lit(None, pl.String)
    )


def _at_other_providers(pairs: pl.DataFrame, book: PriceBook) -> pl.DataFrame:
    """List the same model, by the last part of its name or as an open model, as every other provider sells it."""
    rows = [
        (row["provider"], row["model"], None, host, name, None)
        for row in resolve(pairs, book.directory).iter_rows(named=True)
        for host, name in sorted(_sellers(row, book.directory))
        if host != (row["price_provider"] or row["provider"])
    ]
    return pl.DataFrame(rows, schema=_ALTERNATIVES, orient="row").unique(maintain_order=True)


def _in_other_regions(pairs: pl.DataFrame, book: PriceBook) -> pl.DataFrame:
    """List the regions the provider of each price has prices or factors of its own in."""
    regions = pl.concat([frame.select("provider", to_region="region") for frame in (book.rows, book.regions)])
    billed = resolve(pairs, book.directory).with_columns(pl.coalesce("biller", "price_provider"))
    named = billed.join(regions.drop_nulls().unique(), left_on="biller", right_on="provider", how="inner")
    alternatives = named.with_columns(at=pl.lit(None, UTC_TIME), to_provider="provider", to_model="model")
    return alternatives.select(_ALTERNATIVES.names()).unique().sort(_ALTERNATIVES.names())


def _sellers(row: dict[str, str | None], directory: Directory) -> set[tuple[str, str]]:
    """Every provider and model of the book whose name ends as this one does, or that is the same open model."""
    lasts = _lasts(row)
    found = {
        (host, model)
        for host, names in directory.index.items()
        for known, model in names.items()
        if _last(known) in lasts
    }
    return found | set(directory.sold(row["identity"]) if row["identity"] else ())


def _last(name: str) -> str:
    return normalised(name).rpartition("/")[2]


def _lasts(row: dict[str, str | None]) -> set[str]:
    return {_last(name) for name in (row["model"], row["price_model"]) if name}


def _matched(calls: pl.DataFrame, alternatives: pl.DataFrame, book: PriceBook) -> pl.DataFrame:
    """Rows reproduced by the best alternative of their group; alternatives are weeded out on a sample first."""
    sample = calls.filter(pl.int_range(pl.len()).over(GROUP) < _N_SAMPLE)
    likely = _reproduced(sample, alternatives, book).select(alternatives.columns).unique()
    rows = _reproduced(calls, likely, book)
    wanted = calls.group_by(GROUP).agg(n_wanted=pl.len())
    keys = [*GROUP, *_ALTERNATIVES.names()[len(_PAIR) :]]
    distance = (pl.col("at") - pl.col("started_at")).abs().mean()
    best = (
        rows.group_by(keys).agg(n=pl.len(), distance=distance)
        .join(wanted, on=GROUP, nulls_equal=True)
        .filter(pl.col("n") >= _LEAST_SHARE * pl.col("n_wanted"))
        .sort(pl.col("n").cast(pl.Int64).neg(), "distance", *keys[len(GROUP) :])
        .unique(GROUP, keep="first", maintain_order=True)
    )  # fmt: skip
    return rows.join(best.select(keys), on=keys, how="semi", nulls_equal=True)


def _reproduced(calls: pl.DataFrame, alternatives: pl.DataFrame, book: PriceBook) -> pl.DataFrame:
    """Calls priced at each alternative of their model, where that gives the recorded cost."""
    tried = calls.join(alternatives, on=_PAIR, how="inner", nulls_equal=True)
    if tried.is_empty():
        return tried
    hour = (pl.col("started_at") - pl.col("started_at").dt.truncate("1d")).fill_null(timedelta())
    moved = tried.with_row_index("_number").with_columns(
        call_id=pl.int_range(pl.len()).cast(pl.String),
        provider="to_provider",
        model="to_model",
        region=pl.coalesce("to_region", pl.col("region").cast(pl.String)),
        started_at=pl.coalesce(pl.col("at") + hour, "started_at"),
    )
    priced = reprice_tables({"calls": moved.select(CALLS.schema.names())}, Scenario(), book)["calls"]
    costs = priced.select(_number=pl.col("call_id").cast(pl.UInt32), cost_usd="cost_usd")
    is_met = (pl.col("cost_usd") - pl.col("recorded")).abs() <= _CLOSE * pl.col("recorded")
    return tried.with_row_index("_number").join(costs, on="_number").filter(is_met).drop("_number", "cost_usd")
