"""The names of the definitions of a frontier, and what each means; apart, so that they cost no import."""

from typing import Final

KINDS: Final = {
    "staircase": "staircase (no point is at least as good and at most as dear, and better in one)",
    "hull": "upper convex hull, its efficient part (what mixing agents cannot beat)",
    "hull_origin": "upper convex hull through the origin (mixing agents with not answering)",
}
"""The three definitions in use. Sources: the staircase is the Pareto set of tommyod/paretoset; the hull is the rule of
fsndzomga/hal-frontend utils/pareto.py (points on a chord are not on it); through the origin as in its utils/viz.py."""
