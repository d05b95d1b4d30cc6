"""One accelerator over another at equal interactivity: in tokens per accelerator-second, and in tokens per dollar.

Per shape, and per pair of precisions: the same on both, each at its best, and every other pair that was measured.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import polars as pl

from pricing.hardware.assumptions import Range
from pricing.hardware.deployment import HourPrice
from pricing.hardware.front import ANY, Front, front_band, fronts
from pricing.hardware.hours import Hour, hour_of
from pricing.hardware.names import name_of, short_accelerator
from pricing.hardware.schema import Tier
from pricing.hardware.shelf import Hardware
from traces.errors import PricingError

RATIO_TIERS: Final[tuple[Tier, ...]] = ("hyperscaler", "neocloud", "rental", "retail", "on_demand")
"""Tiers the saving is stated at: of those an hour is a price one pays, spot and its floors are not."""


@dataclass(frozen=True)
class Ratios:
    """Ratios of one accelerator over another.

    Args:
        frame: One row per shape, pair of precisions and interactivity: tokens_per_gpu_s_from and _to, ratio with low
            and high, and per tier {tier}_ratio in tokens per dollar with low and high; null with the reason in why.
        hours: Price of an hour by tier, of the first and the second accelerator; tiers without both are left out.
        band: Factor each throughput lies within, nine times in ten.
    """

    frame: pl.DataFrame
    hours: dict[str, tuple[Hour, Hour]]
    band: float


def ratios(  # noqa: PLR0913 - what is compared, and where
    hardware: Hardware,
    model: str,
    start: str,
    end: str,
    at: Sequence[float],
    *,
    isl: int | None = None,
    osl: int | None = None,
    speculation: str = ANY,
) -> Ratios:
    """Compare two accelerators.

    Args:
        hardware: The tables.
        model: Short name.
        start: Accelerator compared from, by any of its names.
        end: Accelerator compared to, likewise: ratios above one are in its favour.
        at: Output tokens per second of each request.
        isl: Only this nominal input length; null: any.
        osl: Only this nominal output length; null: any.
        speculation: Only rows with this label; "any": all.

    Raises:
        PricingError: if an accelerator has no row of the model, they share no shape, or no speed asked for was measured
            on both.
    """
    start, end = (name_of(each, short_accelerator) for each in (start, end))
    every = fronts(hardware.serving, speculation)
    band = front_band(every)
    of_model = [front for front in every if front.model == model]
    asked = [front for front in of_model if isl in {None, front.isl} and osl in {None, front.osl}]
    for accelerator in (start, end):
        _refuse_unmeasured(model, accelerator, of_model)
    hours = dict(_hours(start, end, hardware.gpu_hours))
    starts, ends = ([front for front in asked if front.accelerator == each] for each in (start, end))
    pairs = _pairs(starts, ends)
    if not pairs:
        raise PricingError(f"{model}: no shape was measured on both {start} and {end}", _shapes(of_model, (start, end)))
    rows = [_row(pair, x, band, hours) for pair, x in product(pairs, at)]
    _refuse_unreached(model, rows)
    return Ratios(pl.DataFrame(rows, schema=_schema(hours)), hours, band)


def _refuse_unmeasured(model: str, accelerator: str, drawn: Sequence[Front]) -> None:
    measured = sorted({front.accelerator for front in drawn})
    if accelerator not in measured:
        raise PricingError(f"no row of {model} on {accelerator!r}", f"it was measured on {', '.join(measured)}")


def _refuse_unreached(model: str, rows: Sequence[dict[str, Any]]) -> None:
    if all(row["ratio"] is None for row in rows):
        reasons = dict.fromkeys(f"{row['isl']}/{row['osl']}: {row['why']}" for row in rows)
        raise PricingError(f"{model}: none of these speeds was measured on both", "; ".join(reasons))


def _shapes(drawn: Sequence[Front], accelerators: Sequence[str]) -> str:
    shapes = {each: sorted({f"{f.isl}/{f.osl}" for f in drawn if f.accelerator == each}) for each in accelerators}
    return "input/output: " + "; ".join(f"{name} {', '.join(of)}" for name, of in shapes.items())


def _hours(start: str, end: str, gpu_hours: pl.DataFrame) -> Iterator[tuple[str, tuple[Hour, Hour]]]:
    for tier in RATIO_TIERS:
        try:
            price = HourPrice(price_tier=tier)
            yield tier, (hour_of(start, price, gpu_hours), hour_of(end, price, gpu_hours))
        except PricingError:  # no such price of one of them: there is no ratio in dollars of that tier
            continue


def _pairs(starts: Sequence[Front], ends: Sequence[Front]) -> list[tuple[Front, Front]]:
    """Fronts of one shape: each at its best, then every pair of precisions."""
    both = [(a, b) for a, b in product(starts, ends) if (a.isl, a.osl) == (b.isl, b.osl)]
    known = [(a, b) for a, b in both if (a.precision is None) == (b.precision is None)]
    return sorted(known, key=lambda pair: (pair[0].isl, pair[0].osl, pair[0].precision or "", pair[1].precision or ""))


def _row(pair: tuple[Front, Front], at: float, band: float, hours: dict[str, tuple[Hour, Hour]]) -> dict[str, Any]:
    start, end = pair
    before, after = start.tokens_per_gpu_s(at), end.tokens_per_gpu_s(at)
    ratio = None if before is None or after is None else after / before
    row: dict[str, Any] = {
        "model": start.model, "isl": start.isl, "osl": start.osl,
        "precision_from": start.precision or ANY, "precision_to": end.precision or ANY, "tokens_per_s": float(at),
        "tokens_per_gpu_s_from": before, "tokens_per_gpu_s_to": after,
        **_spread("ratio", ratio, Range(1 / band**2, 1.0, band**2)),
    }  # fmt: skip
    for tier, (first, second) in hours.items():
        low, high = first.low_usd / second.high_usd / band**2, first.high_usd / second.low_usd * band**2
        row |= _spread(f"{tier}_ratio", ratio, Range(low, first.usd / second.usd, high))
    return {**row, "why": None if ratio is not None else _why(at, pair)}


def _spread(name: str, ratio: float | None, by: Range) -> dict[str, float | None]:
    """A ratio times one of prices; both fronts may be off at once, each by its band."""
    if ratio is None:
        return dict.fromkeys((name, f"{name}_low", f"{name}_high"))
    return {name: ratio * by.value, f"{name}_low": ratio * by.low, f"{name}_high": ratio * by.high}


def _why(at: float, pair: tuple[Front, Front]) -> str:
    slowest, fastest = max(each.slowest for each in pair), min(each.fastest for each in pair)
    if slowest > fastest:
        return "no speed was measured on both"
    near = min(max(at, slowest), fastest)
    return f"measured on both from {slowest:.4g} to {fastest:.4g} tokens/s: the nearest is {near:.4g}"


def _schema(hours: dict[str, tuple[Hour, Hour]]) -> dict[str, Any]:
    words = dict.fromkeys(("precision_from", "precision_to"), pl.String)
    speeds = ("tokens_per_s", "tokens_per_gpu_s_from", "tokens_per_gpu_s_to", "ratio", "ratio_low", "ratio_high")
    dollars = [f"{tier}_ratio{end}" for tier in hours for end in ("", "_low", "_high")]
    return {
        "model": pl.String, "isl": pl.Int64, "osl": pl.Int64, **words,
        **dict.fromkeys((*speeds, *dollars), pl.Float64), "why": pl.String,
    }  # fmt: skip
