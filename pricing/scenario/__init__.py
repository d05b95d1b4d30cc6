"""Scenarios: how to price, as one file or a few flags."""

from pricing.scenario.scenario import Scenario, load_scenario

__all__ = ["Scenario", "load_scenario"]
