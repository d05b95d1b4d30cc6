"""Ten million calls on a deployment, and calls replayed on a fleet: what hardware pricing takes."""

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from measure import Result, fresh, taken, tell
from synthetic import CALLS_PER_ROLLOUT, write_calls

from pricing.cost.charges import price_charges
from pricing.cost.facts import facts_of_parquet
from pricing.hardware.deployment import Deployment
from pricing.hardware.replay.replay import Slots, replay
from pricing.hardware.replay.stages import stages_of
from pricing.hardware.replay.work import recorded_work
from pricing.prepare import prepare
from pricing.priced_store import call_batches
from pricing.reprice import sums_by_rollout
from pricing.scenario import Scenario
from traces.schema import CALLS, ROLLOUTS, TABLES

N_CALLS: Final = 10_000_000
N_REPLAYED: Final = (20_163, 1_000_000)
N_SLOTS: Final = 64
_CALLS_PER_ROLLOUT: Final = 40
_NOON: Final = datetime(2026, 1, 15, 12, tzinfo=UTC)


def results(folder: Path) -> Iterator[Result]:
    """Measure each in a fresh process; imports and the writing of files are not counted.

    Args:
        folder: Where generated files lie.
    """
    calls = folder / "hardware-calls"
    if not calls.exists():
        write_calls(calls, N_CALLS)
    priced = fresh(Path(__file__), "price", str(calls))
    yield Result("hardware: 10 M calls on a deployment", "wall", round(priced.wall_s, 2), "s", "< 3")
    yield Result("hardware: 10 M calls on a deployment", "CPU", round(priced.cpu_s, 2), "s")
    yield Result("hardware: 10 M calls on a deployment", "peak memory", round(priced.peak_mb), "MB")
    limit = fresh(Path(__file__), "limit", str(calls))
    yield Result("hardware: limit: their tokens read and summed", "wall", round(limit.wall_s, 2), "s")
    for n in N_REPLAYED:
        replayed = fresh(Path(__file__), "replay", str(n))
        target = "< 1" if n == min(N_REPLAYED) else "seconds"
        yield Result(f"hardware: {n} calls on {N_SLOTS} slots", "wall", round(replayed.wall_s, 2), "s", target)
        yield Result(f"hardware: {n} calls on {N_SLOTS} slots", "CPU", round(replayed.cpu_s, 2), "s")


def _priced(calls: str) -> int:
    """Sums per rollout of every call on accelerators: deployed, costed, added up."""
    deployment = Deployment(accelerator="b200", concurrency=32, like="gpt-oss-120b")
    scenario = Scenario(hardware={"*": deployment}, allow_estimate=True)
    shards = sorted(Path(calls).glob("*.parquet"))
    tables = {name: table.empty().lazy() for name, table in TABLES.items()} | {"calls": pl.scan_parquet(shards)}
    pricing = prepare(tables, scenario, facts_of_parquet(shards))
    empty = {name: TABLES[name].empty() for name in ("calls", "charges", "rollouts", "runs")}
    charges = price_charges(empty, scenario, pricing.books[0])
    sums = sums_by_rollout(call_batches(shards), charges, pricing).collect(engine="streaming")
    if sums.height != N_CALLS // CALLS_PER_ROLLOUT or sums["cost_pusd"].null_count():
        raise SystemExit(f"{sums.height} rollouts, {sums['cost_pusd'].null_count()} without a cost")
    return sums.height


def _limit(calls: str) -> str:
    tokens = pl.col("input_tokens", "uncached_input_tokens", "output_tokens").sum()
    return str(pl.scan_parquet(calls).select(tokens, pl.col("model").null_count()).collect(engine="streaming").row(0))


def _replayed(n: str) -> float:
    """Build the stages of rollouts one call after the other, and run them through slots with a load effect."""
    calls, rollouts = _trace(int(n))
    taken_now = taken(lambda: _on_slots(calls, rollouts))
    return float(taken_now.returned)


def _on_slots(calls: pl.DataFrame, rollouts: pl.DataFrame) -> float:
    stages = stages_of(calls.lazy(), rollouts.lazy())
    slots = Slots(n_slots=N_SLOTS, slowdown=lambda load: 1 + 0.02 * load)
    return replay(stages, recorded_work(stages), slots).low.elapsed_s


def _trace(n: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Calls of rollouts of 40, each of 1 to 9 s after a tool of 0 to 2 s; seeded."""
    rng = np.random.default_rng(7)
    call_us = (rng.uniform(1, 9, n) * 1e6).astype(np.int64)
    gap_us = (rng.uniform(0, 2, n) * 1e6).astype(np.int64)
    row = np.arange(n) // _CALLS_PER_ROLLOUT
    ends = np.cumsum(call_us + gap_us)
    first = np.concatenate([[0], ends])[row * _CALLS_PER_ROLLOUT]
    ids = pl.format("run/task-{}/0", pl.col("row").cast(pl.String).str.zfill(6))
    frame = pl.DataFrame({"row": row, "end": ends - first, "took": call_us}).with_columns(rollout_id=ids)
    at = {"ended_at": pl.lit(_NOON) + pl.duration(microseconds="end")}
    at["started_at"] = at["ended_at"] - pl.duration(microseconds="took")
    index = pl.int_range(pl.len()).over("rollout_id")
    stated: dict[str, Any] = {"run_id": pl.lit("run"), "time_basis": pl.lit("measured"), "call_index": index}
    calls = frame.with_columns(**at, **stated, call_id=pl.int_range(pl.len()).cast(pl.String)).drop(
        "row", "end", "took"
    )
    spans = calls.group_by("rollout_id", maintain_order=True).agg(pl.col("ended_at").max())
    wall = (pl.col("ended_at") - pl.lit(_NOON)).dt.total_microseconds() / 1e6
    whole = spans.with_columns(run_id=pl.lit("run"), started_at=pl.lit(_NOON), wall_s=wall, attempt=0)
    whole = whole.with_columns(task_id=pl.col("rollout_id"), time_basis=pl.lit("measured"))
    return CALLS.conform(calls), ROLLOUTS.conform(whole)


WORK: Final[dict[str, Callable[[str], Any]]] = {"price": _priced, "limit": _limit, "replay": _replayed}

if __name__ == "__main__":
    tell(taken(lambda: WORK[sys.argv[1]](sys.argv[2])))
