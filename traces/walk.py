"""From the paths a user gives to source units: walk folders, recognise each file by content, group into units."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from traces.errors import TraceError, UnreadableError
from traces.files import peek, printable
from traces.registry import Peek, Reader, Source, SourceFile
from traces.rejects import RejectLog

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
            files += _files_under(path, root, seen, log)
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


def _files_under(path: Path, name: str, seen: set[str], log: RejectLog) -> list[SourceFile]:
    """Files of a folder and of those in it, or the file itself; ``seen`` holds real paths already met."""
    real = os.path.realpath(path)
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
    if is_folder or (is_file and is_link):
        return _files_under(Path(entry.path), name, seen, log)
    if not is_file:
        log.unrecognised(name, "a link to nothing" if is_link else "neither a file nor a folder")
        return []
    is_new = real not in seen
    seen.add(real)
    return [SourceFile(Path(entry.path), name)] if is_new else []


def recognise(
    files: Sequence[SourceFile], readers: Iterable[Reader], log: RejectLog, progress: Progress | None = None
) -> list[Unit]:
    """Form the units of all files; files no reader recognises are listed in the log."""
    readers = list(readers)
    traces: dict[str, list[SourceFile]] = {reader.name: [] for reader in readers}
    others: list[tuple[SourceFile, Peek]] = []
    for number, file in enumerate(files):
        if progress is not None:
            progress("recognising files", number, len(files))
        seen = readable(file, log)
        if seen is None:
            continue
        reader = next((reader for reader in readers if reader.sniff(seen)), None)
        if reader is None:
            others.append((file, seen))
        else:
            traces[reader.name].append(file)
    return _units(readers, traces, others, log)


def _report_unknown(file: SourceFile, seen: Peek, log: RejectLog) -> None:
    """Say why no reader has a file; one that is cut off before what it would be told by is damaged."""
    if kind := _cut_kind(seen):
        log.malformed(file.name, "", f"damaged {kind}: cut off before its end, which says what is in it")
    elif seen.start.strip():
        log.unrecognised(file.name, "no reader recognises its content")
    else:
        log.unrecognised(file.name, "empty file")


def _cut_kind(seen: Peek) -> str | None:
    """Name the kind of a file that lists at its end what it holds, where that is missing; null: of no such file."""
    start, end = seen.start, seen.end
    if start.startswith(b"PAR1") and end and (not end.endswith(b"PAR1") or len(start) <= len(b"PAR1")):
        return "Parquet file"
    is_zip = start.startswith(b"PK\x03\x04")
    return "zip archive" if is_zip and end and b"PK\x05\x06" not in end else None


def readable(file: SourceFile, log: RejectLog) -> Peek | None:
    """Look at a file; null, and in the log, if it cannot be opened or unpacked."""
    try:
        return peek(file.path)
    except TraceError as error:
        log.malformed(file.name, "", error.problem.removeprefix(f"{file.path}: "))
        return None


def _units(
    readers: Sequence[Reader],
    traces: dict[str, list[SourceFile]],
    others: Sequence[tuple[SourceFile, Peek]],
    log: RejectLog,
) -> list[Unit]:
    units = []
    for reader in readers:
        companions = [file for file, seen in others if reader.is_companion(seen)] if traces[reader.name] else []
        units += [Unit(reader, source) for source in reader.group(traces[reader.name], companions)]
    used = {file for unit in units for file in unit.files}
    for file, seen in others:
        if file not in used:
            _report_unknown(file, seen, log)
    return sorted(units, key=lambda unit: (unit.source.name, unit.reader.name))
