"""Scenarios: how to price, as one file or a few flags."""

from pricing.scenario.load import load_scenario
from pricing.scenario.model import Scenario

__all__ = ["Scenario", "load_scenario"]
