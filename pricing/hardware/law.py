"""The law of an engine: accelerator-seconds and latency of a request at a load, as sums of non-negative terms."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any, Final, NamedTuple, Protocol

_SPECULATION: Final = {"none": "", "unlabelled": "speculation not told"}


class Load(NamedTuple):
    """What a closed loop asks of an engine.

    Args:
        concurrency: Requests under way at a time.
        input_tokens: Uncached input tokens per request.
        output_tokens: Output tokens per request.
        context_tokens: Mean tokens of context, cached ones included, while the output is decoded.
    """

    concurrency: float
    input_tokens: float
    output_tokens: float
    context_tokens: float


class Shape(NamedTuple):
    """Within what something was measured: tokens per request, nothing cached, and requests under way."""

    max_input_tokens: float
    max_output_tokens: float
    min_concurrency: float
    max_concurrency: float

    @property
    def max_context_tokens(self) -> float:
        """Longest mean context of a request."""
        return self.max_input_tokens + self.max_output_tokens / 2


class Terms(Protocol):
    """What the seconds of an engine are sums of; the first term of ``gpu`` is prefill, linear in input."""

    def gpu(self, load: Load) -> tuple[float, ...]:
        """Terms of the accelerator-seconds of a request."""
        ...

    def step(self, load: Load) -> tuple[float, ...]:
        """Terms of the seconds between two output tokens."""
        ...

    def first(self, load: Load) -> tuple[float, ...]:
        """Terms of the seconds to the first output token."""
        ...


@dataclass(frozen=True, slots=True)
class MeasuredTerms:
    """Terms that know nothing of the model.

    At a fixed concurrency accelerator-time is linear in input and output tokens. With concurrency c, the share of a
    decoding step that a request pays falls as 1/c (weights read once for all), as 1/sqrt(c) (experts that more
    requests touch) and not at all (its own part); the same times c makes the step, with what prefills of others take.
    """

    def gpu(self, load: Load) -> tuple[float, ...]:
        """Terms of the accelerator-seconds of a request."""
        c, i, o, _ = load
        return (i, o / c, o / sqrt(c), o)

    def step(self, load: Load) -> tuple[float, ...]:
        """Terms of the seconds between two output tokens."""
        c, i, o, _ = load
        return (1.0, sqrt(c), c, c * i / o)

    def first(self, load: Load) -> tuple[float, ...]:
        """Terms of the seconds to the first token: linear in input over a floor, both growing with the load."""
        c, i, *_ = load
        return (1.0, c, i, c * i)


class Decode(NamedTuple):
    """Accelerator-seconds of an output token at a load, by the context before it.

    Args:
        base_gpu_s: Up to the context that is known.
        known_context_tokens: Context up to which nothing is added.
        growth_gpu_s: Added per token of context beyond; null: not known.
    """

    base_gpu_s: float
    known_context_tokens: float
    growth_gpu_s: float | None

    def gpu_s(self, context_tokens: float) -> float:
        """Accelerator-seconds at a context; without what is not known of its growth."""
        return self.base_gpu_s + (self.growth_gpu_s or 0.0) * max(context_tokens - self.known_context_tokens, 0.0)


@dataclass(frozen=True, slots=True)
class Law:
    """What a request costs an engine, and how long it takes.

    Args:
        engine: Columns of ENGINE.
        terms: What its seconds are sums of.
        gpu: Coefficients of ``terms.gpu``.
        step: Coefficients of ``terms.step``.
        first: Coefficients of ``terms.first``.
        basis: "fit": fitted to the engine's rows; "scaled": a roofline scaled to its rows; "roofline": no rows.
        shape: Within what it was measured; null: nowhere.
        n_rows: Measured rows it rests on.
        median_error_frac: Median error of accelerator-seconds over those rows; null: none.
        band: Factor the true value lies within, both ways, nine times in ten.
        growth_gpu_s: Accelerator-seconds per output token and token of context beyond what its terms know; null: not
            known.
    """

    engine: Mapping[str, Any]
    terms: Terms
    gpu: tuple[float, ...]
    step: tuple[float, ...]
    first: tuple[float, ...]
    basis: str
    shape: Shape | None
    n_rows: int
    median_error_frac: float | None
    band: float
    growth_gpu_s: float | None

    @property
    def n_gpus(self) -> int:
        """Accelerators one copy of the model runs on."""
        return int(self.engine["n_gpus"])

    @property
    def prefill_gpu_s(self) -> float:
        """Accelerator-seconds per uncached input token."""
        return _sum(self.gpu[:1], self.terms.gpu(Load(1.0, 1.0, 1.0, 0.0))[:1])

    def decode(self, load: Load) -> "Decode":
        """Accelerator-seconds per output token, by context."""
        is_measured = self.basis == "fit" and self.shape is not None
        known = self.shape.max_context_tokens if is_measured and self.shape else 0.0
        within = load._replace(context_tokens=known)
        base = _sum(self.gpu[1:], self.terms.gpu(within)[1:]) / load.output_tokens
        return Decode(base, known, self.growth_gpu_s)

    def request_gpu_s(self, load: Load) -> float:
        """Accelerator-seconds of a request."""
        return (
            self.prefill_gpu_s * load.input_tokens + self.decode(load).gpu_s(load.context_tokens) * load.output_tokens
        )

    def tpot_s(self, load: Load) -> float:
        """Seconds between two output tokens."""
        decode = self.decode(load)
        grown = decode.gpu_s(load.context_tokens) - decode.base_gpu_s
        within = load._replace(context_tokens=decode.known_context_tokens)
        return _sum(self.step, self.terms.step(within)) + grown * load.concurrency / self.n_gpus

    def ttft_s(self, load: Load) -> float:
        """Seconds to the first output token."""
        return _sum(self.first, self.terms.first(load))

    @property
    def title(self) -> str:
        """Engine in words, such as "8 x b200 fp4, vllm 0.11, tp8"."""
        engine = self.engine
        chips = f"{self.n_gpus} x {engine['accelerator']} {engine['weights_precision'] or ''}".strip()
        software = " ".join(str(part) for part in (engine["framework"], engine["framework_version"]) if part)
        degrees = " ".join(f"{name}{engine[name]}" for name in ("tp", "ep", "dp") if (engine[name] or 1) > 1)
        speculation = _SPECULATION.get(engine["speculation"], engine["speculation"])
        return ", ".join(part for part in (chips, software, degrees, speculation) if part)


def _sum(coefficients: tuple[float, ...], terms: tuple[float, ...]) -> float:
    return sum(c * t for c, t in zip(coefficients, terms, strict=True))
