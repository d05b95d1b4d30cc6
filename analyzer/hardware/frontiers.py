"""Fronts of a model as tables: throughput and USD per million tokens against the speed of a request."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from pricing.hardware.deployment import HourPrice
from pricing.hardware.facts import folded, names_of
from pricing.hardware.front import ANY, Front, front_band, front_rows, fronts
from pricing.hardware.hours import Hour, hour_of
from pricing.hardware.names import name_of, short_accelerator, short_precision
from pricing.hardware.shelf import Hardware
from traces.errors import PricingError, nearest

_SCHEMA: Final = {
    "model": pl.String, "accelerator": pl.String, "precision": pl.String, "isl": pl.Int64, "osl": pl.Int64,
    "tokens_per_s": pl.Float64, "tokens_per_gpu_s": pl.Float64, "tokens_per_gpu_s_low": pl.Float64,
    "tokens_per_gpu_s_high": pl.Float64, "output_tokens_per_gpu_s": pl.Float64, "usd_per_mtok": pl.Float64,
    "usd_per_mtok_low": pl.Float64, "usd_per_mtok_high": pl.Float64, "usd_per_input_mtok": pl.Float64,
    "usd_per_output_mtok": pl.Float64, "usd_per_gpu_hour": pl.Float64, "evidence": pl.String, "why": pl.String,
}  # fmt: skip
_WIDTHS: Final = ("n_gpus", "weights_precision", "framework", "concurrency", "speculation", "date", "source")


@dataclass(frozen=True)
class FrontChoice:
    """Which fronts are asked for.

    Args:
        isl: Only this nominal input length; null: any.
        osl: Only this nominal output length; null: any.
        precision: Precision of the weights, by any of its names; null: whichever is best.
        accelerators: Only these, by any of their names; none: all.
        speculation: Only rows with this label; "any": all.
        at: Speeds to interpolate at; none: the measured loads on the front.
    """

    isl: int | None = None
    osl: int | None = None
    precision: str | None = None
    accelerators: tuple[str, ...] = ()
    speculation: str = ANY
    at: tuple[float, ...] = ()


@dataclass(frozen=True)
class Frontiers:
    """Fronts of one model.

    Args:
        model: Short name.
        frame: One row per front and speed. tokens_per_s is the interactivity (output tokens per second of a request);
            tokens_per_gpu_s counts input and output; the USD columns charge the whole hour to all tokens, to input or
            to output alone, and are never summed. Null: beyond what was measured (why says the nearest), or no price.
        fronts: The fronts themselves.
        hours: Price of an hour by accelerator; those without one are left out.
        band: Factor an interpolated throughput lies within, nine times in ten.
        notes: What it rests on.
    """

    model: str
    frame: pl.DataFrame
    fronts: tuple[Front, ...]
    hours: dict[str, Hour]
    band: float
    notes: tuple[str, ...]


def served_name(hardware: Hardware, name: str) -> str:
    """Short name of a model that has measured rows, from any of its names.

    Raises:
        PricingError: if it has none.
    """
    measured = sorted(set(hardware.serving["model"]))
    short = names_of(hardware.architectures).get(folded(name), folded(name))
    if short not in measured:
        raise PricingError(f"no measured row of a model {name!r}", nearest(short, measured))
    return short


def frontiers(hardware: Hardware, name: str, choice: FrontChoice, price: HourPrice) -> Frontiers:
    """Fronts of a model.

    Args:
        hardware: The tables.
        name: Model by any of its names.
        choice: Which fronts.
        price: Whose hours count.

    Raises:
        PricingError: if the model, an accelerator, the shape, the precision or every speed asked for was not measured,
            or if no hour has the price asked for.
    """
    model, choice = served_name(hardware, name), _by_our_names(choice)
    every = fronts(hardware.serving, choice.speculation)
    band = front_band(every)
    chosen = _chosen([front for front in every if front.model == model], model, choice)
    hours = _hours(sorted({front.accelerator for front in chosen}), price, hardware.gpu_hours)
    rows = [row for front in chosen for row in _rows(front, hours.get(front.accelerator), choice.at, band)]
    if rows and all(row.get("tokens_per_gpu_s") is None for row in rows):
        nearest_of = (f"{row['accelerator']} {row['isl']}/{row['osl']}: {row['why']}" for row in rows)
        raise PricingError(f"{model}: nothing was measured at these speeds", "; ".join(dict.fromkeys(nearest_of)))
    frame = _with_engines(pl.DataFrame(rows, schema=_SCHEMA), hardware.serving, choice.speculation)
    return Frontiers(model, frame, tuple(chosen), hours, band, tuple(_notes(chosen, hours, band, choice)))


def _by_our_names(choice: FrontChoice) -> FrontChoice:
    accelerators = tuple(name_of(each, short_accelerator) for each in choice.accelerators)
    precision = None if choice.precision is None else name_of(choice.precision, short_precision)
    return replace(choice, accelerators=accelerators, precision=precision)


def _chosen(of_model: Sequence[Front], model: str, choice: FrontChoice) -> list[Front]:
    """Fronts that were asked for; each part of the choice is checked in turn, so that the first that fails is named."""
    asked: list[tuple[str, Any, Any]] = [
        ("accelerator", choice.accelerators or None, lambda front: front.accelerator),
        ("input tokens (isl)", choice.isl, lambda front: front.isl),
        ("output tokens (osl)", choice.osl, lambda front: front.osl),
        ("precision", choice.precision, lambda front: front.precision),
    ]
    left = list(of_model)
    if not left:
        raise PricingError(f"no row of {model} with speculation {choice.speculation}", "leave out --speculation")
    for what, wanted, value in asked:
        if wanted is None:
            continue
        known = {value(front) for front in left} - {None}
        missing = [each for each in (wanted if isinstance(wanted, tuple) else (wanted,)) if each not in known]
        if missing:
            measured = ", ".join(str(each) for each in sorted(known))
            raise PricingError(f"{model}: no row with {what} {missing[0]!r}", f"measured: {measured}")
        left = [front for front in left if value(front) in (wanted if isinstance(wanted, tuple) else (wanted,))]
    return [front for front in left if front.precision == choice.precision]


def _hours(accelerators: Sequence[str], price: HourPrice, gpu_hours: pl.DataFrame) -> dict[str, Hour]:
    """Prices of those that have one: throughput is shown without, but a price that was asked for is not left out."""
    hours, refused = dict[str, Hour](), list[PricingError]()
    for accelerator in accelerators:
        try:
            hours[accelerator] = hour_of(accelerator, price, gpu_hours)
        except PricingError as error:
            refused.append(error)
    if refused and not hours and price != HourPrice():
        raise refused[0]
    return hours


def _rows(front: Front, hour: Hour | None, at: Sequence[float], band: float) -> Iterator[dict[str, Any]]:
    measured = {point.tokens_per_s for point in front.points}
    for speed in at or sorted(measured):
        row: dict[str, Any] = {
            "model": front.model, "accelerator": front.accelerator, "precision": front.precision or ANY,
            "isl": front.isl, "osl": front.osl, "tokens_per_s": float(speed),
        }  # fmt: skip
        total = front.tokens_per_gpu_s(speed)
        if total is None:
            reach = f"measured from {front.slowest:.4g} to {front.fastest:.4g} tokens/s"
            yield row | {"why": f"{reach}: the nearest is {front.nearest(speed):.4g}"}
            continue
        factor = 1.0 if speed in measured else band
        row |= {
            "tokens_per_gpu_s": total, "tokens_per_gpu_s_low": total / factor, "tokens_per_gpu_s_high": total * factor,
            "output_tokens_per_gpu_s": total * front.output_frac,
            "evidence": "measured" if speed in measured else "interpolated",
        }  # fmt: skip
        yield row | _dollars(front, speed, hour, factor)


def _dollars(front: Front, speed: float, hour: Hour | None, factor: float) -> dict[str, Any]:
    usd = None if hour is None else front.usd_per_mtok(speed, hour.usd)
    if hour is None or usd is None:
        return {"why": "no price of its hours"}
    return {
        "usd_per_mtok": usd.total, "usd_per_input_mtok": usd.input_only, "usd_per_output_mtok": usd.output_only,
        "usd_per_mtok_low": usd.total * hour.low_usd / hour.usd / factor,
        "usd_per_mtok_high": usd.total * hour.high_usd / hour.usd * factor, "usd_per_gpu_hour": hour.usd,
    }  # fmt: skip


def _with_engines(frame: pl.DataFrame, serving: pl.DataFrame, speculation: str) -> pl.DataFrame:
    """Say of the measured loads on a front which engine gave them; null: interpolated."""
    key = ["model", "accelerator", "isl", "osl", "tokens_per_s", "tokens_per_gpu_s"]
    engines = front_rows(serving, speculation).unique(key, keep="first", maintain_order=True)
    return frame.join(engines.select(*key, *_WIDTHS), on=key, how="left", maintain_order="left")


def speculation_label(speculation: str) -> str:
    """Say which rows counted, by their speculative decoding."""
    return "with or without speculative decoding" if speculation == ANY else f"with speculation {speculation}"


def _notes(chosen: Sequence[Front], hours: dict[str, Hour], band: float, choice: FrontChoice) -> Iterator[str]:
    labels = speculation_label(choice.speculation)
    yield (
        f"Tokens per second and GPU count input and output; all GPUs busy; nothing cached; {labels}; "
        f"interpolated values lie within a factor of {band:.2f} nine times in ten (loads left out of the fronts)."
    )
    if hours:
        priced = "; ".join(f"{name} {hour.title}" for name, hour in hours.items())
        yield f"USD per million tokens charge the whole hour to all tokens: {priced}."
    unpriced = sorted({front.accelerator for front in chosen} - set(hours))
    if unpriced:
        yield f"No such price of an hour: {', '.join(unpriced)}."
