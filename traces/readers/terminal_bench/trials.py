"""The trials of a Terminal-Bench run, each once although both levels list it, numbered as attempts at their tasks."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from traces.files import printable
from traces.readers.terminal_bench.file import RunResults, Trial, is_run_file, read
from traces.registry import SourceFile
from traces.rejects import RejectLog

_NUMBER: Final = re.compile(r"\.(\d{1,6})-of-\d+(?:\.|$)")


@dataclass(frozen=True, slots=True)
class Placed:
    """A trial and where it stands."""

    trial: Trial
    path: str
    place: str


@dataclass(frozen=True, slots=True)
class Span:
    """From start to end; seconds null: not known, or they run backwards."""

    started_at: datetime | None
    ended_at: datetime | None
    seconds: float | None
    is_zone_assumed: bool


def read_trials(files: Sequence[SourceFile], log: RejectLog) -> tuple[RunResults, list[Placed]]:
    """Read the trials the run lists, then those of its trials' own files that it does not.

    Raises:
        MalformedTraceError: at the first thing that cannot be read, if the log stops on errors.
    """
    run = RunResults()
    placed: list[Placed] = []
    for file in files:
        if is_run_file(file):
            run = read(file, RunResults, log) or run
            listed = enumerate(run.results or ())
            placed += [Placed(trial, file.name, f"results[{number}]") for number, trial in listed]
        elif (trial := read(file, Trial, log)) is not None:
            placed.append(Placed(trial, file.name, ""))
    return run, list(_once(placed, log))


def _once(placed: Sequence[Placed], log: RejectLog) -> Iterator[Placed]:
    """Give each trial once: the files of trials that the run lists are counted as one copy, other ones each."""
    seen: dict[str, Placed] = {}
    n_own_files = 0
    for one in placed:
        trial = one.trial
        if not trial.task_id:
            log.malformed(one.path, one.place, "no task_id: an attempt at no task")
            continue
        marks = [mark for mark in (trial.trial_name, trial.id) if mark]
        first = next((seen[mark] for mark in marks if mark in seen), None)
        seen |= dict.fromkeys(marks, first or one)
        if first is None:
            yield one
            continue
        if trial.is_resolved != first.trial.is_resolved:
            said = f"is_resolved is {trial.is_resolved}, but {first.trial.is_resolved} in {first.path} {first.place}"
            log.contradiction(one.path, one.place, said.rstrip())
        is_own_file = bool(first.place) and not one.place
        n_own_files += is_own_file
        if not is_own_file:
            log.duplicate(one.path, one.place, marks[0], f"the same trial as in {first.path} {first.place}".rstrip())
    if n_own_files:
        log.duplicate(placed[0].path, "", placed[0].path, f"the trials it lists have {n_own_files} files of their own")


def attempts(placed: Sequence[Placed]) -> Iterator[tuple[Placed, str, int]]:
    """Give each trial with its task and the number of the attempt: as its name says, else in order of start."""
    for task_id, group in groupby(sorted(placed, key=_order), key=_task_id):
        of_task = list(group)
        named = [_NUMBER.search(one.trial.trial_name or "") for one in of_task]
        numbers = [int(found[1]) - 1 for found in named if found]
        is_told = len(set(numbers)) == len(of_task) and min(numbers) >= 0
        for one, attempt in zip(of_task, numbers if is_told else range(len(of_task)), strict=True):
            yield one, task_id, attempt


def _order(one: Placed) -> tuple[str, str, str]:
    return _task_id(one), one.trial.trial_started_at or "", one.trial.trial_name or ""


def _task_id(one: Placed) -> str:
    return printable(one.trial.task_id or "")


def span(start: str | None, end: str | None, one: Placed, log: RejectLog) -> Span:
    """Read two stamps; those that are no times, or run backwards, are reported."""
    started, ended = (_moment(stamp, one, log) for stamp in (start, end))
    is_assumed = any(moment is not None and moment.tzinfo is None for moment in (started, ended))
    first, last = (_in_utc(moment) for moment in (started, ended))
    seconds = (last - first).total_seconds() if first is not None and last is not None else None
    if seconds is not None and seconds < 0:
        log.contradiction(one.path, one.place, f"ended {end}, before it started ({start})")
        seconds = None
    return Span(first, last, seconds or None, is_assumed)


def _moment(stamp: str | None, one: Placed, log: RejectLog) -> datetime | None:
    try:
        return datetime.fromisoformat(stamp) if stamp else None
    except ValueError:
        log.malformed(one.path, one.place, f"{stamp!r} is not a time")
        return None


def _in_utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return None
