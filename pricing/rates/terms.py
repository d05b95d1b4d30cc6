"""The terms a cost is a sum of, and the rate of each: tokens of one kind, or tokens that can be read in two ways.

A cost has four readings: ``low`` takes the cheapest reading of the tokens at the lowest rates, ``point_low`` and
``point`` take the dearest reading at the lowest and the highest rates of the stated number of tokens, ``high`` the
dearest at the highest rates of all. Where ``point_low`` and ``point`` differ there is no one figure.
"""

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from pricing.rates.in_force import INPUT_KINDS, KINDS

Floats = npt.NDArray[np.float64]


class Reading(IntEnum):
    """The readings of a cost, as they are numbered along an axis."""

    LOW = 0
    POINT_LOW = 1
    POINT = 2
    HIGH = 3


READINGS: Final = tuple(reading.name.lower() for reading in Reading)
ORDERED_INPUT: Final = (
    "cache_read", "cache_write_1h", "cache_write_5m", "cache_write_unspecified", "uncached_input", "unsplit_input",
)  # fmt: skip
"""Terms of the input in the order they stand in a prompt: what is cached is its beginning."""


class _Choice(NamedTuple):
    """Kinds a term is billed by; of several, which of their rates."""

    kinds: tuple[str, ...]
    pick: Callable[[Floats, Floats], Floats] = np.fmax


class _Term(NamedTuple):
    """What a term is billed by in its dearest reading, and in its cheapest (null: the same)."""

    dearest: _Choice
    cheapest: _Choice | None = None


_WRITES: Final = ("cache_write_1h", "cache_write_5m")
_OUTPUTS: Final = ("output", "reasoning")
_TERMS: Final = {
    **{kind: _Term(_Choice((kind,))) for kind in ("cache_read", "cache_write_1h", "cache_write_5m")},
    # a write whose duration is not told
    "cache_write_unspecified": _Term(_Choice(_WRITES), _Choice(_WRITES, np.fmin)),
    "uncached_input": _Term(_Choice(("uncached_input",))),
    # input of which it is not known how much came from a cache
    "unsplit_input": _Term(_Choice(("uncached_input",)), _Choice(("uncached_input", "cache_read"), np.fmin)),
    "visible_output": _Term(_Choice(("output",))),
    "reasoning": _Term(_Choice(("reasoning",))),
    # output of which it is not known how much is reasoning
    "unsplit_output": _Term(_Choice(_OUTPUTS), _Choice(_OUTPUTS, np.fmin)),
    # reasoning that may lie inside the output count or outside it: billed as itself, or as output and on top
    "enclosed_reasoning": _Term(_Choice(("output",)), _Choice(("reasoning",))),
    "outside_reasoning": _Term(_Choice(("reasoning",)), _Choice(())),
    "request": _Term(_Choice(("request",))),
}
TERMS: Final = tuple(_TERMS)


def above(term: str, number: int | str) -> str:
    """Name the term of the tokens of another that lie above a threshold, by the number of the threshold."""
    return f"{term}_above_{number}"


def dearest_kind(term: str) -> str:
    """Name the kind of price a term is billed by in its dearest reading; of two, the one that is dearer as a rule."""
    return _TERMS[term].dearest.kinds[0]


def term_rates(rates: Floats, n_above: int) -> dict[str, dict[str, Floats]]:
    """Rates of every term by reading.

    Args:
        rates: Reading (as ``READINGS``) x cell x kind (``KINDS``, then the additions of each of ``INPUT_KINDS`` above
            each threshold); nan: not known.
        n_above: Thresholds that price only the tokens above them.
    """
    kinds = dict(zip(KINDS, np.moveaxis(rates[..., : len(KINDS)], -1, 0), strict=True))
    found = {term: _readings(term, kinds) for term in TERMS}
    below = found
    for number in range(n_above):
        first = len(KINDS) + number * len(INPUT_KINDS)
        steps = np.moveaxis(rates[..., first : first + len(INPUT_KINDS)], -1, 0)
        kinds = kinds | {kind: kinds[kind] + step for kind, step in zip(INPUT_KINDS, steps, strict=True)}
        here = {term: _readings(term, kinds) for term in ORDERED_INPUT}
        found = found | {
            above(term, number): {name: here[term][name] - below[term][name] for name in READINGS}
            for term in ORDERED_INPUT
        }
        below = here
    return found


def _readings(term: str, kinds: Mapping[str, Floats]) -> dict[str, Floats]:
    """Rates of a term by reading; kinds by name, each reading x cell."""
    dearest, cheapest = _TERMS[term]
    return {
        name: _chosen(cheapest or dearest if name == "low" else dearest, kinds, number)
        for number, name in enumerate(READINGS)
    }


def _chosen(choice: _Choice, kinds: Mapping[str, Floats], reading: int) -> Floats:
    if not choice.kinds:
        return np.zeros_like(kinds["request"][reading])
    first, *others = (kinds[kind][reading] for kind in choice.kinds)
    return choice.pick(first, others[0]) if others else first
