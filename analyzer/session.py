"""From whatever a user names (raw traces, a store, a priced store) to the store a question needs; read and priced once.

What is not given a place is kept in a cache folder: ``$EVALREPLAY_CACHE``, else the user's cache folder.
"""

import errno
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import xxhash

from pricing.prepare import books_of, sources_of
from pricing.priced_store import open_priced, reprice_store
from pricing.scenario import Scenario, load_scenario
from traces.errors import StoreError, UsageError
from traces.read import ReadOptions, read_traces
from traces.store import MANIFEST, Store, is_store, looks_like_store, open_store

Progress = Callable[[str, int, int], None]
Paths = Path | str | Store | Sequence[Path | str]


def as_store(paths: Paths, options: ReadOptions | None = None, progress: Progress | None = None) -> Store:
    """Open a store, or read raw traces into the cache and open that.

    Raises:
        TraceError: if what is named cannot be read, or the cache cannot be written to.
    """
    if isinstance(paths, Store):
        return paths
    places = [Path(paths)] if isinstance(paths, Path | str) else [Path(path) for path in paths]
    if not places:
        raise UsageError("no traces named", "name a store or files to read")
    if any(is_store(place) or looks_like_store(place) for place in places):
        if len(places) > 1:
            raise UsageError("several paths, one of them a store", "name one store, or read all traces into one")
        store = open_store(places[0])
        return open_priced(store.path) if store.manifest.get("kind") == "priced" else store
    options = options or ReadOptions()
    key = repr(
        (
            sorted(str(place.resolve()) for place in places),
            options.format,
            options.mapping,
            options.task_map,
            options.benchmark,
            options.choices,
        )
    )
    output = _cached("traces", key) / "store"
    forced = replace(options, is_forced=True)
    return read_traces(places, output, forced, progress)


def as_priced(
    paths: Paths,
    scenario: Scenario | None = None,
    options: ReadOptions | None = None,
    progress: Progress | None = None,
) -> Store:
    """Open a priced store; price what is not priced yet, or is priced under another scenario, into the cache."""
    store = as_store(paths, options, progress)
    if scenario is None and store.manifest.get("kind") == "priced":
        return open_priced(store.path)
    scenario = scenario or load_scenario()
    output = _cached("priced", _identity(store, scenario)) / "priced"
    with suppress(StoreError):  # not there yet, or damaged: it is made again
        return open_priced(output)
    return reprice_store(store, output, scenario, is_forced=True, progress=progress)


def cache_folder() -> Path:
    """Folder of what was read and priced on the way."""
    given = os.environ.get("EVALREPLAY_CACHE")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "evalreplay"


def books_folder() -> Path:
    """Folder of the user's imported price books; it may not be there yet."""
    given = os.environ.get("EVALREPLAY_BOOKS")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "evalreplay" / "books"


def _cached(kind: str, key: str) -> Path:
    """Folder for what was made of something, by all it depends on; made if it is not there.

    Raises:
        StoreError: if it cannot be written to.
    """
    folder = cache_folder() / kind / _digest(key)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        hint = "set EVALREPLAY_CACHE to a folder that may be written to, or name a place with -o (read, reprice)"
        raise StoreError(f"{folder}: the cache cannot be written to: {error.strerror}", hint) from error
    return folder


def _identity(store: Store, scenario: Scenario) -> str:
    manifest = (store.path / MANIFEST).read_bytes()
    return repr((manifest, scenario.manifest(), sorted(sources_of(books_of(scenario)["effective"]).items())))


def _digest(text: str) -> str:
    return xxhash.xxh3_128_hexdigest(text.encode())[:16]
