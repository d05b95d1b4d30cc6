"""What an accelerator gives at a speed: the measured loads no other beats, and what lies between them.

Throughput (tokens per second and accelerator) falls as every request gets its tokens faster (interactivity, 1 / time
per output token). Of all engines of a model on an accelerator, those loads form the front that give more throughput
than any other at least as fast. Between two of them throughput is interpolated; beyond the ends it is not known.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from math import log
from typing import Final, NamedTuple

import polars as pl

from pricing.hardware.calibrate import MIN_ERRORS
from pricing.hardware.fit import band_of
from pricing.hardware.measured import with_gpu_seconds
from pricing.hardware.shelf import load_hardware
from pricing.hardware.steffen import interpolated

ANY: Final = "any"
"""Speculation, or a precision: whichever is best."""
SHAPE: Final = ("model", "accelerator", "isl", "osl")
_MTOK_S: Final = 1e6 / 3600


class FrontPoint(NamedTuple):
    """One measured load.

    Args:
        tokens_per_s: Interactivity: output tokens per second each request gets, after the first.
        tokens_per_gpu_s: Input and output tokens per second and accelerator.
    """

    tokens_per_s: float
    tokens_per_gpu_s: float


class UsdPerMtok(NamedTuple):
    """USD per million tokens, the whole hour charged to all, to input alone, or to output alone: never summed."""

    total: float
    input_only: float
    output_only: float


@dataclass(frozen=True, slots=True)
class Front:
    """What a model reaches on an accelerator, for requests of one shape.

    Args:
        model: Short name.
        accelerator: Accelerator.
        precision: Precision of the weights; null: whichever is best.
        isl: Input tokens per request, nominal.
        osl: Output tokens per request, nominal.
        measured: Every measured load, on the front or not.
        points: Those on the front, slowest first.
    """

    model: str
    accelerator: str
    precision: str | None
    isl: int
    osl: int
    measured: tuple[FrontPoint, ...]
    points: tuple[FrontPoint, ...]

    @property
    def slowest(self) -> float:
        """Lowest interactivity on the front."""
        return self.points[0].tokens_per_s

    @property
    def fastest(self) -> float:
        """Highest interactivity on the front."""
        return self.points[-1].tokens_per_s

    @property
    def output_frac(self) -> float:
        """Share of the tokens that is output."""
        return self.osl / (self.isl + self.osl)

    def tokens_per_gpu_s(self, tokens_per_s: float) -> float | None:
        """Input and output tokens per second and accelerator at an interactivity; null: beyond what was measured."""
        return interpolated([each[0] for each in self.points], [each[1] for each in self.points], tokens_per_s)

    def nearest(self, tokens_per_s: float) -> float:
        """Interactivity nearest to one that was measured."""
        return min(max(tokens_per_s, self.slowest), self.fastest)

    def usd_per_mtok(self, tokens_per_s: float, usd_per_gpu_hour: float) -> UsdPerMtok | None:
        """USD per million tokens at an interactivity, all accelerators busy; null: beyond what was measured.

        Args:
            tokens_per_s: Output tokens per second of each request.
            usd_per_gpu_hour: What an accelerator-hour costs.
        """
        speed = self.tokens_per_gpu_s(tokens_per_s)
        if speed is None:
            return None
        total = usd_per_gpu_hour * _MTOK_S / speed
        return UsdPerMtok(total, total / (1 - self.output_frac), total / self.output_frac)


def fronts(serving: pl.DataFrame, speculation: str = ANY) -> list[Front]:
    """Fronts of every model, accelerator and shape: of each precision, and of whichever is best.

    Args:
        serving: Rows of SERVING; those that read a prefix cache are left out, as their input is not all computed.
        speculation: Only rows with this label; "any": all.

    Returns:
        In the order of the table, the best of all precisions (null) first.
    """
    rows = front_rows(serving, speculation)
    found = []
    for key, group in rows.group_by(SHAPE, maintain_order=True):
        model, accelerator, isl, osl = (part for part in key)
        for precision in (None, *sorted(group["weights_precision"].drop_nulls().unique())):
            of = group if precision is None else group.filter(pl.col("weights_precision") == precision)
            measured = [FrontPoint(*row) for row in of.select(*FrontPoint._fields).iter_rows()]
            points = tuple(pareto(measured))
            found.append(Front(str(model), str(accelerator), precision, isl, osl, tuple(measured), points))
    return found


def front_rows(serving: pl.DataFrame, speculation: str = ANY) -> pl.DataFrame:
    """Rows fronts are made of, with their tokens_per_s and tokens_per_gpu_s.

    Throughput is as the row states it, else as Little's law has it: tokens of a request over its accelerator-seconds.

    Args:
        serving: Rows of SERVING.
        speculation: Only rows with this label; "any": all.
    """
    kept = serving.filter(pl.col("cached_frac") == 0)
    if speculation != ANY:
        kept = kept.filter(pl.col("speculation") == speculation)
    tokens = pl.col("input_tokens") + pl.col("output_tokens")
    return with_gpu_seconds(kept).with_columns(
        tokens_per_s=1 / pl.col("tpot_s"), tokens_per_gpu_s=pl.coalesce("tokens_per_gpu_s", tokens / pl.col("gpu_s"))
    )


def pareto(measured: Iterable[FrontPoint]) -> list[FrontPoint]:
    """Loads that give more throughput than any other at least as fast, slowest first."""
    kept: list[FrontPoint] = []
    for point in sorted(measured, reverse=True):
        if not kept or point.tokens_per_gpu_s > kept[-1].tokens_per_gpu_s:
            kept.append(point)
    return kept[::-1]


def left_out_errors(front: Front) -> list[float]:
    """Log errors of the front on each load that makes it, drawn without that load.

    The two ends have nothing beyond them to be interpolated from, and are left out.
    """
    errors = []
    for point in front.points[1:-1]:
        others = pareto(each for each in front.measured if each != point)
        speed = interpolated([each[0] for each in others], [each[1] for each in others], point.tokens_per_s)
        if speed is not None:
            errors.append(log(speed / point.tokens_per_gpu_s))
    return errors


def front_band(drawn: Sequence[Front]) -> float:
    """Factor the true throughput lies within, both ways, nine times in ten, by loads left out of the fronts.

    Args:
        drawn: Fronts; where they have too few loads between their ends, those of the bundled tables count.
    """
    import numpy as np

    errors = [error for front in drawn for error in left_out_errors(front)]
    return band_of(np.array(errors)) if len(errors) >= MIN_ERRORS else _bundled_band()


@cache
def _bundled_band() -> float:
    return front_band(fronts(load_hardware().serving))
