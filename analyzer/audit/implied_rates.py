"""The rates a source must have used: solved from its recorded costs, claimed only where they reproduce every figure.

Recorded dollars are taken as tokens of each kind times an unknown rate. With more figures of distinct usage than rates,
of full rank, a non-negative solution that reproduces every figure to 1e-9 is the only one, and no coincidence. The same
usage seen again proves nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

GROUP: Final = ("run_id", "provider", "model", "service_tier", "is_batch", "recorded_basis")
"""Figures that must share their rates."""

TOKENS: Final = (
    "input_tokens", "uncached_input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens",
    "cache_write_unspecified_tokens", "output_tokens", "reasoning_inside_tokens", "reasoning_outside_tokens",
)  # fmt: skip

_SPLIT_INPUT: Final = {
    "input": pl.col("uncached_input_tokens"),
    "cache read": pl.col("cache_read_tokens"),
    "5-minute cache write": pl.col("cache_write_5m_tokens"),
    "1-hour cache write": pl.col("cache_write_1h_tokens"),
    "cache write": pl.col("cache_write_unspecified_tokens"),
}
_OUTSIDE: Final = {"reasoning beyond the output": pl.col("reasoning_outside_tokens")}
_OUTPUT: Final = {"output": pl.col("output_tokens"), **_OUTSIDE}
_SPLIT_OUTPUT: Final = {
    "visible output": pl.col("output_tokens") - pl.col("reasoning_inside_tokens"),
    "reasoning": pl.col("reasoning_inside_tokens"),
    **_OUTSIDE,
}
_WHOLE_INPUT: Final = {"input": pl.col("input_tokens"), **_OUTPUT}
_SPARE_FIGURES: Final = 3
_CLOSE: Final = 1e-9
_NEAR: Final = 1e-6
_DIGITS: Final = 9


def token_columns() -> list[pl.Expr]:
    """Tokens of a call by the kinds a source may price apart: ``TOKENS``."""
    outside = (pl.col("output_high_tokens") - pl.col("output_tokens")).fill_null(0)
    inside = pl.when(pl.col("output_high_tokens").is_null()).then("reasoning_tokens").otherwise(0)
    own = [pl.col(name) for name in TOKENS if not name.startswith("reasoning")]
    return [*own, inside.alias(TOKENS[-2]), outside.alias(TOKENS[-1])]


def own_rates(figures: pl.DataFrame) -> pl.DataFrame:
    """Find the groups whose recorded costs follow from one set of rates: _row and own_rates, in words.

    Args:
        figures: _row, ``GROUP``, ``TOKENS``, recorded and recomputed (USD), is_open (no cause found yet); one row per
            call or total.
    """
    usable = figures.filter(pl.col("recorded").is_not_null(), pl.col("output_tokens").is_not_null())
    wanted = usable.filter("is_open").select(GROUP).unique()
    found = [_empty()]
    for group in usable.join(wanted, on=GROUP, how="semi", nulls_equal=True).partition_by(GROUP):
        is_split = pl.all_horizontal(kind.is_not_null() for kind in _SPLIT_INPUT.values())
        found += [_of_split(group.filter(is_split)), _of_whole(group.filter(~is_split))]
    return pl.concat(found)


def _empty() -> pl.DataFrame:
    return pl.DataFrame(schema={"_row": pl.UInt32, "own_rates": pl.String})


def _of_split(figures: pl.DataFrame) -> pl.DataFrame:
    """Rates that reproduce every figure; reasoning has its own only where one for all output does not do."""
    for kinds in ({**_SPLIT_INPUT, **_OUTPUT}, {**_SPLIT_INPUT, **_SPLIT_OUTPUT}):
        for names, tokens in _used(figures, kinds):
            rates = solved(tokens, figures["recorded"].to_numpy())
            if rates is not None:
                ours = solved(tokens, figures["recomputed"].to_numpy())
                return _told(figures, _words(names, rates, ours))
    return _empty()


def _of_whole(figures: pl.DataFrame) -> pl.DataFrame:
    """Rates without a cache, where the split is not known: they reproduce many figures, and none lies above them."""
    if not (figures["recorded"] > 0).all():
        return _empty()
    for names, tokens in _used(figures, _WHOLE_INPUT):
        recorded = figures["recorded"].to_numpy()
        full = _envelope(tokens, recorded)
        if full is not None:
            rates, is_met = full
            ours = solved(tokens, figures["recomputed"].to_numpy())
            told = f"{_words(names, rates, ours)} (nothing read from a cache)"
            return _told(figures.filter(pl.Series(is_met)), told)
    return _empty()


def _told(figures: pl.DataFrame, words: str) -> pl.DataFrame:
    return figures.select(pl.col("_row").cast(pl.UInt32), own_rates=pl.lit(words))


def _used(figures: pl.DataFrame, kinds: Mapping[str, pl.Expr]) -> Iterator[tuple[list[str], "Numbers"]]:
    """Millions of tokens of the kinds that occur; nothing where a count is not known."""
    counts = figures.select(kind.cast(pl.Float64).alias(name) / 1e6 for name, kind in kinds.items())
    if counts.height and not sum(counts.null_count().row(0)):
        used = [column.name for column in counts if (column != 0).any()]
        tokens = counts.select(used).to_numpy()
        if used and _is_enough(tokens):
            yield used, tokens


def _is_enough(tokens: "Numbers") -> bool:
    import numpy as np

    n_distinct, n_kinds = len(np.unique(tokens, axis=0)), tokens.shape[1]
    return bool(n_distinct >= n_kinds + _SPARE_FIGURES)


def solved(tokens: "Numbers", recorded: "Numbers") -> "Numbers | None":
    """Rates in USD per million tokens that reproduce every figure to 1e-9; null: none do, or more than one would.

    Args:
        tokens: Millions of tokens, one row per figure, one column per kind.
        recorded: Dollars; not a number: not known.
    """
    import numpy as np

    if not np.isfinite(recorded).all():
        return None
    weight = 1 / np.maximum(recorded, _CLOSE)
    rates, _, rank, _ = np.linalg.lstsq(tokens * weight[:, None], recorded * weight, rcond=None)
    rounded: Numbers = np.array([float(f"{rate:.{_DIGITS}g}") if rate > _CLOSE else 0.0 for rate in rates])
    is_unique = rank == tokens.shape[1] and bool((rates > -_NEAR).all())
    return rounded if is_unique and bool(_is_met(tokens, rounded, recorded).all()) else None


def _is_met(tokens: "Numbers", rates: "Numbers", recorded: "Numbers") -> "NDArray[np.bool_]":
    import numpy as np

    met: NDArray[np.bool_] = np.abs(tokens @ rates - recorded) <= _CLOSE * recorded
    return met


def _envelope(tokens: "Numbers", recorded: "Numbers") -> "tuple[Numbers, NDArray[np.bool_]] | None":
    """Lowest rates no figure lies above, and which figures they reproduce; null: too few to prove them."""
    from scipy.optimize import linprog

    relative = tokens / recorded[:, None]
    program = linprog(relative.sum(axis=0), A_ub=-relative, b_ub=[-1.0] * len(recorded), bounds=(0, None))
    if not program.success:
        return None
    near = relative @ program.x <= 1 + _NEAR
    rates = solved(tokens[near], recorded[near]) if _is_enough(tokens[near]) else None
    if rates is None or bool((tokens @ rates < recorded * (1 - _CLOSE)).any()):
        return None
    return rates, _is_met(tokens, rates, recorded)


def _words(names: Sequence[str], rates: "Numbers", ours: "Numbers | None") -> str:
    theirs = ", ".join(f"{name} ${rate:.10g}" for name, rate in zip(names, rates.tolist(), strict=True))
    own = "vary" if ours is None else "are " + ", ".join(f"${rate:.10g}" for rate in ours.tolist())
    return f"the source's own rates were {theirs} per million tokens; ours {own}"
