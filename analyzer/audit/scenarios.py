"""Which scenarios an audit can be made under: those that price what was sent, when it was sent."""

from pricing.scenario import Scenario
from traces.errors import AnalysisError


def as_billed(scenario: Scenario) -> Scenario:
    """Give back a scenario whose dollars can be compared with recorded ones; what a bill rests on may be stated.

    Raises:
        AnalysisError: if it prices another day, model, endpoint or use of the cache than was billed.
    """
    if not scenario.is_as_billed:
        raise AnalysisError(
            f"priced under {scenario.title!r}, which is not what was billed",
            "audit the traces or a store priced with the recorded policy: evalreplay audit store/",
        )
    return scenario
