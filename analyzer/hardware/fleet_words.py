"""A fleet in a sentence and two small tables."""

from typing import TYPE_CHECKING, Final

import polars as pl

from analyzer.words import counted, percent, span

if TYPE_CHECKING:
    from analyzer.hardware.fleet import FleetView

_DIGITS: Final = 4
_HOUR_S: Final = 3600


def headline(found: "FleetView") -> str:
    """Say how long rollouts take and what the fleet costs meanwhile, with what both can be at least and at most."""
    n = found.rollouts["rollout_id"].n_unique()
    point = found.row("tools_least") if found.is_told else {"elapsed_s": None, "occupancy_usd": None}
    cost = span(point["occupancy_usd"], *found.bounds("occupancy_usd"))
    took = _hours(point["elapsed_s"], *found.bounds("elapsed_s"))
    return f"{counted(n, 'rollout')}: {took}, {cost} for the fleet as long as it is held (occupancy)"


def _hours(seconds: float | None, low_s: float, high_s: float | None) -> str:
    low = f"{low_s / _HOUR_S:,.3g}"
    if high_s is None:
        return f"at least {low} h"
    band = f"between {low} and {high_s / _HOUR_S:,.3g} h"
    return band if seconds is None else f"{seconds / _HOUR_S:,.3g} h ({band})"


def at_a_glance(found: "FleetView") -> pl.DataFrame:
    """Readings with what is read first."""
    busy = pl.Series("busy", [_busy(share) for share in found.readings["busy_frac"]])
    return found.readings.select(
        "reading",
        (pl.col("elapsed_s") / _HOUR_S).alias("hours").round_sig_figs(_DIGITS),
        pl.col("mean_rollout_s").round_sig_figs(_DIGITS),
        pl.col("gpu_hours", "occupancy_usd", "marginal_usd").round_sig_figs(_DIGITS),
        busy,
        pl.col("mean_load").round_sig_figs(_DIGITS),
        "peak_load",
    )


def _busy(share: float | None) -> str:
    """Write a share that may be above one: two laws that do not agree to the last percent."""
    return percent(share) if share is None or share <= 1 else f"{100 * share:.3g} %"


def loads_at_a_glance(found: "FleetView") -> pl.DataFrame:
    """Hours by requests in flight, in steps of powers of two, a column per reading."""
    upper = pl.lit(2) ** (pl.col("n_in_flight").log(2) + 1e-9).floor()
    first = pl.when(pl.col("n_in_flight") == 0).then(0).otherwise(upper).cast(pl.Int64)
    rows = found.loads.with_columns(first=first).group_by("reading", "first", maintain_order=True)
    hours = rows.agg(hours=(pl.col("seconds").sum() / _HOUR_S).round_sig_figs(_DIGITS))
    wide = hours.pivot("reading", index="first", values="hours").sort("first")
    most = int(found.loads["n_in_flight"].max() or 0)  # type: ignore[arg-type]
    names = [_range(low, min(2 * low - 1, most)) for low in wide["first"]]
    return wide.select(pl.Series("in flight", names), pl.exclude("first"))


def _range(low: int, high: int) -> str:
    return str(low) if high <= low else f"{low} to {high}"
