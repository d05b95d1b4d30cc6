"""A deployed model as an engine that rollouts share: its calls with nothing else under way, and what a load adds."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import floor

import numpy as np
import numpy.typing as npt

from pricing.hardware.point import Point, in_digits
from traces.errors import PricingError


@dataclass(frozen=True)
class Engine:
    """One copy of a deployed model.

    Args:
        point: As deployed, at its load.
        alone: The same with one request under way.
        concurrency: Requests under way at a time; further ones wait.
        slowdown: Seconds per second alone, by requests in flight; it never falls, and place 0 is 1.
    """

    point: Point
    alone: Point
    concurrency: int
    slowdown: npt.NDArray[np.float64]

    @property
    def notes(self) -> list[str]:
        """Where the loads that can occur leave what was measured or fits in memory."""
        return list(self._notes())

    def _notes(self) -> Iterator[str]:
        placed = self.point.placed
        shape, most = placed.law.shape, placed.max_concurrency
        if self.concurrency > 1:
            slow = f"{self.slowdown[-1]:.3g} times as long with {self.concurrency} requests on an engine as alone"
            yield f"A mean call takes {slow}."
        if shape is None:
            yield "No load of this engine was measured."
        elif self.concurrency > shape.max_concurrency or shape.min_concurrency > 1:
            measured = f"{shape.min_concurrency:g} to {shape.max_concurrency:g}"
            yield f"Loads were measured at {measured} requests on an engine; outside them the law is continued."
        if most is not None:
            yield f"About {in_digits(most)} requests of the mean context fit in the memory of an engine."


def engine_of(point: Point) -> Engine:
    """Take a deployed model as an engine.

    The slowdown is that of the mean call: seconds to the first token and between all others at each load, over the same
    alone. Where the law falls with the load it is held level.

    Args:
        point: A deployed model; a load between two whole numbers is rounded down.

    Raises:
        PricingError: if its load is below one request.
    """
    placed = point.placed
    concurrency = floor(placed.load.concurrency)
    if concurrency < 1:
        problem = f"hardware {point.model!r}: concurrency {placed.load.concurrency:g} is less than one request"
        raise PricingError(problem, "an engine that rollouts share serves 1 or more")
    seconds = np.array([_mean_call_s(point, load) for load in range(1, concurrency + 1)])
    slowdown = np.maximum.accumulate(np.concatenate([[1.0], seconds / seconds[0]]))
    return Engine(point, at_concurrency(point, 1.0), concurrency, slowdown)


def at_concurrency(point: Point, concurrency: float) -> Point:
    """Give a deployed model another load, on the same engine."""
    law, load = point.placed.law, point.placed.load._replace(concurrency=concurrency)
    placed = point.placed._replace(load=load, tpot_s=law.tpot_s(load), gpu_s=law.request_gpu_s(load))
    return replace(point, placed=placed)


def _mean_call_s(point: Point, concurrency: float) -> float:
    law, load = point.placed.law, point.placed.load._replace(concurrency=concurrency)
    tokens_a_step = point.deployment.acceptance_length or 1.0
    return law.ttft_s(load) + max(load.output_tokens - 1, 0.0) * law.tpot_s(load) / tokens_a_step
