"""Words for figures that several outputs share."""

import math
from collections.abc import Callable, Sequence
from typing import Final

NOT_KNOWN: Final = "not known"
_MOST_NAMES: Final = 12
_CENTS_FROM_USD: Final = 0.1


def percent(share: float | None) -> str:
    """Write a share; never rounded to 100 % (which says all) or 0 % (which says none) unless it is."""
    if share is None:
        return NOT_KNOWN
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


def at_least(show: Callable[[float], str], low: float | None) -> str:
    """Write the lowest a figure can be; a bound of 0 says nothing, so then it is not known."""
    return f"at least {show(low)}" if low else NOT_KNOWN


def usd(amount: float) -> str:
    """Write dollars to the cent; below ten cents to three digits."""
    if not 0 < abs(amount) < _CENTS_FROM_USD:
        return f"${amount:,.2f}"
    whole, _, fraction = f"{amount:.{2 - math.floor(math.log10(abs(amount)))}f}".partition(".")
    return f"${whole}.{fraction.rstrip('0').ljust(2, '0')}"


def span(cost: float | None, low: float, high: float | None, currency: str | None = None) -> str:
    """Write a cost, with its range where it has one, or the bounds that are known, or that it is not known.

    Args:
        cost: The figure; null: there is no one.
        low: Lowest it can be.
        high: Highest it can be; null: unbounded.
        currency: Code of the currency; null: US dollars.
    """

    def money(amount: float) -> str:
        return usd(amount) if currency is None else f"{amount:,.2f} {currency}"

    if cost is None and high is None:
        return at_least(money, low) if low else f"cost {NOT_KNOWN}"
    if cost is None:
        return f"between {money(low)} and {money(high or 0)}"
    if high is not None and low < high:
        return f"{money(cost)} (between {money(low)} and {money(high)})"
    return money(cost)
