"""From the paths a user gives to source units: walk folders, recognise each file by content, group into units."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from traces.errors import UnreadableError
from traces.files import printable
from traces.looks import Look, looks
from traces.registry import Reader, Source, SourceFile
from traces.rejects import RejectLog
from traces.workers import Workers

Progress = Callable[[str, int, int], None]
"""Told (what is being done, how much is done, of how much)."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A source unit and the reader that will read it."""

    reader: Reader
    source: Source

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """Every file the unit's tables depend on."""
        return self.source.files + self.source.companions


def walk(paths: Sequence[Path], log: RejectLog, leave_out: Path | None = None) -> list[SourceFile]:
    """List every file under the paths, each under a name relative to the path it was found by.

    A file reached twice is listed once. Names that begin with a dot are left alone; links to nothing, and what is
    neither file nor folder, are listed in the log.

    Args:
        paths: Files and folders.
        log: Where a folder that cannot be read is reported.
        leave_out: Folder that is no input, though it may lie in one: the store to be written.

    Raises:
        TraceError: if a path does not exist, or a folder may not be read, and the log stops on errors.
    """
    seen = set() if leave_out is None else {os.path.realpath(leave_out)}
    files: list[SourceFile] = []
    taken: set[str] = set()
    for path in paths:
        try:
            root = _free_name(_own_name(path), taken)
            files += _files_under(path, os.path.realpath(path), root, seen, log)
        except UnreadableError as error:
            if log.on_error == "stop":
                raise
            log.malformed(printable(path.name), "", error.problem)
    return sorted(files, key=lambda file: file.name)


def _own_name(path: Path) -> str:
    try:
        name = printable(path.resolve(strict=True).name)
    except (OSError, RuntimeError) as error:  # RuntimeError: a link to itself
        raise UnreadableError(f"{path}: {getattr(error, 'strerror', None) or error}", "check the path") from error
    if not (path.is_dir() or path.is_file()):
        raise UnreadableError(f"{path}: neither a file nor a folder", "save what it gives to a file, and read that")
    return name


def _free_name(name: str, taken: set[str]) -> str:
    numbered = (name if number == 1 else f"{name}~{number}" for number in range(1, len(taken) + 2))
    free = next(candidate for candidate in numbered if candidate not in taken)
    taken.add(free)
    return free


def _files_under(path: Path, real: str, name: str, seen: set[str], log: RejectLog) -> list[SourceFile]:
    """Files of a folder and of those in it, or the file itself; ``seen`` holds real paths already met."""
    if real in seen:
        return []
    seen.add(real)
    return _files_in(path, real, name, seen, log) if path.is_dir() else [SourceFile(path, name)]


def _files_in(folder: Path, real: str, name: str, seen: set[str], log: RejectLog) -> list[SourceFile]:
    try:
        with os.scandir(folder) as entries:
            visible = sorted(
                (entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name
            )
    except OSError as error:
        log.malformed(name, "", f"folder cannot be read: {error.strerror or error}")
        return []
    files: list[SourceFile] = []
    for entry in visible:
        files += _files_of(entry, f"{real}/{entry.name}", f"{name}/{printable(entry.name)}", seen, log)
    return files


def _files_of(entry: os.DirEntry[str], real: str, name: str, seen: set[str], log: RejectLog) -> list[SourceFile]:
    try:
        is_folder, is_file, is_link = entry.is_dir(), entry.is_file(), entry.is_symlink()
    except OSError as error:
        log.unrecognised(name, f"leads nowhere: {error.strerror or error}")
        return []
    if is_link and (is_folder or is_file):
        return _files_under(Path(entry.path), os.path.realpath(entry.path), name, seen, log)
    if is_folder:
        return _files_under(Path(entry.path), real, name, seen, log)
    if not is_file:
        log.unrecognised(name, "a link to nothing" if is_link else "neither a file nor a folder")
        return []
    is_new = real not in seen
    seen.add(real)
    return [SourceFile(Path(entry.path), name)] if is_new else []


def recognise(
    files: Sequence[SourceFile],
    readers: Iterable[Reader],
    log: RejectLog,
    progress: Progress | None = None,
    workers: Workers | None = None,
) -> list[Unit]:
    """Form the units of all files; files no reader recognises are listed in the log."""
    by_name = {reader.name: reader for reader in readers}
    traces: dict[str, list[SourceFile]] = {name: [] for name in by_name}
    others: list[tuple[SourceFile, Look]] = []
    for number, (file, seen) in enumerate(zip(files, looks(files, by_name, workers or Workers(1)), strict=True)):
        if progress is not None:
            progress("recognising files", number, len(files))
        if seen.problem is not None:
            log.malformed(file.name, "", seen.problem)
        elif seen.reader is None:
            others.append((file, seen))
        else:
            traces[seen.reader].append(file)
    return _units(by_name, traces, others, log)


def _report_unknown(file: SourceFile, seen: Look, log: RejectLog) -> None:
    """Say why no reader has a file; one that is cut off before what it would be told by is damaged."""
    if seen.cut is not None:
        log.malformed(file.name, "", f"damaged {seen.cut}: cut off before its end, which says what is in it")
    else:
        log.unrecognised(file.name, _why_unrecognised(seen))


def _why_unrecognised(seen: Look) -> str:
    if seen.is_utf16:
        return "text in UTF-16: save it as UTF-8"
    return "empty file" if seen.is_empty else "no reader recognises its content"


def _units(
    readers: Mapping[str, Reader],
    traces: Mapping[str, Sequence[SourceFile]],
    others: Sequence[tuple[SourceFile, Look]],
    log: RejectLog,
) -> list[Unit]:
    units = []
    for name, reader in readers.items():
        companions = [file for file, seen in others if name in seen.goes_with] if traces[name] else []
        units += [Unit(reader, source) for source in reader.group(traces[name], companions)]
    used = {file for unit in units for file in unit.files}
    for file, seen in others:
        if file not in used:
            _report_unknown(file, seen, log)
    return sorted(units, key=lambda unit: (unit.source.name, unit.reader.name))
