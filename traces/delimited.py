"""Delimited tables (comma, tab or semicolon) of records: told by their header, read a row at a time."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from traces.byte_lines import byte_lines
from traces.registry import Peek, SourceFile, is_json
from traces.rejects import RejectLog

_DELIMITERS: Final = "\t,;"
_BOM: Final = b"\xef\xbb\xbf"
_MOST_HEADER_BYTES: Final = 16 * 1024
_NUMBER: Final = re.compile(r"[-+]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?([eE][-+]?\d+)?")
_NOTHING: Final = frozenset({"", "-", "\u2013", "na", "n/a", "nan", "none", "null", "?"})


def header_names(peek: Peek) -> list[str]:
    """Give the column names of a table, in lower case with every other character as an underscore; of JSON none."""
    line = peek.start.removeprefix(_BOM).partition(b"\n")[0]
    if is_json(peek) or len(line) > _MOST_HEADER_BYTES:
        return []
    return _names(line.decode("utf-8", "replace"))


def delimited_rows(file: SourceFile, log: RejectLog) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Give the rows, each with its place and its cells by name; empty cells and those that say so are left out.

    Raises:
        MalformedTraceError: at the first row that cannot be read, if the log stops on errors.
    """
    lines = _Lines(file, log)
    header = next(lines, "")
    names, rows = _names(header), csv.reader(lines, delimiter=_delimiter(header))
    while True:
        before = rows.line_num + 2
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            log.malformed(file.name, f"line {before}", str(error))
            continue
        if len(cells) > len(names) or (len(cells) < len(names) and cells and lines.is_cut):
            log.malformed(file.name, f"line {before}", f"{len(cells)} cells under {len(names)} names")
        elif row := _row(names, cells):
            yield f"line {before}", row


def number(row: Mapping[str, str], name: str, place: str, path: str, log: RejectLog) -> float | None:
    """Read a cell as a number, 1,234.5 too; null where there is none, and where it is no number, which is reported.

    Raises:
        MalformedTraceError: if it is no number and the log stops on errors.
    """
    written = row.get(name, "").removeprefix("$")
    if not written:
        return None
    if _NUMBER.fullmatch(written) is None or not any(map(str.isdigit, written)):
        log.malformed(path, f"{place}.{name}", f"{written[:40]!r} is not a number")
        return None
    return float(written.replace(",", ""))


def first_named(names: Sequence[str], wanted: Sequence[str]) -> str | None:
    """Name the first of the wanted columns there is."""
    return next((name for name in wanted if name in names), None)


class _Lines:
    """Lines of a file as text; the last one of a file that is cut off has no end."""

    def __init__(self, file: SourceFile, log: RejectLog) -> None:
        self._lines = (log.text(file.name, line) for _, line in byte_lines(file, log))
        self.is_cut = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.is_cut = not line.endswith("\n")
        return line


def _row(names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    stripped = ((name, cell.strip()) for name, cell in zip(names, cells, strict=False))
    return {name: cell for name, cell in stripped if cell.lower() not in _NOTHING}


def _names(line: str) -> list[str]:
    try:
        cells = next(csv.reader([line.rstrip("\r\n")], delimiter=_delimiter(line)), [])
    except csv.Error:
        return []
    return [re.sub(r"[^a-z0-9]+", "_", cell.strip().lower()).strip("_") for cell in cells]


def _delimiter(line: str) -> str:
    return max(_DELIMITERS, key=line.count)
