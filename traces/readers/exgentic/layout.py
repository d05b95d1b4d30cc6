"""Which files belong together: a session's to its folder, sessions to their run, by place and by the run's own id."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Final

from traces.errors import TraceError
from traces.files import peek
from traces.readers.exgentic.kinds import companion_kind, trace_kind
from traces.registry import Source, SourceFile

_RUN_ID: Final = re.compile(rb'"(?:exgentic\.)?run[_.]id"\s*:\s*"([^"\\]+)"')
_OF_A_SESSION: Final = ("session", "trajectory", "spans", "span_log")


@dataclass(slots=True)
class SessionFiles:
    """Files of one session by kind; the call logs by who made the calls ("agent", "benchmark")."""

    folder: Path
    by_kind: dict[str, list[SourceFile]] = field(default_factory=lambda: defaultdict(list))
    traces: dict[str, list[SourceFile]] = field(default_factory=lambda: defaultdict(list))


@dataclass(slots=True)
class RunFiles:
    """Files of one run, and of its sessions in the order of their folders."""

    run_id: str | None
    by_kind: dict[str, list[SourceFile]] = field(default_factory=lambda: defaultdict(list))
    sessions: list[SessionFiles] = field(default_factory=list)


def group_runs(files: Sequence[SourceFile], companions: Sequence[SourceFile]) -> Iterable[Source]:
    """Make a unit of every run: what lies below its results file, else what names the same run."""
    kinds = {file: _kind(file) for file in files}
    run_folders = {file.path.parent for file, kind in kinds.items() if kind == "run"}
    session_folders = _session_folders(kinds)
    named = _named_runs(session_folders, files)
    keys = {folder: _above(folder, run_folders) or named[folder] for folder in session_folders}
    anchors = run_folders | session_folders
    units: dict[Path | str, list[SourceFile]] = defaultdict(list)
    for file in files:
        units[_unit_of(file, anchors, keys)].append(file)
    for _, members in sorted(units.items(), key=lambda unit: unit[1][0].name):
        folders = {file.path.parent for file in members}
        roots = folders & (run_folders | session_folders)
        beside = [file for file in companions if _is_beside(file.path, roots, folders)]
        yield Source(_name(members), tuple(members), tuple(beside))


def files_of_run(source: Source) -> RunFiles:
    """Sort the files of a unit by session and kind."""
    kinds = {file: _kind(file) for file in (*source.files, *source.companions)}
    run_folders = {file.path.parent for file, kind in kinds.items() if kind == "run"}
    folders = _session_folders({file: kinds[file] for file in source.files})
    run = RunFiles(_run_id(kinds))
    sessions = {folder: SessionFiles(folder) for folder in sorted(folders)}
    for file, kind in kinds.items():
        folder = _above(file.path.parent, folders)
        if folder is None or file.path.parent in run_folders:
            run.by_kind[kind].append(file)
        elif kind == "trace":
            sessions[folder].traces[_side(file.path, folder)].append(file)
        else:
            sessions[folder].by_kind[kind].append(file)
    run.sessions = list(sessions.values())
    return run


def _kind(file: SourceFile) -> str:
    try:
        seen = peek(file.path)
    except TraceError:
        return ""
    return trace_kind(seen) or companion_kind(seen) or ""


def _session_folders(kinds: Mapping[SourceFile, str]) -> set[Path]:
    """Folders that hold a session; call logs that lie in none are one of their own, unless they are the run's."""
    folders = {file.path.parent for file, kind in kinds.items() if kind in _OF_A_SESSION}
    runs = {file.path.parent for file, kind in kinds.items() if kind == "run"}
    logs = {file.path.parent for file, kind in kinds.items() if kind == "trace"}
    anchors = folders | runs
    return folders | {folder for folder in logs if not _above(folder, anchors)}


def _above(place: Path, folders: AbstractSet[Path]) -> Path | None:
    """Nearest of the folders that holds the place, or is it."""
    return next((folder for folder in (place, *place.parents) if folder in folders), None)


def _named_runs(folders: AbstractSet[Path], files: Sequence[SourceFile]) -> dict[Path, str | Path]:
    """Run each session folder names in its files; one that names none stands for itself."""
    named: dict[Path, str | Path] = {}
    for file in files:
        if file.path.parent in folders and file.path.parent not in named and (run_id := _id_in(file)):
            named[file.path.parent] = run_id
    return {folder: named.get(folder, folder) for folder in folders}


def _run_id(kinds: Mapping[SourceFile, str]) -> str | None:
    return next((name for file in sorted(kinds, key=lambda file: file.name) if (name := _id_in(file))), None)


def _id_in(file: SourceFile) -> str | None:
    try:
        found = _RUN_ID.search(peek(file.path).start)
    except TraceError:
        return None
    return found[1].decode("utf-8", "replace") if found else None


def _unit_of(file: SourceFile, anchors: AbstractSet[Path], keys: Mapping[Path, Path | str]) -> Path | str:
    folder = _above(file.path.parent, anchors)
    return file.path.parent if folder is None else keys.get(folder, folder)


def _is_beside(path: Path, roots: AbstractSet[Path], folders: AbstractSet[Path]) -> bool:
    """Accept what lies in a folder of the unit, or in one directly below its run or session."""
    return path.parent in folders or path.parent.parent in roots


def _side(path: Path, folder: Path) -> str:
    """Who made the calls of a log: the program writes it below a folder named for that."""
    return "benchmark" if "benchmark" in path.relative_to(folder).parts else "agent"


def _name(members: Sequence[SourceFile]) -> str:
    """Name a unit after the folder that holds all of it, as far as the input's own names tell."""
    parts = zip(*(Path(file.name).parts for file in members), strict=False)
    shared = [names[0] for names in takewhile(lambda names: len(set(names)) == 1, parts)]
    return "/".join(shared) or members[0].name
