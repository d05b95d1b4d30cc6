"""Dollars of a session's steps: the differences of what its trajectory says was spent so far on either side."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from traces.decode import whole
from traces.lines import read_lines
from traces.readers.exgentic.file import Step
from traces.registry import SourceFile
from traces.rejects import RejectLog

SIDES: Final = ("agent", "benchmark")
_ROUNDING_USD: Final = 1e-9
_MOST_USD: Final = 10**9


class Spent(NamedTuple):
    """What one side spent between two lines: one call or several, which the trajectory does not tell apart."""

    side: str
    step: int | None
    cost_usd: float
    path: str
    place: str


@dataclass(slots=True)
class Trajectory:
    """Spendings in order, and what each side had spent at the last line (null: never said)."""

    spent: list[Spent] = field(default_factory=list)
    so_far: dict[str, float | None] = field(default_factory=lambda: dict.fromkeys(SIDES))

    @property
    def has_lines(self) -> bool:
        """Whether any line states a cost."""
        return any(cost is not None for cost in self.so_far.values())


def read_trajectory(files: Sequence[SourceFile], log: RejectLog) -> Trajectory:
    """Read the trajectory of a session.

    A session run again is appended to the file of the first try, and its costs begin at zero again: the last try is
    the one that counts, as in the session's results; the others are reported.
    """
    trajectory = Trajectory()
    for file in files:
        for place, step in read_lines(file, Step, log):
            if step.initial and trajectory.spent:
                total_usd = sum(spent.cost_usd for spent in trajectory.spent)
                log.contradiction(
                    file.name, f"before {place}", f"an earlier try, overwritten: {total_usd:.6f} USD of it"
                )
                trajectory = Trajectory()
            for side, cost in (("agent", step.agent_cost), ("benchmark", step.benchmark_cost)):
                if cost is not None and abs(cost) < _MOST_USD:
                    spent = Spent(side, whole(step.step), cost - (trajectory.so_far[side] or 0.0), file.name, place)
                    _add(trajectory, spent, log)
                    trajectory.so_far[side] = cost
    return trajectory


def _add(trajectory: Trajectory, spent: Spent, log: RejectLog) -> None:
    if spent.cost_usd < -_ROUNDING_USD:
        log.contradiction(spent.path, spent.place, f"{spent.side} cost falls, though it is the sum so far")
    elif spent.cost_usd > _ROUNDING_USD:
        trajectory.spent.append(spent)
