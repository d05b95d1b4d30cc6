"""Files that are one JSON document, decoded whole: what cannot be read is rejected by its place, the rest is kept."""

from typing import TypeVar

from traces.decode import UndecodableError, decode
from traces.errors import TraceError
from traces.files import content
from traces.registry import SourceFile
from traces.rejects import RejectLog

T = TypeVar("T")


def read_document(file: SourceFile, kind: type[T], log: RejectLog) -> T | None:
    """Read a document; None if nothing of it can be read.

    Raises:
        MalformedTraceError: at the first thing that cannot be read, if the log stops on errors.
    """
    try:
        with content(file.path) as raw:
            document, problems = decode(raw, kind)
    except (UndecodableError, TraceError) as error:
        log.malformed(file.name, "document", str(error).splitlines()[0].removeprefix(f"{file.path}: "))
        return None
    for problem in problems:
        place, _, reason = problem.partition(": ")
        log.malformed(file.name, place, reason)
    return document
