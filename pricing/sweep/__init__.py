"""Thousands of scenarios over one trace: token sums once, then linear algebra."""

from pricing.sweep.sweep import Sweep, sweep

__all__ = ["Sweep", "sweep"]
