"""What a history is asked for, and what it answers: the options and the result as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Final

import polars as pl

from analyzer.history.tables import HISTORY_TABLES
from traces.errors import UsageError

_CURVE_OPTIONS: Final = ("measure", "errors", "weights", "by", "tasks")


@dataclass(frozen=True, slots=True)
class HistoryOptions:
    """What a history is asked for.

    Args:
        scores: Scores to reach; none: those of the agents themselves, or their quartiles where there are many.
        attributes: Table of facts of models; null: none.
        where: NAME=VALUE: only agents of this attribute; several must all hold.
        colour: Attribute that colours the figure; null: every agent has its own colour.
        axis: Attribute that takes the place of time in the figure; null: time.
        is_retired_kept: Agents whose models can no longer be called still count.
        measure: As in ``score_vs_cost``, like the four that follow.
        errors: What rollouts ended by an infrastructure error count as.
        weights: Weights of tasks.
        by: Whom a cost is of: agent or run.
        tasks: Tasks in a mean.
    """

    scores: tuple[float, ...] = ()
    attributes: Path | None = None
    where: tuple[str, ...] = ()
    colour: str | None = None
    axis: str | None = None
    is_retired_kept: bool = False
    measure: str = "score"
    errors: str = "fail"
    weights: str = "tasks"
    by: str = "agent"
    tasks: str = "own"

    def __post_init__(self) -> None:
        """Refuse what is no score.

        Raises:
            UsageError: on a score that is not finite: nothing could reach it.
        """
        for score in self.scores:
            if not isfinite(score):
                raise UsageError(f"score {score}: not a number to reach", "write --score 0.5")

    @property
    def chosen(self) -> Mapping[str, str]:
        """Options of the curve whose points are followed through time."""
        return {name: getattr(self, name) for name in _CURVE_OPTIONS}


@dataclass(frozen=True, slots=True)
class HistoryResult:
    """The same rollouts at the prices of every day, as tables of changes (``analyzer.history.tables``).

    Args:
        start: First moment.
        end: Last moment.
        agents: Agents: score, usage, entry, retirement, attributes.
        runs: Cost of each over time.
        cheapest: Lowest cost of reaching a score over time.
        best: Best-scoring agent over time, its cost as three factors, its changes as three effects.
        best_change: The change from the first to the last of these, as three effects.
        frontier: Frontier then and now.
        along: Lowest cost of reaching a score by attribute; empty: no axis was asked for.
        notes: Every assumption and every count of what is missing, in words.
        options: What was asked for.
        score_label: Meaning of the score.
    """

    start: datetime
    end: datetime
    agents: pl.DataFrame
    runs: pl.DataFrame
    cheapest: pl.DataFrame
    best: pl.DataFrame
    best_change: pl.DataFrame
    frontier: pl.DataFrame
    along: pl.DataFrame
    notes: tuple[str, ...]
    options: HistoryOptions = field(default_factory=HistoryOptions)
    score_label: str = "Score"

    @property
    def tables(self) -> dict[str, pl.DataFrame]:
        """Its tables by name."""
        return {name: getattr(self, name) for name in HISTORY_TABLES}
