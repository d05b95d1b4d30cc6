"""What-ifs of the prompt cache: no cache at all, or all that a cache could hold of conversations that only grow."""

from collections.abc import Callable
from typing import Final

import polars as pl

from pricing.cost.facts import Facts
from traces.schema import INPUT_PARTS

_UNCACHED, _READ, _WRITE, *_OTHERS = INPUT_PARTS
CONVERSATION: Final = ("run_id", "rollout_id", "role", "provider", "model", "parent_call_id")
"""Calls that share these follow one another in one context."""
_ORDER: Final = ("call_index", "started_at")
_BEFORE: Final = {
    "_context": pl.col("input_tokens") + pl.col("output_tokens"),
    "_done_at": pl.coalesce("ended_at", "started_at"),
}
_TOLD: Final = frozenset((*_ORDER[:1], "input_tokens", "output_tokens"))


def without_cache(calls: pl.LazyFrame) -> pl.LazyFrame:
    """Bill all input as uncached."""
    none = pl.when(pl.col("input_tokens").is_not_null()).then(0)
    parts = {_UNCACHED: pl.col("input_tokens"), **dict.fromkeys((_READ, _WRITE, *_OTHERS), none)}
    return calls.with_columns(**parts)


def with_calls_before(calls: pl.LazyFrame) -> pl.LazyFrame:
    """Sort by conversation, and add what ``with_full_cache`` needs to know of the call before.

    Returns:
        The calls with _row, the number of the row they had, _has_before, and of the call before in the conversation
        _context: what it sent and received, and _done_at.
    """
    ordered = calls.with_row_index("_row").sort(*CONVERSATION, *_ORDER)
    is_same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in CONVERSATION)
    before = {name: pl.when(is_same).then(seen.shift(1)) for name, seen in _BEFORE.items()}
    return ordered.with_columns(_has_before=is_same, **before)


def with_full_cache(calls: pl.LazyFrame) -> pl.LazyFrame:
    """Read from the cache all that it could hold, and write the rest where the provider bills writes.

    A call can read at most what the call before it in its conversation sent and received, as long as it sends that
    much again, and not less than the provider caches, within the time it is kept at least. Where a time is not known
    it is taken to be within. A prefix shared with another rollout is not counted.

    Args:
        calls: Calls with cache_min_tokens, cache_ttl_s (null: not stated) and bills_writes of the model they are priced
            as, and the columns of ``with_calls_before``.

    Returns:
        The calls with the parts of their input changed, and is_cache_open: neither order nor context is known, so that
        the parts are null and the cost has only bounds.
    """
    known = calls.with_columns(is_cache_open=_is_open(), _readable=_readable())
    rest = pl.col("input_tokens") - pl.col("_readable")
    is_written = pl.col("bills_writes") & (pl.col("input_tokens") >= pl.col("cache_min_tokens"))
    written = pl.when(is_written).then(rest).otherwise(0)
    parts = {_UNCACHED: rest - written, _READ: pl.col("_readable"), _WRITE: written}
    parts |= {name: pl.when(pl.col("_readable").is_not_null()).then(0) for name in _OTHERS}
    whole = pl.col("is_cache_open").not_()
    told = known.with_columns(**{name: pl.when(whole).then(part) for name, part in parts.items()})
    return told.drop("_readable", "_has_before", *_BEFORE)


def _is_open() -> pl.Expr:
    is_total = (pl.col("granularity").cast(pl.String) != "call") | pl.col("n_requests").ne_missing(1)
    is_unordered = pl.all_horizontal(pl.col(name).is_null() for name in _ORDER) | pl.col("rollout_id").is_null()
    is_context_unknown = pl.col("_has_before") & pl.col("_context").is_null()
    return is_total | is_unordered | is_context_unknown | pl.col("input_tokens").is_null()


def _readable() -> pl.Expr:
    context = pl.min_horizontal("input_tokens", "_context")
    gap_s = (pl.col("started_at") - pl.col("_done_at")).dt.total_microseconds() / 1_000_000
    is_kept = (gap_s <= pl.col("cache_ttl_s")).fill_null(value=True)
    is_held = pl.col("_has_before") & is_kept & (context >= pl.col("cache_min_tokens"))
    return pl.when(is_held).then(context).otherwise(0)


def facts_without_cache(facts: Facts) -> Facts:
    """Facts of calls all whose input is uncached."""
    changed = frozenset(INPUT_PARTS)
    known = facts.known | changed if "input_tokens" in facts.known else facts.known - changed
    ends = [
        end | {_UNCACHED: end.get("input_tokens")} | dict.fromkeys((_READ, _WRITE, *_OTHERS), 0)
        for end in (facts.lowest, facts.highest)
    ]
    return Facts(facts.n_rows, known, facts.absent - changed, *ends)


def facts_with_full_cache(facts: Facts) -> Facts:
    """Facts of calls that read all a cache could hold."""
    changed = frozenset(INPUT_PARTS)
    is_whole = facts.is_always("granularity", "call") and facts.is_always("n_requests", 1) and facts.known >= _TOLD
    is_whole = is_whole and "rollout_id" in facts.known
    known = facts.known | changed if is_whole else facts.known - changed
    none = dict.fromkeys(_OTHERS, 0) if is_whole else {}
    most = dict.fromkeys(changed, facts.highest.get("input_tokens"))
    lowest = {name: value for name, value in facts.lowest.items() if name not in changed} | none
    return Facts(facts.n_rows, known, facts.absent - changed, lowest, facts.highest | most | none)


FACTS_AFTER: Final[dict[str, Callable[[Facts], Facts]]] = {
    "none": facts_without_cache,
    "upper_bound": facts_with_full_cache,
}
"""Facts of the calls after a cache policy."""
