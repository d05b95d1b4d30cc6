"""What is remembered of the input files between reads: where they lay, how they looked, their hash.

Kept in ``store/.inputs/files.json``, apart from the tables and the manifest: paths and times differ between machines,
the store does not.
"""

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from traces.errors import UnreadableError
from traces.files import fast_hash
from traces.registry import SourceFile

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

    def hashes(self, files: Iterable[SourceFile]) -> dict[str, str]:
        """Hash of each file by name; a file whose size and time did not change is not read for it.

        Raises:
            UnreadableError: if a file cannot be read.
        """
        return {file.name: self._hash(file) for file in files}

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

    def _hash(self, file: SourceFile) -> str:
        try:
            stat = file.path.stat()
        except OSError as error:
            raise UnreadableError(f"{file.path}: {error.strerror or error}", "it was there a moment ago") from error
        look = {"path": str(file.path.absolute()), "bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns}
        known = self.known.get(file.name, {})
        is_same = all(known.get(key) == value for key, value in look.items())
        digest = str(known["xxh3_128"]) if is_same else fast_hash(file.path)
        self.seen[file.name] = {**look, "xxh3_128": digest}
        return digest
