"""Sums of priced calls and charges per rollout and run: null where a part is not known, with bounds and coverage."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from pricing.cost.clock import recorded_clock
from pricing.cost.cost import Costs
from pricing.cost.currency import CONVERTED
from pricing.cost.facts import Facts
from traces.sums import known_total, total

PARTS: Final = ("uncached_input", "cache_read", "cache_write", "visible_output", "reasoning", "request", "charges")
_VIEWS: Final = ("list_cost_pusd", "contracted_cost_pusd")
_MONEY: Final = (
    "cost_pusd", "cost_low_pusd", "cost_high_pusd", *_VIEWS, *(f"{part}_cost_pusd" for part in PARTS), *CONVERTED,
)  # fmt: skip
_AT_LEAST: Final = ("cost_low_pusd", "cost_low_pcur")
_TOKENS: Final = ("input_tokens", "uncached_input_tokens", "output_tokens")
_COUNTS: Final = ("n_priced_calls", "n_unpriced_calls", "n_requests", "n_rows", "n_priced_rows")
_KNOWN: Final = {name: name.replace("_tokens", "_low_tokens") for name in _TOKENS}
_LOWS: Final = (*_KNOWN.values(), "n_turns_low")
_HIGH: Final = "output_high_tokens"
_SUMS: Final = (*_MONEY, *_TOKENS, _HIGH, "n_turns", *_LOWS, *_COUNTS)
HELPERS: Final = ("n_requests", "n_rows", "n_priced_rows")
"""Columns that sums carry on the way; not part of any table."""


def call_sums(priced: pl.LazyFrame, key: str, facts: Facts, costs: Costs) -> pl.LazyFrame:
    """Sum priced calls by ``key``, in pico-dollars; what the facts give away is not summed but written after.

    Args:
        priced: Calls of the counted roles, priced.
        key: rollout_id or run_id.
        facts: Facts of the calls.
        costs: How they were priced.
    """
    known = facts.known | costs.known
    names = [name for name in (*_MONEY, *_TOKENS) if name != "charges_cost_pusd"]
    sums = {name: total(_wide(name), is_known=name in known) for name in names if name not in costs.given}
    counts = _counted(facts, costs)
    sums |= {name: count for name, (is_len, count) in counts.items() if not is_len}
    given = {name: costs.given[name] for name in names if name in costs.given}
    given |= {name: pl.col("n_rows") for name, (is_len, _) in counts.items() if is_len}
    bounds = _bounds(facts)
    sums |= {name: bound for name, (same, bound) in bounds.items() if same is None}
    same_as = {name: same for name, (same, _) in bounds.items() if same is not None}
    n_rows = pl.len().cast(pl.Int64) if facts.is_always("n_requests", 1) else n_requests().sum()
    return priced.group_by(key).agg(n_rows=n_rows, **sums).with_columns(**given).with_columns(**same_as)


def n_requests() -> pl.Expr:
    """Requests a row stands for in counts: a total of an unknown number, or of none, is one."""
    return pl.col("n_requests").fill_null(1).clip(1)


def _wide(name: str) -> pl.Expr:
    """Amounts in another currency can be many times those in dollars."""
    return pl.col(name).cast(pl.Int128) if name in CONVERTED else pl.col(name)


def _bounds(facts: Facts) -> dict[str, tuple[pl.Expr | None, pl.Expr]]:
    """Bounds of tokens and turns: the sum they are the same as by the facts (None: none), else how to sum them."""
    bounds = {
        low: (pl.col(name) if name in facts.known else None, known_total(name).fill_null(0))
        for name, low in _KNOWN.items()
    }
    is_one_reading = _HIGH in facts.absent
    bounds[_HIGH] = (pl.col("output_tokens") if is_one_reading else None, total(pl.coalesce(_HIGH, "output_tokens")))
    is_counted = "n_requests" in facts.known
    bounds["n_turns_low"] = (pl.col("n_turns") if is_counted else None, total(_turns().fill_null(1)))
    return bounds


def _turns() -> pl.Expr:
    return pl.when(pl.col("role").cast(pl.String) == "agent").then("n_requests").otherwise(0)


def _counted(facts: Facts, costs: Costs) -> dict[str, tuple[bool, pl.Expr]]:
    """Counts of a group: whether it is the number of rows by the facts, else how to count it."""
    is_one = facts.is_always("n_requests", 1)
    return {
        "n_turns": (
            is_one and facts.is_always("role", "agent"),
            total(_turns(), is_known="n_requests" in facts.known),
        ),
        "n_requests": (is_one, pl.col("n_requests").fill_null(1).sum()),
        "n_priced_rows": ("cost_pusd" in costs.known, _n_priced(costs)),
    }


def _n_priced(costs: Costs) -> pl.Expr:
    """Count the requests with a cost; what its book leaves out has none, though it adds nothing."""
    has_cost = pl.col("cost_pusd").is_not_null()
    has_cost = has_cost & (pl.col("cost_basis") != "skipped") if costs.has_skipped else has_cost
    return pl.when(has_cost).then(n_requests()).otherwise(0).sum()


def joined_sums(parts: Sequence[pl.DataFrame], key: str) -> pl.LazyFrame:
    """Put the sums of parts of the calls together; what lies in several parts is added up."""
    sums = pl.concat(parts, how="vertical_relaxed")
    if len(parts) == 1 or sums[key].n_unique() == sums.height:
        return sums.lazy()
    names = [name for name in sums.columns if name != key]
    return sums.lazy().group_by(key).agg(total(name) for name in names)


def with_charges(sums: pl.LazyFrame, charges: pl.DataFrame, key: str) -> pl.LazyFrame:
    """Add priced charges to the sums of calls by ``key``; what has charges and no calls gets a row."""
    sums = sums.with_columns(
        charges_cost_pusd=pl.lit(0, pl.Int64),
        n_priced_calls=pl.col("n_priced_rows"),
        n_unpriced_calls=pl.col("n_rows") - pl.col("n_priced_rows"),
    )
    charged = charges.filter(pl.col(key).is_not_null())
    if charged.is_empty():
        return sums
    of_charges = charged.select(
        key, "cost_pusd", "cost_low_pusd", "cost_high_pusd", *_VIEWS, *CONVERTED, charges_cost_pusd="cost_pusd",
        n_rows=pl.lit(1, pl.Int64), n_priced_rows=pl.col("cost_pusd").is_not_null().cast(pl.Int64),
        **{name: pl.lit(0, pl.Int64) for name in (*_SUMS,) if name not in _CHARGED},
    )  # fmt: skip
    wide = of_charges.with_columns(pl.col(name).cast(pl.Int128) for name in of_charges.columns if name in _MONEY)
    return _resummed(pl.concat([sums, wide.lazy()], how="diagonal_relaxed"), key)


_CHARGED: Final = (
    "cost_pusd", "cost_low_pusd", "cost_high_pusd", *_VIEWS, *CONVERTED, "charges_cost_pusd", "n_rows", "n_priced_rows",
)  # fmt: skip


def rollout_costs(rollouts: pl.LazyFrame, sums: pl.LazyFrame, seen: pl.LazyFrame) -> pl.LazyFrame:
    """Join ROLLOUTS with their sums, in pico-dollars, and add the recorded clock.

    A rollout whose source counts more calls than the trace holds, or of which nothing is seen at all, has no cost:
    only a low bound.

    Args:
        rollouts: Rollouts.
        sums: Sums of calls of the counted roles and of charges, by rollout_id.
        seen: rollout_id, _n_seen: requests of all roles.
    """
    joined = rollouts.join(sums, on="rollout_id", how="left", maintain_order="left")
    joined = joined.join(seen, on="rollout_id", how="left", maintain_order="left")
    priced = joined.with_columns(_missing=missing_calls()).pipe(_without_missing).with_columns(recorded_clock())
    return priced.drop("_missing", "_n_seen")


def run_costs(runs: pl.LazyFrame, rollouts: pl.LazyFrame, whole: pl.LazyFrame) -> pl.LazyFrame:
    """Join RUNS with the sums of their rollouts and of what was recorded only for the run as a whole.

    Totals can pass the range of 64-bit pico-dollars, so they are summed in 128 bits. A run whose source counts more
    rollouts than the trace holds has no cost: only a low bound.
    """
    parts = pl.concat([frame.select("run_id", *_SUMS) for frame in (rollouts, whole)], how="vertical_relaxed")
    wide = parts.with_columns(pl.col(_MONEY).cast(pl.Int128))
    joined = runs.join(_resummed(wide, "run_id"), on="run_id", how="left", maintain_order="left")
    n_rollouts = rollouts.group_by("run_id").agg(_n_rollouts=pl.len().cast(pl.Int64))
    joined = joined.join(n_rollouts, on="run_id", how="left", maintain_order="left")
    return joined.with_columns(_missing=missing_rollouts()).pipe(_without_missing).drop("_missing", "_n_rollouts")


def missing_calls() -> pl.Expr:
    """Calls of a rollout the trace does not hold: n_calls (stated) against _n_seen; one where nothing is seen."""
    at_least = pl.when(pl.col("n_rows").is_null() & pl.col("_n_seen").is_null()).then(1).otherwise(0)
    return pl.coalesce(pl.col("n_calls") - pl.col("_n_seen").fill_null(0), at_least).clip(0)


def missing_rollouts() -> pl.Expr:
    """Rollouts of a run the trace does not hold: recorded_n_rollouts against _n_rollouts; one where is nothing."""
    at_least = pl.when(pl.col("n_rows").is_null()).then(1).otherwise(0)
    missing = pl.coalesce(pl.col("recorded_n_rollouts") - pl.col("_n_rollouts").fill_null(0), at_least).clip(0)
    return pl.when(pl.col("_n_rollouts") > 0).then(missing).otherwise(at_least)


def _resummed(parts: pl.LazyFrame, key: str) -> pl.LazyFrame:
    return parts.group_by(key).agg(total(name) for name in _SUMS)


def _without_missing(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Make what rests on missing calls unknown, and count them as rows without a cost."""
    whole = pl.col("_missing") == 0
    unknown = [name for name in (*_MONEY, *_TOKENS, _HIGH, "n_turns") if name not in _AT_LEAST]
    n_rows = pl.col("n_rows").fill_null(0) + pl.col("_missing")
    n_priced = pl.col("n_priced_rows").fill_null(0)
    return frame.with_columns(
        *(pl.when(whole & (n_rows > 0)).then(name).when(n_rows == 0).then(0).alias(name) for name in unknown),
        pl.col(*_AT_LEAST, *_LOWS, "n_priced_calls", "n_unpriced_calls").fill_null(0),
        n_rows=n_rows,
        n_priced_rows=n_priced,
        coverage_frac=pl.when(n_rows > 0).then(n_priced / n_rows).otherwise(1.0),
    )
