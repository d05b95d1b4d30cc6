"""The usage objects model APIs return, mapped to the token columns of ``calls``.

Three shapes are told apart by their fields: Chat Completions (``prompt_tokens``: cached tokens included), Responses
(``input_tokens`` with ``input_tokens_details``: included) and Anthropic Messages (``input_tokens`` with cache counts
beside it: excluded).
"""

from typing import NamedTuple

import msgspec
import polars as pl

from traces.decode import Count, whole


class InputDetails(msgspec.Struct):
    """Of which, on the input side."""

    cached_tokens: Count = None
    cache_write_tokens: Count = None
    cache_creation_tokens: Count = None


class OutputDetails(msgspec.Struct):
    """Of which, on the output side."""

    reasoning_tokens: Count = None


class CacheCreation(msgspec.Struct):
    """Cache writes by duration (Anthropic)."""

    ephemeral_5m_input_tokens: Count = None
    ephemeral_1h_input_tokens: Count = None


class Usage(msgspec.Struct):
    """Union of the fields the three shapes use; absent and null are the same."""

    prompt_tokens: Count = None
    completion_tokens: Count = None
    total_tokens: Count = None
    input_tokens: Count = None
    output_tokens: Count = None
    prompt_tokens_details: InputDetails | None = None
    completion_tokens_details: OutputDetails | None = None
    input_tokens_details: InputDetails | None = None
    output_tokens_details: OutputDetails | None = None
    cache_read_input_tokens: Count = None
    cache_creation_input_tokens: Count = None
    cache_creation: CacheCreation | None = None
    service_tier: str | None = None
    cost: Count = None


class TokenCounts(NamedTuple):
    """The token columns of one call, in the order of ``TOKEN_COLUMNS``; None: not known."""

    input_tokens: int | None = None
    uncached_input_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_5m_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    cache_write_unspecified_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None


TOKEN_COLUMNS = TokenCounts._fields
TOKEN_SCHEMA = dict.fromkeys(TOKEN_COLUMNS, pl.Int64)
UNKNOWN = TokenCounts()
_NO_DETAILS = InputDetails()


def token_counts(usage: Usage | None) -> TokenCounts:
    """Token columns of a usage object of any of the three shapes; all null for none."""
    if usage is None:
        return UNKNOWN
    if usage.prompt_tokens is not None or usage.completion_tokens is not None:
        return _chat_counts(usage)
    if usage.input_tokens_details is not None:
        sums = whole(usage.input_tokens), whole(usage.output_tokens)
        details = usage.input_tokens_details
        return _counts(*sums, details.cached_tokens, details.cache_write_tokens, usage.output_tokens_details)
    return _anthropic_counts(usage)


def _chat_counts(usage: Usage) -> TokenCounts:
    """Count what Chat Completions reports, also as LiteLLM writes it for other vendors (cache fields at the top)."""
    if usage.prompt_tokens_details is None and usage.completion_tokens_details is None and not _cached_at_top(usage):
        return TokenCounts(whole(usage.prompt_tokens), output_tokens=whole(usage.completion_tokens))
    details = usage.prompt_tokens_details or _NO_DETAILS
    read = details.cached_tokens if details.cached_tokens is not None else usage.cache_read_input_tokens
    write = usage.cache_creation_input_tokens or details.cache_creation_tokens or details.cache_write_tokens
    prompt, completion = whole(usage.prompt_tokens), whole(usage.completion_tokens)
    if prompt is not None and usage.cache_creation_input_tokens is not None:
        prompt += _left_out(prompt, whole(read) or 0, whole(write) or 0)
    if _reasoning_is_added(usage):
        completion = (whole(usage.total_tokens) or 0) - (whole(usage.prompt_tokens) or 0)
    return _counts(prompt, completion, read, write, usage.completion_tokens_details)


def _left_out(prompt: int, read: int, write: int) -> int:
    """Cached tokens that prompt_tokens cannot hold: of some versions of LiteLLM the writes, of others reads as well."""
    if read + write <= prompt:
        return 0
    return write if read <= prompt else read + write


def _cached_at_top(usage: Usage) -> bool:
    return usage.cache_read_input_tokens is not None or usage.cache_creation_input_tokens is not None


def _reasoning_is_added(usage: Usage) -> bool:
    """Tell whether total = prompt + completion + reasoning, which proves that reasoning lies outside completion."""
    reasoning = usage.completion_tokens_details.reasoning_tokens if usage.completion_tokens_details else None
    if not reasoning or usage.total_tokens is None:
        return False
    return usage.total_tokens == (usage.prompt_tokens or 0) + (usage.completion_tokens or 0) + reasoning


def _counts(
    total: int | None, output: int | None, cached: Count, written: Count, of_output: OutputDetails | None
) -> TokenCounts:
    read, write = whole(cached), whole(written) or 0
    reasoning = whole(of_output.reasoning_tokens) if of_output is not None else None
    if total is None or read is None:
        return TokenCounts(total, output_tokens=output, reasoning_tokens=reasoning)
    return TokenCounts(total, total - read - write, read, 0, 0, write, output, reasoning)


def _anthropic_counts(usage: Usage) -> TokenCounts:
    """Count what the Messages API reports: ``input_tokens`` is the uncached part alone."""
    uncached, read = whole(usage.input_tokens), whole(usage.cache_read_input_tokens)
    write, output = whole(usage.cache_creation_input_tokens), whole(usage.output_tokens)
    if uncached is None:
        return TokenCounts(output_tokens=output)
    if read is None and write is None and usage.cache_creation is None:
        return TokenCounts(uncached, output_tokens=output)  # stripped: which shape it had cannot be told
    by_duration = usage.cache_creation or CacheCreation()
    short = whole(by_duration.ephemeral_5m_input_tokens) or 0
    long = whole(by_duration.ephemeral_1h_input_tokens) or 0
    read, write = read or 0, short + long if write is None else write
    return TokenCounts(uncached + read + write, uncached, read, short, long, write - short - long, output)


def outside_reasoning_groups(calls: pl.DataFrame) -> set[tuple[str | None, str | None]]:
    """Find the (provider, model) pairs of which a call reports more reasoning than output: there it lies outside."""
    if "reasoning_tokens" not in calls.columns or calls["reasoning_tokens"].null_count() == calls.height:
        return set()
    proof = calls.filter(pl.col("reasoning_tokens") > pl.col("output_tokens"))
    return set(proof.select("provider", "model").unique().rows())


def output_high(groups: set[tuple[str | None, str | None]]) -> pl.Expr:
    """``output_high_tokens``: output + reasoning for the calls of such pairs, as the convention is the provider's.

    For every other call of the pair it cannot be told whether its reasoning is inside, so output_tokens stays as
    reported (the lowest) and this is the highest.
    """
    of_group = pl.any_horizontal(pl.lit(value=False), *(_is_pair(*group) for group in sorted(groups, key=str)))
    with_reasoning = pl.col("output_tokens") + pl.col("reasoning_tokens")
    outside = pl.when(of_group & (pl.col("reasoning_tokens") > 0)).then(with_reasoning)
    return pl.coalesce("output_high_tokens", outside).alias("output_high_tokens")


def _is_pair(provider: str | None, model: str | None) -> pl.Expr:
    same_provider = pl.col("provider").eq_missing(pl.lit(provider, pl.String))
    return same_provider & pl.col("model").eq_missing(pl.lit(model, pl.String))
