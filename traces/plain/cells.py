"""Text cells to canonical values: value maps, numbers with units, moments, booleans, listed values, by one mapping.

A cell that does not fit becomes null and is reported; the row stays.
"""

from typing import Final

import polars as pl

from traces.errors import TraceError
from traces.plain.mapping import UNITS, Section, as_list, as_text
from traces.rejects import RejectLog
from traces.schema import ROLLOUTS, RUNS, TABLES, UTC_TIME

PLACE: Final = ("_path", "_place", "_row")
"""Helper columns every row keeps: its file, its place there, and its number in reading order."""
_KEY_TYPES: Final = {"run_id": pl.String, "task_id": pl.String, "rollout_id": pl.String, "attempt": pl.Int64}
_MAX_EXACT: Final = 2**53
_FIRST_YEAR: Final = 2000
_LAST_YEAR: Final = 2199
_NAIVE_PATTERNS: Final = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d")
_CLOCK_MARKS: Final = ("%H", "%I", "%T", "%X", "%R", "%s")
_SHOWN_CHARS: Final = 40


def canonical(rows: pl.DataFrame, section: Section, log: RejectLog) -> pl.DataFrame:
    """Canonical columns of a section, with ``_path`` and ``_place``; bad cells are null and in the log.

    ``is_tz_assumed`` is there where moments were mapped.
    """
    names = sorted(section.names())
    texts = rows.select(*(_text(name, section).alias(name) for name in names), *PLACE)
    texts = texts.with_columns(_is_tz_assumed(names, section))
    typed = texts.with_columns(_typed(name, section).alias(name) for name in names)
    for name in names:
        _report(name, texts, typed, section, log)
    unknown = (pl.when(pl.col(name) != 0).then(name).alias(name) for name in section.zero_is_unknown if name in names)
    return typed.with_columns(unknown)


def check_readings(section: Section, where: str) -> None:
    """Try the constants and time patterns of a section, before any file is read.

    Raises:
        TraceError: for a constant of the wrong type, or a pattern that cannot be read.
    """
    place = pl.DataFrame([(where, "constants", 0)], schema=list(PLACE), orient="row")
    canonical(place, section.model_copy(update={"columns": {}, "zero_is_unknown": []}), RejectLog(None))
    for name, form in section.times.items():
        if "%" in form:
            try:
                pl.Series(["2026"]).to_frame(name).select(_pattern_time(pl.col(name), form))
            except pl.exceptions.PolarsError as error:
                hint = "such as %Y-%m-%d %H:%M:%S, with %z where the zone is written"
                raise TraceError(f"{where}: times.{name}: {form!r} is no pattern ({error})", hint) from error


def _dtype(name: str, section: Section) -> pl.DataType | type[pl.DataType]:
    for schema in (TABLES[section.fills].schema, _KEY_TYPES, ROLLOUTS.schema, RUNS.schema):
        if name in schema:
            return schema[name]
    return pl.String


def _text(name: str, section: Section) -> pl.Expr:
    """Cell as text, blanks and null values as null, then through the value map."""
    if name in section.constants:
        return pl.lit(as_text(section.constants[name]) or None, pl.String)
    sources = [pl.col(path).str.strip_chars() for path in as_list(section.columns[name])]
    sources = [pl.when(~source.is_in(["", *section.null_values])).then(source) for source in sources]
    text = sources[0] if len(sources) == 1 else pl.concat_str(sources, separator="/")
    named = section.values.get(name)
    return text.replace(list(named), [as_text(value) for value in named.values()]) if named else text


def _typed(name: str, section: Section) -> pl.Expr:
    text, dtype = pl.col(name), _dtype(name, section)
    if dtype == UTC_TIME:
        return _time(text, section.times.get(name, "iso"))
    if dtype == pl.Boolean:
        return _boolean(text)
    if dtype == pl.Int64:
        return _whole(text, _factor(name, section))
    if dtype == pl.Float64:
        return _number(text, _factor(name, section))
    allowed = _allowed(name, section)
    return pl.when(text.is_in(list(allowed))).then(text) if allowed else text


def _factor(name: str, section: Section) -> tuple[int, int]:
    unit = section.units.get(name)
    return (1, 1) if unit is None else next(known[unit] for ending, known in UNITS.items() if name.endswith(ending))


def _allowed(name: str, section: Section) -> tuple[str, ...] | None:
    columns = (column for table in (TABLES[section.fills], ROLLOUTS, RUNS) for column in table.columns)
    return next((column.values for column in columns if column.name == name), None)


def _number(text: pl.Expr, factor: tuple[int, int]) -> pl.Expr:
    value = pl.coalesce(text.cast(pl.Float64, strict=False), _boolean(text).cast(pl.Float64))
    return value if factor == (1, 1) else value * factor[0] / factor[1]


def _whole(text: pl.Expr, factor: tuple[int, int]) -> pl.Expr:
    scaled = text.cast(pl.Float64, strict=False) * factor[0]
    rounded = scaled.round()
    is_whole = ((scaled - rounded).abs() < 1e-6) & (scaled.abs() <= _MAX_EXACT) & scaled.is_finite()  # noqa: PLR2004
    whole = pl.when(is_whole).then(rounded).cast(pl.Int64, strict=False)
    return pl.coalesce(text.cast(pl.Int64, strict=False), whole) if factor == (1, 1) else whole


def _boolean(text: pl.Expr) -> pl.Expr:
    lower = text.str.to_lowercase()
    is_true, is_false = lower.is_in(["true", "1", "1.0", "yes"]), lower.is_in(["false", "0", "0.0", "no"])
    return pl.when(is_true).then(pl.lit(value=True)).when(is_false).then(pl.lit(value=False))


def _time(text: pl.Expr, form: str) -> pl.Expr:
    if form == "iso":
        moment = _iso_time(text)
    elif "%" in form:
        moment = _pattern_time(text, form)
    else:
        per_unit = {"unix_s": 1_000_000, "unix_ms": 1000, "unix_us": 1}[form]
        micros = pl.coalesce(
            text.cast(pl.Int64, strict=False) * per_unit,
            (text.cast(pl.Float64, strict=False) * per_unit).round().cast(pl.Int64, strict=False),
        )
        moment = pl.from_epoch(micros, time_unit="us").dt.replace_time_zone("UTC")
    return pl.when(moment.dt.year().is_between(_FIRST_YEAR, _LAST_YEAR)).then(moment)


def _iso_time(text: pl.Expr) -> pl.Expr:
    plain = text.str.replace(r"^(\d{4}-\d\d-\d\d) +", "${1}T").str.replace(r" ?UTC$|z$", "Z").str.replace(" ", "")
    zoned = plain.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", time_unit="us", strict=False)
    naive = (_pattern_time(plain, pattern) for pattern in _NAIVE_PATTERNS)
    return pl.coalesce(zoned.dt.convert_time_zone("UTC"), *naive)


def _pattern_time(text: pl.Expr, pattern: str) -> pl.Expr:
    if not any(mark in pattern for mark in _CLOCK_MARKS):
        return text.str.to_date(pattern, strict=False).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    moment = text.str.to_datetime(pattern, time_unit="us", strict=False)
    if "%z" in pattern or "%#z" in pattern or "%:z" in pattern:
        return moment.dt.convert_time_zone("UTC")
    return moment.dt.replace_time_zone("UTC")


def _is_tz_assumed(names: list[str], section: Section) -> pl.Expr:
    naive = [_is_naive(name, section) for name in names if _dtype(name, section) == UTC_TIME]
    return pl.any_horizontal(pl.lit(value=False), *naive).fill_null(value=False).alias("is_tz_assumed")


def _is_naive(name: str, section: Section) -> pl.Expr:
    form, text = section.times.get(name, "iso"), pl.col(name)
    if form.startswith("unix_") or ("%" in form and "z" in form):
        return pl.lit(value=False)
    if form == "iso":
        return ~text.str.contains(r"(?i):.*(z|utc|[+-]\d\d:?(\d\d)?)$")
    return text.is_not_null()


def _report(name: str, texts: pl.DataFrame, typed: pl.DataFrame, section: Section, log: RejectLog) -> None:
    bad = texts.filter(texts[name].is_not_null() & typed[name].is_null())
    source = "constant" if name in section.constants else "/".join(as_list(section.columns[name]))
    for text, path, place in bad.select(name, "_path", "_place").iter_rows():
        log.malformed(path, place, f"{source}: {text[:_SHOWN_CHARS]!r} is {_wanted(name, section)} ({name})")


def _wanted(name: str, section: Section) -> str:
    dtype, allowed = _dtype(name, section), _allowed(name, section)
    if allowed:
        return f"none of {', '.join(allowed)}; say which it means in [table.values.{name}]"
    if dtype == UTC_TIME:
        return f"no moment written as {section.times.get(name, 'iso')} between the years {_FIRST_YEAR} and {_LAST_YEAR}"
    return "no whole number" if dtype == pl.Int64 else "no number" if dtype == pl.Float64 else "neither true nor false"
