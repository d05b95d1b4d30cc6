"""Which calls of a trace have no price, by model, and what to do about each."""

from typing import Any

import polars as pl

from pricing.book import PriceBook
from pricing.names.resolve import unresolved_hint
from pricing.rates.keys import KEY_COLUMNS
from traces.errors import PricingError


def unpriced_models(calls: pl.LazyFrame, book: PriceBook) -> list[dict[str, Any]]:
    """List the models with calls that have no price, most calls first, each with its reason and a hint.

    Args:
        calls: PRICED_CALLS.
        book: Prices.
    """
    unpriced = calls.filter(pl.col("cost_basis").cast(pl.String) == "price_unknown")
    by_model = unpriced.group_by(*KEY_COLUMNS, "price_model").agg(
        n_calls=pl.len(), first_at=pl.coalesce("started_at", "ended_at").min()
    )
    rows = by_model.sort("n_calls", *KEY_COLUMNS, descending=[True, *[False] * len(KEY_COLUMNS)]).collect()
    return [{**row, **_advice(row, book)} for row in rows.iter_rows(named=True)]


def _advice(row: dict[str, Any], book: PriceBook) -> dict[str, str]:
    if row["price_model"] is None:
        return {
            "reason": "no such model in the price book",
            "hint": unresolved_hint(row["provider"], row["model"], book.directory),
        }
    if row["first_at"] is None:
        return {"reason": "its calls carry no date", "hint": "price them at one day: --as-of DATE"}
    tier = row["service_tier"] or ("batch" if row["is_batch"] else "")
    return {
        "reason": f"no {tier} price in force on {row['first_at']:%Y-%m-%d}".replace("  ", " "),
        "hint": f"see its prices: evalreplay prices {row['model']}; price it at another day: --as-of DATE",
    }


def refuse_unpriced(unpriced: list[dict[str, Any]], *, is_strict: bool) -> None:
    """Raise for the first model without a price, if the user asked for that.

    Raises:
        PricingError: with ``is_strict``, if there is one.
    """
    if is_strict and unpriced:
        first = unpriced[0]
        raise PricingError(f"no price for {label(first)}: {first['reason']}", first["hint"])


def label(unpriced: dict[str, Any]) -> str:
    """Name a model as provider/model."""
    return "/".join(filter(None, (unpriced["provider"], unpriced["model"]))) or "calls without a model"
