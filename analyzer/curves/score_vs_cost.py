"""Score versus cost: one point per agent or run, mean score against mean dollars per attempt."""

from collections.abc import Mapping
from typing import Final

from analyzer.curves.parts.attempts import OPTIONS
from analyzer.curves.parts.axes import AXES
from analyzer.curves.parts.means import mean_points
from analyzer.curves.registry import Curve, CurveResult, Tables

NAME: Final = "score_vs_cost"


def compute(tables: Tables, chosen: Mapping[str, str]) -> CurveResult:
    """One point per group, as ``means.mean_points`` says, in dollars."""
    return mean_points(NAME, AXES["dollars"], tables, chosen)


CURVE: Final = Curve(
    NAME,
    "Mean score against mean dollars per attempt, one point per agent or run.",
    "fsndzomga/hal-frontend utils/viz.py: accuracy against mean cost per agent.",
    OPTIONS,
    compute,
)
