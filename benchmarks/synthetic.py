"""Synthetic calls, prices and trajectories: shaped like a store's, reproducible from a seed."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from pricing.book import PriceBook
from pricing.schema import PRICES
from traces.schema import CALLS
from traces.store import ROWS_PER_GROUP

MODELS: Final = [f"model-{number:02}-large-preview" for number in range(60)]
TIERS: Final = ["standard", "flex", "priority"]
STARTS: Final = [datetime(2025 + half // 2, 1 + half % 2 * 6, 1, tzinfo=UTC) for half in range(4)]
ENDS: Final = datetime(2027, 1, 1, tzinfo=UTC)
KINDS: Final = {"uncached_input": 20, "cache_read": 2, "cache_write_5m": 25, "output": 80}
RICH_KINDS: Final = {**KINDS, "cache_write_1h": 40, "reasoning": 60}
REGIONS: Final = [None, "eu", "us"]
WINDOWS: Final = [(None, None), (None, "16:30-00:30"), ("Mon-Fri", "01:00-04:00,06:00-10:00")]
LONG_CONTEXT: Final = 150_000
CALLS_PER_ROLLOUT: Final = 25
ROWS_PER_SHARD: Final = 2_500_000
_CATEGORIES: Final = ("provider", "model", "service_tier", "role", "granularity", "time_basis")


def price_book() -> PriceBook:
    """Four dated prices of every model, tier and kind: whole numbers that all differ."""
    rows = [
        {
            "provider": "acme", "model": model, "service_tier": tier, "kind": kind, "layer": "user",
            "date_basis": "vendor_page", "source": "synthetic", "effective_from": since, "effective_until": until,
            "price_pusd": weight * (50_000 + 1_000 * number + 300 * rank + 70 * since.month + since.year),
        }
        for number, model in enumerate(MODELS)
        for rank, tier in enumerate(TIERS)
        for kind, weight in KINDS.items()
        for since, until in pairwise([*STARTS, ENDS])
    ]  # fmt: skip
    return _book(rows)


def rich_price_book() -> PriceBook:
    """Prices that depend on everything a price can depend on.

    Two dated prices of every model, tier, batch endpoint, region and kind; above a length of context another, for the
    whole request or only for what lies above; a third of the models has hours at which another price is in force, a
    third weekdays and hours.
    """
    dimensions = product(enumerate(MODELS), enumerate(TIERS), (False, True), REGIONS[:2], (0, LONG_CONTEXT))
    rows = [
        {
            "provider": "acme", "model": model, "service_tier": tier, "is_batch": is_batch, "region": region,
            "min_input_tokens": length, "is_whole_request": not length or number % 2 == 0, "kind": kind,
            "weekdays": weekdays, "hours_utc": hours, "priority": priority,
            "layer": "user", "date_basis": "vendor_page", "source": "synthetic",
            "effective_from": since, "effective_until": until,
            "price_pusd": weight * (50_000 + 1_000 * number + 300 * rank + since.year)
            * (2 if length else 1) // (2 if is_batch else 1) // (priority + 1) * (11 if region else 10) // 10,
        }
        for (number, model), (rank, tier), is_batch, region, length in dimensions
        for priority, (weekdays, hours) in enumerate(dict.fromkeys([WINDOWS[0], WINDOWS[number % 3]]))
        for kind, weight in RICH_KINDS.items()
        for since, until in pairwise([STARTS[0], STARTS[2], ENDS])
    ]  # fmt: skip
    return _book(rows)


def _book(rows: list[dict[str, object]]) -> PriceBook:
    schema = {name: PRICES.schema[name] for name in rows[0]}
    return PriceBook(PRICES.conform(pl.DataFrame(rows, schema=schema)))


def write_calls(folder: Path, n_calls: int, *, is_rich: bool = False) -> None:
    """Write shards of the table calls, a rollout after the other; rich: with a region, batches and every token kind."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, first in enumerate(range(0, n_calls, ROWS_PER_SHARD)):
        path = folder / f"{number:03}.parquet"
        if not path.exists():
            shard = _calls(number, first, min(ROWS_PER_SHARD, n_calls - first))
            shard = _enriched(shard, number) if is_rich else shard
            shard.write_parquet(path, compression="zstd", compression_level=3, row_group_size=ROWS_PER_GROUP)


def _enriched(calls: pl.DataFrame, seed: int) -> pl.DataFrame:
    random = np.random.default_rng([seed, 1])
    written, thought = random.integers(0, 3_000, calls.height), random.integers(0, 2_000, calls.height)
    return calls.with_columns(
        region=pl.Series(random.integers(0, len(REGIONS), calls.height)).replace_strict(
            dict(enumerate(REGIONS)), return_dtype=pl.String
        ),
        is_batch=pl.Series(random.integers(0, 10, calls.height) == 0),
        cache_write_1h_tokens=pl.Series(written),
        reasoning_tokens=pl.min_horizontal(pl.Series(thought), "output_tokens"),
        input_tokens=pl.col("input_tokens") + pl.Series(written),
    ).with_columns(pl.col("region").cast(pl.Categorical))


def _calls(seed: int, first: int, n_rows: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    seconds = int((ENDS - STARTS[0]) / timedelta(seconds=1))
    drawn = pl.DataFrame(
        {
            "row": np.arange(first, first + n_rows),
            "model": random.integers(0, len(MODELS), n_rows),
            "service_tier": random.integers(0, len(TIERS), n_rows),
            "started_at": random.integers(0, seconds, n_rows),
            "uncached_input_tokens": random.integers(10, 30_000, n_rows),
            "cache_read_tokens": random.integers(0, 200_000, n_rows),
            "cache_write_5m_tokens": random.integers(0, 3_000, n_rows),
            "output_tokens": random.integers(1, 4_000, n_rows),
        }
    )
    return CALLS.conform(drawn.select(**_columns())).with_columns(pl.col(_CATEGORIES).cast(pl.Categorical))


def _columns() -> dict[str, pl.Expr]:
    rollout = pl.col("row") // CALLS_PER_ROLLOUT
    run = pl.format("run-{}", (rollout // 1000).cast(pl.String).str.zfill(6))
    parts = ("uncached_input_tokens", "cache_read_tokens", "cache_write_5m_tokens")
    return {
        "run_id": run,
        "rollout_id": pl.format("{}/task-{}/0", run, (rollout % 1000).cast(pl.String).str.zfill(4)),
        "call_index": pl.col("row") % CALLS_PER_ROLLOUT,
        "call_id": pl.format("call-{}", "row"),
        "provider": pl.lit("acme"),
        "model": pl.col("model").replace_strict(dict(enumerate(MODELS)), return_dtype=pl.String),
        "service_tier": pl.col("service_tier").replace_strict(dict(enumerate(TIERS)), return_dtype=pl.String),
        "started_at": pl.lit(STARTS[0]) + pl.duration(seconds="started_at"),
        "time_basis": pl.lit("measured"),
        "input_tokens": pl.sum_horizontal(parts),
        **{name: pl.col(name) for name in (*parts, "output_tokens")},
        **{f"{name}_tokens": pl.lit(0) for name in ("cache_write_1h", "cache_write_unspecified", "reasoning")},
    }


def write_trajectories(folder: Path, n_rollouts: int = 500, n_calls: int = 40, n_chars: int = 2_000) -> None:
    """Write a run of mini-SWE-agent trajectories, about 100 MB, most of it message text."""
    for number in range(n_rollouts):
        name = f"project__task-{number:04}"
        path = folder / "trajs" / name / f"{name}.traj.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(_trajectory(name, number, n_calls, "x y\n" * (n_chars // 4))), encoding="utf-8")


def _trajectory(name: str, number: int, n_calls: int, text: str) -> dict[str, object]:
    created = int(STARTS[1].timestamp()) + 1_000 * number
    steps = (_step(f"{name}-{i}", created + 20 * i, 1_000 * (i + 1), text) for i in range(n_calls))
    return {
        "info": {"exit_status": "Submitted", "model_stats": {"instance_cost": 0.0, "api_calls": n_calls}},
        "messages": [{"role": "system", "content": text}, *(message for step in steps for message in step)],
        "trajectory_format": "mini-swe-agent-1",
        "instance_id": name,
    }


def _step(call_id: str, created: int, prompt_tokens: int, text: str) -> list[dict[str, object]]:
    usage = {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": 300,
        "total_tokens": prompt_tokens + 300,
        "prompt_tokens_details": {"cached_tokens": prompt_tokens // 2},
        "completion_tokens_details": {"reasoning_tokens": 100},
    }
    message = {"role": "assistant", "content": text[:300], "reasoning": text[:1_000]}
    response = {
        "id": call_id, "provider": "acme", "model": "acme/model", "object": "chat.completion", "created": created,
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}], "usage": usage,
    }  # fmt: skip
    return [
        {"role": "assistant", "content": text[:300], "extra": {"response": response}},
        {"role": "user", "content": text},
    ]
