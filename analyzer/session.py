"""From whatever a user names (raw traces, a store, a priced store) to the store a question needs; read and priced once.

What is not given a place is kept in a cache folder: ``$EVALREPLAY_CACHE``, else the user's cache folder.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import xxhash

from pricing.book import load_book
from pricing.priced_store import open_priced, reprice_store
from pricing.scenario import Scenario, load_scenario
from traces.errors import UsageError
from traces.read import ReadOptions, read_traces
from traces.store import MANIFEST, Store, is_store, open_store

Progress = Callable[[str, int, int], None]
Paths = Path | str | Store | Sequence[Path | str]


def as_store(paths: Paths, options: ReadOptions | None = None, progress: Progress | None = None) -> Store:
    """Open a store, or read raw traces into the cache and open that."""
    if isinstance(paths, Store):
        return paths
    places = [Path(paths)] if isinstance(paths, Path | str) else [Path(path) for path in paths]
    if not places:
        raise UsageError("no traces named", "name a store or files to read")
    if any(is_store(place) for place in places):
        if len(places) > 1:
            raise UsageError("several paths, one of them a store", "name one store, or read all traces into one")
        store = open_store(places[0])
        return open_priced(store.path) if store.manifest.get("kind") == "priced" else store
    options = options or ReadOptions()
    key = repr((sorted(str(place.resolve()) for place in places), options.format, options.mapping, options.benchmark))
    output = cache_folder() / "traces" / _digest(key) / "store"
    forced = ReadOptions(options.format, options.mapping, options.benchmark, options.on_error, is_forced=True)
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
    output = cache_folder() / "priced" / _digest(_identity(store, scenario)) / "priced"
    if is_store(output):
        return open_priced(output)
    return reprice_store(store, output, scenario, progress=progress)


def cache_folder() -> Path:
    """Folder of what was read and priced on the way."""
    given = os.environ.get("EVALREPLAY_CACHE")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "evalreplay"


def _identity(store: Store, scenario: Scenario) -> str:
    manifest = (store.path / MANIFEST).read_bytes()
    return repr((manifest, scenario.manifest(), sorted(load_book(scenario.prices).sources.items())))


def _digest(text: str) -> str:
    return xxhash.xxh3_128_hexdigest(text.encode())[:16]
