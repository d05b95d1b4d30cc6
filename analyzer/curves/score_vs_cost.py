"""Score versus cost: one point per agent or run, mean score against mean dollars per attempt."""

from typing import Final

from analyzer.curves.parts.means import mean_curve
from analyzer.curves.registry import Curve

CURVE: Final[Curve] = mean_curve(
    "score_vs_cost",
    "dollars",
    "Mean score against mean dollars per attempt, one point per agent or run.",
    "fsndzomga/hal-frontend utils/viz.py: accuracy against mean cost per agent.",
)
