"""Which file of a HELM run folder a file is, told by its content; and which files are one run's."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from traces.errors import TraceError
from traces.files import peek
from traces.registry import Peek, Source, SourceFile

_MARKS: Final[Mapping[str, tuple[re.Pattern[bytes], ...]]] = {
    kind: tuple(map(re.compile, patterns))
    for kind, patterns in {
        "per_instance": (rb"^\[", rb'"instance_id"', rb'"train_trial_index"', rb'"stats"'),
        "stats": (rb'^\[\s*\{\s*"name"\s*:\s*\{', rb'"sum_squared"', rb'"count"'),
        "scenario_state": (rb"^\{", rb'"adapter_spec"\s*:\s*\{', rb'"request_states"\s*:\s*\['),
        "run_spec": (
            rb"^\{",
            rb'"adapter_spec"\s*:\s*\{',
            rb'"scenario(_spec)?"\s*:\s*\{',
            rb'"metric(_spec)?s"\s*:\s*\[',
        ),
    }.items()
}


def is_run_file(peek: Peek) -> bool:
    """Recognise the files a run is read from."""
    return _kind(peek) in {"per_instance", "stats", "run_spec"}


def is_state(peek: Peek) -> bool:
    """Recognise the file of requests, which adds when each was made."""
    return _kind(peek) == "scenario_state"


def kind_of(file: SourceFile) -> str:
    """Name the kind of a file; empty: none of them."""
    try:
        return _kind(peek(file.path)) or ""
    except TraceError:
        return ""


def group_folders(files: Sequence[SourceFile], companions: Sequence[SourceFile]) -> Iterable[Source]:
    """Make a unit of every folder."""
    by_folder: dict[Path, list[SourceFile]] = defaultdict(list)
    for file in files:
        by_folder[file.path.parent].append(file)
    for folder, members in sorted(by_folder.items()):
        beside = tuple(file for file in companions if file.path.parent == folder)
        first = Path(members[0].name)
        yield Source(str(first.parent) if len(first.parts) > 1 else first.name, tuple(members), beside)


def _kind(peek: Peek) -> str | None:
    start = peek.start.lstrip(b"\xef\xbb\xbf \t\r\n")
    found = (kind for kind, marks in _MARKS.items() if all(mark.search(start) for mark in marks))
    return next(found, None)
