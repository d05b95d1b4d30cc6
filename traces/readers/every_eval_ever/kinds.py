"""Which of Every Eval Ever's two files a file is, told by its content; files of one evaluation are one unit."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from traces.errors import TraceError
from traces.files import peek
from traces.registry import Peek, Source, SourceFile

_EVALUATION_ID: Final = re.compile(rb'"evaluation_id"\s*:\s*"((?:[^"\\]|\\.)*)"')
_AGGREGATE: Final = tuple(map(re.compile, (rb'"evaluation_results"\s*:\s*\[', rb'"source_metadata"\s*:\s*\{')))
_SAMPLES: Final = tuple(map(re.compile, (rb'"sample_id"\s*:', rb'"interaction_type"\s*:', rb'"evaluation_name"\s*:')))


def kind(peek: Peek) -> str | None:
    """Name the kind: "aggregate" or "samples"; null: neither."""
    start = peek.start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start.startswith(b"{") or not _EVALUATION_ID.search(start):
        return None
    if all(mark.search(start) for mark in _SAMPLES):
        return "samples"
    return "aggregate" if all(mark.search(start) or mark.search(peek.end) for mark in _AGGREGATE) else None


def is_either(peek: Peek) -> bool:
    """Recognise either file."""
    return kind(peek) is not None


def kind_of(file: SourceFile) -> str | None:
    """Name the kind of a file."""
    try:
        return kind(peek(file.path))
    except TraceError:
        return None


def group_evaluations(files: Sequence[SourceFile], _companions: Sequence[SourceFile]) -> Iterable[Source]:
    """Put the files that name the same evaluation together."""
    by_id: dict[bytes, list[SourceFile]] = defaultdict(list)
    for file in files:
        by_id[_id_in(file) or file.name.encode("utf-8", "replace")].append(file)
    return [Source(members[0].name, tuple(members)) for _, members in sorted(by_id.items())]


def _id_in(file: SourceFile) -> bytes | None:
    try:
        found = _EVALUATION_ID.search(peek(file.path).start)
    except TraceError:
        return None
    return found[1] if found else None
