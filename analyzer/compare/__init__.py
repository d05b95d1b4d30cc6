"""Two priced traces compared: what changed the cost, who entered or left the frontier, which orders flipped."""

from analyzer.compare.compare import Comparison, compare

__all__ = ["Comparison", "compare"]
