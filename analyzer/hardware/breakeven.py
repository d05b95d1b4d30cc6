"""When running a model oneself costs less than its API: how busy the accelerators must be, and from how many calls on.

The same calls are priced twice, at the API and as accelerator-time. An hour is paid for whether it is used or not, so
that a call costs more the idler the accelerators are: its cost when they are always busy, over the share of the time
they are. That share, at which it equals the API's price, is where the two cross; never, where the share is above one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from pricing.cost.facts import facts_of
from pricing.hardware.assumptions import Range
from pricing.hardware.deploy import names_meant
from pricing.hardware.deployment import Deployment
from pricing.hardware.point import Point
from pricing.prepare import prepare
from pricing.reprice import call_table
from pricing.scenario import Scenario
from pricing.schema import PRICED_CALLS
from traces.errors import AnalysisError
from traces.schema import TABLES
from traces.store import Store
from traces.sums import total

MONTH_HOURS: Final = 8760 / 12
_SECONDS: Final = 3600
_COSTS: Final = ("cost_low_usd", "cost_usd", "cost_high_usd")
_UNKNOWN: Final = (None, None, None)


@dataclass(frozen=True)
class Sides:
    """What one deployment and the API ask for the same calls.

    Args:
        point: The deployment, always busy.
        n_calls: Calls priced both ways.
        n_tokens: Their tokens.
        api_usd: What the API asks for them: lowest, point, highest.
        hosted_usd: What the accelerator-time they take costs.
    """

    point: Point
    n_calls: int
    n_tokens: int
    api_usd: Range
    hosted_usd: Range

    @property
    def n_gpus(self) -> int:
        """Accelerators of the fleet."""
        return self.point.placed.law.n_gpus * self.point.deployment.n_copies

    @property
    def hour_usd(self) -> Range:
        """What an accelerator-hour costs."""
        return Range(self.point.hour.low_usd, self.point.hour.usd, self.point.hour.high_usd)

    @property
    def hosted_over_api(self) -> Range | None:
        """Share of the time the accelerators must be busy to cost no more than the API; null: the API asks nothing."""
        api, hosted = self.api_usd, self.hosted_usd
        if not api.low:
            return None
        return Range(hosted.low / api.high, hosted.value / api.value, hosted.high / api.low)

    @property
    def fleet_usd_per_month(self) -> Range:
        """What the fleet costs in a month, busy or not."""
        n_hours = self.n_gpus * MONTH_HOURS
        return Range(*(usd * n_hours for usd in self.hour_usd))

    @property
    def calls_per_month(self) -> Range | None:
        """Calls in a month whose API price is that of the fleet; null: the API asks nothing."""
        fleet, api = self.fleet_usd_per_month, self.api_usd
        if not api.low:
            return None
        return Range(*(self.n_calls * usd / of for usd, of in zip(fleet, (api.high, api.value, api.low), strict=True)))

    @property
    def gpu_s(self) -> Range:
        """Accelerator-seconds of all the calls."""
        return Range(*(_SECONDS * cost / hour for cost, hour in zip(self.hosted_usd, self.hour_usd, strict=True)))


@dataclass(frozen=True)
class BreakEven:
    """Where self-hosting and the API cross, for each deployment.

    Args:
        frame: One row per deployment. {name}, {name}_low and {name}_high of: api_usd_per_call; hosted_usd_per_call
            (always busy); gpu_s_per_call; usd_per_gpu_hour; hosted_over_api (above one: they never cross);
            break_even_frac, the busy share at which they cross (null: never); break_even_calls_per_month of the fleet
            (null: never); fleet_usd_per_month. Beside them: capacity_calls_per_month, break_even_tokens_per_month,
            n_calls, is_estimate, verdict.
        sides: What the rows are worked out from.
        notes: What it rests on.
    """

    frame: pl.DataFrame
    sides: tuple[Sides, ...]
    notes: tuple[str, ...]


def breakeven(store: Store, model: str, deployments: Sequence[Deployment], scenario: Scenario) -> BreakEven:
    """Compare the API price of the calls of a model with self-hosting.

    Args:
        store: A priced store: its costs are the API's.
        model: Model as the trace writes it, or by its name without who hosts it.
        deployments: What self-hosting is taken to be; their utilisation does not count, it is what is asked for.
        scenario: Its hardware tables, and whether an estimate will do.

    Raises:
        PricingError: if the trace does not have the model, or a deployment is refused.
        AnalysisError: if no call has both prices.
    """
    priced = store.scan("calls")
    written = priced.select(pl.col("model").cast(pl.String).unique()).collect()["model"].drop_nulls()
    names = names_meant(sorted(written), [model])[model]
    api = priced.filter(pl.col("model").cast(pl.String).is_in(names), pl.col("is_billed")).collect()
    sides, left_out = [], 0
    for deployment in deployments:
        point, hosted = _hosted(store, model, names, deployment, scenario)
        found = _sides(point, api, hosted)
        sides.append(found)
        left_out = max(left_out, api.height - _both(api, hosted).height)
    frame = pl.DataFrame([_row(each) for each in sides])
    return BreakEven(frame, tuple(sides), tuple(_notes(sides, left_out)))


def _hosted(
    store: Store, model: str, names: Sequence[str], deployment: Deployment, scenario: Scenario
) -> tuple[Point, pl.DataFrame]:
    """The deployment, always busy, and what the calls cost on it."""
    busy = deployment.model_copy(update={"utilisation_frac": 1.0})
    hosted = Scenario(
        hardware={model: busy}, hardware_files=scenario.hardware_files, allow_estimate=scenario.allow_estimate
    )
    tables = {name: store.scan_raw(name).select(table.schema.names()) for name, table in TABLES.items()}
    calls = tables["calls"].filter(pl.col("model").cast(pl.String).is_in(names), pl.col("is_billed")).collect()
    pricing = prepare({**tables, "calls": calls.lazy()}, hosted, facts_of(calls))
    return pricing.points[0], call_table(calls.lazy(), pricing).collect()


def _both(api: pl.DataFrame, hosted: pl.DataFrame) -> pl.DataFrame:
    """Calls with a highest price on both sides: their point is then known or lies within."""
    key = list(PRICED_CALLS.key)
    costs = hosted.select(*key, *(pl.col(name).alias(f"hosted_{name}") for name in _COSTS))
    known = api.join(costs, on=key, nulls_equal=True)
    return known.drop_nulls(["cost_usd", "cost_high_usd", "hosted_cost_usd", "hosted_cost_high_usd"])


def _sides(point: Point, api: pl.DataFrame, hosted: pl.DataFrame) -> Sides:
    both = _both(api, hosted)
    if both.is_empty():
        raise AnalysisError(
            f"{point.model}: no call has a price both at the API and on {point.deployment.accelerator}",
            "calls need their tokens, and a list price: --prices, --priced-as MODEL=OTHER or --host",
        )
    sums = both.select(total(f"{side}{name}") for side in ("", "hosted_") for name in _COSTS).row(0)
    counts = both.select(
        total(pl.col("n_requests").fill_null(1).clip(1)).alias("n_calls"),
        total(pl.col("input_tokens") + pl.col("output_tokens")).alias("n_tokens"),
    )
    n_calls, n_tokens = counts.row(0)
    return Sides(point, n_calls, n_tokens, Range(*sums[:3]), Range(*sums[3:]))


def _row(sides: Sides) -> dict[str, Any]:
    n, over = sides.n_calls, sides.hosted_over_api
    crossing = _where_crossed(sides.calls_per_month, over)
    return {
        "model": sides.point.model,
        "accelerator": sides.point.deployment.accelerator,
        "n_gpus": sides.n_gpus,
        "concurrency": sides.point.placed.load.concurrency,
        "n_calls": n,
        **_spread("api_usd_per_call", [usd / n for usd in sides.api_usd]),
        **_spread("hosted_usd_per_call", [usd / n for usd in sides.hosted_usd]),
        **_spread("gpu_s_per_call", [seconds / n for seconds in sides.gpu_s]),
        **_spread("usd_per_gpu_hour", sides.hour_usd),
        **_spread("hosted_over_api", over or _UNKNOWN),
        **_spread("break_even_frac", _where_crossed(over, over)),
        **_spread("break_even_calls_per_month", crossing),
        **_spread("fleet_usd_per_month", sides.fleet_usd_per_month),
        "break_even_tokens_per_month": None if crossing[1] is None else crossing[1] * sides.n_tokens / n,
        "capacity_calls_per_month": sides.n_gpus * _SECONDS * MONTH_HOURS / (sides.gpu_s.value / n),
        "is_estimate": bool(sides.point.doubts),
        "verdict": verdict(sides),
    }


def _spread(name: str, readings: Sequence[float | None]) -> dict[str, float | None]:
    """A figure with its low and high."""
    return dict(zip((f"{name}_low", name, f"{name}_high"), readings, strict=True))


def _where_crossed(span: Range | None, over: Range | None) -> Sequence[float | None]:
    """Low, point and high of a crossing; null: that reading does not cross."""
    if span is None or over is None:
        return _UNKNOWN
    return [value if at <= 1 else None for value, at in zip(span, over, strict=True)]


def verdict(sides: Sides) -> str:
    """Say where the two cross, in a sentence."""
    over, where = sides.hosted_over_api, f"{sides.n_gpus} x {sides.point.deployment.accelerator}"
    if over is None:
        return f"{where}: never, as the API asks nothing for some reading of these calls"
    if over.low > 1:
        return (
            f"{where}: never: always busy it still costs {over.value:.3g} times the API (at least {over.low:.3g} times)"
        )
    least, most = f"{100 * over.low:.3g} %", f"{100 * over.high:.3g} %" if over.high <= 1 else "never"
    if over.value > 1:
        return f"{where}: not by the point figures ({over.value:.3g} times the API), at best from {least} busy on"
    calls = sides.calls_per_month
    volume = "" if calls is None else f", {calls.value:,.0f} calls a month"
    return f"{where}: from {100 * over.value:.3g} % busy on (between {least} and {most}){volume}"


def _notes(sides: Sequence[Sides], n_left_out: int) -> Iterator[str]:
    for each in sides:
        yield f"{each.point.title}."
        yield from (f"An estimate on {each.point.deployment.accelerator}: {doubt}." for doubt in each.point.doubts)
    yield (
        f"The same {sides[0].n_calls:,} calls at the API and self-hosted; a month has {MONTH_HOURS:g} hours, every one "
        "paid for; staff, network and storage are not counted; calls are taken to come evenly."
    )
    if n_left_out:
        yield f"Left out: {n_left_out:,} calls without a known price on one side."
