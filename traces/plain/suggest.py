"""A first mapping for a plain table, from the names of its columns and its first values."""

import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from traces.errors import TraceError
from traces.plain.blocks import head
from traces.plain.load import column_names, first_rows
from traces.plain.mapping import WRITE_PARTS, Section, facts_of, own_columns
from traces.plain.text import Layout
from traces.registry import SourceFile

_UNITS: Final = {"ms": "ms", "us": "us", "minutes": "min", "hours": "h", "cents": "cents"}
_EPOCHS: Final = (("unix_us", 1e14), ("unix_ms", 1e11), ("unix_s", 1e8))
_RUN_NAMES: Final = ("agent", "scaffold", "model", "reasoning_effort", "benchmark")
_PROVEN: Final = {"cache_read_tokens": "false", "reasoning_tokens": '"unknown"'}
_SCALED: Final = ("_s", "_usd")
_SHOWN_CHARS: Final = 40
_KEY_CHOICES: Final = ("task_id", "rollout_id")


class Start(NamedTuple):
    """What the names tell: the source column of each canonical one, and what a row stands for."""

    columns: dict[str, str]
    fills: str
    granularity: str
    run_columns: tuple[str, ...] = ()


def suggest_mapping(path: Path) -> str:
    """Propose a mapping for a table as TOML, with every guess marked; it loads as it is wherever the names allow.

    Raises:
        TraceError: if the file is no table, or none of its columns has a known name.
    """
    file = SourceFile(path, path.name)
    layout = Layout("utf-8" if _is_utf8(file) else "latin-1")
    names = column_names(file, layout)
    if len(names) == 1:
        problem = f"{path}: it is no table: it has one column, {names[0][:_SHOWN_CHARS]!r}"
        raise TraceError(problem, "CSV, TSV, JSONL, Parquet and XLSX are read; convert other files to one of them")
    start = _start(names)
    if not start.columns:
        problem = f"{path}: none of its columns has a known name: {', '.join(names[:20]) or 'it has none'}"
        raise TraceError(problem, "write a mapping by hand, or rename columns, such as task_id, score, input_tokens")
    rows = first_rows(file, sorted(set(start.columns.values())), layout)
    start = _with_run_id(start, rows)
    return "\n".join(_lines(start, rows, layout, sorted(set(names) - set(rows.columns)))) + "\n"


def _is_utf8(file: SourceFile) -> bool:
    start = head(file)
    if b"\0" in start:
        return True
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return True


def _synonyms() -> dict[str, Any]:
    return tomllib.loads(files("traces.plain").joinpath("data/column_synonyms.toml").read_text("utf-8"))


def _start(names: Sequence[str]) -> Start:
    """Match names; a table of tokens and a score is one of totals per rollout."""
    found: dict[str, str] = {}
    for canonical, synonyms in _synonyms()["columns"].items():
        source = next((name for word in synonyms for name in names if word in _words(name)), None)
        if source is not None:
            found[canonical] = source
    if "uncached_input_tokens" in found:
        found.pop("input_tokens", None)
    has_tokens = bool({"input_tokens", "uncached_input_tokens", "output_tokens"} & set(found))
    has_score = bool({"score", "is_success", "stop_reason"} & set(found))
    fills = "calls" if has_tokens else "rollouts" if set(_KEY_CHOICES) & set(found) else "runs"
    granularity = ("rollout" if set(_KEY_CHOICES) & set(found) else "run") if has_tokens and has_score else "call"
    section = Section.model_validate({"fills": fills, "granularity": granularity})
    allowed = {*own_columns(fills), *facts_of(section, "rollouts"), *facts_of(section, "runs")}
    return Start({name: source for name, source in found.items() if name in allowed}, fills, granularity)


def _with_run_id(start: Start, rows: pl.DataFrame) -> Start:
    """Where a row is a whole rollout or run and no column names the run, its agent does: model, scaffold and so on."""
    columns = dict(start.columns)
    is_call = start.fills == "calls" and start.granularity == "call"
    if start.fills == "rollouts" and "run_id" in columns and rows[columns["run_id"]].n_unique() == rows.height > 1:
        columns["rollout_id"] = columns.pop("run_id")
    if is_call or "run_id" in columns:
        return start._replace(columns=columns)
    varying = (columns[name] for name in _RUN_NAMES if name in columns and rows[columns[name]].n_unique() > 1)
    return start._replace(columns=columns, run_columns=tuple(varying))


def _words(name: str) -> tuple[str, str]:
    whole = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return whole, re.sub(r"[^a-z0-9]+", "_", name.lower().rsplit(".", 1)[-1]).strip("_")


def _lines(start: Start, rows: pl.DataFrame, layout: Layout, unused: Sequence[str]) -> Iterator[str]:
    yield "# A start: check every line, above all those marked as a guess."
    yield "[run]"
    yield '# benchmark = "..."   # facts of the whole run that no column tells: benchmark, scaffold, model, limits'
    yield ""
    yield "[[table]]"
    yield f'fills = "{start.fills}"  # a guess: what one row stands for'
    if start.granularity != "call":
        yield f'granularity = "{start.granularity}"  # a guess: the token counts are totals'
    if layout.encoding != "utf-8":
        yield f'encoding = "{layout.encoding}"'
    if start.fills == "calls":
        yield from _conventions(start.columns, rows)
    yield from ("", "[table.columns]")
    if start.run_columns:
        yield f"run_id = [{', '.join(map(_quoted, start.run_columns))}]  # a guess: one run for each combination"
    yield from (f"{name} = {_quoted(source)}" for name, source in start.columns.items())
    if start.fills == "rollouts" and not set(_KEY_CHOICES) & set(start.columns):
        yield '# task_id = "..."   # needed, and not found'
    yield from _subtable("units", _units(start.columns))
    yield from _subtable("times", _times(start.columns, rows))
    yield from _subtable("values.stop_reason", _stop_reasons(start.columns, rows))
    if unused:
        yield from ("", f"# columns not used: {', '.join(map(_quoted, unused))}")


def _subtable(name: str, lines: Sequence[str]) -> list[str]:
    return ["", f"[table.{name}]", *lines] if lines else []


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _conventions(columns: dict[str, str], rows: pl.DataFrame) -> Iterator[str]:
    has_writes = bool(set(WRITE_PARTS) & set(columns))
    read = _convention(columns, rows, "cache_read_tokens", "input_tokens")
    if "cache_read_tokens" in columns and "input_tokens" in columns:
        yield f"input_includes_cache_read = {read[0]}  # a guess: {read[1]}"
    if has_writes and "input_tokens" in columns:
        yield f"input_includes_cache_write = {read[0]}  # a guess: as cache reads"
    if "cache_read_tokens" in columns and not has_writes:
        yield 'cache_write = "unknown"  # "none" if writing to the cache costs nothing extra there'
    if "cache_read_tokens" not in columns and not has_writes:
        yield '# cache = "none"   # if nothing was read from a cache; else the split of the input is not known'
    if {"reasoning_tokens", "output_tokens"} <= set(columns):
        value, why = _convention(columns, rows, "reasoning_tokens", "output_tokens")
        yield f"output_includes_reasoning = {value}  # a guess: {why}"


def _convention(columns: dict[str, str], rows: pl.DataFrame, part: str, whole: str) -> tuple[str, str]:
    """Whether a count includes a part, and why it is thought so."""
    if not {part, whole} <= set(columns):
        return '"unknown"', "one of the counts is not there"
    part_name, whole_name = _words(columns[part])[1], _words(columns[whole])[1]
    counts = rows.select(pl.col(columns[name]).cast(pl.Float64, strict=False).alias(name) for name in (part, whole))
    if (counts[part] > counts[whole]).any():
        return _PROVEN[part], f"{part_name} exceeds {whole_name} in some rows, so lies outside it there"
    if part_name in {"cache_read_input_tokens", "thoughts_token_count"}:
        return "false", f"APIs that report {part_name} count it beside {whole_name}"
    if whole_name in {"prompt_tokens", "completion_tokens"}:
        return "true", f"APIs that report {whole_name} count {part_name} in it"
    return '"unknown"', "the names do not tell; true or false would make the cost exact"


def _units(columns: dict[str, str]) -> list[str]:
    endings = ((name, _words(source)[1].rsplit("_", 1)[-1]) for name, source in columns.items())
    return [f'{name} = "{_UNITS[ending]}"' for name, ending in endings if ending in _UNITS and name.endswith(_SCALED)]


def _times(columns: dict[str, str], rows: pl.DataFrame) -> list[str]:
    return [f'{name} = "{_time_format(rows[source])}"' for name, source in columns.items() if name.endswith("_at")]


def _time_format(values: pl.Series) -> str:
    highest = values.cast(pl.Float64, strict=False).max()
    if not isinstance(highest, float):
        return "iso"
    return next((name for name, least in _EPOCHS if highest >= least), "iso")


def _stop_reasons(columns: dict[str, str], rows: pl.DataFrame) -> list[str]:
    if "stop_reason" not in columns:
        return []
    known = {word: reason for reason, words in _synonyms()["stop_reason"].items() for word in words}
    seen = rows[columns["stop_reason"]].drop_nulls().unique().sort().to_list()
    return [f'{_quoted(value)} = "{known.get(_words(value)[0], "unknown")}"' for value in seen]
