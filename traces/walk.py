"""From the paths a user gives to source units: walk folders, recognise each file by content, group into units."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from traces.errors import TraceError
from traces.files import peek
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


def walk(paths: Sequence[Path], log: RejectLog) -> list[SourceFile]:
    """List every file under the paths, each under a name relative to the path it was found by.

    Raises:
        TraceError: if a path does not exist, or a folder may not be read and the log stops on errors.
    """
    files: dict[Path, SourceFile] = {}
    taken: set[str] = set()
    for path in paths:
        if not path.exists():
            raise TraceError(f"{path}: no such file or folder", "check the path")
        root = _free_name(path.resolve().name, taken)
        for found in sorted(_files_under(path, root, log)):
            inside = found.relative_to(path) if path.is_dir() else Path()
            files.setdefault(found.resolve(), SourceFile(found, str(root / inside)))
    return sorted(files.values(), key=lambda file: file.name)


def _free_name(name: str, taken: set[str]) -> Path:
    numbered = (name if number == 1 else f"{name}~{number}" for number in range(1, len(taken) + 2))
    free = next(candidate for candidate in numbered if candidate not in taken)
    taken.add(free)
    return Path(free)


def _files_under(path: Path, root: Path, log: RejectLog) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    try:
        entries = sorted(path.iterdir())
    except OSError as error:
        log.malformed(str(root), "", f"folder cannot be read: {error.strerror}")
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _files_under(entry, root / entry.name, log)
        elif entry.is_file():
            yield entry


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
        seen = _peek(file, log)
        if seen is None:
            continue
        reader = next((reader for reader in readers if reader.sniff(seen)), None)
        if reader is None:
            others.append((file, seen))
        else:
            traces[reader.name].append(file)
    return _units(readers, traces, others, log)


def _peek(file: SourceFile, log: RejectLog) -> Peek | None:
    try:
        return peek(file.path)
    except TraceError as error:
        log.malformed(file.name, "", error.problem.partition(": ")[2])
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
            log.unrecognised(file.name, "empty file" if not seen.start.strip() else "no reader recognises its content")
    return sorted(units, key=lambda unit: (unit.source.name, unit.reader.name))
