"""Processes beside this one, started when there is enough to do; this one takes its share of the work."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

T = TypeVar("T")
R = TypeVar("R")

WORTH_BYTES: Final = 192 * 1024 * 1024
"""Input below which starting processes takes longer than it saves."""
FILE_BYTES: Final = 64 * 1024
"""What opening a file costs, as bytes that could be read instead."""
_FILES_PER_PART: Final = 64
_BYTES_PER_PART: Final = 64 * 1024 * 1024


class Workers:
    """A number of processes, this one among them; a context that ends the others."""

    def __init__(self, n_processes: int) -> None:
        self._n_processes = n_processes
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the other processes; they are started anew if there is more to do."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def are_worth(self, sizes: Sequence[int]) -> bool:
        """Tell whether parts of these sizes in bytes should be shared with other processes."""
        is_running = self._pool is not None
        return self._n_processes > 1 and len(sizes) > 1 and (is_running or sum(sizes) >= WORTH_BYTES)

    def map(self, work: Callable[[T], R], parts: Sequence[T], sizes: Sequence[int]) -> Iterator[R]:
        """Give the result of every part, in their order; what is not worth it is done here, one after the other.

        The largest are begun first, so that no process is left with one at the end.

        Args:
            work: A function of a module, which other processes can import.
            parts: Its arguments.
            sizes: Bytes of each.
        """
        if not self.are_worth(sizes):
            yield from map(work, parts)
            return
        pool = self._started()
        order = sorted(range(len(parts)), key=lambda number: -sizes[number])
        results = {number: pool.submit(work, parts[number]) for number in order}
        mine = iter(order)
        for number in range(len(parts)):
            while not results[number].done() and (taken := _take(mine, results)) is not None:
                results[taken] = _done(work, parts[taken])
            yield results.pop(number).result()

    def _started(self) -> "ProcessPoolExecutor":
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        if self._pool is None:
            threads = max(1, (os.cpu_count() or 1) // self._n_processes)
            # A copy of this process would wait for locks that its threads held: Polars has threads as soon as imported.
            self._pool = ProcessPoolExecutor(
                self._n_processes - 1, get_context("spawn"), os.putenv, ("POLARS_MAX_THREADS", str(threads))
            )
        return self._pool


def _take(order: Iterator[int], results: dict[int, Future[R]]) -> int | None:
    """Take the first part that no other process has begun; null: all are begun."""
    return next((number for number in order if number in results and results[number].cancel()), None)


def _done(work: Callable[[T], R], part: T) -> Future[R]:
    result: Future[R] = Future()
    try:
        result.set_result(work(part))
    except Exception as error:  # noqa: BLE001 - raised when it is this part's turn
        result.set_exception(error)
    return result


def in_parts(sizes: Sequence[int]) -> list[slice]:
    """Cut files of these sizes, in their order, into parts that are worth handing over and end soon."""
    parts, start, n_bytes = [], 0, 0
    for number, size in enumerate(sizes, start=1):
        n_bytes += size
        if number - start >= _FILES_PER_PART or n_bytes >= _BYTES_PER_PART or number == len(sizes):
            parts.append(slice(start, number))
            start, n_bytes = number, 0
    return parts
