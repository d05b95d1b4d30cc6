"""The tables pricing adds to: the price book's rows, and the canonical tables with cost and clock columns.

Inside pricing, money is Int64 pico-dollars (10**-12 USD; 1 USD per million tokens = 10**6 per token), so that every
list price per token is a whole number and sums do not depend on row order. It becomes Float64 USD once, on output.
"""

from typing import Final

import polars as pl

from traces.schema import CALLS, CHARGES, REJECTS, ROLLOUTS, RUNS, SCORES, TASKS, UTC_TIME
from traces.table import Column, Table

PUSD_PER_USD: Final = 10**12
PUSD_PER_USD_PER_MTOK: Final = 10**6

TOKEN_KINDS: Final = ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning")
DATE_BASES: Final = (
    "announcement", "vendor_page", "vendor_note", "release", "observed_commit", "start_date", "window", "scheduled",
    "unverified_date", "billed", "undated",
)  # fmt: skip
COST_BASES: Final = (
    "exact",  # tokens and price are known: one figure
    "upper_bound",  # cache split or place of the reasoning not known: the figure is the highest, low is beside it
    "range",  # context tier, hour window or price date not known: low and high, no one figure
    "tokens_unknown",  # no token counts: no figure; what is known is in the low bound
    "price_unknown",  # no such model, or no price in force on that day
    "not_billed",  # answered from a local cache
    "what_if",  # priced as another model, at the number of tokens the scenario states
    "hardware",  # accelerator-time of a deployment at its hourly price; low and high are its bands
    "hardware_estimate",  # the same, resting on more than measured rows of the model at measured lengths
    "skipped",  # the book it is priced with leaves its model out of every sum
)
PRICE_TIME_BASES: Final = ("call", "rollout", "run", "as_of", "unknown")

PRICES: Final = Table(
    "prices",
    (),
    "One row per price: what one unit of one kind of usage of one model costs at one provider, from when to when. A "
    "change of price is a new row.",
    (
        Column("provider", pl.String, "Who bills.", nullable=False),
        Column("model", pl.String, "Model id at that provider.", nullable=False),
        Column("kind", pl.String, "Usage priced: one of the token kinds, or the kind of a charge.", nullable=False),
        Column("unit", pl.String, "Unit priced: token, request, search ...", nullable=False, default="token"),
        Column("price_pusd", pl.Int64, "Pico-dollars per unit.", nullable=False),
        Column("effective_from", UTC_TIME, "In force from this moment; null: always (undated)."),
        Column("effective_until", UTC_TIME, "In force before this moment; null: until the next row, or still."),
        Column("effective_earliest", UTC_TIME, "Earliest possible effective_from, where only a window is known; null: exact."),
        Column("effective_latest", UTC_TIME, "Latest possible effective_from, where only a window is known; null: exact."),
        Column("min_input_tokens", pl.Int64, "Applies to requests with more input tokens than this, cached included.", nullable=False, default=0),
        Column("is_whole_request", pl.Boolean, "True: above the threshold all tokens pay this price; false: only those above it.", nullable=False, default=True),
        Column("service_tier", pl.String, "Service tier priced.", nullable=False, default="standard"),
        Column("is_batch", pl.Boolean, "Price of the batch endpoint.", nullable=False, default=False),
        Column("region", pl.String, "Region priced; null: any."),
        Column("weekdays", pl.String, "Days of the window, such as Mon-Fri; null: every day."),
        Column("hours_utc", pl.String, "Hours of the window, such as 16:30-00:30, comma-separated; null: all day."),
        Column("priority", pl.Int64, "A row with a higher priority wins over the rows it overlaps.", nullable=False, default=0),
        Column("layer", pl.String, "Where the row comes from.", nullable=False, values=("catalogue", "history", "user", "book")),
        Column("date_basis", pl.String, "How the effective moment is known.", nullable=False, values=DATE_BASES),
        Column("source", pl.String, "Where the figure is written.", nullable=False),
        Column("retrieved_date", pl.Date, "Day the source was read."),
        Column("note", pl.String, "Anything else worth knowing."),
    ),
)  # fmt: skip

_SOURCED: Final = (
    Column("source", pl.String, "Where it is written.", nullable=False),
    Column("retrieved_date", pl.Date, "Day the source was read."),
    Column("note", pl.String, "Anything else worth knowing."),
)
_OF_MODELS: Final = Column("models", pl.String, "Model id, or the start of several ids and *; null: every model of the provider.")  # fmt: skip

MODEL_FACTS: Final = Table(
    "model_facts",
    ("provider", "model"),
    "One row per model of which more is known than its prices.",
    (
        Column("provider", pl.String, "Who bills.", nullable=False),
        Column("model", pl.String, "Model id at that provider.", nullable=False),
        Column("release_date", pl.Date, "First day it could be called; null: not known."),
        Column("retired_date", pl.Date, "First day it could no longer be called; null: none known."),
        *_SOURCED,
    ),
)
CACHE_RULES: Final = Table(
    "cache_rules",
    (),
    "What a provider's prompt cache holds: the latest row that fits a model and a moment counts.",
    (
        Column("provider", pl.String, "Who bills.", nullable=False),
        _OF_MODELS,
        Column("min_tokens", pl.Int64, "Shorter prompts are not cached.", nullable=False),
        Column("ttl_s", pl.Float64, "Seconds an entry is kept at least after it was last used; null: not stated."),
        Column("effective_from", UTC_TIME, "In force from this moment; null: always."),
        *_SOURCED,
    ),
)
REGION_MULTIPLIERS: Final = Table(
    "region_multipliers",
    (),
    "What all prices of a model are multiplied by in a region: the latest row that fits model, region and moment counts.",
    (
        Column("provider", pl.String, "Who bills.", nullable=False),
        Column("region", pl.String, "Region as calls and scenarios name it.", nullable=False),
        _OF_MODELS,
        Column("multiplier", pl.Float64, "Factor on the price of no region.", nullable=False),
        Column("effective_from", UTC_TIME, "In force from this moment; null: always."),
        *_SOURCED,
    ),
)
UNITS: Final = (
    "token", "request", "search", "session", "message", "page", "image", "s", "char", "pixel", "token_hour", "gb_day",
)  # fmt: skip


_FOCUS: Final = (
    Column("list_cost_usd", pl.Float64, "At list prices, nothing taken off (FOCUS ListCost); null: not one figure."),
    Column("contracted_cost_usd", pl.Float64, "At negotiated prices (FOCUS ContractedCost); cost_usd, after commitments, is EffectiveCost; null: not one figure."),
)  # fmt: skip


_CURRENCY: Final = (
    Column("currency", pl.String, "Code of the currency costs are also given in; null: none was asked for."),
    Column("cost_in_currency", pl.Float64, "cost_usd in that currency, at the rate of the day it was priced at; null: not known."),
    Column("cost_low_in_currency", pl.Float64, "cost_low_usd in that currency; null: no currency."),
    Column("cost_high_in_currency", pl.Float64, "cost_high_usd in that currency; null: unbounded, or no currency."),
)  # fmt: skip


def _money(name: str, what: str) -> tuple[Column, ...]:
    return (
        Column(f"{name}_usd", pl.Float64, f"{what}; null: some part is not known."),
        Column(f"{name}_low_usd", pl.Float64, f"{what}: lowest it can be (the known part)."),
        Column(f"{name}_high_usd", pl.Float64, f"{what}: highest it can be; null: unbounded."),
    )


_PARTS: Final = tuple(
    Column(f"{kind}_cost_usd", pl.Float64, f"Part of cost_usd for {what}; null: not told apart.")
    for kind, what in (
        ("uncached_input", "uncached input"),
        ("cache_read", "cache reads"),
        ("cache_write", "cache writes of any duration"),
        ("visible_output", "output other than reasoning"),
        ("reasoning", "reasoning"),
        ("request", "fees per request"),
    )
)

PRICED_CALLS: Final = CALLS.with_columns(
    CALLS.doc,
    *_money("cost", "Cost of the call"),
    *_FOCUS,
    *_CURRENCY,
    *_PARTS,
    Column("cost_basis", pl.String, "What kind of figure the cost is.", nullable=False, values=COST_BASES),
    Column("price_model", pl.String, "provider/model of the price rows used; null: none found."),
    Column("price_from", UTC_TIME, "Effective moment of the price used, the earliest it can be where the call lies in its window; null: undated or none."),
    Column("price_evidence", pl.String, "Layer and date basis of the price used (retired: the last known of a model that could no longer be called), or assumed/half; null: none."),
    Column("price_time_basis", pl.String, "Whose time chose the price.", nullable=False, default="unknown", values=PRICE_TIME_BASES),
)  # fmt: skip

PRICED_CHARGES: Final = CHARGES.with_columns(
    CHARGES.doc,
    *_money("cost", "Cost of the charge"),
    *_FOCUS,
    *_CURRENCY,
    Column("cost_basis", pl.String, "What kind of figure the cost is.", nullable=False, values=COST_BASES),
)

_SUMS: Final = (
    *_money("cost", "Cost of the calls and charges of the counted roles"),
    *_FOCUS,
    *_CURRENCY,
    *_PARTS,
    Column("charges_cost_usd", pl.Float64, "Part of cost_usd for charges; null: not known."),
    Column("coverage_frac", pl.Float64, "Share of calls and charges with a cost; 1 where there is nothing to price."),
    Column("n_priced_calls", pl.Int64, "Calls of the counted roles that have a cost; a total counts its requests, or as one.", nullable=False, default=0),
    Column("n_unpriced_calls", pl.Int64, "Those in the trace without a cost; the coverage also counts those that are missing.", nullable=False, default=0),
    Column("input_tokens", pl.Int64, "Input tokens of the counted roles; null: some not known."),
    Column("uncached_input_tokens", pl.Int64, "Of which uncached; null: some not known."),
    Column("output_tokens", pl.Int64, "Output tokens of the counted roles; null: some not known."),
    Column("n_turns", pl.Int64, "Model requests of the agent; null: not known."),
    Column("input_low_tokens", pl.Int64, "Input tokens that are known of: a low bound of input_tokens."),
    Column("uncached_input_low_tokens", pl.Int64, "Uncached input tokens that are known of: a low bound."),
    Column("output_low_tokens", pl.Int64, "Output tokens that are known of: a low bound of output_tokens."),
    Column("output_high_tokens", pl.Int64, "Most output tokens there can be, reasoning that may lie outside included; null: not bounded."),
    Column("n_turns_low", pl.Int64, "Model requests of the agent that were seen: a low bound of n_turns."),
)  # fmt: skip

PRICED_ROLLOUTS: Final = ROLLOUTS.with_columns(
    ROLLOUTS.doc,
    *_SUMS,
    Column("recorded_s", pl.Float64, "Seconds the rollout took when it was recorded; null: only bounds are known."),
    Column("recorded_low_s", pl.Float64, "Lowest it can have been."),
    Column("recorded_high_s", pl.Float64, "Highest it can have been; null: unbounded."),
    Column("api_s", pl.Float64, "Seconds on the API under the scenario; null: not known, or only bounds are."),
    Column("api_low_s", pl.Float64, "Lowest it can be."),
    Column("api_high_s", pl.Float64, "Highest it can be; null: unbounded."),
    Column(
        "hardware_s",
        pl.Float64,
        "Seconds on the accelerators of the scenario's deployments; null: not deployed, or only bounds are known.",
    ),
    Column("hardware_low_s", pl.Float64, "Lowest it can be; null: not deployed."),
    Column("hardware_high_s", pl.Float64, "Highest it can be; null: not deployed, or unbounded."),
)
PRICED_RUNS: Final = RUNS.with_columns(
    RUNS.doc,
    *_SUMS,
    Column("priced_from", UTC_TIME, "Earliest moment whose prices were used; null: none."),
    Column("priced_until", UTC_TIME, "Latest moment whose prices were used; null: none."),
)

PRICED_TABLES: Final = {
    table.name: table for table in (PRICED_RUNS, TASKS, PRICED_ROLLOUTS, SCORES, PRICED_CALLS, PRICED_CHARGES, REJECTS)
}
