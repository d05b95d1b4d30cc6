"""What rollouts ask of a fleet, as plain arrays: the seconds of each request at load 1 and of the tools after a stage.

A reading of a trace is one such: with the least tool time it allows, or with the most.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pricing.hardware.hosted import HARDWARE
from pricing.hardware.replay.gaps import longest_of
from pricing.hardware.replay.grouping import BoolArray, FloatArray, IntArray, floats
from pricing.hardware.replay.stages import Stages


@dataclass(frozen=True)
class Work:
    """Requests and tool time of rollouts in the order of their key.

    Args:
        first_stage: First stage of each rollout, and the number of stages at the end.
        first_request: First request of each stage, and the number of requests at the end; none is empty.
        request_s: Seconds of each request with nothing else under way.
        tool_s: Seconds from the end of each stage to the next, or to the end of the rollout.
        lead_s: Seconds before the first stage of each rollout.
    """

    first_stage: IntArray
    first_request: IntArray
    request_s: FloatArray
    tool_s: FloatArray
    lead_s: FloatArray


class Readings(NamedTuple):
    """Two readings of a trace, and what is not known in it.

    low has the least tool time; high the most, and is null where no bound is known. n_unknown counts the requests (of a
    clock) or rollouts (as recorded) whose seconds are not known: in low they take none.
    """

    low: Work
    high: Work | None
    n_unknown: int


def recorded_work(stages: Stages) -> Readings:
    """As recorded: from the start of a stage to the next as long as it was, which is calls where it may be, or tools.

    Both readings last as long as recorded. They differ in what is not told apart: calls in low, tools in high. A trace
    that has no end of the last call leaves it out of both (is_open of the rollouts).
    """
    gaps, row = stages.gaps, stages.stage_row
    unbounded = np.isnan(gaps.lead_high_s)
    unbounded |= np.bincount(row, np.isnan(gaps.tool_high_s), len(unbounded)) > 0
    readings = []
    for request_s in (np.nan_to_num(gaps.call_high_s), gaps.call_low_s):
        tool_s = np.maximum(gaps.span_s - longest_of(request_s, stages.first_call), 0)
        readings.append(_work(stages, request_s, tool_s, gaps.lead_s))
    n_unknown = int(unbounded.sum())
    return Readings(readings[0], readings[1] if n_unknown == 0 else None, n_unknown)


def clock_work(stages: Stages, clock: tuple[str, str, str] = HARDWARE) -> Readings:
    """On another clock: the seconds it gives the calls, and the tool time that is kept.

    low has the calls' seconds at least, high those at most; what is missing in a trace leaves high out. Where a call of
    a stage began after another had ended, they are side by side in low and one after the other in high.

    Args:
        stages: With the clock's columns kept: seconds at load 1, at least and at most.
        clock: Their names.
    """
    gaps = stages.gaps
    seconds, low_s, high_s = (floats(stages.calls[name]) for name in clock)
    low = _work(stages, np.nan_to_num(low_s), gaps.tool_low_s, gaps.lead_low_s)
    bounds = (high_s, gaps.tool_high_s, gaps.lead_high_s)
    is_bounded = stages.rollouts["n_missing"].sum() == 0 and not any(np.isnan(bound).any() for bound in bounds)
    is_chained = np.repeat(stages.is_chained, np.diff(np.append(stages.first_call, len(seconds))))
    high = _work(stages, *bounds, is_serial=is_chained) if is_bounded else None
    return Readings(low, high, int(np.isnan(seconds).sum()))


def _work(
    stages: Stages,
    request_s: FloatArray,
    tool_s: FloatArray,
    lead_s: FloatArray,
    is_serial: BoolArray | None = None,
) -> Work:
    """Put arrays together; a call that is serial is a stage of its own, and tools come after the last of its stage."""
    n_requests = len(request_s)
    is_first = np.zeros(n_requests, dtype=np.bool_)
    is_first[stages.first_call] = True
    of_stage = np.cumsum(is_first) - 1
    first = np.flatnonzero(is_first if is_serial is None else is_first | is_serial)
    stage = of_stage[first]
    is_last = np.append(stage[1:] != stage[:-1], True)[: len(stage)]
    n_stages = np.bincount(stages.stage_row[stage], minlength=len(lead_s))
    return Work(
        first_stage=np.concatenate([[0], np.cumsum(n_stages)]),
        first_request=np.append(first, n_requests),
        request_s=request_s,
        tool_s=np.where(is_last, tool_s[stage], 0.0),
        lead_s=lead_s,
    )
