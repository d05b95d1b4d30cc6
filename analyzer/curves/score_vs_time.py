"""Score versus time: one point per agent or run, mean score against mean seconds per attempt."""

from collections.abc import Mapping
from typing import Final

from analyzer.curves.parts.attempts import OPTIONS
from analyzer.curves.parts.axes import AXES
from analyzer.curves.parts.means import mean_points
from analyzer.curves.registry import Curve, CurveResult, Tables

NAME: Final = "score_vs_time"


def compute(tables: Tables, chosen: Mapping[str, str]) -> CurveResult:
    """One point per group, as ``means.mean_points`` says, in seconds."""
    return mean_points(NAME, AXES["seconds"], tables, chosen)


CURVE: Final = Curve(
    NAME,
    "Mean score against mean seconds per attempt, one point per agent or run.",
    "The aider leaderboards: seconds per case beside the score.",
    OPTIONS,
    compute,
)
