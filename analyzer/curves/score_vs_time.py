"""Score versus time: one point per agent or run, mean score against mean seconds per attempt."""

from typing import Final

from analyzer.curves.parts.means import mean_curve
from analyzer.curves.registry import Curve

CURVE: Final[Curve] = mean_curve(
    "score_vs_time",
    "seconds",
    "Mean score against mean seconds per attempt, one point per agent or run.",
    "The aider leaderboards: seconds per case beside the score.",
)
