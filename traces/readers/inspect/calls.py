"""The model calls of an Inspect sample: its model events, with who called, who bills, which tokens, how long."""

from functools import cache
from typing import Final, NamedTuple

import polars as pl

from traces.checks import PLACE_COLUMN
from traces.inspect_usage import ModelUsage
from traces.readers.inspect.file import Event, Output, Response
from traces.readers.inspect.made import Made, stamps_of
from traces.readers.inspect.times import seconds, span_of
from traces.readers.inspect.usage import counted
from traces.usage import TOKEN_SCHEMA, TokenCounts

CALL_SCHEMA: Final = {
    "rollout_id": pl.String, "call_index": pl.Int64, "call_id": pl.String, "role": pl.String, "provider": pl.String,
    "model": pl.String, "started_at": pl.Int64, "ended_at": pl.Int64, "latency_s": pl.Float64, "time_basis": pl.String,
    **TOKEN_SCHEMA, "service_tier": pl.String, "is_batch": pl.Boolean, "is_billed": pl.Boolean,
    "granularity": pl.String, "n_requests": pl.Int64, "is_residual": pl.Boolean, "is_tz_assumed": pl.Boolean,
    "recorded_cost_usd": pl.Float64, PLACE_COLUMN: pl.String,
}  # fmt: skip
_CLOUDS: Final = frozenset({"azure", "bedrock", "vertex"})
_COMPATIBLE: Final = frozenset({"openai-api", "hf-inference-providers"})
_CALL_ID: Final = list(CALL_SCHEMA).index("call_id")
_MOST_SEARCHES: Final = 10**6
_CANCELLED: Final = "Cancelled"


class Biller(NamedTuple):
    """Who bills a model, and its name there."""

    provider: str | None
    model: str | None


def add_call(event: Event, place: str, made: Made, *, is_scoring: bool) -> None:
    """Add a model event as a call; one answered from Inspect's own cache was not billed and took no model's time."""
    output = event.output if isinstance(event.output, Output) else Output()
    response = event.call.response if event.call is not None and isinstance(event.call.response, Response) else None
    biller = biller_of(event.model)
    usage = counted(output.usage, biller.provider, made.version)
    is_cached = event.cache == "read"
    is_billed = not is_cached and not _is_refused(event, output)
    index = len(made.rows)
    clock = _clock(event, output, made)
    made.rows.append((
        made.rollout_id, index,
        _call_id(event, output, response, is_cached=is_cached) or f"{made.rollout_id}#{index}",
        made.roles.of_call(event.role, event.model, is_scoring=is_scoring), biller.provider,
        _served(output.model, biller),
        *clock, *_told_by_answer(usage.tokens, response), _tier(response), _is_batch(event), is_billed,
        "call", 1, False, _is_unzoned(event), known_usd(output.usage), place,
    ))  # fmt: skip
    if is_cached:
        return
    _add_searches(response, made, place)
    made.bases[usage.basis] += 1
    span = span_of(clock[1], clock[2] if clock[3] == "measured" else None)
    if span is not None:
        made.models.append(span)
    made.is_model_timed &= span is not None
    if output.usage is not None:
        made.usages.append((event.model or "", output.usage))


@cache
def biller_of(name: str | None) -> Biller:
    """Read a model name of Inspect (``api/model``, ``api/cloud/model``, ``openai-api/service/model``)."""
    api, slash, model = (name or "").partition("/")
    if not slash:
        return Biller(None, name or None)
    inner, inner_slash, rest = model.partition("/")
    if inner_slash and (inner in _CLOUDS or api in _COMPATIBLE):
        return Biller(inner, rest)
    return Biller(api, model)


def _add_searches(response: Response | None, made: Made, place: str) -> None:
    """Searches that Anthropic ran for the call, which it bills each."""
    tools = response.usage.get("server_tool_use") if response is not None and isinstance(response.usage, dict) else None
    searches = tools.get("web_search_requests") if isinstance(tools, dict) else None
    if isinstance(searches, int) and 0 < searches < _MOST_SEARCHES:
        call_id, _, provider, model, started_us = made.rows[-1][_CALL_ID : _CALL_ID + 5]
        made.charges.append(
            (made.rollout_id, call_id, "web_search", float(searches), "search", provider, model, started_us, place)
        )


def _is_refused(event: Event, output: Output) -> bool:
    """Tell a request that the provider refused, which it does not bill, from one that was cancelled on the way."""
    error = event.error
    return error is not None and output.usage is None and not (isinstance(error, str) and error.startswith(_CANCELLED))


def _call_id(event: Event, output: Output, response: Response | None, *, is_cached: bool) -> str | None:
    """Id of the response; of one taken from the local cache that of the event, as the response is another call's."""
    given = output.response_id or (response.id if response is not None else None)
    return event.uuid if is_cached else (given if isinstance(given, str) and given else event.uuid)


def _served(served: str | None, biller: Biller) -> str | None:
    """Model as the response names it, which is more exact than the one asked for."""
    return served.removeprefix(f"{biller.provider}/") if served else biller.model


def _clock(event: Event, output: Output, made: Made) -> tuple[int | None, int | None, float | None, str | None]:
    """Start, end, seconds and their basis: the attempt that succeeded is timed apart from waiting and retries."""
    started_us, ended_us = stamps_of(event, made)
    timed_s = seconds(event.working_time if event.working_time is not None else output.time)
    if timed_s is not None:
        return started_us, ended_us, timed_s, "measured"
    if started_us is not None and ended_us is not None:
        return started_us, ended_us, (ended_us - started_us) / 1e6, "upper_bound"
    return started_us, ended_us, None, "lower_bound" if started_us is not None or ended_us is not None else None


def _told_by_answer(tokens: TokenCounts, response: Response | None) -> TokenCounts:
    return _by_duration(_split_by_answer(tokens, response), response)


def _split_by_answer(tokens: TokenCounts, response: Response | None) -> TokenCounts:
    """Split of the input, where the log has none and the provider's own answer counts the same input."""
    if tokens.uncached_input_tokens is not None or response is None or not isinstance(response.usage, dict):
        return tokens
    details = response.usage.get("prompt_tokens_details")
    read = details.get("cached_tokens") if isinstance(details, dict) else None
    sent = tokens.input_tokens
    if type(read) is not int or sent is None or response.usage.get("prompt_tokens") != sent or not 0 <= read <= sent:
        return tokens
    return tokens._replace(
        uncached_input_tokens=sent - read, cache_read_tokens=read, cache_write_5m_tokens=0, cache_write_1h_tokens=0,
        cache_write_unspecified_tokens=0,
    )  # fmt: skip


def _by_duration(tokens: TokenCounts, response: Response | None) -> TokenCounts:
    """Cache writes by how long they are kept, where the provider's own answer agrees with the sum."""
    write = tokens.cache_write_unspecified_tokens
    if not write or response is None or not isinstance(response.usage, dict):
        return tokens
    created = response.usage.get("cache_creation")
    if not isinstance(created, dict):
        return tokens
    short, long = created.get("ephemeral_5m_input_tokens"), created.get("ephemeral_1h_input_tokens")
    if isinstance(short, int) and isinstance(long, int) and short + long == write:
        return tokens._replace(
            cache_write_5m_tokens=short, cache_write_1h_tokens=long, cache_write_unspecified_tokens=0
        )
    return tokens


def _tier(response: Response | None) -> str | None:
    if response is None:
        return None
    in_usage = response.usage.get("service_tier") if isinstance(response.usage, dict) else None
    tier = response.service_tier or in_usage
    return tier if isinstance(tier, str) else None


def _is_batch(event: Event) -> bool | None:
    return True if event.config is not None and event.config.batch else None


def _is_unzoned(event: Event) -> bool:
    return event.timestamp is not None and event.timestamp.tzinfo is None


def known_usd(usage: ModelUsage | None) -> float | None:
    """Dollars Inspect computed; 0 for tokens used is that of a model without a price."""
    if usage is None or usage.total_cost is None:
        return None
    is_used = bool(usage.input_tokens or usage.output_tokens or usage.input_tokens_cache_read)
    return None if usage.total_cost == 0 and is_used else min(max(float(usage.total_cost), -1e18), 1e18)
