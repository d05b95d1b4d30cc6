"""Token counts as a source writes them to the disjoint parts of ``calls``, by the conventions of a mapping."""

from typing import Final

import polars as pl

from traces.plain.mapping import WRITE_PARTS, Convention, Section
from traces.schema import INPUT_PARTS

_COUNTS: Final = ("input_tokens", *INPUT_PARTS, "output_tokens", "reasoning_tokens")


def split_tokens(rows: pl.DataFrame, section: Section) -> pl.DataFrame:
    """Make input_tokens everything sent, its parts disjoint and null where not known, output with its reasoning.

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
    given, written = section.names(), pl.col("input_tokens")
    if section.cache == "none":
        return [written.alias(INPUT_PARTS[0]), *(pl.lit(0, pl.Int64).alias(name) for name in INPUT_PARTS[1:])]
    is_disjoint = "uncached_input_tokens" in given
    is_read_in = False if is_disjoint else section.input_includes_cache_read
    is_write_in = False if is_disjoint else section.input_includes_cache_write
    writes = pl.sum_horizontal(WRITE_PARTS, ignore_nulls=False)
    has_writes = section.cache_write == "none" or bool(given & set(WRITE_PARTS))
    read_out, read_in = _sides(pl.col("cache_read_tokens"), is_read_in if "cache_read_tokens" in given else None)
    write_out, write_in = _sides(writes, (is_write_in or False) if has_writes else None)
    if is_read_in is False and not has_writes:
        write_out = pl.lit(None, pl.Int64)
    if is_disjoint and "cache_read_tokens" not in given:
        read_out = pl.lit(None, pl.Int64)
    uncached = written - read_in - write_in
    return [
        (written + read_out + write_out).alias("input_tokens"),
        uncached.alias("uncached_input_tokens"),
        *_parts(uncached, is_sure="unknown" not in {is_read_in, is_write_in}),
    ]


def _parts(uncached: pl.Expr, *, is_sure: bool) -> list[pl.Expr]:
    """Keep a known part where the others are not known, unless it is not clear what its count includes."""
    return [
        pl.col(name) if is_sure else pl.when(uncached.is_not_null()).then(name).alias(name) for name in INPUT_PARTS[1:]
    ]


def _sides(part: pl.Expr, is_included: Convention | None) -> tuple[pl.Expr, pl.Expr]:
    """How much of a part lies outside and inside the count as written; null: not known. None: no such part."""
    written, zero, unknown = pl.col("input_tokens"), pl.lit(0, pl.Int64), pl.lit(None, pl.Int64)
    if is_included is None:
        return zero, unknown
    if is_included == "unknown":
        is_outside, is_nothing = part > written, part == 0
        return pl.when(is_outside).then(part).otherwise(zero), pl.when(is_outside | is_nothing).then(zero)
    return (zero, part) if is_included else (part, part * 0)


def _output(section: Section) -> list[pl.Expr]:
    with_reasoning = pl.col("output_tokens") + pl.col("reasoning_tokens")
    if section.output_includes_reasoning is False:
        return [with_reasoning.alias("output_tokens")]
    if section.output_includes_reasoning == "unknown":
        return [pl.when(pl.col("reasoning_tokens") > 0).then(with_reasoning).alias("output_high_tokens")]
    return []
