"""Processes beside this one, started when there is enough to do; this one takes its share of the work."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from threading import Thread
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
_PARTS_FROM_WHICH_AHEAD: Final = 16
"""Parts for each process from which they are so small that the next should be at hand."""
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
        waiting = deque(sorted(range(len(parts)), key=lambda number: -sizes[number]))
        results: dict[int, Future[R]] = {number: Future() for number in waiting}
        self._hand_over(work, parts, waiting, results)
        try:
            for number in range(len(parts)):
                while not results[number].done() and (taken := _taken(waiting)) is not None:
                    _settle(results[taken], partial(work, parts[taken]))
                yield results[number].result()
                del results[number]
        finally:
            waiting.clear()

    def _hand_over(
        self, work: Callable[[T], R], parts: Sequence[T], waiting: deque[int], results: Mapping[int, Future[R]]
    ) -> None:
        """Let a thread hand the other processes one part at a time: a pool of its own accord would take some ahead."""
        pool = self._started()

        def apart(number: int) -> R:
            return pool.submit(work, parts[number]).result()

        def hand_over() -> None:
            while (taken := _taken(waiting)) is not None:
                _settle(results[taken], partial(apart, taken))

        n_ahead = 2 if len(parts) >= _PARTS_FROM_WHICH_AHEAD * self._n_processes else 1
        for _ in range(n_ahead * (self._n_processes - 1)):
            Thread(target=hand_over, daemon=True).start()

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


def _taken(waiting: deque[int]) -> int | None:
    """Take the first part that nobody has begun; null: all are begun."""
    try:
        return waiting.popleft()
    except IndexError:
        return None


def _settle(result: Future[R], work: Callable[[], R]) -> None:
    try:
        result.set_result(work())
    except Exception as error:  # noqa: BLE001 - raised when it is this part's turn
        result.set_exception(error)


def in_parts(sizes: Sequence[int]) -> list[slice]:
    """Cut files of these sizes, in their order, into parts that are worth handing over and end soon."""
    parts, start, n_bytes = [], 0, 0
    for number, size in enumerate(sizes, start=1):
        n_bytes += size
        if number - start >= _FILES_PER_PART or n_bytes >= _BYTES_PER_PART or number == len(sizes):
            parts.append(slice(start, number))
            start, n_bytes = number, 0
    return parts
