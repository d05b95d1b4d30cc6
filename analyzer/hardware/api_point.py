"""What the rollouts of a fleet cost and took where they ran: the point of the API, as recorded."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from analyzer.hardware.fleet import FleetView
from pricing.hardware.workload import is_of
from traces.errors import PricingError
from traces.sums import known_total, total


def api_point(priced: Mapping[str, pl.DataFrame], view: FleetView) -> dict[str, Any]:
    """Dollars of the same calls at their prices, and the recorded seconds of the same rollouts.

    Seconds are null where some rollout has no measured time; what they are at least stands beside.

    Args:
        priced: Priced tables.
        view: A fleet that served them.

    Raises:
        PricingError: if the calls are priced on accelerators.
    """
    rollouts = priced["rollouts"].join(view.rollouts.select("rollout_id").unique(), on="rollout_id", how="semi")
    models = is_of(view.engine.point.models)
    calls = (
        priced["calls"].lazy().filter(models).join(rollouts.lazy().select("rollout_id"), on="rollout_id", how="semi")
    )
    is_hosted = pl.col("cost_basis").cast(pl.String).str.starts_with("hardware").any().alias("is_hosted")
    costs = calls.select(is_hosted, total("cost_usd"), known_total("cost_low_usd"), total("cost_high_usd")).collect()
    if costs["is_hosted"].item():
        raise PricingError("the store is priced on accelerators", "compare it as it was priced before: give the traces")
    row = costs.drop("is_hosted").row(0, named=True)
    return {"on": "API", "basis": "API price", "evidence": "recorded", **row, **_times(rollouts)}


def _times(rollouts: pl.DataFrame) -> dict[str, float | None]:
    """Mean of a rollout and the span of all, with what they are at least and at most."""
    known = {"": "recorded_s", "_low": "recorded_low_s", "_high": "recorded_high_s"}
    times = {}
    for end, name in known.items():
        seconds = rollouts[name].fill_null(0.0) if end == "_low" else rollouts[name]
        is_known = seconds.null_count() == 0 and rollouts["started_at"].null_count() == 0
        last_us = (rollouts["started_at"].dt.epoch("us") + seconds * 1e6).max()
        first_us = rollouts["started_at"].dt.epoch("us").min()
        times[f"rollout{end}_s"] = _float(seconds.mean()) if seconds.null_count() == 0 else None
        times[f"elapsed{end}_s"] = (_float(last_us) - _float(first_us)) / 1e6 if is_known else None
    return times


def _float(value: Any) -> float:
    return 0.0 if value is None else float(value)
