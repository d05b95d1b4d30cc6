"""The calls of traps.toml, their list answers worked out, and what an answer to one is worth."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

TRAPS: Final = Path(__file__).with_name("traps.toml")
TOKENS: Final = tuple(
    f"{kind}_tokens" for kind in ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
)
VERDICTS: Final = ("right", "wrong", "no answer")
NOT_ASKED: Final = "cannot be asked"
_MTOK: Final = 1_000_000
_LESS_THAN: Final = Decimal("1e-9")
_USUAL: Final = dict.fromkeys(TOKENS, 0) | {
    "provider": None, "service_tier": "standard", "is_batch": False, "is_unconverted": False, "scenario": {},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """What a library says a call costs.

    Args:
        usd: Figures it gives: one; several where it depends on the machine's clock; none.
        said: What it says beside, or instead.
    """

    usd: tuple[float, ...] = ()
    said: str = ""

    def __str__(self) -> str:
        figures = " or ".join(f"{usd:.10g}" for usd in self.usd)
        return f"{figures} ({self.said})" if figures and self.said else figures or self.said


@dataclass(frozen=True, slots=True)
class TrapCall:
    """One call of traps.toml, every field filled, and the trap it belongs to."""

    trap: str
    values: dict[str, Any]

    @property
    def parts(self) -> list[tuple[int, Decimal]]:
        """Tokens and USD per million of them, as the list answer is worked out."""
        return [(int(n), Decimal(usd)) for n, usd in re.findall(r"([\d_]+) x ([\d.]+)", self.values["list"])]

    @property
    def list_usd(self) -> Decimal | None:
        """The list answer; null: there is no list price."""
        return sum((tokens * usd for tokens, usd in self.parts), Decimal(0)) / _MTOK if self.parts else None

    def verdict(self, answer: Answer) -> str:
        """Right, wrong, or no answer though there is a list price; empty: not asked."""
        if answer.said == NOT_ASKED:
            return ""
        if not answer.usd:
            return "right" if self.list_usd is None else "no answer"
        given = [Decimal(usd) for usd in answer.usd]
        is_right = self.list_usd is not None and len(given) == 1 and abs(given[0] - self.list_usd) < _LESS_THAN
        return "right" if is_right else "wrong"


def load_traps() -> tuple[Sequence[TrapCall], Sequence[datetime]]:
    """Give the calls, and the moments at which a library that reads the machine's clock is asked."""
    document = tomllib.loads(TRAPS.read_text(encoding="utf-8"))
    calls = [
        TrapCall(f"{trap['number']} {trap['name']}", _USUAL | values)
        for trap in document["trap"]
        for values in trap["call"]
    ]
    return calls, document["clocks"]


def shown() -> dict[str, str]:
    """What each trap shows, by its number and name."""
    document = tomllib.loads(TRAPS.read_text(encoding="utf-8"))
    return {f"{trap['number']} {trap['name']}": trap["shows"].strip() for trap in document["trap"]}
