"""The TOML mapping of plain tables: which source column is which canonical column, and by what conventions."""

import tomllib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from traces.errors import TraceError, nearest
from traces.schema import TABLES

Scalar = bool | int | float | str | datetime | date | time
Convention = bool | Literal["unknown"]
Fills = Literal["runs", "tasks", "rollouts", "scores", "calls", "charges"]
Granularity = Literal["call", "rollout", "run", "bucket"]

UNITS: Final[dict[str, dict[str, tuple[int, int]]]] = {
    "_s": {"s": (1, 1), "ms": (1, 1000), "us": (1, 1_000_000), "min": (60, 1), "h": (3600, 1)},
    "_usd": {"USD": (1, 1), "cents": (1, 100), "micro-USD": (1, 1_000_000)},
    "_tokens": {"tokens": (1, 1), "k": (1000, 1), "M": (1_000_000, 1)},
}  # fmt: skip
"""Units by the ending of the canonical column: numerator and denominator of the factor to its own unit."""

TIME_FORMATS: Final = ("iso", "unix_s", "unix_ms", "unix_us")
WRITE_PARTS: Final = ("cache_write_5m_tokens", "cache_write_1h_tokens", "cache_write_unspecified_tokens")
_KEYS: Final = ("run_id", "task_id", "attempt", "rollout_id")
_DERIVED: Final = {"source_format", "source_path", "granularity", "output_high_tokens", "is_residual", "is_tz_assumed"}
_WIDER: Final = {"calls": ("rollouts", "runs"), "rollouts": ("runs",)}
_REQUIRED: Final = {
    "scores": ("metric",),
    "charges": ("kind", "unit"),
    "tasks": ("task_id",),
    "rollouts": ("task_id|rollout_id",),
}


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Reading(_Model):
    """How cells become canonical values; a ``[[table.when]]`` rule changes any of it for the rows it picks."""

    columns: dict[str, str | list[str]] = {}
    constants: dict[str, Scalar] = {}
    units: dict[str, str] = {}
    times: dict[str, str] = {}
    values: dict[str, dict[str, Scalar]] = {}
    zero_is_unknown: list[str] = []
    input_includes_cache_read: Convention | None = None
    input_includes_cache_write: Convention | None = None
    output_includes_reasoning: Convention | None = None
    cache: Literal["none"] | None = None
    cache_write: Literal["none", "unknown"] | None = None

    def names(self) -> set[str]:
        """Canonical columns it gives a value."""
        return {*self.columns, *self.constants}

    def sources(self) -> set[str]:
        """Source columns it reads."""
        return {path for source in self.columns.values() for path in as_list(source)}


class When(Reading):
    """A rule: rows whose ``column`` equals a value, or is one of several, are read differently."""

    column: str
    equals: Scalar | None = None
    among: Annotated[list[Scalar] | None, Field(alias="in")] = None

    @property
    def texts(self) -> list[str]:
        """The values that pick a row, as text."""
        return [as_text(value) for value in ([self.equals] if self.among is None else self.among) if value is not None]


class Section(Reading):
    """One ``[[table]]``: the files it reads and the canonical table it fills."""

    fills: Fills
    granularity: Granularity = "call"
    file: str | None = None
    encoding: Literal["utf-8", "latin-1", "cp1252"] = "utf-8"
    separator: str | None = None
    sheet: str | None = None
    null_values: list[str] = ["null", "None"]
    when: list[When] = []

    def under(self, rule: When) -> "Section":
        """Return the section as it is for rows a rule picks: what the rule names wins over what the table names."""
        given = rule.model_dump(exclude={"column", "equals", "among"}, exclude_unset=True)
        merged = {key: {**getattr(self, key), **new} if isinstance(new, dict) else new for key, new in given.items()}
        columns = {name: source for name, source in self.columns.items() if name not in rule.constants}
        constants = {name: value for name, value in self.constants.items() if name not in rule.columns}
        return self.model_copy(
            update={
                **merged,
                "columns": {**columns, **rule.columns},
                "constants": {**constants, **rule.constants},
                "when": [],
            }
        )

    def needed(self) -> list[str]:
        """Source columns the section and its rules read, sorted."""
        rules = {path for rule in self.when for path in (rule.column, *rule.sources())}
        return sorted(self.sources() | rules)


class Mapping(_Model):
    """A whole mapping: constants of the run, and one section per table."""

    run: dict[str, Scalar] = {}
    table: list[Section]


def load_mapping(path: Path) -> Mapping:
    """Read a mapping and check every name, unit, format and convention in it.

    Raises:
        TraceError: naming the file, the table, the key and the nearest known key.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TraceError(f"{path}: cannot be read as a mapping ({error})", "give the path of a TOML file") from error
    return parse_mapping(text, str(path))


def parse_mapping(text: str, name: str) -> Mapping:
    """Read a mapping from TOML text; ``name`` stands for it in errors.

    Raises:
        TraceError: naming the table, the key and the nearest known key.
    """
    try:
        mapping = Mapping.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise TraceError(
            f"{name}: not valid TOML: {error}", "for an example: evalreplay read FILE --suggest-mapping"
        ) from error
    except ValidationError as error:
        raise _explained(error, name) from error
    for problem, hint in _problems(mapping):
        raise TraceError(f"{name}: {problem}", hint)
    return mapping


def as_list(source: str | Sequence[str]) -> list[str]:
    """Source columns of one canonical column; several are joined with a slash."""
    return [source] if isinstance(source, str) else list(source)


def as_text(value: Scalar) -> str:
    """Write a TOML value as it would stand in a text cell."""
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, datetime | date | time) else str(value)


def own_columns(table: str) -> list[str]:
    """Canonical columns a section that fills this table may name, its keys included."""
    keys = () if table in {"runs", "tasks"} else _KEYS
    return [name for name in dict.fromkeys((*keys, *TABLES[table].schema)) if name not in _DERIVED]


def facts_of(section: Section, table: str) -> set[str]:
    """Columns of a wider table (rollouts, runs) that a section gives: all it shares where its row is that total."""
    if table not in _WIDER.get(section.fills, ()):
        return set()
    shared = set(own_columns(section.fills)) if section.fills == "calls" else set(own_columns("rollouts"))
    is_total = (
        section.fills == "calls" and section.granularity == table.removesuffix("s") and "role" not in section.names()
    )
    return {name for name in own_columns(table) if is_total or name not in shared}


def _explained(error: ValidationError, name: str) -> TraceError:
    first = error.errors()[0]
    where = ".".join(str(part + 1) if isinstance(part, int) else part for part in first["loc"])
    if first["type"] == "extra_forbidden":
        model: type[BaseModel] = Mapping if len(first["loc"]) == 1 else When if "when" in first["loc"] else Section
        known = [field.alias or key for key, field in model.model_fields.items()]
        return TraceError(f"{name}: {where}: unknown key", nearest(str(first["loc"][-1]), known))
    return TraceError(f"{name}: {where}: {first['msg']}", "for an example: evalreplay read FILE --suggest-mapping")


def _problems(mapping: Mapping) -> Iterator[tuple[str, str]]:
    runs = own_columns("runs")
    yield from ((f"run.{key}: unknown column of runs", nearest(key, runs)) for key in mapping.run if key not in runs)
    if not mapping.table:
        yield "no [[table]] section", 'add one: [[table]], fills = "calls", [table.columns] ...'
    for number, section in enumerate(mapping.table, 1):
        for reading, where in ((section, ""), *((section.under(rule), ", when") for rule in section.when)):
            at = f"table {number} ({section.fills}{where})"
            yield from ((f"{at}: {problem}", hint) for problem, hint in _section_problems(reading))
        yield from _rule_problems(section, number)


def _rule_problems(section: Section, number: int) -> Iterator[tuple[str, str]]:
    for rule in section.when:
        if (rule.equals is None) == (rule.among is None):
            at = f"table {number} ({section.fills}, when {rule.column})"
            yield f"{at}: give equals or in, one of them", 'such as: equals = "openai"'


def _section_problems(section: Section) -> Iterator[tuple[str, str]]:
    yield from _unknown_names(section)
    yield from _bad_units(section)
    yield from _bad_times(section)
    yield from _missing_names(section)
    if section.fills == "calls":
        yield from _missing_conventions(section)


def _unknown_names(section: Section) -> Iterator[tuple[str, str]]:
    wider = {name for table in _WIDER.get(section.fills, ()) for name in facts_of(section, table)}
    known = sorted({*own_columns(section.fills), *wider})
    for group in ("columns", "constants", "units", "times", "values", "zero_is_unknown"):
        for name in getattr(section, group):
            if name not in known:
                yield f"{group}.{name}: unknown column of {section.fills}", nearest(name, known)


def _bad_units(section: Section) -> Iterator[tuple[str, str]]:
    for name, unit in section.units.items():
        known = [units for ending, units in UNITS.items() if name.endswith(ending)]
        if not known:
            yield f"units.{name}: the column has no unit to convert to", "units are for _s, _usd and _tokens columns"
        elif unit not in known[0]:
            yield f"units.{name}: unknown unit {unit!r}", nearest(unit, known[0])


def _bad_times(section: Section) -> Iterator[tuple[str, str]]:
    for name, form in section.times.items():
        if not name.endswith("_at"):
            yield f"times.{name}: not a column of moments", "times are for _at columns, such as started_at"
        if form not in TIME_FORMATS and "%" not in form:
            hint = f"one of {', '.join(TIME_FORMATS)}, or a pattern such as %Y-%m-%d %H:%M:%S"
            yield f"times.{name}: unknown format {form!r}", hint


def _missing_names(section: Section) -> Iterator[tuple[str, str]]:
    is_total = section.granularity in {"run", "bucket"}
    required = () if is_total and section.fills == "calls" else _REQUIRED.get(section.fills, ())
    for choice in required:
        if not section.names() & set(choice.split("|")):
            yield f"columns: {choice.replace('|', ' or ')} is needed", "name its source column, or give a constant"
    if {"input_tokens", "uncached_input_tokens"} <= section.names():
        yield "columns: input_tokens and uncached_input_tokens both given", "give one; the other follows from it"


def _missing_conventions(section: Section) -> Iterator[tuple[str, str]]:
    given, is_split = section.names(), "input_tokens" in section.names()
    needs = {
        "input_includes_cache_read": is_split and "cache_read_tokens" in given,
        "input_includes_cache_write": is_split and bool(given & set(WRITE_PARTS)),
        "output_includes_reasoning": {"output_tokens", "reasoning_tokens"} <= given,
    }
    for key, is_needed in needs.items():
        if is_needed and getattr(section, key) is None:
            yield f"{key} is needed", f'set {key} = true, false or "unknown": a wrong guess would change the cost'
    is_outside = section.input_includes_cache_read is False or "uncached_input_tokens" in given
    if is_outside and section.cache is None and section.cache_write is None and not given & set(WRITE_PARTS):
        hint = 'set cache_write = "none" if nothing was written to a cache or that costs nothing extra, else "unknown"'
        yield "cache_write is needed, or a column of it: what was written lies outside the input count", hint
    if section.cache == "none" and given & {"cache_read_tokens", *WRITE_PARTS}:
        yield 'cache = "none", but cache columns are mapped', 'take one of them out; cache_write = "none" is for writes'
