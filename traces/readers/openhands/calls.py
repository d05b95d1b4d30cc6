"""The model calls of an OpenHands record: from its list of usages, else from the responses kept in its history."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, Final, NamedTuple

import polars as pl

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import Count, whole
from traces.readers.openhands.file import Event, Metrics, Record, Stamp, TokenUsage, total_usage, total_usd
from traces.rows import input_parts, known_usd, microseconds, moment
from traces.usage import TOKEN_SCHEMA, UNKNOWN, TokenCounts, token_counts

CALL_SCHEMA: Final = {
    "run_id": pl.String, "rollout_id": pl.String, PATH_COLUMN: pl.String, PLACE_COLUMN: pl.String,
    "provider": pl.String, "model": pl.String, "call_id": pl.String, "call_index": pl.Int64, "granularity": pl.String,
    "n_requests": pl.Int64, "is_residual": pl.Boolean, "started_at": pl.Int64, "ended_at": pl.Int64,
    "latency_s": pl.Float64, "time_basis": pl.String, "is_tz_assumed": pl.Boolean, "claimed_cost_usd": pl.Float64,
    **TOKEN_SCHEMA,
}  # fmt: skip
_ROUNDING_USD: Final = 1e-6
_MICRO: Final = 1_000_000
_MOST_S: Final = 1e10
_NO_STAMP: Final = (None, False)
Where = tuple[str, str, str, str]
"""Run, rollout, file and place."""
Row = tuple[Any, ...]


class _Times(NamedTuple):
    """Start and end in microseconds, seconds, what they are, and whether a zone was assumed."""

    started_us: int | None = None
    ended_us: int | None = None
    latency_s: float | None = None
    basis: str | None = None
    is_assumed: bool = False


class _Made(NamedTuple):
    """A call; or what is left of a total."""

    model: str | None
    call_id: str
    call_index: int | None
    counts: TokenCounts
    cost_usd: float | None = None
    times: _Times = _Times()
    granularity: str = "call"
    n_requests: int | None = 1
    is_residual: bool = False


def call_rows(record: Record, where: Where) -> list[Row]:
    """Rows of the calls of a record, and one for what its totals exceed them by; all in all if it lists none."""
    metrics, model = record.metrics or Metrics(), _model(record)
    calls = list(_listed(metrics, where[1])) or list(_from_history(record, where[1]))
    calls = calls or list(_uncounted(record, metrics))
    rest = [] if calls and not _has_totals(metrics) else _rest(metrics, calls, where[1], model)
    made = (*calls, *rest)
    names = {one.model: _named(_told(one.model) or model) for one in made}
    return [
        (*where, *names[one[0]], *one[1:3], *one[6:9], *one.times, one.cost_usd, *one.counts) for one in made
    ]  # fmt: skip


def events(record: Record) -> Iterator[Event]:
    """Give the events of a history; the first versions kept them in pairs."""
    for event in record.history or ():
        if isinstance(event, list):
            yield from event
        elif event is not None:
            yield event


def _model(record: Record) -> str | None:
    settings = record.metadata.llm or record.metadata.llm_config if record.metadata else None
    return settings.model if settings is not None else None


def _told(model: str | None) -> str | None:
    """Name of a model; "default" stands for the one of the settings."""
    return None if model == "default" else model


def _named(model: str | None) -> tuple[str | None, str | None]:
    """Read the biller off LiteLLM's name of a model, ``biller/model``; a proxy of one's own tells nothing of it."""
    name = (model or "").removeprefix("litellm_proxy/")
    prefix, slash, rest = name.partition("/")
    return (prefix, rest) if slash else (None, name or None)


def _listed(metrics: Metrics, rollout_id: str) -> Iterator[_Made]:
    usages = metrics.token_usages or []
    costs = metrics.costs or []
    is_costed = len(costs) == len(usages)
    latencies = {each.response_id or "": each.latency for each in metrics.response_latencies or ()}
    responses = [usage.response_id or f"{rollout_id}#{index}" for index, usage in enumerate(usages)]
    ended = [_stamp_us(cost.timestamp) for cost in costs] if is_costed else [_NO_STAMP] * len(usages)
    times = map(_times, ended, map(latencies.get, responses))
    costs_usd = [known_usd(cost.cost) for cost in costs] if is_costed else [None] * len(usages)
    counts = _counts(usages)
    models = (usage.model for usage in usages)
    return map(_Made, models, _distinct(responses), count(), counts, costs_usd, times)


def _distinct(responses: Sequence[str]) -> Sequence[str]:
    """Ids of which none comes twice: the second of a kind is numbered."""
    if len(set(responses)) == len(responses):
        return responses
    seen: dict[str, int] = {}
    for response in responses:
        seen[response] = seen.get(response, 0) + 1
    left = dict(seen)
    named = []
    for response in responses:
        nth = seen[response] - left[response] + 1
        left[response] -= 1
        named.append(response if nth == 1 else f"{response}~{nth}")
    return named


def _counts(usages: Sequence[TokenUsage]) -> list[TokenCounts]:
    """Tokens of the calls of a record, which tell of each other how they count."""
    cached = [(whole(usage.cache_read_tokens) or 0) + (whole(usage.cache_write_tokens) or 0) for usage in usages]
    is_split = any(cached)  # 0 is also written where the provider tells nothing
    outside = {
        usage.model for usage, n in zip(usages, cached, strict=True) if n > (whole(usage.prompt_tokens) or 0)
    }  # more cached than sent: the prompt leaves cached tokens out
    return [_tokens(usage, is_split=is_split, is_cache_inside=usage.model not in outside) for usage in usages]


def _tokens(usage: TokenUsage, *, is_split: bool, is_cache_inside: bool) -> TokenCounts:
    read, write = (usage.cache_read_tokens, usage.cache_write_tokens) if is_split else (None, None)
    parts = input_parts(usage.prompt_tokens, read, write, is_cache_inside=is_cache_inside)
    reasoning = whole(usage.reasoning_tokens) or None  # 0 is also written where the provider tells nothing
    return TokenCounts(*parts, whole(usage.completion_tokens), reasoning)


def _stamp_us(stamp: Stamp) -> tuple[int | None, bool]:
    """Microseconds since 1970, and whether a zone was assumed."""
    if type(stamp) is float and 0 < stamp < _MOST_S:  # by far the most frequent case
        return round(stamp * _MICRO), False
    read = moment(stamp)
    return microseconds(read), read.is_assumed


def _times(ended: tuple[int | None, bool], latency_s: Count) -> _Times:
    """Start, end and seconds: a cost is stamped when the call ended."""
    timed = None if latency_s is None else float(latency_s)
    ended_us, is_assumed = ended
    if ended_us is None:
        return _Times(latency_s=timed, basis=None if timed is None else "measured")
    if timed is None:
        return _Times(ended_us, None, None, "lower_bound", is_assumed)
    started_us = ended_us - round(timed * _MICRO) if abs(timed) < _MOST_S else None
    return _Times(started_us, ended_us, timed, "measured", is_assumed)


def _from_history(record: Record, rollout_id: str) -> Iterator[_Made]:
    """Calls of versions that kept the responses, but no list of usages; each response once."""
    seen: set[str | None] = set()
    for event in events(record):
        response = event.tool_call_metadata.model_response if event.tool_call_metadata else None
        if response is None or response.usage is None or response.id in seen:
            continue
        index = len(seen)
        seen.add(response.id)
        at = moment(event.timestamp)
        times = _Times(microseconds(at), basis="lower_bound" if at.at else None, is_assumed=at.is_assumed)
        counts = token_counts(response.usage)
        yield _Made(response.model, response.id or f"{rollout_id}#{index}", index, counts, times=times)


def _uncounted(record: Record, metrics: Metrics) -> Iterator[_Made]:
    """Calls of a record without any count: each response that an event names, of unknown tokens."""
    if _has_totals(metrics):
        return
    named: dict[str, Event] = {}
    for event in events(record):
        if event.llm_response_id:
            named.setdefault(event.llm_response_id, event)
    for index, (response, first) in enumerate(named.items()):
        at = moment(first.timestamp)
        times = _Times(microseconds(at), basis="lower_bound" if at.at else None, is_assumed=at.is_assumed)
        yield _Made(None, response, index, UNKNOWN, times=times)


def _has_totals(metrics: Metrics) -> bool:
    total = total_usage(metrics)
    return bool(total.prompt_tokens or total.completion_tokens or total_usd(metrics))


def _rest(metrics: Metrics, calls: Sequence[_Made], rollout_id: str, model: str | None) -> Iterator[_Made]:
    """What the totals exceed the calls by: everything, if there are no calls."""
    total = total_usage(metrics)
    is_counted = bool(total.prompt_tokens or total.completion_tokens)
    if not calls:
        (counts,) = _counts([total])
        cost_usd = known_usd(total_usd(metrics))
    elif is_counted:
        sent = (whole(total.prompt_tokens) or 0) - sum(one.counts.input_tokens or 0 for one in calls)
        output = (whole(total.completion_tokens) or 0) - sum(one.counts.output_tokens or 0 for one in calls)
        if min(sent, output) < 0 or not max(sent, output):
            return
        counts, cost_usd = TokenCounts(sent, output_tokens=output), _cost_beyond(metrics, calls)
    else:
        return
    made = _Made(total.model or model, f"{rollout_id}#total", None, counts if is_counted else UNKNOWN, cost_usd)
    yield made._replace(granularity="rollout", n_requests=None, is_residual=bool(calls))


def _cost_beyond(metrics: Metrics, calls: Sequence[_Made]) -> float | None:
    costs = [one.cost_usd for one in calls]
    total = total_usd(metrics)
    if total is None or None in costs:
        return None
    beyond = float(total) - sum(cost for cost in costs if cost is not None)
    return beyond if beyond > _ROUNDING_USD else None
