"""Measured rows by engine: the load of each, and its seconds.

Accelerator-seconds of a request are n_gpus * e2e / concurrency (Little's law), e2e = ttft + tpot * (output - 1), at
the mean lengths that were sent.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from pricing.hardware.law import Load, Shape
from pricing.hardware.schema import ENGINE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MIN_ROWS: Final = 6
MIN_SHAPES: Final = 2
"""Rows and shapes below which input and output cannot be told apart: such an engine has no fit of its own."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Measured rows of one engine.

    Args:
        engine: Columns of ENGINE.
        loads: Load of each row, at the mean lengths that were sent.
        shapes: Nominal input and output tokens of each row.
        gpu_s: Accelerator-seconds per request of each.
        tpot_s: Seconds per output token of each.
        ttft_s: Seconds to the first token of each.
    """

    engine: dict[str, Any]
    loads: list[Load]
    shapes: list[tuple[int, int]]
    gpu_s: "NDArray[np.float64]"
    tpot_s: "NDArray[np.float64]"
    ttft_s: "NDArray[np.float64]"

    @property
    def can_be_fitted(self) -> bool:
        """Whether there is enough to tell input from output."""
        return len(self.loads) >= MIN_ROWS and len({i / o for i, o in self.shapes}) >= MIN_SHAPES

    @property
    def shape(self) -> Shape:
        """Within what the engine was measured."""
        concurrencies = [load.concurrency for load in self.loads]
        longest_input = max(load.input_tokens for load in self.loads)
        longest_output = max(load.output_tokens for load in self.loads)
        return Shape(longest_input, longest_output, min(concurrencies), max(concurrencies))

    def picked(self, is_in: "NDArray[np.bool_]") -> "Rows":
        """Rows where ``is_in`` is true."""
        kept = is_in.nonzero()[0]
        loads, shapes = [self.loads[n] for n in kept], [self.shapes[n] for n in kept]
        return Rows(self.engine, loads, shapes, self.gpu_s[kept], self.tpot_s[kept], self.ttft_s[kept])


def rows_of(serving: pl.DataFrame) -> list[Rows]:
    """Measured rows by engine, in the order of the table.

    Args:
        serving: Rows of SERVING.
    """
    groups = with_gpu_seconds(serving).group_by(ENGINE, maintain_order=True)
    return [_rows(dict(zip(ENGINE, key, strict=True)), group) for key, group in groups]


def with_gpu_seconds(serving: pl.DataFrame) -> pl.DataFrame:
    """Add input_tokens (uncached), output_tokens, context_tokens (means), request_s and gpu_s per request."""
    lengths = serving.with_columns(
        input_tokens=pl.col("isl") * pl.col("mean_length_frac") * (1 - pl.col("cached_frac")),
        output_tokens=pl.col("osl") * pl.col("mean_length_frac"),
    )
    context = pl.col("isl") * pl.col("mean_length_frac") + pl.col("output_tokens") / 2
    request_s = pl.col("ttft_s") + pl.col("tpot_s") * (pl.col("output_tokens") - 1)
    gpu_s = request_s * pl.col("n_gpus") / pl.col("concurrency")
    return lengths.with_columns(context_tokens=context, request_s=request_s, gpu_s=gpu_s)


def _rows(engine: dict[str, Any], group: pl.DataFrame) -> Rows:
    loads = [
        Load(*row) for row in group.select("concurrency", "input_tokens", "output_tokens", "context_tokens").iter_rows()
    ]
    shapes = list(group.select("isl", "osl").iter_rows())
    return Rows(engine, loads, shapes, *(group[name].to_numpy() for name in ("gpu_s", "tpot_s", "ttft_s")))
