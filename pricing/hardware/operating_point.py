"""The load an engine is run at: as stated, or the cheapest that gives every request its speed."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from pricing.hardware.assumptions import ttft_over_mean, unmeasured_concurrency
from pricing.hardware.deployment import Deployment
from pricing.hardware.law import Law, Load
from pricing.hardware.laws import Machines
from pricing.hardware.memory import kv_precision_of, max_concurrency
from pricing.hardware.workload import Workload

_STEPS: Final = 60
"""Halvings of the span of concurrencies: beyond the precision of a float."""


class Placed(NamedTuple):
    """An engine at a load.

    Args:
        law: Its law.
        load: Requests under way on one copy, and the mean call.
        max_concurrency: Requests whose cache fits in memory; null: not known.
        tpot_s: Seconds between output tokens at that load.
        gpu_s: Accelerator-seconds of the mean call.
    """

    law: Law
    load: Load
    max_concurrency: float | None
    tpot_s: float
    gpu_s: float


class Refused(NamedTuple):
    """Why an engine cannot do what was asked, and the nearest it can."""

    law: Law
    reason: str
    nearest: float


def place(law: Law, deployment: Deployment, workload: Workload, machines: Machines) -> Placed | Refused:
    """Find the load of an engine, or why there is none.

    Args:
        law: Law of the engine.
        deployment: What was asked.
        workload: The calls.
        machines: The tables.
    """
    held = _held(law, workload, machines)
    if held is not None and held < 1:
        return Refused(law, "memory", max(held, 0.0))
    if deployment.concurrency is not None:
        if held is not None and deployment.concurrency > held:
            return Refused(law, "concurrency", held)
        return _placed(law, deployment.concurrency, workload, held)
    return _fastest_enough(law, deployment, workload, held)


def _held(law: Law, workload: Workload, machines: Machines) -> float | None:
    """Requests whose cache fits beside the weights; null: architecture or memory is not known."""
    engine = law.engine
    architecture, chip = machines.architectures.get(engine["model"]), machines.chips.get(engine["accelerator"])
    if architecture is None or chip is None:
        return None
    return max_concurrency(
        architecture,
        chip.memory_gb,
        law.n_gpus,
        max(workload.context_tokens, 1.0),
        weights_precision=engine["weights_precision"] or "bf16",
        kv_precision=kv_precision_of(engine["kv_precision"], engine["weights_precision"]),
        dp=engine["dp"] or 1,
    )


def _fastest_enough(law: Law, deployment: Deployment, workload: Workload, held: float | None) -> Placed | Refused:
    """The highest concurrency at which every request gets its speed: the cheapest, as cost falls with it."""
    lowest, highest = unmeasured_concurrency() if law.shape is None else law.shape[2:]
    highest = highest if held is None else min(highest, held)
    lowest = min(lowest, highest)

    def is_enough(concurrency: float) -> bool:
        first_s, step_s = _waits(_placed(law, concurrency, workload, held), deployment)
        is_fast = step_s * (deployment.min_tokens_s or 0.0) <= 1
        return is_fast and (deployment.max_ttft_s is None or first_s <= deployment.max_ttft_s)

    if not is_enough(lowest):
        first_s, step_s = _waits(_placed(law, lowest, workload, held), deployment)
        is_slow = step_s * (deployment.min_tokens_s or 0.0) > 1
        return Refused(law, "speed", 1 / step_s) if is_slow else Refused(law, "first", first_s)
    if is_enough(highest):
        return _placed(law, highest, workload, held)
    for _ in range(_STEPS):
        middle = (lowest + highest) / 2
        lowest, highest = (middle, highest) if is_enough(middle) else (lowest, middle)
    return _placed(law, lowest, workload, held)


def _waits(at: Placed, deployment: Deployment) -> tuple[float, float]:
    """Seconds to the first token (at the percentile asked for) and between tokens: of the model, not its stand-in."""
    factor = deployment.like_factors[1]
    first_s = at.law.ttft_s(at.load) * factor * ttft_over_mean(deployment.percentile).value
    return first_s, at.tpot_s * factor / (deployment.acceptance_length or 1.0)


def _placed(law: Law, concurrency: float, workload: Workload, held: float | None) -> Placed:
    load = Load(concurrency, workload.uncached_tokens, max(workload.output_tokens, 1.0), workload.context_tokens)
    return Placed(law, load, held, law.tpot_s(load), law.request_gpu_s(load))


def cheapest(found: Sequence[Placed | Refused]) -> Placed | None:
    """The engine that takes the fewest accelerator-seconds; null: none can do what was asked."""
    placed = [each for each in found if isinstance(each, Placed)]
    return min(placed, key=lambda each: (each.gpu_s, each.law.title), default=None)
