"""Replacing a folder as a whole: built beside it, swapped in by two renames, one writer at a time.

Whatever moment the writer is killed at, the old or the new folder is whole; opening repairs the rest.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from traces.errors import StoreError

_SWAP_S: Final = 2.0
"""A swap takes microseconds; one that takes longer than this is not waited for."""
_SYNCS_AT_ONCE: Final = 8


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give an empty folder to build a store in; it replaces ``path`` when the block ends without an error.

    Raises:
        StoreError: if another process is writing the same store, or the disk refuses.
    """
    new, old = aside(path, "new"), aside(path, "old")
    try:
        new.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path) as is_locked:
            if not is_locked:
                raise StoreError(f"{path}: another process is writing this store", "wait for it to finish")
            try:
                _mend(path)
                shutil.rmtree(new, ignore_errors=True)
                new.mkdir()
                yield new
                _sync(new)
                if path.exists():
                    path.resolve().rename(old)
                new.rename(path.resolve())
            finally:
                _clean_up(path, new)
    except OSError as error:
        where = error.filename or path
        raise StoreError(f"{where}: {error.strerror or error}", "the store was left as it was") from error


def repair(path: Path) -> None:
    """Finish or undo a swap that was interrupted: the store is whole afterwards.

    A swap that a living process is in the middle of is waited for.
    """
    if not aside(path, "old").exists():
        return
    until = time.monotonic() + _SWAP_S
    while True:
        with _locked(path) as is_locked:
            if is_locked:
                _mend(path)
        if is_locked or path.exists() or time.monotonic() > until:
            return
        time.sleep(0.01)


def aside(path: Path, what: str) -> Path:
    """Hidden folder or file beside a store."""
    place = path.resolve()
    return place.parent / f".{place.name}.{what}"


def link(place: Path, target: Path) -> None:
    """Put a file into a folder that is being built, without copying it where the disk can do that."""
    try:
        os.link(place, target)
    except OSError:  # another disk, or a file system without links
        shutil.copyfile(place, target)


def _clean_up(path: Path, new: Path) -> None:
    """Leave the store alone in its place, also when interrupted in the middle of this."""
    try:
        shutil.rmtree(new, ignore_errors=True)
        _mend(path)
    except KeyboardInterrupt:
        shutil.rmtree(new, ignore_errors=True)
        _mend(path)
        raise


def _mend(path: Path) -> None:
    old = aside(path, "old")
    if path.exists():
        shutil.rmtree(old, ignore_errors=True)
    elif old.exists():
        old.rename(path.resolve())


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """Try to be the only writer; the lock file goes with the lock."""
    lock = aside(path, "lock")
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_locked = _is_at(lock, file.fileno())
        except BlockingIOError:
            is_locked = False
        try:
            yield is_locked
        finally:
            if is_locked:
                lock.unlink(missing_ok=True)


def _is_at(lock: Path, descriptor: int) -> bool:
    """Tell whether the locked file is still the one at its place, not one its last owner just took away."""
    try:
        return os.path.samestat(lock.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _sync(folder: Path) -> None:
    """Hand the files to the disk before the swap, so that a power cut does not swap in empty files.

    Several at once: a disk that is asked for one after the other writes its journal for each.
    """
    from concurrent.futures import ThreadPoolExecutor

    files = (file for file in folder.rglob("*") if file.is_file() and file.stat().st_nlink == 1)
    with ThreadPoolExecutor(_SYNCS_AT_ONCE) as threads:
        for _ in threads.map(_sync_file, files):
            pass


def _sync_file(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
