"""The records of a table, whatever it is written as: CSV, TSV, JSON or JSON lines."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from pricing.book.foreign import Foreign
from traces.errors import PricingError

_DELIMITERS: Final = ",\t;"
_SHAPES: Final = "a table is CSV, TSV, a JSON list of objects, JSON objects by model, or JSON lines"


@dataclass(frozen=True)
class Record:
    """One row: its number (line of the file, or place in the list from 1) and its cells by column."""

    number: int
    values: Mapping[str, Any]


def records(source: Foreign) -> tuple[Sequence[str], list[Record]]:
    """Give the columns and the records of a table.

    Raises:
        PricingError: if it is no table.
    """
    listed = _from_json(source.document) if source.is_json else _from_text(source)
    if not listed:
        raise PricingError(f"{source.path}: no table of prices", _SHAPES)
    return list(dict.fromkeys(name for record in listed for name in record.values)), listed


def _from_json(document: Any) -> list[Record]:
    """A list of objects, the one list an object holds, objects by model, or one object."""
    if isinstance(document, dict):
        lists = [value for value in document.values() if isinstance(value, list)]
        if len(lists) == 1:
            document = lists[0]
        elif document and all(isinstance(value, dict) for value in document.values()):
            document = [{"model": model, **fields} for model, fields in document.items()]
        else:
            document = [document]
    objects = document if isinstance(document, list) else []
    return [Record(number, fields) for number, fields in enumerate(objects, start=1) if isinstance(fields, dict)]


def _from_text(source: Foreign) -> list[Record]:
    first = source.text.lstrip()[:1]
    return _from_lines(source) if first == "{" else _from_csv(source)


def _from_lines(source: Foreign) -> list[Record]:
    listed = []
    for number, line in enumerate(source.text.splitlines(), start=1):
        if line.strip():
            try:
                fields = json.loads(line, parse_float=Decimal)
            except ValueError as error:
                raise PricingError(f"{source.path}: line {number}: not JSON: {error}", _SHAPES) from error
            if isinstance(fields, dict):
                listed.append(Record(number, fields))
    return listed


def _from_csv(source: Foreign) -> list[Record]:
    heading = source.text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=heading.count)
    reader = csv.DictReader(io.StringIO(source.text), delimiter=delimiter, restkey="", strict=True)
    listed = []
    try:
        for cells in reader:
            if "" in cells and any(cells.pop("")):
                raise PricingError(f"{source.path}: row {reader.line_num} has more cells than the header", _SHAPES)
            listed.append(Record(reader.line_num, {name.strip(): value for name, value in cells.items() if name}))
    except csv.Error as error:
        raise PricingError(f"{source.path}: row {reader.line_num}: {error}", _SHAPES) from error
    return listed
