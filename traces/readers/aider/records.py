"""A YAML list of flat mappings as records, one at a time: what is broken in one leaves the others whole."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from traces.byte_lines import byte_lines
from traces.registry import SourceFile
from traces.rejects import RejectLog

_MOST_BYTES: Final = 256 * 1024
"""No record of the field comes near; a longer one is not read, so that memory stays small."""
_START: Final = re.compile(rb"([ \t]*)-(?=[ \t\r\n])")
_NUMBER: Final = re.compile(r"[-+]?(\d[\d_]*(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True)
class Record:
    """One entry: the place it begins at, and its plain values as they are written, those that are null left out."""

    place: str
    values: Mapping[str, str]

    def number(self, key: str, path: str, log: RejectLog) -> float | None:
        """Read a value as a number; null and reported where it is none.

        Raises:
            MalformedTraceError: if it is none and the log stops on errors.
        """
        written = self.values.get(key)
        if written is None:
            return None
        if _NUMBER.fullmatch(written) is None:
            log.malformed(path, f"{self.place}.{key}", f"{written[:40]!r} is not a number")
            return None
        return float(written.replace("_", ""))


def records(file: SourceFile, log: RejectLog) -> Iterator[Record]:
    """Give the entries of the list in the file; one that cannot be read is reported and left out.

    Raises:
        MalformedTraceError: at the first that cannot be read, if the log stops on errors.
    """
    for number, raw in _entries(file, log):
        place = f"line {number}"
        if len(raw) > _MOST_BYTES:
            log.malformed(file.name, place, f"an entry of more than {_MOST_BYTES:,} bytes")
            continue
        record = _record(raw, place, file.name, log)
        if record is not None:
            yield record


def _entries(file: SourceFile, log: RejectLog) -> Iterator[tuple[int, bytes]]:
    """Cut the file where an entry of the outermost list begins.

    A line no deeper than the list is no part of it: the benchmark prints such ones around an entry, and boards were
    made of what it printed.
    """
    entry, begins_at, indent = b"", 0, None
    for number, line in byte_lines(file, log, _MOST_BYTES + 1):
        found = _START.match(line)
        if found is not None and indent in {None, found[1]}:
            if entry:
                yield begins_at, entry
            entry, begins_at, indent = line, number, found[1]
        elif indent is not None and not _is_within(line, indent):
            if entry:
                yield begins_at, entry
            entry = b""
        elif entry and len(entry) <= _MOST_BYTES:
            entry += line
    if entry:
        yield begins_at, entry


def _is_within(line: bytes, indent: bytes) -> bool:
    is_nothing = not line.strip() or line.lstrip().startswith(b"#")
    return is_nothing or line.startswith((indent + b" ", indent + b"\t"))


def _record(raw: bytes, place: str, path: str, log: RejectLog) -> Record | None:
    import yaml

    try:
        node = yaml.compose(log.text(path, raw), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError) as error:
        log.malformed(path, place, f"broken YAML: {getattr(error, 'problem', None) or type(error).__name__}")
        return None
    entry = node.value[0] if isinstance(node, yaml.SequenceNode) and node.value else None
    if not isinstance(entry, yaml.MappingNode):
        log.malformed(path, place, "not a mapping of keys to values")
        return None
    return Record(place, dict(_plain(entry, place, path, log)))


def _plain(entry: Any, place: str, path: str, log: RejectLog) -> Iterator[tuple[str, str]]:
    """Give the values that are plain; a key that stands twice with two values is reported, and the first one counts."""
    import yaml

    seen: dict[str, str] = {}
    for key, value in entry.value:
        if not isinstance(key, yaml.ScalarNode) or not isinstance(value, yaml.ScalarNode):
            continue
        if seen.setdefault(key.value, value.value) != value.value:
            said = f"this key stands twice: {seen[key.value][:40]!r} and {value.value[:40]!r}; the first one counts"
            log.contradiction(path, f"{place}.{key.value[:40]}", said)
        elif value.style or value.value not in _NULLS:
            yield key.value, value.value
