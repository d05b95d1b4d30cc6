"""The model calls of an OpenHands record: from its list of usages, else from the responses kept in its history."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import Count, whole
from traces.readers.openhands.file import CallCost, Event, Metrics, Record, TokenUsage, total_usage, total_usd
from traces.rows import input_columns, known_usd, moment
from traces.usage import TOKEN_COLUMNS, token_counts

Row = dict[str, Any]
_ROUNDING_USD: Final = 1e-6


def call_rows(record: Record, rollout_id: str, path: str, place: str) -> list[Row]:
    """Rows of the calls of a record, and one for what its totals exceed them by; all in all if it lists none."""
    metrics = record.metrics or Metrics()
    rows = list(_listed(metrics, rollout_id)) or list(_from_history(record, rollout_id))
    rows = rows or list(_uncounted(record, metrics))
    rest = [] if rows and not _has_totals(metrics) else _rest(metrics, rows, rollout_id, _model(record))
    key = {"rollout_id": rollout_id, PATH_COLUMN: path, PLACE_COLUMN: place}
    return [{**row, **_named(_told(row["model"]) or _model(record)), **key} for row in (*rows, *rest)]


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


def _named(model: str | None) -> Row:
    """Read the biller off LiteLLM's name of a model, ``biller/model``; a proxy of one's own tells nothing of it."""
    name = (model or "").removeprefix("litellm_proxy/")
    prefix, slash, rest = name.partition("/")
    return {"provider": prefix, "model": rest} if slash else {"provider": None, "model": name or None}


def _listed(metrics: Metrics, rollout_id: str) -> Iterator[Row]:
    usages = metrics.token_usages or []
    costs: Sequence[CallCost | None] = metrics.costs or []
    costs = costs if len(costs) == len(usages) else [None] * len(usages)
    latencies = {each.response_id or "": each.latency for each in metrics.response_latencies or ()}
    outside, is_split = _models_outside(usages), _tells_cache(usages)
    seen: dict[str, int] = {}
    for index, (usage, cost) in enumerate(zip(usages, costs, strict=True)):
        response = usage.response_id or f"{rollout_id}#{index}"
        seen[response] = seen.get(response, 0) + 1
        yield {
            "call_index": index, "call_id": response if seen[response] == 1 else f"{response}~{seen[response]}",
            "model": usage.model, "granularity": "call", "n_requests": 1,
            **_tokens(usage, is_split=is_split, is_cache_inside=usage.model not in outside),
            **_times(cost, latencies.get(usage.response_id or response)),
            "claimed_cost_usd": None if cost is None else known_usd(cost.cost),
        }  # fmt: skip


def _models_outside(usages: Sequence[TokenUsage]) -> set[str | None]:
    """Find models of which some call has more cached than sent: their prompt leaves cached tokens out."""
    return {usage.model for usage in usages if _cached(usage) > (whole(usage.prompt_tokens) or 0)}


def _cached(usage: TokenUsage) -> int:
    return (whole(usage.cache_read_tokens) or 0) + (whole(usage.cache_write_tokens) or 0)


def _tells_cache(usages: Sequence[TokenUsage]) -> bool:
    """Tell whether any call used a cache; 0 is also written where the provider tells nothing."""
    return any(map(_cached, usages))


def _tokens(usage: TokenUsage, *, is_split: bool, is_cache_inside: bool) -> Row:
    read, write = (usage.cache_read_tokens, usage.cache_write_tokens) if is_split else (None, None)
    columns = input_columns(usage.prompt_tokens, read, write, is_cache_inside=is_cache_inside)
    reasoning = whole(usage.reasoning_tokens) or None  # 0 is also written where the provider tells nothing
    return {**columns, "output_tokens": whole(usage.completion_tokens), "reasoning_tokens": reasoning}


def _times(cost: CallCost | None, latency_s: Count) -> Row:
    """Start, end and seconds: a cost is stamped when the call ended."""
    ended = moment(cost.timestamp) if cost is not None else moment(None)
    timed = None if latency_s is None else float(latency_s)
    started = moment(ended.at.timestamp() - timed) if ended.at is not None and timed is not None else ended
    basis = "measured" if ended.at and timed is not None else "lower_bound" if ended.at else None
    return {
        "started_at": started.at, "ended_at": ended.at if timed is not None else None, "latency_s": timed,
        "time_basis": basis or ("measured" if timed is not None else None), "is_tz_assumed": ended.is_assumed,
    }  # fmt: skip


def _from_history(record: Record, rollout_id: str) -> Iterator[Row]:
    """Calls of versions that kept the responses, but no list of usages; each response once."""
    seen = set()
    for event in events(record):
        response = event.tool_call_metadata.model_response if event.tool_call_metadata else None
        if response is None or response.usage is None or response.id in seen:
            continue
        seen.add(response.id)
        at = moment(event.timestamp)
        yield {
            "call_index": len(seen) - 1, "call_id": response.id or f"{rollout_id}#{len(seen) - 1}",
            "model": response.model, "granularity": "call", "n_requests": 1, **token_counts(response.usage)._asdict(),
            "started_at": at.at, "time_basis": "lower_bound" if at.at else None, "is_tz_assumed": at.is_assumed,
        }  # fmt: skip


def _uncounted(record: Record, metrics: Metrics) -> Iterator[Row]:
    """Calls of a record without any count: each response that an event names, of unknown tokens."""
    if _has_totals(metrics):
        return
    named: dict[str, Event] = {}
    for event in events(record):
        if event.llm_response_id:
            named.setdefault(event.llm_response_id, event)
    for index, (response, first) in enumerate(named.items()):
        at = moment(first.timestamp)
        yield {
            "call_index": index, "call_id": response, "model": None, "granularity": "call", "n_requests": 1,
            **dict.fromkeys(TOKEN_COLUMNS), "started_at": at.at, "time_basis": "lower_bound" if at.at else None,
            "is_tz_assumed": at.is_assumed,
        }  # fmt: skip


def _has_totals(metrics: Metrics) -> bool:
    total = total_usage(metrics)
    return bool(total.prompt_tokens or total.completion_tokens or total_usd(metrics))


def _rest(metrics: Metrics, rows: Sequence[Row], rollout_id: str, model: str | None) -> Iterator[Row]:
    """What the totals exceed the calls by: everything, if there are no calls."""
    total = total_usage(metrics)
    is_counted = bool(total.prompt_tokens or total.completion_tokens)
    key = {
        "call_id": f"{rollout_id}#total", "model": total.model or model, "granularity": "rollout", "n_requests": None,
        "is_residual": bool(rows), "call_index": None,
    }  # fmt: skip
    if not rows:
        tokens = _tokens(total, is_split=_tells_cache([total]), is_cache_inside=not _models_outside([total]))
        unknown = dict.fromkeys(TOKEN_COLUMNS)
        yield {**key, **(tokens if is_counted else unknown), "claimed_cost_usd": known_usd(total_usd(metrics))}
    elif is_counted:
        over = {
            name: (whole(stated) or 0) - sum(row[name] or 0 for row in rows)
            for name, stated in (("input_tokens", total.prompt_tokens), ("output_tokens", total.completion_tokens))
        }
        if min(over.values()) >= 0 and max(over.values()) > 0:
            yield {**key, **over, "claimed_cost_usd": _cost_beyond(metrics, rows)}


def _cost_beyond(metrics: Metrics, rows: Sequence[Mapping[str, Any]]) -> float | None:
    costs = [row.get("claimed_cost_usd") for row in rows]
    total = total_usd(metrics)
    if total is None or None in costs:
        return None
    beyond = float(total) - sum(cost for cost in costs if cost is not None)
    return beyond if beyond > _ROUNDING_USD else None
