"""What a deployment rests on where nothing is stated: ranges from ``pricing/data/hardware/assumptions.toml``."""

from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import tomli


class Range(NamedTuple):
    """A value with its lowest and highest."""

    low: float
    value: float
    high: float


_MEAN = Range(1.0, 1.0, 1.0)


@cache
def _stated() -> dict[str, Any]:
    return tomli.loads(files("pricing").joinpath("data/hardware/assumptions.toml").read_text(encoding="utf-8"))


def cached_cost_frac(stated: float | None) -> Range:
    """What a cached input token costs of an uncached one.

    Args:
        stated: As the deployment says; null: not said.
    """
    return _range(_stated()["cached_cost_frac"]) if stated is None else Range(stated, stated, stated)


def ttft_over_mean(percentile: str) -> Range:
    """Seconds to the first token at a percentile over their mean."""
    return _MEAN if percentile == "mean" else _range(_stated()["ttft_over_mean"][percentile])


def unmeasured_concurrency() -> tuple[float, float]:
    """Lowest and highest number of requests under way that is tried on an engine without measured loads."""
    stated = _stated()["unmeasured_concurrency"]
    return stated["low"], stated["high"]


def _range(stated: dict[str, Any]) -> Range:
    return Range(stated["low"], stated["value"], stated["high"])
