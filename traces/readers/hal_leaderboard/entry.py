"""One row of HAL's leaderboard, wherever it was read."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from traces.readers.hal.file import RecordedUsage

METRICS: Final = {
    "accuracy": "Accuracy", "average_score": "Average Score", "exact_matches": "Exact Matches",
    "answer_rate": "Answer Rate", "accuracy_easy": "Accuracy (Easy)", "accuracy_medium": "Accuracy (Medium)",
    "accuracy_hard": "Accuracy (Hard)", "average_correctness": "Average Correctness",
    "subtask_accuracy": "Subtask Accuracy", "codebert_score": "CodeBERT Score", "success_rate": "Success Rate",
    "valid_program_rate": "Valid Program Rate", "precision": "Precision", "recall": "Recall", "f1_score": "F1 Score",
    "auc": "AUC", "overall_score": "Overall Score", "vectorization_score": "Vectorization Score",
    "level_1_accuracy": "Level 1 Accuracy", "level_2_accuracy": "Level 2 Accuracy",
    "level_3_accuracy": "Level 3 Accuracy", "task_goal_completion": "Task Goal Completion",
    "scenario_goal_completion": "Scenario Goal Completion",
    "combined_scorer_inspect_evals_avg_refusals": "Refusals",
    "combined_scorer_inspect_evals_avg_score_non_refusals": "Non-Refusal Harm Score",
}  # fmt: skip
"""Scores of a run by the site's column, and the name its export gives them."""
PERCENT: Final = frozenset({
    "accuracy", "scenario_goal_completion", "task_goal_completion", "level_1_accuracy", "level_2_accuracy",
    "level_3_accuracy", "combined_scorer_inspect_evals_avg_refusals",
    "combined_scorer_inspect_evals_avg_score_non_refusals",
})  # fmt: skip
"""Scores the site multiplies by 100 before it exports them."""
_HEADLINES: Final = ("accuracy", "average_correctness", "success_rate", "average_score")


@dataclass(frozen=True, slots=True)
class Entry:
    """One run as the site knows it; usage by model, the main one first."""

    benchmark: str | None
    agent: str
    run_id: str
    date: str | None
    model: str | None
    cost_usd: float | None
    place: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    solved: Sequence[str] = ()
    failed: Sequence[str] = ()
    usage: Mapping[str, RecordedUsage] = field(default_factory=dict)
    n_averaged: int | None = None

    @property
    def score(self) -> float | None:
        """Score of the run, in the order the site falls back."""
        return next((self.metrics[name] for name in _HEADLINES if name in self.metrics), None)


def number(value: Any) -> float | None:
    """Read a number; null: none, or not finite."""
    try:
        read = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return read if math.isfinite(read) else None


def task_list(text: Any) -> list[str] | None:
    """Read a list as Python writes it; null: the site has none. Ids are all texts, or all numbers.

    Raises:
        ValueError: if it is anything else.
    """
    if text is None or text in {"", "None", "nan"}:
        return None
    import ast

    try:
        listed = ast.literal_eval(str(text))
    except (SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError(str(error)) from error
    if not isinstance(listed, list | tuple | set):
        raise ValueError("not a list")  # noqa: TRY004 - of the content, not of a caller
    return sorted({str(task) for task in listed})
