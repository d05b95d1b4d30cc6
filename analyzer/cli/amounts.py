"""Costs of a run in one line: a figure, a range, or what is known of it."""

from typing import Any


def amount(row: dict[str, Any]) -> str:
    """Write the cost of a row of priced runs."""
    from analyzer.words import percent, span

    text = span(row["cost_usd"], row["cost_low_usd"], row["cost_high_usd"])
    is_open = row["cost_usd"] is None and row["cost_high_usd"] is None
    return text + (f" ({percent(row['coverage_frac'])} priced)" if is_open else "") + _beside(row)


def _beside(row: dict[str, Any]) -> str:
    """What else is to be said of a cost: list price, other currency, calls its book leaves out."""
    from analyzer.words import percent

    listed, converted = row["list_cost_usd"], row["cost_in_currency"]
    parts = []
    if listed is not None and row["cost_usd"] is not None and listed != row["cost_usd"]:
        parts.append(f"list ${listed:,.2f}")
    if converted is not None:
        parts.append(f"{converted:,.2f} {row['currency']}")
    if row["cost_usd"] is not None and row["coverage_frac"] < 1:
        parts.append(f"{percent(1 - row['coverage_frac'])} of the calls left out by the book")
    return f" [{'; '.join(parts)}]" if parts else ""
