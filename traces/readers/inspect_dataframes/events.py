"""Rows of an events dataframe as the events of a log."""

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from traces.readers.inspect.file import Event
from traces.readers.inspect_dataframes.values import Fitted, fitted, parsed

EVENT_COLUMNS: Final = (
    "event_id", "event", "span_id", "timestamp", "completed", "working_time", "model_event_model", "model_event_role",
    "model_event_usage", "model_event_time", "model_event_error", "model_event_cache", "model_event_config",
)  # fmt: skip
CALL_COLUMN: Final = "model_event_call"
_ANSWER: Final = ("id", "service_tier", "usage")


def answer_columns() -> list[pl.Expr]:
    """Of the raw call, which holds all texts, only what a replay needs of its answer."""
    paths = {f"_{name}": f"$.response.{name}" for name in _ANSWER}
    return [pl.col(CALL_COLUMN).cast(pl.String).str.json_path_match(path).alias(name) for name, path in paths.items()]


def event_of(row: Mapping[str, Any]) -> Fitted[Event]:
    """Event of a row, and what of it cannot be read."""
    usage, problems = parsed(row.get("model_event_usage"))
    config = parsed(row.get("model_event_config"))[0]
    response = {"id": row.get("_id"), "service_tier": row.get("_service_tier"), "usage": parsed(row.get("_usage"))[0]}
    is_model = row.get("model_event_model") is not None
    event = {
        "event": row.get("event") or ("model" if is_model else None), "uuid": row.get("event_id"),
        "model": row.get("model_event_model"), "role": row.get("model_event_role"),
        "cache": row.get("model_event_cache"), "error": row.get("model_event_error") or None,
        "output": {"usage": usage, "time": row.get("model_event_time")}, "call": {"response": response},
        "config": {"batch": bool(config.get("batch")) if isinstance(config, dict) else None},
        **{name: row.get(name) for name in ("span_id", "timestamp", "completed", "working_time")},
    }  # fmt: skip
    found, more = fitted(event, Event)
    return found, [*problems, *more]
