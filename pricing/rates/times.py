"""The ends of time, under the name rates were written with."""

from pricing.moments import END, START

__all__ = ["END", "START"]
