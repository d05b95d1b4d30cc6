"""Parts of a document that is not clean: each decoded on its own, what is wrong with it reported by its place."""

from collections.abc import Iterator
from typing import Any, TypeVar

from traces.decode import UndecodableError, decode
from traces.elements import CutError
from traces.rejects import RejectLog

P = TypeVar("P")


def parts_before_cut(parts: Iterator[P], name: str, place: str, log: RejectLog) -> Iterator[P]:
    """Parts up to where the text is cut off, which is reported.

    Raises:
        MalformedTraceError: at the cut, if the log stops on errors.
    """
    try:
        yield from parts
    except CutError as error:
        log.malformed(name, place, f"broken JSON: {error}; only what stands before it was read")


def decoded(raw: Any, kind: Any, name: str, place: str, log: RejectLog) -> Any:
    """Decode one part, field by field where it is not clean; null: nothing of it could be read."""
    try:
        value, problems = decode(raw, kind)
    except (UndecodableError, RecursionError) as error:
        log.malformed(name, place, "nested too deeply" if isinstance(error, RecursionError) else str(error))
        return None
    for problem in problems:
        where, _, reason = problem.partition(": ")
        log.malformed(name, place if where == "document" else f"{place}.{where}", reason)
    return value
