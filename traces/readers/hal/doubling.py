"""Signs that calls were counted twice where no parents are recorded: a patched client that calls another patched one.

Nothing is halved: the run is flagged. See hal-harness issues 17 and 105 for how it comes about.
"""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from math import comb
from typing import Final

Span = tuple[int, int]
"""Start and end in microseconds."""

EVEN_BY_CHANCE: Final = 0.25
"""Share of independent (prompt, completion) totals of which both are even."""
_LEAST_ROWS: Final = 8
_MOST_PROBABLE: Final = 0.001


def n_nested(calls: Sequence[tuple[Hashable, Span | None]]) -> int:
    """Count the calls that lie within another one of the same usage.

    Args:
        calls: Usage and span of each call of a task.
    """
    spans: dict[Hashable, list[Span]] = defaultdict(list)
    for usage, span in calls:
        if span is not None:
            spans[usage].append(span)
    return sum(_n_within(sorted(found, key=lambda span: (span[0], -span[1]))) for found in spans.values())


def _n_within(spans: Sequence[Span]) -> int:
    n_inner, last_end = 0, -1
    for _, end in spans:
        n_inner += end <= last_end
        last_end = max(last_end, end)
    return n_inner


def is_doubled(totals: Sequence[tuple[int, int]]) -> bool:
    """Tell whether so many totals have both counts even that chance is no explanation (binomial, p < 0.001).

    One total, or a few, prove nothing: fewer than eight are never called doubled.
    """
    n, n_even = len(totals), sum(prompt % 2 == 0 and completion % 2 == 0 for prompt, completion in totals)
    return n >= _LEAST_ROWS and _tail(n, n_even) < _MOST_PROBABLE


def _tail(n: int, least: int) -> float:
    """Probability of at least so many even ones of n by chance."""
    chance = EVEN_BY_CHANCE
    return sum(comb(n, k) * chance**k * (1 - chance) ** (n - k) for k in range(least, n + 1))


def multiple(recorded: Mapping[str, int], counted: Mapping[str, int]) -> int | None:
    """How many times a recorded total holds each count (2, 3, 4); null: it is no such multiple of all of them."""
    known = [(recorded[name], count) for name, count in counted.items() if count]
    return next((n for n in (2, 3, 4) if known and all(total == n * count for total, count in known)), None)
