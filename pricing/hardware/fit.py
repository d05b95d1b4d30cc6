"""Coefficients fitted to measured rows by non-negative least squares.

Errors are relative, so that short and long requests weigh alike.
"""

from collections.abc import Callable, Sequence
from math import ceil, exp
from typing import TYPE_CHECKING, Final

from pricing.hardware.law import Law, Load, MeasuredTerms
from pricing.hardware.measured import Rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TermsOf = Callable[[Load], tuple[float, ...]]
BAND_FRAC: Final = 0.93
"""Share of held-out errors a band is set at: more than it is to cover, as it must hold for kinds none of them is of."""


def fitted(rows: Rows, band: float, growth_gpu_s: float | None) -> Law:
    """Fit a law to the rows of one engine.

    Args:
        rows: Enough of them (``can_be_fitted``).
        band: Factor the true value lies within.
        growth_gpu_s: What a token of context beyond them adds to an output token; null: not known.
    """
    terms = MeasuredTerms()
    gpu = coefficients([terms.gpu(load) for load in rows.loads], rows.gpu_s)
    return Law(
        engine=rows.engine,
        terms=terms,
        gpu=gpu,
        step=coefficients([terms.step(load) for load in rows.loads], rows.tpot_s),
        first=coefficients([terms.first(load) for load in rows.loads], rows.ttft_s),
        basis="fit",
        shape=rows.shape,
        n_rows=len(rows.loads),
        median_error_frac=median_error(log_errors(terms.gpu, gpu, rows.loads, rows.gpu_s)),
        band=band,
        growth_gpu_s=growth_gpu_s,
    )


def coefficients(design: "Sequence[Sequence[float]] | Floats", seconds: "Floats") -> tuple[float, ...]:
    """Non-negative coefficients of least relative error (Lawson, Hanson, Solving Least Squares Problems, 1974).

    Args:
        design: Terms of each row, shape (rows, terms).
        seconds: Measured seconds of each row.
    """
    import numpy as np
    from scipy.optimize import nnls

    relative = np.asarray(design, dtype=np.float64) / seconds[:, None]
    sizes = np.maximum(np.abs(relative).max(axis=0), 1e-300)
    return tuple(float(value) for value in nnls(relative / sizes, np.ones_like(seconds))[0] / sizes)


def log_errors(terms: TermsOf, fit: Sequence[float], loads: Sequence[Load], seconds: "Floats") -> "Floats":
    """Natural logarithms of predicted over measured seconds."""
    import numpy as np

    predicted = np.array([terms(load) for load in loads]) @ np.array(fit)
    errors: Floats = np.log(np.maximum(predicted, 1e-12) / seconds)
    return errors


def median_error(errors: "Floats") -> float:
    """Median of relative errors given as logarithms."""
    import numpy as np

    return exp(float(np.median(np.abs(errors)))) - 1


def held_out_errors(rows: Rows) -> "Floats":
    """Log errors of accelerator-seconds on every shape, by laws fitted to the other shapes of the engine."""
    import numpy as np

    terms = MeasuredTerms()
    errors = [np.zeros(0)]
    for shape in sorted(set(rows.shapes)):
        is_out = np.array([each == shape for each in rows.shapes])
        seen, out = rows.picked(~is_out), rows.picked(is_out)
        if seen.can_be_fitted:
            gpu = coefficients([terms.gpu(load) for load in seen.loads], seen.gpu_s)
            errors.append(log_errors(terms.gpu, gpu, out.loads, out.gpu_s))
    return np.concatenate(errors)


def band_of(errors: "Floats") -> float:
    """Factor that covers BAND_FRAC of errors, given as logarithms.

    With the correction of split conformal prediction for few errors, the ceil((n + 1) p)-th smallest (Vovk,
    Gammerman, Shafer, Algorithmic Learning in a Random World, 2005).
    """
    import numpy as np

    ordered = np.sort(np.abs(errors))
    rank = min(ceil((ordered.size + 1) * BAND_FRAC), ordered.size)
    return exp(float(ordered[rank - 1]))
