"""Errors that are not our own, in our words: a disk that refuses, a store that was damaged after it was opened."""

import errno
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from traces.errors import ReplayError
    from traces.store import Store

_DECODERS: Final = {"polars", "pyarrow", "duckdb", "_duckdb"}
_HINTS: Final = {
    errno.ENOSPC: "free some space, or give another place",
    errno.EROFS: "it is read-only: give another place",
    errno.ENOENT: "check the path",
}


def explained(error: Exception, opened: Sequence["Store"]) -> "ReplayError | None":
    """Say what is wrong with a file or the disk; null: neither explains the error, so it is a defect of ours.

    Args:
        error: Any error.
        opened: Stores the command opened; where decoding failed, they are compared with what was written.
    """
    from traces.errors import TraceError
    from traces.store import damage

    is_disk = isinstance(error, OSError) and error.errno is not None
    if not is_disk and (isinstance(error, OSError) or type(error).__module__.partition(".")[0] in _DECODERS):
        return next((found for store in opened if (found := damage(store))), None)
    if not isinstance(error, OSError) or not is_disk:
        return None
    hint = _HINTS.get(error.errno or 0, "check that it may be read and written, or give another place")
    return TraceError(f"{error.filename or 'writing'}: {error.strerror}", hint)
