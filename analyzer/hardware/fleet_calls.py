"""Calls of the one model a fleet serves, and what they take of busy accelerators (the marginal basis)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from pricing.hardware.hosted import hosted_costs
from pricing.hardware.point import Point
from pricing.hardware.workload import is_of
from pricing.prepare import deployed
from pricing.scenario import Scenario
from pricing.schema import PUSD_PER_USD
from traces.errors import PricingError
from traces.sums import known_total, total

_ENDS: Final = {"least": 0, "tools_least": 1, "tools_most": 1, "most": 2}
_COSTS: Final = ("cost_low_pusd", "cost_pusd", "cost_high_pusd")


@dataclass(frozen=True)
class Hosted:
    """What a fleet is asked to serve.

    Args:
        point: The deployed model.
        calls: CALLS of the rollouts, those of other models too.
        rollouts: ROLLOUTS that call the model.
        n_left_out: Rollouts that do not.
        of_rollouts: rollout_id, gpu_s and marginal_usd of its calls on busy accelerators; null: tokens not known.
        pusd: Pico-dollars of all of them: at least, as a single figure, at most; null: not known.
    """

    point: Point
    calls: pl.LazyFrame
    rollouts: pl.LazyFrame
    n_left_out: int
    of_rollouts: pl.DataFrame
    pusd: tuple[int | None, int | None, int | None]

    def marginal(self, reading: str) -> tuple[float | None, float | None]:
        """Dollars and accelerator-seconds of the calls on busy accelerators, by a reading; null: not known."""
        end = _ENDS[reading]
        pusd, usd_per_gpu_s = self.pusd[end], self.point.usd_per_gpu_s[end]
        if pusd is None:
            return None, None
        usd = pusd / PUSD_PER_USD
        return usd, usd / usd_per_gpu_s


def hosted_of(tables: Mapping[str, pl.DataFrame], scenario: Scenario) -> Hosted:
    """Take the rollouts that call the deployed model.

    Args:
        tables: Canonical tables.
        scenario: With one deployment.

    Raises:
        PricingError: as ``points_of``; or if not one model is deployed, or no rollout calls it.
    """
    if len(scenario.hardware) != 1:
        n = len(scenario.hardware) or "none"
        raise PricingError(
            f"a fleet serves one deployed model, and {n} are stated", "give one --hardware MODEL=GPU,..."
        )
    calls, rollouts = tables["calls"].lazy(), tables["rollouts"].lazy()
    (point,) = deployed(calls, tables["calls"]["model"].cast(pl.String), scenario) or (None,)
    if point is None:
        raise PricingError("no call of the trace is of a deployed model", "name one of its models in --hardware")
    of_model = calls.filter(is_of(point.models))
    chosen = rollouts.join(of_model.select("rollout_id").unique(), on="rollout_id", how="semi")
    served = of_model.join(chosen, on="rollout_id", how="semi")
    n_chosen = chosen.select(pl.len()).collect().item()
    if not n_chosen:
        raise PricingError(
            "no rollout holds a call of the deployed model", "a fleet replays rollouts, not totals of runs"
        )
    costed = hosted_costs(served, point).select("rollout_id", *_COSTS)
    sums = costed.select(known_total(_COSTS[0]), total(_COSTS[1]), total(_COSTS[2])).collect(engine="streaming").row(0)
    whole = calls.join(chosen, on="rollout_id", how="semi")
    n_left_out = tables["rollouts"].height - n_chosen
    return Hosted(point, whole, chosen, n_left_out, _of_rollouts(costed, point), sums)


def _of_rollouts(costed: pl.LazyFrame, point: Point) -> pl.DataFrame:
    pusd_per_gpu_s = PUSD_PER_USD * point.usd_per_gpu_s.value
    grouped = costed.group_by("rollout_id").agg(total("cost_pusd")).sort("rollout_id").collect(engine="streaming")
    return grouped.select(
        "rollout_id", gpu_s=pl.col("cost_pusd") / pusd_per_gpu_s, marginal_usd=pl.col("cost_pusd") / PUSD_PER_USD
    )
