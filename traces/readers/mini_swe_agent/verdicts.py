"""SWE-bench score files: which tasks a run resolved, in any of the shapes its tools write.

Shapes: the harness report and the sb-cli report (``resolved_ids`` beside lists of the others), per-instance verdicts
(``instances: [{instance_id, resolved}]`` or ``{instance_id: {resolved}}``), the experiments repository's ``resolved``
list. Source: SWE-bench/SWE-bench swebench/harness/reporting.py, SWE-bench/sb-cli, SWE-bench/experiments.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from traces.errors import TraceError
from traces.files import content
from traces.registry import Peek, Source, SourceFile
from traces.rejects import RejectLog

_MARKS: Final = re.compile(
    rb'"(resolved_ids|unresolved_ids|submitted_ids|completed_ids|incomplete_ids|resolved)"\s*:|^instances_by_exit_status:'
)
_BOM: Final = b"\xef\xbb\xbf"
SCORE_NAMES: Final = (
    "resolved_ids", "unresolved_ids", "submitted_ids", "completed_ids", "incomplete_ids", "resolved",
)  # fmt: skip
"""One of which a score file names, if it is JSON."""
_ROUNDING: Final = 1e-9
_RESOLVED: Final = ("resolved_ids", "resolved")
_NOT_RESOLVED: Final = (
    "unresolved_ids", "error_ids", "failed_ids", "empty_patch_ids", "no_generation", "no_logs", "install_fail",
    "reset_failed", "test_errored", "test_timeout",
)  # fmt: skip
_ATTEMPTED: Final = ("generated", "with_logs", "applied")  # hold the resolved ones too


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Resolved or not by task (None: sources contradict each other), and the totals a file states."""

    by_task: Mapping[str, bool | None]
    recorded_score: float | None
    n_scored: int | None


def is_score_file(peek: Peek) -> bool:
    """Recognise a score file, or the list of exit statuses (whose content is in the trajectories too)."""
    start = peek.start.lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith((b"{", b"instances_by_exit_status:")) and _MARKS.search(start) is not None


def group_runs(files: Sequence[SourceFile], companions: Sequence[SourceFile]) -> Iterable[Source]:
    """Put the trajectories of one run folder into one unit, with the score files in it or beside it."""
    by_folder: dict[Path, list[SourceFile]] = defaultdict(list)
    for file in files:
        by_folder[_run_folder(file)].append(file)
    for folder, members in sorted(by_folder.items()):
        beside = tuple(file for file in companions if _belongs(file.path.parent, folder, by_folder))
        yield Source(_name(folder, members), tuple(members), beside)


def _run_folder(file: SourceFile) -> Path:
    """Find the folder of the run: trajectories lie in it, or each in a folder named for its task."""
    folder = file.path.parent
    return folder.parent if file.path.name.split(".traj")[0] == folder.name else folder


def _belongs(place: Path, folder: Path, folders: Iterable[Path]) -> bool:
    """Accept a score file inside the run folder, or above it if no other run lies there."""
    if place.is_relative_to(folder):
        return not any(
            other != folder and other.is_relative_to(folder) and place.is_relative_to(other) for other in folders
        )
    return folder.is_relative_to(place) and sum(other.is_relative_to(place) for other in folders) == 1


def _name(folder: Path, members: Sequence[SourceFile]) -> str:
    first = members[0]
    depth = len(first.path.relative_to(folder).parts)
    return str(Path(*Path(first.name).parts[:-depth])) if len(Path(first.name).parts) > depth else first.name


def read_verdicts(files: Sequence[SourceFile], log: RejectLog) -> Verdicts:
    """Merge the verdicts of all score files; a task on which they differ becomes unknown and is reported.

    Raises:
        MalformedTraceError: if a file cannot be read and the log stops on errors.
    """
    merged: dict[str, bool | None] = {}
    scores: list[float] = []
    for file in files:
        document = _load(file, log)
        for task_id, resolved in _verdicts(document, file, log):
            if merged.setdefault(task_id, resolved) not in {resolved, None}:
                log.contradiction(file.name, task_id, "score files disagree whether it was resolved")
                merged[task_id] = None
        scores += _stated_score(document, file, log)
    if scores and max(scores) - min(scores) > _ROUNDING:
        log.contradiction(files[0].name, "", f"score files disagree on the score: {sorted(set(scores))}")
        scores = []
    return Verdicts(merged, scores[0] if scores else None, len(merged) or None)


def _load(file: SourceFile, log: RejectLog) -> dict[str, Any]:
    try:
        with content(file.path) as raw:
            text = log.text(file.name, bytes(raw).removeprefix(_BOM))
        document = json.loads(text) if text.lstrip().startswith("{") else {}
    except TraceError as error:
        log.malformed(file.name, "file", error.problem.removeprefix(f"{file.path}: "))
    except (ValueError, RecursionError) as error:
        _report_broken(file, error, log)
    else:
        return dict(document)
    return {}


def _report_broken(file: SourceFile, error: Exception, log: RejectLog) -> None:
    """Report a damaged score file; lines of records that only look like one are no score file."""
    if isinstance(error, json.JSONDecodeError) and error.msg == "Extra data":
        log.unrecognised(file.name, "several JSON documents, not a score file")
    else:
        log.malformed(file.name, "document", f"broken JSON: {error}")


def _verdicts(document: Mapping[str, Any], file: SourceFile, log: RejectLog) -> Iterator[tuple[str, bool]]:
    """Give every verdict of a file, also those that contradict each other."""
    yield from _row_verdicts(document, file, log)
    solved = [task_id for key in _RESOLVED for task_id in _task_ids(document, key)]
    yield from ((task_id, True) for task_id in solved)
    yield from ((task_id, False) for key in _NOT_RESOLVED for task_id in _task_ids(document, key))
    attempted = {task_id for key in _ATTEMPTED for task_id in _task_ids(document, key)}
    yield from ((task_id, False) for task_id in sorted(attempted.difference(solved)))


def _row_verdicts(document: Mapping[str, Any], file: SourceFile, log: RejectLog) -> Iterator[tuple[str, bool]]:
    listed = document.get("instances")
    is_listed = isinstance(listed, list)
    rows = listed if is_listed else [{**_row(row), "instance_id": key} for key, row in document.items()]
    for number, row in enumerate(rows or ()):
        task_id, resolved = _row(row).get("instance_id"), _row(row).get("resolved")
        if isinstance(task_id, str) and isinstance(resolved, bool):
            yield task_id, resolved
        elif resolved is not None or not isinstance(task_id, str):
            place = f"instances[{number}]" if is_listed else str(task_id)
            log.malformed(file.name, place, f"resolved is {resolved!r} of instance_id {task_id!r}")


def _task_ids(document: Mapping[str, Any], key: str) -> list[str]:
    task_ids = document.get(key)
    return [task_id for task_id in task_ids if isinstance(task_id, str)] if isinstance(task_ids, list) else []


def _row(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _stated_score(document: Mapping[str, Any], file: SourceFile, log: RejectLog) -> list[float]:
    """Score the file states for the run, as a share."""
    resolved, total = document.get("resolved_instances", document.get("passed")), document.get("total_instances")
    total = document.get("total") if total is None else total
    if not isinstance(resolved, int) or not isinstance(total, int) or total == 0:
        return []
    if not 0 <= resolved <= total:
        log.malformed(file.name, "", f"{resolved} of {total} resolved")
        return []
    return [resolved / total]
