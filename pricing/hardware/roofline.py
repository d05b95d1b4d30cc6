"""A roofline for engines without rows enough of their own: what memory and arithmetic allow.

Efficiencies are fitted to all measured rows together. It does not transfer well, and its band says so.

Accelerator-seconds of a request at concurrency c (Williams, Waterman, Patterson, CACM 52(4), 2009), each term over an
efficiency:

    prefill  input * 2 * active parameters / peak
    weights  output * bytes of weights a step reads / (bandwidth * c)
    step     output * n_gpus / c seconds: launches and communication, the same for every model
    context  output * bytes of cache a token reads / bandwidth
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import Any, Final, NamedTuple

from pricing.hardware.fit import coefficients, log_errors, median_error
from pricing.hardware.law import Law, Load
from pricing.hardware.measured import Rows
from pricing.hardware.memory import Architecture, kv_precision_of

_TERA: Final = 1e12
_FLOPS_PER_PARAM: Final = 2.0
_ARITHMETIC: Final = {"int4": "bf16", "int8": "fp8", "fp32": "bf16", "fp16": "bf16"}
"""Precision the arithmetic of weights is done in, where it is another: weights of 4-bit integers are widened first."""


@dataclass(frozen=True, slots=True)
class Chip:
    """Accelerator as the roofline sees it.

    Args:
        accelerator: Name.
        memory_gb: Memory.
        bandwidth_tb_s: Memory bandwidth.
        tflops: Dense arithmetic by precision; a precision it lacks is done in the next wider one.
    """

    accelerator: str
    memory_gb: float
    bandwidth_tb_s: float
    tflops: dict[str, float]

    def peak_tflops(self, precision: str) -> float:
        """Dense arithmetic at a precision of the weights."""
        wanted = _ARITHMETIC.get(precision, precision)
        wider = ("fp4", "fp8", "bf16")
        usable = wider[wider.index(wanted) :]
        return next(self.tflops[each] for each in usable if each in self.tflops)


class Efficiencies(NamedTuple):
    """Fitted multiples of the ideal, over all measured rows.

    Args:
        gpu: Of prefill, weights and context times; the third is the seconds of a step.
        first: Seconds to the first token without input; multiples of the ideal prefill, alone and per request.
    """

    gpu: tuple[float, ...]
    first: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Ideal:
    """What an engine would take at efficiencies of one.

    Args:
        architecture: Model.
        chip: Accelerator.
        n_gpus: Accelerators one copy runs on.
        weights_precision: Precision of the weights.
        kv_precision: Precision of the cache.
        dp: Attention-data-parallel degree: the accelerators hold n_gpus / dp copies of a latent cache.
    """

    architecture: Architecture
    chip: Chip
    n_gpus: int
    weights_precision: str
    kv_precision: str
    dp: int = 1

    def prefill_gpu_s(self) -> float:
        """Accelerator-seconds per input token."""
        flops = _FLOPS_PER_PARAM * self.architecture.active_params
        return flops / (self.chip.peak_tflops(self.weights_precision) * _TERA)

    def weights_gpu_s(self, concurrency: float) -> float:
        """Accelerator-seconds per output token to read the weights."""
        read = self.architecture.step_bytes(concurrency, self.weights_precision)
        return read / (self.chip.bandwidth_tb_s * _TERA * concurrency)

    def context_gpu_s(self, context_tokens: float) -> float:
        """Accelerator-seconds per output token to read the cache of a context."""
        read = self.architecture.kv_bytes(context_tokens, self.kv_precision)
        return self._copies() * read / (self.chip.bandwidth_tb_s * _TERA)

    def growth_gpu_s(self) -> float:
        """Accelerator-seconds per output token and further token of context."""
        read = self.architecture.kv_growth_bytes(self.kv_precision)
        return self._copies() * read / (self.chip.bandwidth_tb_s * _TERA)

    def _copies(self) -> float:
        return self.n_gpus / max(self.dp, 1) if self.architecture.is_latent else 1.0

    def gpu(self, load: Load) -> tuple[float, ...]:
        """Accelerator-seconds of a request by part: prefill, weights, step, context."""
        c, i, o, context_tokens = load
        context = o * self.context_gpu_s(context_tokens)
        return (i * self.prefill_gpu_s(), o * self.weights_gpu_s(c), o * self.n_gpus / c, context)

    def step(self, load: Load) -> tuple[float, ...]:
        """Seconds between two output tokens by part: what all requests under way take, over the accelerators."""
        share = load.concurrency / (self.n_gpus * load.output_tokens)
        return tuple(share * part for part in self.gpu(load))

    def first(self, load: Load) -> tuple[float, ...]:
        """Terms of the seconds to the first token: none, ideal prefill, that times the concurrency."""
        alone = load.input_tokens * self.prefill_gpu_s() / self.n_gpus
        return (1.0, alone, alone * load.concurrency)


def ideal_of(engine: dict[str, Any], architecture: Architecture, chip: Chip) -> Ideal:
    """What an engine would take at efficiencies of one.

    Args:
        engine: Columns of ENGINE.
        architecture: Its model.
        chip: Its accelerator.
    """
    weights = engine["weights_precision"] or "bf16"
    kv = kv_precision_of(engine["kv_precision"], engine["weights_precision"])
    return Ideal(architecture, chip, engine["n_gpus"], weights, kv, engine["dp"] or 1)


def roofline_law(engine: dict[str, Any], ideal: Ideal, efficiencies: Efficiencies, band: float) -> Law:
    """Law of an engine without rows.

    Args:
        engine: Columns of ENGINE.
        ideal: What it would take at efficiencies of one.
        efficiencies: Multiples of the ideal.
        band: Factor the true value lies within.
    """
    gpu = efficiencies.gpu
    growth = gpu[-1] * ideal.growth_gpu_s()
    return Law(engine, ideal, gpu, gpu, efficiencies.first, "roofline", None, 0, None, band, growth)


def scaled_law(rows: Rows, ideal: Ideal, efficiencies: Efficiencies, band: float) -> Law:
    """Law of an engine with too few rows to tell input from output: a roofline times the factor they ask for.

    Args:
        rows: Its rows, at least one.
        ideal: What it would take at efficiencies of one.
        efficiencies: Multiples of the ideal.
        band: Factor the true value lies within.
    """
    import numpy as np

    errors = log_errors(ideal.gpu, efficiencies.gpu, rows.loads, rows.gpu_s)
    first_errors = log_errors(ideal.first, efficiencies.first, rows.loads, rows.ttft_s)
    gpu, first = (
        tuple(value * exp(-float(np.median(each))) for value in fit)
        for fit, each in ((efficiencies.gpu, errors), (efficiencies.first, first_errors))
    )
    law = roofline_law(rows.engine, ideal, Efficiencies(gpu, first), band)
    error = median_error(errors - np.median(errors))
    return replace(law, basis="scaled", shape=rows.shape, n_rows=len(rows.loads), median_error_frac=error)


def efficiencies_of(engines: Sequence[tuple[Rows, Ideal]]) -> Efficiencies:
    """Fit the efficiencies of all engines together.

    Args:
        engines: Measured rows of each engine, and what it would take at efficiencies of one.
    """
    import numpy as np

    gpu = [ideal.gpu(load) for rows, ideal in engines for load in rows.loads]
    first = [ideal.first(load) for rows, ideal in engines for load in rows.loads]
    gpu_s = np.concatenate([rows.gpu_s for rows, _ in engines])
    ttft_s = np.concatenate([rows.ttft_s for rows, _ in engines])
    return Efficiencies(coefficients(gpu, gpu_s), coefficients(first, ttft_s))
