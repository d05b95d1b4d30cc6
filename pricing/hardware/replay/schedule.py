"""The event loop: rollouts in slots, requests that share engines, tools that wait in the slot.

All requests in flight progress at one rate, so a request that needs so many seconds alone ends when that much virtual
time has passed; virtual time runs at that rate. Ends of requests are a heap in virtual time, ends of tools one in
seconds, and an event costs the logarithm of what is under way.
"""

from collections import deque
from heapq import heappop, heappush
from typing import Final, NamedTuple

import numpy as np

from pricing.hardware.replay.grouping import FloatArray, IntArray
from pricing.hardware.replay.work import Work
from traces.errors import PricingError

_NEVER: Final = float("inf")
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
    loop = _Loop(work, queue, n_slots, pace, most_in_flight)
    while loop.n_left:
        loop.send()
        loop.step()
    return Played(loop.started_s, loop.ended_s, loop.in_model_s, loop.seconds_at)


class _Loop:
    """Where every rollout is at one moment: lists by rollout, stage and request, which are read faster than arrays."""

    def __init__(self, work: Work, queue: Queue, n_slots: int, pace: list[float], most_in_flight: int) -> None:
        n_rollouts = len(work.lead_s)
        self.stage: list[int] = work.first_stage[:-1].tolist()
        self.last_stage: list[int] = work.first_stage[1:].tolist()
        self.first_request: list[int] = work.first_request.tolist()
        self.request_s: list[float] = work.request_s.tolist()
        self.tool_s: list[float] = work.tool_s.tolist()
        self.lead_s: list[float] = work.lead_s.tolist()
        self.order: list[int] = queue.order.tolist()
        self.arrived_s: list[float] = queue.arrived_s.tolist()
        self.started_s, self.ended_s = [0.0] * n_rollouts, [0.0] * n_rollouts
        self.began_s, self.in_model_s = [0.0] * n_rollouts, [0.0] * n_rollouts
        self.n_open = [0] * n_rollouts
        self.n_left, self.n_free, self.n_seated = n_rollouts, n_slots, 0
        self.pace, self.most_in_flight, self.limit = pace, most_in_flight, min(most_in_flight, len(pace) - 1)
        self.requests, self.tools, self.held = list[_Due](), list[_Due](), deque[_Due]()
        self.seconds_at, self.now_s, self.virtual_s = [0.0] * len(pace), 0.0, 0.0

    def send(self) -> None:
        """Send the requests that wait, as many as may be in flight.

        Raises:
            PricingError: where more than pace has places for would be.
        """
        while self.held and len(self.requests) < self.limit:
            need_s, rollout = self.held.popleft()
            heappush(self.requests, (self.virtual_s + need_s, rollout))
        if self.held and self.limit < self.most_in_flight:
            raise PricingError(
                f"more than {self.limit} requests are in flight, and the slowdown ends there",
                f"use fewer slots, more engines, or cap the requests in flight at {self.limit}",
            )

    def step(self) -> None:
        """Go to the next event: of several at one moment an answer comes before a tool, and a tool before a slot."""
        pace = self.pace[len(self.requests)]
        answer_at = self.now_s + (self.requests[0][0] - self.virtual_s) * pace if self.requests else _NEVER
        tool_at = self.tools[0][0] if self.tools else _NEVER
        then = min(answer_at, tool_at, self._slot_at())
        self.seconds_at[len(self.requests)] += then - self.now_s
        self.virtual_s += (then - self.now_s) / pace
        self.now_s = then
        if answer_at == then:
            self._answer()
        elif tool_at == then:
            self._go_on(heappop(self.tools)[1], 0.0)
        else:
            self._seat()

    def _slot_at(self) -> float:
        """When the next rollout in the queue gets a slot."""
        if not self.n_free or self.n_seated == len(self.order):
            return _NEVER
        return max(self.arrived_s[self.n_seated], self.now_s)

    def _seat(self) -> None:
        rollout = self.order[self.n_seated]
        self.n_seated += 1
        self.n_free -= 1
        self.started_s[rollout] = self.now_s
        self._go_on(rollout, self.lead_s[rollout])

    def _answer(self) -> None:
        """End a request, and with the last one its stage."""
        self.virtual_s, rollout = heappop(self.requests)
        self.n_open[rollout] -= 1
        if self.n_open[rollout]:
            return
        self.in_model_s[rollout] += self.now_s - self.began_s[rollout]
        stage = self.stage[rollout]
        self.stage[rollout] = stage + 1
        self._go_on(rollout, self.tool_s[stage])

    def _go_on(self, rollout: int, pause_s: float) -> None:
        """Let tools run, else begin the next stage, else give the slot back."""
        if pause_s > 0:
            heappush(self.tools, (self.now_s + pause_s, rollout))
        elif (stage := self.stage[rollout]) < self.last_stage[rollout]:
            first, end = self.first_request[stage], self.first_request[stage + 1]
            self.began_s[rollout], self.n_open[rollout] = self.now_s, end - first
            self.held.extend([(need_s, rollout) for need_s in self.request_s[first:end]])
        else:
            self.ended_s[rollout] = self.now_s
            self.n_free += 1
            self.n_left -= 1


def most_at_once(work: Work, n_slots: int) -> int:
    """Most requests that so many slots can have in flight: those of the widest stages of as many rollouts."""
    widest = np.zeros(len(work.lead_s), dtype=np.int64)
    rows = np.repeat(np.arange(len(widest)), np.diff(work.first_stage))
    np.maximum.at(widest, rows, np.diff(work.first_request))
    return int(np.sort(widest)[::-1][:n_slots].sum())
