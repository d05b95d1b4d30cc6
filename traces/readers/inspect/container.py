"""The two containers of an Inspect log, one JSON document or a zip archive, as a header and samples one by one.

An archive holds a sample as one member or, if large, as a shell with its events in chunks; both may stand in one file.
An unfinished archive has no header: its journal says what was run, and sums up the samples that are done.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec

from traces.archive import LEADS_OUT, ZIP_MAGIC, Archive, MemberError, open_archive
from traces.decode import BROKEN, UndecodableError, convert_leniently, decode, is_cut, load_leniently, n_replaced_in
from traces.files import content, drop_pages, printable
from traces.readers.inspect.file import Document, Event, Header, Sample, WholeDocument
from traces.readers.inspect.slices import Slices, own_part, part, slices, without
from traces.registry import SourceFile
from traces.rejects import RejectLog

_HEADER, _START, _SUMMARIES = "header.json", "_journal/start.json", "summaries.json"
_JOURNAL: Final = re.compile(r"_journal/summaries/(\d+)\.json")
_WHOLE: Final = re.compile(r"samples/.+_epoch_\d+\.json", re.DOTALL)
_SHELL: Final = re.compile(r"(samples/.+_epoch_\d+)/sample\.json", re.DOTALL)
_CHUNK: Final = re.compile(r"(.+)/events/(\d+)\.json", re.DOTALL)
_NOT_SCORED: Final = re.compile(
    r"(?:.*[.\]])?(?:scores?[.\[]|results\.metrics\.).*value.*: -?(?:nan|inf) is not a number", re.DOTALL
)
_OF_EVENT: Final = re.compile(r"(?:(?:transcript\.)?events)?\[(\d+)\]\.")
_KNOWN: Final = frozenset({"model", "tool", "subtask", "step", "span_begin", "score", "sample_limit", "compaction"})

WHOLE_BYTES: Final = 256 * 1024 * 1024
"""Size up to which a document is read in one go."""

Placed = tuple[str, Sample]
Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Log:
    """A log: its header, whether it was finished, its samples as they are read."""

    header: Header
    is_finished: bool
    samples: Iterator[Placed]


@contextmanager
def open_log(file: SourceFile, log: RejectLog) -> Iterator[Log | None]:
    """Open a log; null, and in the reject log, if nothing of it can be read.

    Raises:
        UnreadableError: if the file cannot be opened, or is a damaged archive.
        MalformedTraceError: at the first thing that cannot be read, if the reject log stops on errors.
    """
    if _is_archive(file.path):
        with open_archive(file.path) as archive:
            for name in archive.strays:
                log.malformed(file.name, printable(name), LEADS_OUT)
            yield _archived(_Members(archive, file.name, log))
    else:
        with content(file.path) as raw:
            yield _document(raw, file.name, log)


def key_of(sample: Sample) -> Key:
    """Task and epoch: what names a sample within its log."""
    return printable(str(sample.id)), sample.epoch if sample.epoch is not None else 1


def _is_archive(path: Path) -> bool:
    from traces.files import open_stream

    with open_stream(path) as stream:
        return stream.read(len(ZIP_MAGIC)) == ZIP_MAGIC


def _document(raw: Any, name: str, log: RejectLog) -> Log | None:
    """Read a document in one go; a large one, or one with something odd in it, sample by sample."""
    first_error = ""
    for attempt in (_at_once, _sliced, _raw_samples):
        try:
            opened = attempt(raw, name, log)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            first_error = str(error)
        else:
            if opened is not None:
                return opened
    return _open_document(raw, name, log, first_error)


def _at_once(raw: Any, name: str, log: RejectLog) -> Log | None:
    """Read a document in one typed pass; null: it is too large for all of it to be in memory."""
    if len(raw) > WHOLE_BYTES:
        return None
    document = msgspec.json.decode(raw, type=WholeDocument, strict=False)
    samples, document.samples = document.samples, None
    return Log(document, document.status != "started", _decoded(samples or (), name, log))


def _raw_samples(raw: Any, name: str, log: RejectLog) -> Log | None:
    """Read a document whose samples are not told apart by their first fields, or of which some are odd."""
    document = msgspec.json.decode(raw, type=Document, strict=False)
    samples, document.samples = document.samples, None
    return Log(document, document.status != "started", _decoded(samples or (), name, log))


def _sliced(text: Any, name: str, log: RejectLog) -> Log | None:
    """Read a document whose samples can be found in its text one by one; null: they cannot."""
    found = slices(text)
    try:
        header, problems = decode(b"" if found is None else without(text, found), Header)
    except UndecodableError:
        return None
    if found is None or any(problem.startswith("broken JSON") for problem in problems):
        return None
    _report(problems, header, name, "document", log)
    return Log(header, header.status != "started", _in_turn(text, found, name, log))


def _in_turn(text: Any, found: Slices, name: str, log: RejectLog) -> Iterator[Placed]:
    start, number, dropped = found.starts[0], 0, 0
    while start < found.end:
        one, place = part(text, found, start), f"samples[{number}]"
        try:
            sample: Sample | None = msgspec.json.decode(one.text, type=Sample, strict=False)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            one = own_part(text, start) or one
            sample = _read(one.text, Sample, name, place, log)
        if sample is not None:
            yield place, sample
        start, number = one.following, number + 1
        dropped = drop_pages(text, dropped, start)


def _decoded(samples: Sequence[Any], name: str, log: RejectLog) -> Iterator[Placed]:
    for number, raw in enumerate(samples):
        sample = raw if isinstance(raw, Sample) else _read(raw, Sample, name, f"samples[{number}]", log)
        if sample is not None:
            yield f"samples[{number}]", sample


def _open_document(raw: Any, name: str, log: RejectLog, first_error: str) -> Log | None:
    """Read a document with a plain parser; a sample in which it is cut off is left out: its calls are not all there."""
    try:
        document, broken, n_replaced = load_leniently(raw, first_error)
        samples = document.pop("samples", None) or [] if isinstance(document, dict) else []
        header, problems = convert_leniently(document, Header)
    except UndecodableError as error:
        log.malformed(name, "document", str(error))
        return None
    cut_in = "document"
    if is_cut(broken) and isinstance(samples, list) and samples and "reductions" not in document:
        samples.pop()
        cut_in = f"samples[{len(samples)}]"
    for problem in broken:
        log.malformed(name, cut_in if problem.startswith(BROKEN) else "document", problem)
    _report(problems, header, name, "document", log)
    log.replaced(name, n_replaced_in(header) if n_replaced else 0)
    return Log(header, header.status != "started", _converted(samples, name, log, is_replaced=n_replaced > 0))


def _converted(samples: Any, name: str, log: RejectLog, *, is_replaced: bool) -> Iterator[Placed]:
    for number, value in enumerate(samples if isinstance(samples, list) else []):
        place = f"samples[{number}]"
        try:
            sample, problems = convert_leniently(value, Sample)
        except UndecodableError as error:
            log.malformed(name, place, str(error))
            continue
        _report(problems, sample, name, place, log)
        log.replaced(name, n_replaced_in(sample) if is_replaced else 0)
        yield place, sample


def _read(raw: Any, kind: Any, name: str, place: str, log: RejectLog) -> Any:
    """Decode a part of a log; null, and reported, if nothing of it can be read."""
    try:
        value, problems = decode(raw, kind)
    except UndecodableError as error:
        log.malformed(name, place, str(error))
        return None
    _report(problems, value, name, place, log)
    return value


def _report(problems: Sequence[str], value: Any, name: str, place: str, log: RejectLog) -> None:
    """Report problems but two: NaN is how Inspect writes "not scored", and an unknown kind of event is not read."""
    events = value.all_events if isinstance(value, Sample) else value if isinstance(value, list) else []
    for problem in problems:
        found = _OF_EVENT.match(problem)
        number = int(found[1]) if found is not None else len(events)
        event = events[number] if number < len(events) else None
        is_of_other_kind = isinstance(event, Event) and event.event not in _KNOWN
        if not is_of_other_kind and _NOT_SCORED.fullmatch(problem) is None:
            log.malformed(name, place, problem)


@dataclass(frozen=True, slots=True)
class _Members:
    """Members of an archive, decoded; what cannot be is reported."""

    archive: Archive
    name: str
    log: RejectLog

    def read(self, member: str, kind: Any) -> Any:
        """Decode a member; null if there is none or nothing of it can be read."""
        if member not in self.archive.members:
            return None
        try:
            raw = self.archive.read(member)
        except MemberError as error:
            if member not in self.archive.strays:  # these are reported, read or not
                self.log.malformed(self.name, printable(member), str(error), remedy=error.remedy)
            return None
        return _read(raw, kind, self.name, printable(member), self.log)


def _archived(members: _Members) -> Log | None:
    header = members.read(_HEADER, Header)
    is_finished = header is not None
    if header is None:
        header = members.read(_START, Header)
    if header is None:
        members.log.malformed(members.name, _HEADER, "neither a header nor a journal that says what was run")
        return None
    return Log(header, is_finished and header.status != "started", _members(members))


def _members(members: _Members) -> Iterator[Placed]:
    """Samples of an archive, then those of which only the summary is there."""
    seen: set[Key] = set()
    chunks = _chunks(members.archive)
    for member in members.archive.members:
        shell = _SHELL.fullmatch(member)
        if shell is None and _WHOLE.fullmatch(member) is None:
            continue
        sample = members.read(member, Sample)
        if sample is not None:
            if shell is not None:
                sample.events = list(_chunked(chunks.get(shell[1], []), members))
            seen.add(key_of(sample))
            yield printable(member), sample
    quiet = replace(members, log=RejectLog(None, "skip"))  # what is wrong with a summary matters if there is no more
    for place, sample in _summed_up(quiet):
        if sample.completed is not False and key_of(sample) not in seen:
            seen.add(key_of(sample))
            for row in quiet.log.rows:
                members.log.malformed(members.name, str(row["place"]), str(row["reason"]))
            quiet.log.rows.clear()
            yield place, sample


def _chunks(archive: Archive) -> dict[str, list[str]]:
    """Chunks of events by sample, in their order."""
    found: dict[str, list[tuple[int, str]]] = {}
    for member in archive.members:
        chunk = _CHUNK.fullmatch(member)
        if chunk is not None:
            found.setdefault(chunk[1], []).append((int(chunk[2]), member))
    return {prefix: [name for _, name in sorted(named)] for prefix, named in found.items()}


def _chunked(names: Sequence[str], members: _Members) -> Iterator[Event]:
    for name in names:
        yield from members.read(name, list[Event]) or ()


def _summed_up(members: _Members) -> Iterator[Placed]:
    """Summaries of all samples, or of an unfinished log those of its journal."""
    names = [_SUMMARIES] if _SUMMARIES in members.archive.members else _journal(members.archive)
    for name in names:
        for number, sample in enumerate(members.read(name, list[Sample]) or ()):
            yield f"{name}[{number}]", sample


def _journal(archive: Archive) -> list[str]:
    found = filter(None, map(_JOURNAL.fullmatch, archive.members))
    return [match[0] for match in sorted(found, key=lambda match: int(match[1]))]
