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


def span(cost: float | None, low: float, high: float | None, currency: str | None = None) -> str:
    """Write a figure, with its range where it has one, or the bounds that are known (null: unbounded).

    Args:
        cost: The figure; null: there is no one.
        low: Lowest it can be.
        high: Highest it can be; null: unbounded.
        currency: Code of the currency; null: US dollars.
    """

    def money(amount: float) -> str:
        return f"${amount:,.2f}" if currency is None else f"{amount:,.2f} {currency}"

    if cost is None:
        return f"at least {money(low)}" if high is None else f"between {money(low)} and {money(high)}"
    if high is not None and low < high:
        return f"{money(cost)} (between {money(low)} and {money(high)})"
    return money(cost)
