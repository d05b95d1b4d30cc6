"""Which calls of a trace have no price, by model, and what to do about each."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from pricing.book import PriceBook
from pricing.names.resolve import unresolved_hint
from pricing.rates.keys import BATCH, HALVED_TIERS, KEY_COLUMNS, plain_tier
from pricing.scenario import Scenario
from traces.errors import PricingError


def unpriced_models(calls: pl.LazyFrame, book: PriceBook, scenario: Scenario) -> list[dict[str, Any]]:
    """List the models with calls that have no price, most calls first, each with its reason and a hint.

    Args:
        calls: PRICED_CALLS.
        book: Prices.
        scenario: How they were priced.
    """
    unpriced = calls.filter(pl.col("cost_basis").cast(pl.String) == "price_unknown")
    by_model = unpriced.group_by(*KEY_COLUMNS, "price_model").agg(
        n_calls=pl.len(), first_at=pl.coalesce("started_at", "ended_at").min()
    )
    rows = by_model.sort("n_calls", *KEY_COLUMNS, descending=[True, *[False] * len(KEY_COLUMNS)]).collect()
    return [{**row, **_advice(row, book, scenario)} for row in rows.iter_rows(named=True)]


def skipped_models(calls: pl.LazyFrame) -> list[dict[str, Any]]:
    """List the models whose calls a named book leaves out of every sum, most calls first: provider, model, n_calls.

    Args:
        calls: PRICED_CALLS.
    """
    skipped = calls.filter(pl.col("cost_basis").cast(pl.String) == "skipped")
    by_model = skipped.group_by(pl.col("provider", "model").cast(pl.String)).agg(n_calls=pl.len())
    return by_model.sort("n_calls", "provider", "model", descending=[True, False, False]).collect().to_dicts()


def calls_without_tokens(calls: pl.LazyFrame, roles: Sequence[str]) -> tuple[int, int, int]:
    """Count the calls that have no token counts, the runs they are of, and those that state dollars of their own.

    Args:
        calls: PRICED_CALLS.
        roles: Roles that count.
    """
    open_calls = calls.filter(pl.col("cost_basis").cast(pl.String) == "tokens_unknown", pl.col("role").is_in(roles))
    n_calls, n_runs, n_stated = (
        open_calls.select(pl.len(), pl.col("run_id").n_unique(), pl.col("recorded_cost_usd").count()).collect().row(0)
    )
    return n_calls, n_runs, n_stated


def cut_runs(runs: pl.LazyFrame, rollouts: pl.LazyFrame) -> list[tuple[str, int, int]]:
    """List the runs that hold some rollouts, but fewer than their source counts: run_id, held, counted."""
    held = rollouts.group_by("run_id").agg(n=pl.len())
    joined = runs.join(held, on="run_id").filter(pl.col("n") < pl.col("recorded_n_rollouts"))
    return joined.select("run_id", "n", "recorded_n_rollouts").sort("run_id").collect().rows()


def _advice(row: dict[str, Any], book: PriceBook, scenario: Scenario) -> dict[str, str]:
    provider, model = scenario.billed_as(row["provider"], row["model"])
    if row["price_model"] is None:
        return {"reason": "no such model in the price book", "hint": unresolved_hint(provider, model, book.directory)}
    at = scenario.moment or row["first_at"]
    if at is None:
        return {"reason": "its calls carry no date", "hint": "price them at one day: --as-of DATE"}
    is_batch = row["is_batch"] if scenario.batch is None else scenario.batch.share_frac > 0
    tier = BATCH if is_batch else plain_tier(scenario.service_tier or row["service_tier"])
    named = "" if tier == "standard" else tier
    which = f" of {row['price_model']}" if model != row["model"] else ""
    see = f"see its prices: evalreplay prices {model}"
    other = f"{see}; price it at another day: --as-of DATE"
    half = f"assume half the standard price: --unlisted-tiers half; {see}"
    can_be_half = tier in {BATCH, *HALVED_TIERS} and scenario.unlisted_tiers == "unknown"
    return {
        "reason": " ".join(filter(None, ("no", named, f"price{which} in force on {at:%Y-%m-%d}"))),
        "hint": half if can_be_half else other,
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
