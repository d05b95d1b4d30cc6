"""A deployed model at its load: the numbers a call's cost and seconds are worked out from, and what they rest on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from pricing.hardware.assumptions import Range, cached_cost_frac, ttft_over_mean
from pricing.hardware.deployment import Deployment
from pricing.hardware.hours import Hour
from pricing.hardware.operating_point import Placed

OUTSIDE_FRAC: Final = 0.1
"""Share of the tokens outside what was measured above which a result is an estimate."""
_SECONDS_PER_HOUR: Final = 3600.0
_BASES: Final = {
    "scaled": "rows of too few shapes: a roofline scaled to them",
    "roofline": "no measured row of such an engine: a roofline",
}


class Coverage(NamedTuple):
    """How much of a trace lies within what was measured."""

    n_tokens: int
    n_outside_tokens: int

    @property
    def outside_frac(self) -> float:
        """Share of the tokens in calls outside what was measured; 0 where there are none."""
        return self.n_outside_tokens / self.n_tokens if self.n_tokens else 0.0


class Spread(NamedTuple):
    """Accelerator-seconds of tokens by one reading: lowest, point or highest.

    Args:
        uncached: Per uncached input token.
        cached: Per cached input token.
        output: Per output token, up to the context that is known.
        growth: Per output token and token of context beyond; null: not known.
    """

    uncached: float
    cached: float
    output: float
    growth: float | None

    def times(self, factor: float) -> "Spread":
        """Return the same spread, of another unit."""
        growth = None if self.growth is None else self.growth * factor
        return Spread(self.uncached * factor, self.cached * factor, self.output * factor, growth)


class Seconds(NamedTuple):
    """Seconds of a call by one reading.

    Args:
        first: To the first token, without input.
        first_per_token: Added per uncached input token.
        first_per_cached: Added per cached one: nothing but in the highest reading.
        step: Between output tokens, up to the context that is known.
        growth: Added per token of context beyond; null: not known.
    """

    first: float
    first_per_token: float
    first_per_cached: float
    step: float
    growth: float | None


@dataclass(frozen=True, slots=True)
class Point:
    """A deployed model at its load.

    Args:
        model: Model as the scenario names it.
        models: The same as the trace writes it, in one way or several.
        served: Model whose rows count, by its short name.
        deployment: As stated.
        placed: Engine and load.
        hour: Price of an accelerator-hour.
        coverage: How much of the calls lies within what was measured.
        growth_band: Factor within which the growth with context lies.
    """

    model: str
    models: tuple[str, ...]
    served: str
    deployment: Deployment
    placed: Placed
    hour: Hour
    coverage: Coverage
    growth_band: float

    @property
    def known_context_tokens(self) -> float:
        """Context beyond which output tokens take longer."""
        return self.placed.law.decode(self.placed.load).known_context_tokens

    @property
    def usd_per_gpu_s(self) -> Range:
        """What a busy accelerator-second costs: the hour over the share of it that is busy."""
        busy_s = _SECONDS_PER_HOUR * self.deployment.utilisation_frac
        return Range(self.hour.low_usd / busy_s, self.hour.usd / busy_s, self.hour.high_usd / busy_s)

    @property
    def gpu_seconds(self) -> tuple[Spread, Spread, Spread]:
        """Accelerator-seconds per token: lowest, point, highest."""
        law, load = self.placed.law, self.placed.load
        decode, cached = law.decode(load), cached_cost_frac(self.deployment.cached_cost_frac)

        def spread(factor: float, cached_frac: float, growth: float, tokens_a_step: float) -> Spread:
            output = decode.base_gpu_s / tokens_a_step
            grown = None if decode.growth_gpu_s is None else decode.growth_gpu_s * growth * factor / tokens_a_step
            prefill = law.prefill_gpu_s * factor
            return Spread(prefill, prefill * cached_frac, output * factor, grown)

        (low, middle, high), (slow, fast) = self._factors(), self._tokens_a_step()
        least = spread(low, cached.low, 0.0, fast)
        return least, spread(middle, cached.value, 1.0, fast), spread(high, cached.high, self.growth_band, slow)

    @property
    def seconds(self) -> tuple[Seconds, Seconds, Seconds]:
        """Seconds of a call: lowest, point, highest."""
        law, load = self.placed.law, self.placed.load
        first_s = law.ttft_s(load._replace(input_tokens=0.0))
        per_token_s = law.ttft_s(load._replace(input_tokens=1.0)) - first_s
        step_s = law.tpot_s(load._replace(context_tokens=self.known_context_tokens))
        growth = law.growth_gpu_s
        grown_s = None if growth is None else growth * load.concurrency / law.n_gpus
        at = ttft_over_mean(self.deployment.percentile)
        cached_frac = cached_cost_frac(self.deployment.cached_cost_frac).high

        def seconds(factor: float, first: float, growth: float, tokens_a_step: float) -> Seconds:
            grown = None if grown_s is None else grown_s * growth * factor / tokens_a_step
            new_s = per_token_s * factor * first
            return Seconds(first_s * factor * first, new_s, 0.0, step_s * factor / tokens_a_step, grown)

        (low, middle, high), (slow, fast) = self._factors(), self._tokens_a_step()
        least, point = seconds(low, at.low, 0.0, fast), seconds(middle, at.value, 1.0, fast)
        most = seconds(high, at.high, self.growth_band, slow)
        return least, point, most._replace(first_per_cached=most.first_per_token * cached_frac)

    def _factors(self) -> Range:
        band, like = self.placed.law.band, self.deployment.like_factors
        return Range(like[0] / band, like[1], like[2] * band)

    def _tokens_a_step(self) -> tuple[float, float]:
        """Fewest and most tokens a step yields: speculation that no row shows may gain nothing."""
        return 1.0, self.deployment.acceptance_length or 1.0

    @property
    def doubts(self) -> list[str]:
        """What it rests on beyond rows of the model at measured lengths and loads; none: it is no estimate."""
        return list(self._doubts())

    def _doubts(self) -> Iterator[str]:
        law, deployment = self.placed.law, self.deployment
        if deployment.like is not None:
            yield f"taken to run like {self.served}"
        if law.basis in _BASES:
            yield _BASES[law.basis]
        if self.coverage.outside_frac > OUTSIDE_FRAC:
            share = f"{100 * self.coverage.outside_frac:.3g} % of its tokens"
            yield f"{share} lie in calls longer than any that was measured or that read a cache, or in totals of calls"
        if law.shape is not None and not _is_within(self.placed):
            low, high = law.shape.min_concurrency, law.shape.max_concurrency
            yield f"concurrency {self.placed.load.concurrency:g} lies outside the measured {low:g} to {high:g}"
        if deployment.acceptance_length is not None:
            yield f"{deployment.acceptance_length:g} tokens a step, as stated, not as measured"

    def manifest(self) -> dict[str, Any]:
        """What it rests on, for the manifest of what was priced with it."""
        law, load = self.placed.law, self.placed.load
        return {
            "model": self.model,
            "models": list(self.models),
            "title": self.title,
            "engine": dict(law.engine),
            "basis": law.basis,
            "n_rows": law.n_rows,
            "median_error_frac": law.median_error_frac,
            "band": law.band,
            "load": load._asdict(),
            "max_concurrency": self.placed.max_concurrency,
            "tpot_s": self.placed.tpot_s,
            "hour": self.hour._asdict(),
            "outside_frac": self.coverage.outside_frac,
            "doubts": self.doubts,
        }

    @property
    def title(self) -> str:
        """What it rests on, in one line."""
        law, load = self.placed.law, self.placed.load
        basis = f"{law.basis} of {law.n_rows} rows" if law.n_rows else law.basis
        busy = f"{100 * self.deployment.utilisation_frac:g} % busy"
        name = self.served if self.deployment.like is None else f"{self.model} like {self.served}"
        return (
            f"{name} on {law.title} at concurrency {in_digits(load.concurrency)}, {self.hour.title}, {busy} ({basis})"
        )


def in_digits(value: float) -> str:
    """Three digits, and all those before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits


def _is_within(placed: Placed) -> bool:
    shape = placed.law.shape
    return shape is None or shape.min_concurrency <= placed.load.concurrency <= shape.max_concurrency
