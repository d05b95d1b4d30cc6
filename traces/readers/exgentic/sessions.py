"""Sessions of an Exgentic run: found in folders, in the run's results or in spans; each is one attempt at a task."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from traces.document import read_document
from traces.lines import read_lines
from traces.readers.exgentic.file import Beside, Details, Id, Metadata, RunResult, SessionResult, Step
from traces.readers.exgentic.layout import RunFiles, SessionFiles
from traces.readers.exgentic.logged import PlacedSpan
from traces.readers.exgentic.spans import Attributes, read_spans
from traces.registry import SourceFile
from traces.rejects import RejectLog

_STOP_REASONS = {
    "success": "submitted", "unsuccessful": "submitted", "limit_reached": "limit_turns", "error": "error",
    "cancelled": "unknown", "unfinished": "unknown",
}  # fmt: skip


@dataclass(slots=True)
class Session:
    """One session: what its results say, its files, and its spans where many sessions share a file of them."""

    result: SessionResult
    session_id: str
    task_id: str
    path: str
    place: str
    files: SessionFiles | None = None
    spans: list[PlacedSpan] = field(default_factory=list)
    has_result: bool = True
    attempt: int = 0

    @property
    def content(self) -> tuple[Any, ...]:
        """What tells it from another run of the same session, whose id is the same."""
        result = self.result
        return (self.session_id, result.score, result.agent_cost, result.benchmark_cost, result.execution_time)

    def rollout_id(self, run_id: str) -> str:
        """Id of the attempt within its run."""
        return f"{run_id}/{self.task_id}/{self.attempt}"


def find_sessions(files: RunFiles, run: RunResult, log: RejectLog) -> list[Session]:
    """List the sessions in an order that does not depend on the files', each copy of one once."""
    found = [session for folder in files.sessions for session in _in_folder(folder, log)]
    known = {session.session_id for session in found}
    place = files.by_kind["run"][0].name if files.by_kind["run"] else ""
    for number, result in enumerate(run.session_results or ()):
        if result.session_id not in known:
            where = f"session_results[{number}]"
            found.append(_session(result, result.session_id, (place, where)))
    _share_spans(found, files, log)
    return _numbered(_without_copies(found, log))


def _share_spans(found: list[Session], files: RunFiles, log: RejectLog) -> None:
    """Give sessions their spans from files that lie beside the run's results; of others they make sessions."""
    shared = SessionFiles(Path())
    shared.by_kind |= {kind: files.by_kind[kind] for kind in ("spans", "span_log")}
    by_id = {session.session_id: session for session in found}
    for session in _of_spans(shared, log):
        known = by_id.get(session.session_id)
        if known is None:
            found.append(session)
        else:
            known.spans += session.spans


def stop_reason(result: SessionResult) -> str:
    """Why a session ended; versions before 0.3 state no status, and it follows from the rest."""
    metadata = _metadata(result)
    is_benchmark = metadata.error_source == "benchmark"
    status = result.status if result.status and result.status != "unknown" else _implied(result, metadata)
    return "error_infra" if status == "error" and is_benchmark else _STOP_REASONS.get(status, "unknown")


def _implied(result: SessionResult, metadata: Metadata) -> str:
    if metadata.limit_reached:
        return "limit_reached"
    if metadata.error or metadata.error_source in {"agent", "benchmark"}:
        return "error"
    return "success" if result.is_finished else ""


def _metadata(result: SessionResult) -> Metadata:
    return (result.details or Details()).session_metadata or Metadata()


def _in_folder(folder: SessionFiles, log: RejectLog) -> Iterator[Session]:
    """Give the session of a folder, or those of a folder that only holds spans of several."""
    read = [(file, read_document(file, SessionResult, log)) for file in folder.by_kind["session"]]
    results = [(file, result) for file, result in read if result is not None]
    beside, first = _beside(folder), _first_step(folder.by_kind["trajectory"])
    names = (first.task_id, first.task_key, beside.task_id)
    files: SessionFiles | None = folder
    for file, result in results:
        yield _session(result, result.session_id or first.session_id, (file.name, "document"), names, files)
        files = None  # the calls of a folder are read once
    lone = [*folder.by_kind["trajectory"], *(file for files in folder.traces.values() for file in files)]
    if not results and lone:
        session_id = first.session_id or beside.session_id or _content_id(lone)
        session = _session(SessionResult(), session_id, (lone[0].name, ""), names, folder)
        session.has_result = False
        yield session
    elif not results:
        yield from _of_spans(folder, log)


def _of_spans(folder: SessionFiles, log: RejectLog) -> Iterator[Session]:
    by_session: dict[str, list[PlacedSpan]] = defaultdict(list)
    for placed in read_spans(folder.by_kind["spans"], folder.by_kind["span_log"], log):
        attributes = placed[2].attributes or Attributes()
        if placed[2].is_call or placed[2].is_session:
            by_session[attributes.session_id or attributes.conversation_id or folder.folder.name].append(placed)
    for session_id, spans in sorted(by_session.items()):
        roots = [span.attributes for _, _, span in spans if span.is_session and span.attributes]
        root = roots[0] if roots else Attributes()
        result = SessionResult(session_id, root.task_id, None, root.success, root.score, root.is_finished)
        session = _session(result, session_id, (spans[0][0].name, spans[0][1]))
        session.spans = spans
        yield session


def _session(
    result: SessionResult,
    session_id: str | None,
    where: tuple[str, str],
    names: Sequence[Id] = (),
    files: SessionFiles | None = None,
) -> Session:
    tasks = (str(name) for name in (result.task_id, result.task_key, *names) if name not in {None, ""})
    session_id = session_id or where[1]
    return Session(result, session_id, next(tasks, session_id), *where, files)


def _beside(folder: SessionFiles) -> Beside:
    """Merge what the manifest and the configuration of a session say; the run's own names are read apart."""
    merged = Beside()
    for kind in ("manifest", "config", "recording"):
        for file in folder.by_kind[kind]:
            document = read_document(file, Beside, RejectLog(None, "skip")) or Beside()
            merged.session_id = merged.session_id or document.session_id
            merged.task_id = merged.task_id if merged.task_id is not None else document.task_id
    return merged


def _first_step(files: Sequence[SourceFile]) -> Step:
    steps = (step for file in files for _, step in read_lines(file, Step, RejectLog(None, "skip")))
    return next(steps, Step())


def _content_id(files: Sequence[SourceFile]) -> str:
    from traces.files import content_hash

    return content_hash(min(files, key=lambda file: file.name).path)[:8]


def _without_copies(sessions: Iterable[Session], log: RejectLog) -> list[Session]:
    kept: dict[tuple[Any, ...], Session] = {}
    for session in sessions:
        first = kept.setdefault(session.content, session)
        if first is not session:
            log.duplicate(session.path, session.place, session.session_id, f"the same session as in {first.path}")
    return list(kept.values())


def _numbered(sessions: Iterable[Session]) -> list[Session]:
    ordered = sorted(sessions, key=lambda session: (session.task_id, *map(str, session.content)))
    attempts: Counter[str] = Counter()
    for session in ordered:
        session.attempt = attempts[session.task_id]
        attempts[session.task_id] += 1
    return ordered
