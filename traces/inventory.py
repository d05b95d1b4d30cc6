"""The shards of a store as its manifest lists them: compared by size when it is opened, by content when verified."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from traces.files import fast_hash
from traces.schema import TABLES

Shards = Mapping[str, Mapping[str, Any]]
"""Place in the store (``calls/a.parquet``) -> bytes, xxh3_128."""


def listed(store: Path) -> dict[str, dict[str, Any]]:
    """List every shard that lies in a store, by place, with its size and hash."""
    return {place: {"bytes": size, "xxh3_128": fast_hash(store / place)} for place, size in _lying(store)}


def changed(store: Path, shards: Shards, *, by_content: bool = False) -> list[str]:
    """Say what is no longer as listed: shards that are missing, were added, or are not what was written.

    Args:
        store: Folder of the store.
        shards: The list of its manifest.
        by_content: Read and hash every shard, which also finds a changed one of the same size.
    """
    lying = dict(_lying(store))
    missing = [f"{place} is missing" for place in shards if place not in lying]
    added = [f"{place} does not belong to it" for place in lying if place not in shards]
    both = [place for place in shards if place in lying]
    differing = [
        f"{place} is damaged: not what was written"
        for place in both
        if not (is_as_listed(store, place, shards) if by_content else lying[place] == shards[place].get("bytes"))
    ]
    return [*missing, *added, *differing]


def is_as_listed(store: Path, place: str, shards: Shards) -> bool:
    """Tell whether a shard is there, with the content it was written with."""
    path, entry = store / place, shards.get(place)
    if entry is None or not path.is_file() or path.stat().st_size != entry.get("bytes"):
        return False
    return fast_hash(path) == entry.get("xxh3_128")


def _lying(store: Path) -> Iterator[tuple[str, int]]:
    """Places and sizes of the shards, sorted."""
    for name in sorted(TABLES):
        try:
            with os.scandir(store / name) as entries:
                found = sorted((entry.name, entry.stat().st_size) for entry in entries)
        except (FileNotFoundError, NotADirectoryError):
            continue
        yield from ((f"{name}/{file}", size) for file, size in found if file.endswith(".parquet"))
