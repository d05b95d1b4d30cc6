"""Rows of calls that Exgentic's files tell of, whichever of them: one shape, framed at the end."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import polars as pl

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.rows import series
from traces.schema import CALLS

Row = dict[str, Any]
_NAMES: Final = (
    "run_id", "rollout_id", "call_index", "call_id", "role", "model", "started_at", "ended_at", "latency_s",
    "time_basis", "input_tokens", "uncached_input_tokens", "cache_read_tokens", "cache_write_5m_tokens",
    "cache_write_1h_tokens", "cache_write_unspecified_tokens", "output_tokens", "output_high_tokens",
    "reasoning_tokens", "n_requests", "granularity", "is_residual", "is_tz_assumed", "recorded_cost_usd",
)  # fmt: skip
_SCHEMA: Final = {**{name: CALLS.schema[name] for name in _NAMES}, PATH_COLUMN: pl.String, PLACE_COLUMN: pl.String}
_DEFAULTS: Final = {"n_requests": 1, "granularity": "call", "is_residual": False, "is_tz_assumed": False}


def call_row(**values: Any) -> Row:
    """One call; what is not given is not known."""
    return {**_DEFAULTS, **values}


def call_frame(rows: Sequence[Row]) -> pl.DataFrame:
    """Rows as a partial table ``calls``."""
    columns = {name: [row.get(name) for row in rows] for name in _SCHEMA}
    return pl.DataFrame({name: series(name, values, _SCHEMA[name]) for name, values in columns.items()})


def known_usd(cost: float | None, *, is_used: bool = True) -> float | None:
    """Dollars; 0 for what was used is that of a model without a price: not known."""
    return None if cost == 0 and is_used else cost


def moment(stamp: str | None) -> tuple[datetime | None, bool]:
    """Moment of an ISO stamp, and whether its zone was assumed to be UTC; null: no stamp, or not a time."""
    if stamp is None:
        return None, False
    try:
        found = datetime.fromisoformat(stamp)
        return (found.replace(tzinfo=UTC), True) if found.tzinfo is None else (found.astimezone(UTC), False)
    except (ValueError, OverflowError):
        return None, False


def as_json(settings: Row) -> str:
    """Write settings that are known as JSON."""
    return json.dumps({name: value for name, value in settings.items() if value is not None}, sort_keys=True)
