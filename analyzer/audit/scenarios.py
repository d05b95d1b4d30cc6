"""Which scenarios an audit can be made under: those that price what was sent, when it was sent."""

from typing import Final

from pricing.scenario import Scenario
from traces.errors import AnalysisError

_OWN_CHOICE: Final = frozenset(("name", "prices", "roles"))


def as_billed(scenario: Scenario) -> Scenario:
    """Give back a scenario whose dollars can be compared with recorded ones; prices and roles may be one's own.

    Raises:
        AnalysisError: if it prices another day, or another use of the cache, than was billed.
    """
    fields = Scenario.model_fields.items()
    if any(getattr(scenario, name) != field.default for name, field in fields if name not in _OWN_CHOICE):
        raise AnalysisError(
            f"priced under {scenario.title!r}, which is not what was billed",
            "audit the traces or a store priced with the recorded policy: evalreplay audit store/",
        )
    return scenario
