"""SWE-bench score files: which tasks a run resolved, in any of the shapes its tools write.

Shapes: the harness report and the sb-cli report (``resolved_ids`` beside lists of the others), per-instance verdicts
(``instances: [{instance_id, resolved}]`` or ``{instance_id: {resolved}}``), the experiments repository's ``resolved``
list. Source: SWE-bench/SWE-bench swebench/harness/reporting.py, SWE-bench/sb-cli, SWE-bench/experiments.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from traces.files import content
from traces.registry import Peek, Source, SourceFile
from traces.rejects import RejectLog

_MARKS: Final = re.compile(
    rb'"(resolved_ids|unresolved_ids|submitted_ids|completed_ids|incomplete_ids|resolved)"\s*:|^instances_by_exit_status:'
)
_RESOLVED: Final = ("resolved_ids", "resolved")
_NOT_RESOLVED: Final = (
    "unresolved_ids", "error_ids", "failed_ids", "empty_patch_ids", "no_generation", "no_logs", "with_logs", "applied",
    "generated", "install_fail", "reset_failed", "test_errored", "test_timeout",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Resolved or not by task (None: sources contradict each other), and the totals a file states."""

    by_task: Mapping[str, bool | None]
    recorded_score: float | None
    n_scored: int | None


def is_score_file(peek: Peek) -> bool:
    """Recognise a score file, or the list of exit statuses (whose content is in the trajectories too)."""
    start = peek.start.lstrip()
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
    """Merge the verdicts of all score files; a task on which they differ becomes unknown and is reported."""
    merged: dict[str, bool | None] = {}
    scores: list[float] = []
    for file in files:
        document = _load(file, log)
        for task_id, resolved in _verdicts(document).items():
            if merged.setdefault(task_id, resolved) != resolved:
                log.contradiction(file.name, task_id, "score files disagree whether it was resolved")
                merged[task_id] = None
        scores += _stated_score(document)
    agreed = scores[0] if scores and max(scores) - min(scores) < 1e-9 else None  # noqa: PLR2004 - rounding only
    return Verdicts(merged, agreed, len(merged) or None)


def _load(file: SourceFile, log: RejectLog) -> Any:
    with content(file.path) as raw:
        text = bytes(raw).decode("utf-8-sig", "replace")
    if not text.lstrip().startswith("{"):
        return {}
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        log.malformed(file.name, "document", f"broken JSON: {error}")
        return {}


def _verdicts(document: Any) -> dict[str, bool]:
    if not isinstance(document, dict):
        return {}
    if isinstance(document.get("instances"), list):
        return {
            row["instance_id"]: row["resolved"]
            for row in document["instances"]
            if isinstance(row, dict)
            and isinstance(row.get("resolved"), bool)
            and isinstance(row.get("instance_id"), str)
        }
    by_task = {
        task_id: row["resolved"]
        for task_id, row in document.items()
        if isinstance(row, dict) and isinstance(row.get("resolved"), bool)
    }
    lists = {key: value for key, value in document.items() if isinstance(value, list)}
    failed = {str(task_id): False for key in _NOT_RESOLVED for task_id in lists.get(key, ())}
    solved = {str(task_id): True for key in _RESOLVED for task_id in lists.get(key, ())}
    return {**by_task, **failed, **solved}


def _stated_score(document: Any) -> list[float]:
    """Score the file states for the run, as a share."""
    if not isinstance(document, dict):
        return []
    resolved, total = document.get("resolved_instances", document.get("passed")), document.get("total_instances")
    total = document.get("total") if total is None else total
    return [resolved / total] if isinstance(resolved, int) and isinstance(total, int) and total > 0 else []
