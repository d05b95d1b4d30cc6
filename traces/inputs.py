"""What is remembered of the input files between reads: where they lay, how they looked, their hash.

Kept in ``store/.inputs/files.json``, apart from the tables and the manifest: paths and times differ between machines,
the store does not.
"""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from traces.errors import UnreadableError
from traces.files import fast_hash
from traces.registry import SourceFile
from traces.workers import FILE_BYTES, Workers, in_parts

_FILE: Final = Path(".inputs") / "files.json"


@dataclass(frozen=True, slots=True)
class InputCache:
    """Files by the name they go by in the store: absolute path, size, modification time, hash."""

    known: dict[str, dict[str, Any]]
    seen: dict[str, dict[str, Any]]

    @classmethod
    def load(cls, store: Path) -> "InputCache":
        """Load what the last read of a store remembered; empty where there is none."""
        try:
            known = json.loads((store / _FILE).read_bytes())
        except (OSError, ValueError):
            return cls({}, {})
        is_whole = isinstance(known, dict) and all(isinstance(file, dict) for file in known.values())
        return cls(known if is_whole else {}, {})

    def hashes(self, files: Iterable[SourceFile], workers: Workers | None = None) -> dict[str, str]:
        """Hash of each file by name; a file whose size and time did not change is not read for it.

        Raises:
            UnreadableError: if a file cannot be read.
        """
        looks = {file.name: _look(file) for file in files}
        digests = {name: self._known(name, look) for name, look in looks.items()}
        new = [name for name, digest in digests.items() if digest is None]
        paths, sizes = [looks[name]["path"] for name in new], [int(looks[name]["bytes"]) for name in new]
        digests |= zip(new, _hashes(paths, sizes, workers or Workers(1)), strict=True)
        self.seen.update((name, {**look, "xxh3_128": digests[name]}) for name, look in looks.items())
        return {name: str(digest) for name, digest in digests.items()}

    def save(self, store: Path) -> None:
        """Write what was seen into a store that is being built."""
        (store / _FILE).parent.mkdir(parents=True, exist_ok=True)
        (store / _FILE).write_text(json.dumps(self.seen, sort_keys=True))

    @staticmethod
    def copy(store: Path, other: Path) -> None:
        """Let another store that is being built remember the same inputs."""
        if (store / _FILE).is_file():
            (other / _FILE).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(store / _FILE, other / _FILE)

    def paths(self) -> dict[str, Path]:
        """Where each file lay at the last read."""
        return {name: Path(known["path"]) for name, known in self.known.items()}

    def _known(self, name: str, look: Mapping[str, Any]) -> str | None:
        known = self.known.get(name, {})
        return str(known["xxh3_128"]) if all(known.get(key) == value for key, value in look.items()) else None


def _look(file: SourceFile) -> dict[str, Any]:
    try:
        stat = file.path.stat()
    except OSError as error:
        raise UnreadableError(f"{file.path}: {error.strerror or error}", "it was there a moment ago") from error
    return {"path": str(file.path.absolute()), "bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def _hashes(paths: Sequence[str], sizes: Sequence[int], workers: Workers) -> Iterator[str]:
    """Hash of each file, in their order. What is hashed is going to be read: it is worth what reading is."""
    parts = in_parts(sizes)
    costs = [sum(sizes[part]) + FILE_BYTES * len(sizes[part]) for part in parts]
    for found in workers.map(_hashes_of, [paths[part] for part in parts], costs):
        yield from found


def _hashes_of(paths: Sequence[str]) -> list[str]:
    return [fast_hash(Path(path)) for path in paths]
