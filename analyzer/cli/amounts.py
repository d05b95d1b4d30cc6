"""Costs of a run in one line: a figure, a range, or what is known of it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from traces.store import Store


def amount(row: dict[str, Any], list_usd: float | None = None, stated: str | None = None) -> str:
    """Write the cost of a row of priced runs.

    Args:
        row: The run.
        list_usd: What of it is priced at list prices, where the run has no one cost; null: not told.
        stated: What its source states, in words; null: nothing.
    """
    from analyzer.words import percent, span

    text = span(row["cost_usd"], row["cost_low_usd"], row["cost_high_usd"])
    is_open = row["cost_usd"] is None and row["cost_high_usd"] is None
    share = f" ({percent(row['coverage_frac'])} priced)" if is_open and row["coverage_frac"] else ""
    return text + share + _beside(row, list_usd, stated)


def known_list_costs(store: "Store") -> dict[str, float]:
    """What is priced of each run at list prices, in US dollars, where something is taken off some of it."""
    import polars as pl

    from pricing.priced_store import scenario_of
    from traces.sums import known_total

    is_counted = pl.col("role").is_in(scenario_of(store).roles)
    priced = [store.scan("calls").filter(is_counted), store.scan("charges")]
    columns = [each.select("run_id", "list_cost_usd", "cost_usd") for each in priced]
    sums = pl.concat(columns).drop_nulls().group_by("run_id").agg(known_total("list_cost_usd"), known_total("cost_usd"))
    off = sums.filter(pl.col("list_cost_usd") != pl.col("cost_usd")).select("run_id", "list_cost_usd").collect()
    return dict(off.iter_rows())


def _beside(row: dict[str, Any], list_usd: float | None, stated: str | None) -> str:
    """What else is to be said of a cost: list price, other currency, calls its book leaves out, what was recorded."""
    from analyzer.words import percent, span, usd

    listed = row["list_cost_usd"]
    parts = []
    if listed is not None and row["cost_usd"] is not None and listed != row["cost_usd"]:
        parts.append(f"list {usd(listed)}")
    if row["cost_usd"] is None and list_usd is not None:
        parts.append(f"list {usd(list_usd)} of what is priced")
    if row["currency"] is not None and (row["cost_low_usd"] or row["cost_high_usd"] is not None):
        bounds = row["cost_low_in_currency"], row["cost_high_in_currency"]
        parts.append(span(row["cost_in_currency"], *bounds, row["currency"]))
    if row["cost_usd"] is not None and row["coverage_frac"] < 1:
        parts.append(f"{percent(1 - row['coverage_frac'])} of the calls left out by the book")
    if row["cost_usd"] is None and stated is not None:
        parts.append(f"its source states {stated}")
    return f" [{'; '.join(parts)}]" if parts else ""
