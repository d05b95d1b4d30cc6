"""Rollouts for tests of the replay: calls at so many seconds after noon, and what to do with them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import polars as pl
from builders import NOON, call, frame, rollout

from pricing.hardware.hosted import HARDWARE
from pricing.hardware.replay.replay import Replay, Slots, replay
from pricing.hardware.replay.stages import Stages, stages_of
from pricing.hardware.replay.work import clock_work, recorded_work
from traces.schema import CALLS, ROLLOUTS

Row = dict[str, Any]


def at(seconds: float) -> Any:
    return NOON + timedelta(seconds=seconds)


def spans(task: str, *times: tuple[float, float], **values: Any) -> list[Row]:
    """Calls of a rollout, measured from and to these seconds after noon."""
    stamps = ({"started_at": at(s), "ended_at": at(e), "latency_s": float(e - s)} for s, e in times)
    of = {"rollout_id": f"run/{task}/0", "time_basis": "measured", **values}
    return [call(**of, **stamp, call_index=i) for i, stamp in enumerate(stamps)]


def whole(task: str, start: float, end: float, **values: Any) -> Row:
    """Build a rollout that was measured from and to these seconds after noon."""
    times = {"started_at": at(start), "ended_at": at(end), "wall_s": float(end - start), "time_basis": "measured"}
    return rollout(task_id=task, **{**times, **values})


def lazy(calls: list[Row], rollouts: list[Row]) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Give tables of them; seconds of the hardware clock, where a call has some, beside them."""
    named = [{key: value for key, value in row.items() if key not in HARDWARE} for row in calls]
    table = frame(CALLS, *named)
    clocks = pl.DataFrame(
        [{"call_id": row["call_id"], **{name: row.get(name) for name in HARDWARE}} for row in calls],
        schema={"call_id": pl.String, **dict.fromkeys(HARDWARE, pl.Float64)},
    )
    with_clock = table.join(clocks, on="call_id", how="left", maintain_order="left")
    return with_clock.lazy(), frame(ROLLOUTS, *rollouts).lazy()


def hardware(rows: list[Row], *seconds: float | None) -> list[Row]:
    """Give calls seconds on the hardware clock, one figure each."""
    return [{**row, **dict.fromkeys(HARDWARE, s)} for row, s in zip(rows, seconds, strict=True)]


def staged(calls: list[Row], rollouts: list[Row]) -> Stages:
    return stages_of(*lazy(calls, rollouts), HARDWARE)


def chains(needs: Sequence[Sequence[tuple[Sequence[float], float]]]) -> Stages:
    """Rollouts of stages: the seconds of each call on the hardware, and of the tools after the stage."""
    calls: list[Row] = []
    rollouts: list[Row] = []
    for number, stages in enumerate(needs):
        task, now = f"t{number:03}", 0.0
        rows: list[Row] = []
        for seconds, tool_s in stages:
            for need in seconds:
                rows += hardware(spans(task, (now, now + 1)), need)
            now += 1 + tool_s
        calls += [{**row, "call_index": i, "call_id": f"{task}#{i}"} for i, row in enumerate(rows)]
        rollouts.append(whole(task, 0, now))
    return staged(calls, rollouts)


def on(stages: Stages, slots: Slots | None = None) -> Replay:
    return replay(stages, clock_work(stages), slots)


def recorded(stages: Stages, slots: Slots | None = None) -> Replay:
    return replay(stages, recorded_work(stages), slots)
