"""Plain tables to canonical tables, as a mapping says: find each section's files, read them, convert, complete."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatch

import polars as pl
import xxhash

from traces.errors import TraceError, nearest
from traces.files import fast_hash
from traces.plain.cells import PLACE, canonical, check_readings
from traces.plain.keys import Parts, with_keys
from traces.plain.load import column_names, load
from traces.plain.mapping import Mapping, Section, facts_of, own_columns
from traces.plain.rows import complete
from traces.plain.text import Layout
from traces.plain.tokens import split_tokens
from traces.registry import Batch, SourceFile
from traces.rejects import RejectLog

_KEYS = ("run_id", "task_id", "attempt", "rollout_id")


def read_tables(files: Sequence[SourceFile], mapping: Mapping, log: RejectLog) -> Iterator[Batch]:
    """Read the files a mapping speaks of into one batch of canonical tables.

    Rows carry ``_path`` and ``_place``, where they were read. The same file under two names is read once. Files no
    section speaks of are listed in the log.

    Raises:
        TraceError: if a section finds no file, or ids do not say which run a row belongs to.
        MalformedTraceError: at the first bad record or cell, if the log stops at errors.
    """
    for number, section in enumerate(mapping.table, 1):
        for reading in (section, *(section.under(rule) for rule in section.when)):
            check_readings(reading, f"mapping: table {number}")
    parts: Parts = {}
    for section, file in _found(_unique_files(files, log), mapping, log):
        for name, rows in _read(section, file, log):
            parts.setdefault(name, []).append(rows)
    run = _run_constants(mapping)
    yield complete(with_keys(parts, run, log), run, log)


def _run_constants(mapping: Mapping) -> pl.DataFrame:
    place = pl.DataFrame([("mapping", "run", 0)], schema=list(PLACE), orient="row")
    return canonical(place, Section(fills="runs", constants=mapping.run), RejectLog(None)).drop("is_tz_assumed")


def _unique_files(files: Sequence[SourceFile], log: RejectLog) -> list[SourceFile]:
    first: dict[str, SourceFile] = {}
    for file in files:
        original = first.setdefault(fast_hash(file.path), file)
        if original is not file:
            log.duplicate(file.name, "", original.name)
    return list(first.values())


def _found(files: Sequence[SourceFile], mapping: Mapping, log: RejectLog) -> list[tuple[Section, SourceFile]]:
    """Pair sections with files, in the order of the mapping."""
    pairs: list[tuple[Section, SourceFile]] = []
    named = {(file.name, layout): _names(file, layout, log) for file in files for layout in _layouts(mapping)}
    for number, section in enumerate(mapping.table, 1):
        own = [file for file in files if _is_for(section, file, named[file.name, _layout(section)])]
        if not own:
            raise _no_file(section, number, files, named)
        for file in own:
            _report_missing(section, file, named[file.name, _layout(section)] or [], log)
        pairs += [(section, file) for file in own]
    used = {file.name for _section, file in pairs}
    for file in files:
        if file.name not in used and any(names is not None for (name, _), names in named.items() if name == file.name):
            log.unrecognised(file.name, "no [[table]] of the mapping has all its columns here")
    return pairs


def _layouts(mapping: Mapping) -> list[Layout]:
    return list(dict.fromkeys(_layout(section) for section in mapping.table))


def _layout(section: Section) -> Layout:
    return Layout(section.encoding, section.separator, section.sheet)


def _names(file: SourceFile, layout: Layout, log: RejectLog) -> list[str] | None:
    """Column names of a file; null: it cannot be read, and is in the log."""
    try:
        names = column_names(file, layout)
    except TraceError as error:
        log.malformed(file.name, "whole file", error.problem.removeprefix(f"{file.name}: "))
        return None
    if not names:
        log.malformed(file.name, "whole file", "it is empty")
        return None
    return names


def _is_for(section: Section, file: SourceFile, names: list[str] | None) -> bool:
    if names is None:
        return False
    if section.file is not None:
        return fnmatch(file.name, section.file) or fnmatch(file.path.name, section.file)
    return set(section.needed()) <= set(names)


def _report_missing(section: Section, file: SourceFile, names: list[str], log: RejectLog) -> None:
    for path in section.needed():
        if path not in names:
            log.malformed(file.name, "header", f"no column {path!r}; {nearest(path, names)}")


def _no_file(
    section: Section,
    number: int,
    files: Sequence[SourceFile],
    named: dict[tuple[str, Layout], list[str] | None],
) -> TraceError:
    at = f"mapping: table {number} ({section.fills})"
    if section.file is not None:
        return TraceError(f"{at}: no file named {section.file!r}", nearest(section.file, [file.name for file in files]))
    known = {file.name: named[file.name, _layout(section)] or [] for file in files}
    needed = set(section.needed())
    closest = min(known, key=lambda name: (len(needed - set(known[name])), name), default=None)
    if closest is None:
        return TraceError(f"{at}: no file was given", "give the files to read")
    missing = sorted(needed - set(known[closest]))
    problem = f"{at}: no file has all its columns; {closest}, the closest, lacks {', '.join(map(repr, missing))}"
    return TraceError(problem, f"{nearest(missing[0], known[closest])} (file = ... names the file without this test)")


def _read(section: Section, file: SourceFile, log: RejectLog) -> Iterator[tuple[str, pl.DataFrame]]:
    """Canonical rows of one file: those of the table it fills, and the facts it gives about wider tables."""
    rows = load(file, section.needed(), _layout(section), log).with_row_index("_row")
    is_taken = pl.lit(value=False)
    for rule in section.when:
        is_picked = pl.col(rule.column).str.strip_chars().is_in(rule.texts).fill_null(value=False)
        yield from _converted(rows.filter(is_picked & ~is_taken), section.under(rule), log)
        is_taken = is_taken | is_picked
    yield from _converted(rows.filter(~is_taken), section, log)


def _converted(rows: pl.DataFrame, section: Section, log: RejectLog) -> Iterator[tuple[str, pl.DataFrame]]:
    typed = canonical(rows, section, log)
    if section.granularity == "run" and "run_id" not in typed.columns:
        typed = typed.with_columns(_row_ids(typed))
    for table in ("rollouts", "runs"):
        facts = facts_of(section, table) & set(typed.columns)
        if facts - set(_KEYS):
            keys = [name for name in _KEYS if name in typed.columns and (table == "rollouts" or name == "run_id")]
            is_row = table == "rollouts" and section.granularity == "rollout" and "role" not in section.names()
            columns = dict.fromkeys([*keys, *sorted(facts - set(_KEYS)), "is_tz_assumed", *PLACE])
            yield table if is_row else f"{table}.facts", typed.select(list(columns))
    own = [name for name in typed.columns if name in {*own_columns(section.fills), "is_tz_assumed", *PLACE}]
    if section.fills == "calls":
        split = split_tokens(typed.select(own), section)
        yield "calls", split.with_columns(granularity=pl.lit(section.granularity), _is_keyed=pl.lit(_is_keyed(section)))
    else:
        yield "runs.facts" if section.fills == "runs" else section.fills, typed.select(own)


def _is_keyed(section: Section) -> bool:
    """Whether every row must say which rollout it belongs to."""
    return section.granularity in {"call", "rollout"} and bool(section.names() & {"task_id", "rollout_id"})


def _row_ids(rows: pl.DataFrame) -> pl.Series:
    text = rows.drop(PLACE).select(pl.all().cast(pl.String)).rows()
    return pl.Series("run_id", [f"table-{xxhash.xxh3_128_hexdigest(repr(row).encode())[:12]}" for row in text])
