"""Words for figures that several outputs share."""

from collections.abc import Sequence
from typing import Final

_MOST_NAMES: Final = 12


def percent(share: float | None) -> str:
    """Write a share; never rounded to 100 % (which says all) or 0 % (which says none) unless it is."""
    if share is None:
        return "not known"
    if share in {0, 1}:
        return f"{100 * share:.0f} %"
    return f"{min(max(100 * share, 0.1), 99.9):.3g} %"


def listed(names: Sequence[str], mark: str = ", ") -> str:
    """Join names; of a long list the first ones, the others counted."""
    n_more = len(names) - _MOST_NAMES
    return mark.join([*names[:_MOST_NAMES], *([f"and {n_more} more"] if n_more > 0 else [])])


def counted(n: int, noun: str) -> str:
    """Count a noun: 1 call, 2 calls."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def beside(text: str, words: str, mark: str = ", ") -> str:
    """Add words in the brackets at the end of a text."""
    return f"{text.removesuffix(')')}{mark if text.endswith(')') else ' ('}{words})"


def span(usd: float | None, low: float, high: float | None) -> str:
    """Write a figure, with its range where it has one, or the bounds that are known (null: unbounded)."""
    if usd is None:
        return f"at least ${low:,.2f}" if high is None else f"between ${low:,.2f} and ${high:,.2f}"
    if high is not None and low < high:
        return f"${usd:,.2f} (between ${low:,.2f} and ${high:,.2f})"
    return f"${usd:,.2f}"
