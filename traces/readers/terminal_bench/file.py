"""The results files of Terminal-Bench: which belong to one run, and the fields of them a replay needs."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from traces.decode import Count, UndecodableError, decode, is_cut
from traces.errors import TraceError
from traces.files import content, peek
from traces.registry import Source, SourceFile
from traces.rejects import RejectLog

T = TypeVar("T")
_LIST: Final = re.compile(rb'"results"\s*:\s*\[|"trial_name"\s*:')
_DEPTH: Final = 3
"""A trial's file lies in run/task/trial."""


class Trial(msgspec.Struct):
    """One trial; its instruction is skipped."""

    id: str | None = None
    trial_name: str | None = None
    task_id: str | None = None
    is_resolved: bool | None = None
    failure_mode: str | None = None
    parser_results: dict[str, Any] | None = None
    total_input_tokens: Count = None
    total_output_tokens: Count = None
    trial_started_at: str | None = None
    trial_ended_at: str | None = None
    agent_started_at: str | None = None
    agent_ended_at: str | None = None


class RunResults(msgspec.Struct):
    """The results file of a run."""

    results: list[Trial] | None = None
    n_resolved: Count = None
    n_unresolved: Count = None
    accuracy: float | None = None


class Metadata(msgspec.Struct):
    """The metadata of a run."""

    run_id: str | None = None
    agent_name: str | None = None
    model_name: str | None = None
    dataset_name: str | None = None
    dataset_version: str | None = None
    dataset_path: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    accuracy: float | None = None
    n_attempts: Count = None
    n_concurrent_trials: Count = None
    commit_hash: str | None = None
    task_ids: list[str] | None = None
    agent_kwargs: dict[str, Any] | None = None
    global_agent_timeout_sec: Count = None


class LockedAgent(msgspec.Struct):
    """The agent as the lock of a run names it."""

    name: str | None = None
    model_name: str | None = None
    extra_kwargs: dict[str, Any] | None = None


class LockedDataset(msgspec.Struct):
    """The tasks as the lock of a run names them."""

    name: str | None = None
    version: str | None = None
    local_path: str | None = None
    task_ids: list[str] | None = None


class LockedRun(msgspec.Struct):
    """Settings of a run as its lock names them; a timeout of null: that of each task."""

    n_attempts: Count = None
    n_concurrent_trials: Count = None
    global_agent_timeout_sec: Count = None


class Lock(msgspec.Struct):
    """The lock of a run (tb.lock), which is written at its start."""

    lockfile_version: str | None = None
    created_at: str | None = None
    agent: LockedAgent | None = None
    dataset: LockedDataset | None = None
    run_config: LockedRun | None = None


def is_run_file(file: SourceFile) -> bool:
    """Tell the file of a run from that of a trial: a list of results stands before any trial's name."""
    try:
        found = _LIST.search(peek(file.path).start)
    except TraceError:
        return False
    return found is not None and found[0].startswith(b'"results"')


def group_runs(files: Sequence[SourceFile], companions: Sequence[SourceFile]) -> Iterable[Source]:
    """Put the file of a run, those of its trials and its metadata into one unit.

    A trial belongs to the nearest folder above it that holds a run's file, else to the run folder its depth tells.
    """
    runs = sorted((file for file in files if is_run_file(file)), key=lambda run: run.name)
    first: dict[Path, SourceFile] = {}
    for file in runs:
        first.setdefault(file.path.parent, file)
    trials: dict[Path, list[SourceFile]] = defaultdict(list)
    for file in files:
        if file not in runs:
            trials[_run_folder(file.path, first)].append(file)
    for file in runs:
        folder = file.path.parent
        own = trials.pop(folder, []) if first[folder] is file else []
        yield Source(file.name, (file, *own), _metadata_of(folder, companions))
    for folder, own in trials.items():
        yield Source(_name(own), tuple(own), _metadata_of(folder, companions))


def read(file: SourceFile, kind: type[T], log: RejectLog) -> T | None:
    """Read a file; null if nothing of it can be read, which is reported, as is what does not fit.

    Raises:
        MalformedTraceError: at the first thing that cannot be read, if the log stops on errors.
    """
    try:
        with content(file.path) as raw:
            document, problems = decode(raw, kind)
    except (UndecodableError, TraceError) as error:
        log.malformed(file.name, "document", str(error).removeprefix(f"{file.path}: "))
        return None
    for problem in problems:
        place, _, reason = problem.partition(": ")
        log.malformed(file.name, *((place, reason) if " " not in place else ("document", problem)))
    if is_cut(problems) and isinstance(document, RunResults) and document.results:
        _drop_cut(document.results)
    return document


def _drop_cut(trials: list[Trial]) -> None:
    """Leave out the trial the file is cut off in, if that does not tell its task."""
    if not trials[-1].task_id:
        trials.pop()


def read_metadata(files: Sequence[SourceFile], log: RejectLog) -> Metadata:
    """Read what is said of a run; the lock fills what the metadata leaves open."""
    metadata, lock = Metadata(), Lock()
    for file in files:
        if b'"lockfile_version"' in peek(file.path).start:
            lock = read(file, Lock, log) or lock
        else:
            metadata = read(file, Metadata, log) or metadata
    agent, dataset = lock.agent or LockedAgent(), lock.dataset or LockedDataset()
    kwargs = {**(agent.extra_kwargs or {}), **(metadata.agent_kwargs or {})}
    in_kwargs = next((kwargs[name] for name in ("model_name", "model") if isinstance(kwargs.get(name), str)), None)
    metadata.agent_name = metadata.agent_name or agent.name
    metadata.model_name = metadata.model_name or agent.model_name or in_kwargs
    metadata.dataset_name = metadata.dataset_name or dataset.name
    metadata.dataset_version = metadata.dataset_version or dataset.version
    metadata.dataset_path = metadata.dataset_path or dataset.local_path
    metadata.task_ids = metadata.task_ids or dataset.task_ids
    return _with_settings(metadata, lock.run_config or LockedRun(), lock.created_at)


def _with_settings(metadata: Metadata, locked: LockedRun, created_at: str | None) -> Metadata:
    metadata.start_time = metadata.start_time or created_at
    for name in ("n_attempts", "n_concurrent_trials", "global_agent_timeout_sec"):
        if getattr(metadata, name) is None:
            setattr(metadata, name, getattr(locked, name))
    return metadata


def _run_folder(path: Path, runs: dict[Path, SourceFile]) -> Path:
    above = list(path.parents)
    return next((folder for folder in above if folder in runs), above[min(_DEPTH - 1, len(above) - 1)])


def _metadata_of(folder: Path, companions: Sequence[SourceFile]) -> tuple[SourceFile, ...]:
    return tuple(file for file in companions if file.path.parent == folder)


def _name(files: Sequence[SourceFile]) -> str:
    """Name the folder of several trials, as far as the input names it."""
    parts = Path(files[0].name).parts
    return files[0].name if len(parts) <= _DEPTH else str(Path(*parts[:-_DEPTH]))
