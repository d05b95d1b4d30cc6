"""JSONL and separated text as frames of text, block by block, so that memory does not grow with the file.

A block of whole records goes through the vectorised parser; only if that refuses it, record by record: one damaged
line costs one line.
"""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import polars as pl

from traces.errors import TraceError
from traces.plain.blocks import BOM, DAMAGE, blocks, end_of_quoted, head, opened
from traces.registry import SourceFile
from traces.rejects import RejectLog

_SEEN_BYTES: Final = 4 * 1024 * 1024
_SEPARATORS: Final = (",", "\t", ";", "|")
_SHOWN_CHARS: Final = 24
_NOT_UTF8: Final = 'not valid UTF-8; if the file is of another encoding, say so: encoding = "latin-1"'


@dataclass(frozen=True, slots=True)
class Layout:
    """What a file does not say about itself; null separator and sheet: found out, the first one."""

    encoding: str = "utf-8"
    separator: str | None = None
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """Names and separator of a separated file, and the lines its header takes."""

    names: list[str]
    separator: str
    n_lines: int


def json_frames(file: SourceFile, wanted: Sequence[str], layout: Layout, log: RejectLog) -> Iterator[pl.DataFrame]:
    """Wanted columns of a JSONL file, with ``_place``; bad lines are reported and left out."""
    schema = _json_schema(wanted, file)
    for first, block in blocks(file, log, lambda buffer: buffer.rfind(b"\n") + 1):
        text = _utf8(block, layout)
        lines = [number for number, line in enumerate(text.split(b"\n"), first) if line.strip()]
        rows = _parsed(lambda text=text: pl.read_ndjson(text, schema=schema)) if lines else None  # type: ignore[misc]
        if rows is not None and rows.height == len(lines):
            yield rows.select(*(_at_path(path, schema).alias(path) for path in wanted), _place(lines))
        else:
            yield _frame(wanted, _json_records(file, wanted, first, text, log))


def json_names(file: SourceFile, layout: Layout) -> list[str]:
    """Dotted names of the values in the first 4 MiB of a JSONL file, in the order met; damaged lines aside."""
    with opened(file) as stream:
        try:
            start = stream.read(_SEEN_BYTES).removeprefix(BOM)
        except DAMAGE:
            start = head(file)
    names: dict[str, None] = {}
    for line in _utf8(start, layout).splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            names.update(dict.fromkeys(_flat_names(record)))
    return list(names)


def separated_frames(file: SourceFile, wanted: Sequence[str], layout: Layout, log: RejectLog) -> Iterator[pl.DataFrame]:
    """Wanted columns of a CSV, TSV or the like, with ``_place``; bad rows are reported and left out."""
    header = separated_header(file, layout)
    repeated = sorted({name for name in wanted if header.names.count(name) > 1})
    if repeated:
        log.malformed(file.name, "line 1", f"column {repeated[0]!r} appears more than once; the first is taken")
    for first, block in blocks(file, log, end_of_quoted):
        text, start = _utf8(block, layout), first
        if first == 1:
            text, start = text.split(b"\n", header.n_lines)[-1], 1 + header.n_lines
        rows = _separated_fast(text, wanted, header, start)
        if rows is None:
            places = [header.names.index(name) if name in header.names else None for name in wanted]
            good = _good_rows(file, header, start, text, log)
            picked = ((line, [None if place is None else row[place] or None for place in places]) for line, row in good)
            rows = _frame(wanted, picked)
        yield rows


def separated_header(file: SourceFile, layout: Layout) -> Header:
    """Header of a separated file; the separator is the most frequent candidate in its first line if not given."""
    start = _utf8(head(file), layout).decode("utf-8", "replace")
    first = next((line for line in start.splitlines() if line.strip()), "")
    separator = layout.separator or max(_SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(start, newline=""), delimiter=separator)
    try:
        names = next((row for row in reader if any(row)), [])
    except csv.Error as error:
        raise TraceError(f"{file.name}: line 1: no header ({error})", "a table starts with its column names") from error
    return Header([name.strip() for name in names], separator, reader.line_num)


def _utf8(block: bytes, layout: Layout) -> bytes:
    return block if layout.encoding == "utf-8" else block.decode(layout.encoding, "replace").encode()


def _parsed(parse: Callable[[], pl.DataFrame]) -> pl.DataFrame | None:
    try:
        return parse()
    except pl.exceptions.PolarsError:
        return None


def _place(lines: Sequence[int]) -> pl.Series:
    return pl.Series("_place", lines, dtype=pl.Int64).to_frame().select(pl.format("line {}", "_place"))["_place"]


def _frame(wanted: Sequence[str], records: Iterator[tuple[int, list[str | None]]]) -> pl.DataFrame:
    rows = [(*values, f"line {number}") for number, values in records]
    return pl.DataFrame(rows, schema=dict.fromkeys([*wanted, "_place"], pl.String), orient="row")


def _json_schema(wanted: Sequence[str], file: SourceFile) -> dict[str, pl.DataType]:
    """Every wanted value as text, under its full name and under its dotted path."""
    tree: dict[str, Any] = {}
    for path in wanted:
        *tops, leaf = path.split(".")
        branch = tree
        for step in tops:
            branch = branch.setdefault(step, {})
            if branch is None:
                raise TraceError(f"{file.name}: {path!r} lies inside another mapped column", "map one of the two")
        if branch.setdefault(leaf, None) is not None:
            raise TraceError(f"{file.name}: {path!r} holds other mapped columns", "map one of the two")
    flat: dict[str, pl.DataType] = {path: pl.String() for path in wanted}
    return flat | {name: _json_type(branch) for name, branch in tree.items()} or {"": pl.String()}


def _json_type(branch: dict[str, Any] | None) -> pl.DataType:
    if branch is None:
        return pl.String()
    return pl.Struct({name: _json_type(inner) for name, inner in branch.items()})


def _at_path(path: str, schema: dict[str, pl.DataType]) -> pl.Expr:
    top, *steps = path.split(".")
    if not steps or top not in schema:
        return pl.col(path)
    nested = pl.col(top)
    for step in steps:
        nested = nested.struct.field(step)
    return pl.coalesce(path, nested)


def _json_records(
    file: SourceFile, wanted: Sequence[str], first: int, text: bytes, log: RejectLog
) -> Iterator[tuple[int, list[str | None]]]:
    for number, line in enumerate(text.split(b"\n"), first):
        if line.strip():
            try:
                record = json.loads(line.decode("utf-8"))
                yield number, [_json_text(record, path) for path in wanted]
            except (ValueError, TypeError, RecursionError) as error:
                log.malformed(file.name, f"line {number}", _json_problem(error), line.decode("utf-8", "replace"))


def _json_problem(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return _NOT_UTF8
    return str(error) if isinstance(error, TypeError) else f"not valid JSON: {error}"


def _json_text(record: dict[str, Any], path: str) -> str | None:
    value: Any = record.get(path) if isinstance(record, dict) else None
    if value is None:
        value = record
        for step in path.split("."):
            if value is not None and not isinstance(value, dict):
                raise TypeError(f"{path}: {step!r} looked for in what is no object")
            value = None if value is None else value.get(step)
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _flat_names(record: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in record.items():
        if isinstance(value, dict) and value:
            yield from _flat_names(value, f"{prefix}{key}.")
        else:
            yield prefix + key


def _separated_fast(text: bytes, wanted: Sequence[str], header: Header, first: int) -> pl.DataFrame | None:
    """Rows of a block whose lines are one full row each; null: not so, or it cannot be told."""
    n_lines, n_columns = text.count(b"\n") + (not text.endswith(b"\n")), len(header.names)
    names = [f"c{number}" for number in range(n_columns)]
    schema = dict.fromkeys(names, pl.String)
    options = {"has_header": False, "schema": schema, "separator": header.separator}
    rows = _parsed(lambda: pl.read_csv(text, **options)) if text else pl.DataFrame(schema=schema)  # type: ignore[arg-type]
    if rows is None or (text and rows.height != n_lines):
        return None
    is_full = text.count(header.separator.encode()) == n_lines * (n_columns - 1) and b'"' not in text
    if text and not is_full and (b'"' not in text or rows[names[-1]].null_count()):
        return None
    columns = [pl.col(names[header.names.index(name)]) if name in header.names else pl.lit(None) for name in wanted]
    return rows.select(
        *(column.cast(pl.String).alias(name) for column, name in zip(columns, wanted, strict=True)),
        _place(range(first, first + rows.height)),
    )


def _good_rows(
    file: SourceFile, header: Header, first: int, text: bytes, log: RejectLog
) -> Iterator[tuple[int, list[str]]]:
    for number, row in _separated_rows(text.decode("utf-8", "surrogateescape"), header):
        problem = _row_problem(row, header)
        if isinstance(row, list) and problem is None:
            yield first + number, row
        elif problem:
            log.malformed(file.name, f"line {first + number}", problem, _short(row) if isinstance(row, list) else None)


def _short(row: list[str]) -> str:
    cells = ("…" if len(cell) > _SHOWN_CHARS else cell for cell in row)
    return ",".join(cells).encode("utf-8", "replace").decode()


def _row_problem(row: list[str] | str, header: Header) -> str | None:
    if isinstance(row, str):
        return row
    if len(row) != len(header.names):
        return f"ragged row: {len(row)} cells under {len(header.names)} columns"
    return _NOT_UTF8 if any(not cell.isascii() and _is_broken(cell) for cell in row) else None


def _is_broken(cell: str) -> bool:
    return any("\udc80" <= character <= "\udcff" for character in cell)


def _separated_rows(text: str, header: Header) -> Iterator[tuple[int, list[str] | str]]:
    """Rows with their first line, from 0, blank lines aside; a row that cannot be parsed is its error."""
    csv.field_size_limit(sys.maxsize)
    lines = [line + "\n" for line in text.split("\n")]
    start = 0
    while start < len(lines):
        reader = csv.reader(islice(lines, start, None), delimiter=header.separator, strict=True)
        begun = start
        try:
            for row in reader:
                if row:
                    yield begun, row
                begun = start + reader.line_num
            start = len(lines)
        except csv.Error as error:
            yield begun, f"not a valid row: {error}"
            start = begun + 1
