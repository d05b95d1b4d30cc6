"""Token counts as a source writes them to the disjoint parts of ``calls``, by the conventions of a mapping."""

from typing import Final

import polars as pl

from traces.mapping import WRITE_PARTS, Section
from traces.schema import INPUT_PARTS

_COUNTS: Final = ("input_tokens", *INPUT_PARTS, "output_tokens", "reasoning_tokens")


def split_tokens(rows: pl.DataFrame, section: Section) -> pl.DataFrame:
    """Make input_tokens everything sent, its parts disjoint and all known or all null, output with its reasoning.

    ``input_includes_... = "unknown"``: the count is kept as it is written, and a row is split only where it leaves no
    doubt: nothing cached, or more cached than the count could include. ``output_includes_reasoning = "unknown"``:
    the output is the count as written, and output_high_tokens adds the reasoning where there is some.
    """
    given = section.names()
    absent = [pl.lit(None, pl.Int64).alias(name) for name in _COUNTS if name not in rows.columns]
    full = rows.with_columns(absent).with_columns(_writes(section))
    if "uncached_input_tokens" in given:
        full = full.with_columns(input_tokens=pl.col("uncached_input_tokens"))
    return full.with_columns(*_input(section), *_output(section))


def _writes(section: Section) -> list[pl.Expr]:
    """Write parts: those a source does not have are 0 if it has others, or has none by its nature."""
    mapped = [name for name in WRITE_PARTS if name in section.names()]
    has_all = bool(mapped) or section.cache_write == "none"
    return [pl.lit(0, pl.Int64).alias(name) for name in WRITE_PARTS if name not in mapped and has_all]


def _input(section: Section) -> list[pl.Expr]:
    if not section.names() & {"input_tokens", "uncached_input_tokens"}:
        return []
    written, read = pl.col("input_tokens"), _or_zero(section, "cache_read_tokens")
    writes = pl.sum_horizontal(WRITE_PARTS, ignore_nulls=False)
    if section.cache == "none":
        zeros = [pl.lit(0, pl.Int64).alias(name) for name in INPUT_PARTS[1:]]
        return [written.alias("uncached_input_tokens"), *zeros]
    is_read_in, is_write_in = _is_included(section, "read", read), _is_included(section, "write", writes)
    outside = pl.when(~is_read_in).then(read).otherwise(0) + pl.when(~is_write_in).then(writes).otherwise(0)
    inside = pl.when(is_read_in).then(read).otherwise(0) + pl.when(is_write_in).then(writes).otherwise(0)
    is_split = is_read_in.is_not_null() & is_write_in.is_not_null() & (read + writes).is_not_null()
    uncached = pl.when(is_split).then(written - inside)
    return [
        _everything(section, written, outside, is_read_in, is_write_in).alias("input_tokens"),
        uncached.alias("uncached_input_tokens"),
        *(pl.when(is_split).then(part).alias(name) for name, part in _parts(read)),
    ]
