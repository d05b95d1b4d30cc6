"""The event loop: rollouts in slots, requests that share engines, tools that wait in the slot.

All requests in flight progress at one rate, so a request that needs so many seconds alone ends when that much virtual
time has passed; virtual time runs at that rate. Ends of requests are a heap in virtual time, ends of tools one in
seconds, and an event costs the logarithm of what is under way.
"""

from collections import deque
from heapq import heappop, heappush
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pricing.hardware.replay.grouping import FloatArray, IntArray
from pricing.hardware.replay.work import Work
from traces.errors import PricingError

_NEVER = float("inf")
_Due = tuple[float, int]
"""When, and which rollout."""


class Queue(NamedTuple):
    """Rollouts in the order in which they get a slot, and the second each can start at, which never falls."""

    order: IntArray
    arrived_s: FloatArray


class Played(NamedTuple):
    """Seconds from the start by rollout, and seconds by number of requests in flight."""

    started_s: list[float]
    ended_s: list[float]
    in_model_s: list[float]
    seconds_at: list[float]


def play(work: Work, queue: Queue, n_slots: int, pace: list[float], most_in_flight: int) -> Played:
    """Run rollouts through slots.

    Args:
        work: What they ask for.
        queue: In which order they get a slot, and when.
        n_slots: Rollouts under way at a time.
        pace: Seconds per second at load 1, by requests in flight.
        most_in_flight: Further requests wait for one to end, first come first served.

    Raises:
        PricingError: where more requests are in flight than pace has places.
    """
    stages, first, need, tool, lead, waiting, arrived = (array.tolist() for array in _arrays(work, queue))
    n, stage, after = len(lead), stages[:-1], stages[1:]
    started, ended, in_model, began, n_open = [0.0] * n, [0.0] * n, [0.0] * n, [0.0] * n, [0] * n
    requests, tools, held = list[_Due](), list[_Due](), deque[_Due]()
    seconds_at, now, virtual = [0.0] * len(pace), 0.0, 0.0
    limit, n_free, place, left = min(most_in_flight, len(pace) - 1), n_slots, 0, n
    while left:
        while held and len(requests) < limit:
            heappush(requests, (virtual + held[0][0], held.popleft()[1]))
        if held and limit < most_in_flight:
            raise _too_many(limit)
        request_at = now + (requests[0][0] - virtual) * pace[len(requests)] if requests else _NEVER
        tool_at = tools[0][0] if tools else _NEVER
        then = min(request_at, tool_at, max(arrived[place], now) if n_free and place < n else _NEVER)
        seconds_at[len(requests)] += then - now
        virtual += (then - now) / pace[len(requests)]
        now, pause = then, 0.0
        if request_at == then:
            virtual, i = heappop(requests)
            n_open[i] -= 1
            if n_open[i]:
                continue
            in_model[i] += now - began[i]
            pause, stage[i] = tool[stage[i]], stage[i] + 1
        elif tool_at == then:
            i = heappop(tools)[1]
        else:
            i, place, n_free = waiting[place], place + 1, n_free - 1
            started[i], pause = now, lead[i]
        if pause > 0:
            heappush(tools, (now + pause, i))
        elif stage[i] < after[i]:
            j, k = first[stage[i]], first[stage[i] + 1]
            began[i], n_open[i] = now, k - j
            held.extend([(seconds, i) for seconds in need[j:k]])
        else:
            ended[i], n_free, left = now, n_free + 1, left - 1
    return Played(started, ended, in_model, seconds_at)


def _arrays(work: Work, queue: Queue) -> tuple[npt.NDArray[Any], ...]:
    """Arrays to read place by place, which lists are faster at."""
    steps = (work.first_stage, work.first_request, work.request_s, work.tool_s, work.lead_s)
    return (*steps, queue.order, queue.arrived_s)


def most_at_once(work: Work, n_slots: int) -> int:
    """Most requests that so many slots can have in flight: those of the widest stages of as many rollouts."""
    widest = np.zeros(len(work.lead_s), dtype=np.int64)
    rows = np.repeat(np.arange(len(widest)), np.diff(work.first_stage))
    np.maximum.at(widest, rows, np.diff(work.first_request))
    return int(np.sort(widest)[::-1][:n_slots].sum())


def _too_many(limit: int) -> PricingError:
    return PricingError(
        f"more than {limit} requests are in flight, and the slowdown ends there",
        f"use fewer slots, more engines, or cap the requests in flight at {limit}",
    )
