"""A foreign price file as it lies on disk: packed or not, JSON or text, a folder or a zip of one."""

import gzip
import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, cast

from traces.errors import PricingError

_GZIP: Final = b"\x1f\x8b"
_NOT_JSON: Final = object()


@dataclass(frozen=True)
class Foreign:
    """A source to import.

    Args:
        path: Where it lies.
        sha256: Of its bytes; of a folder: of the names and bytes of its files.
        text: Its text, unpacked; empty for a folder.
        document: Its JSON content, decimals kept exact; ``is_json`` says whether it is JSON.
        folder: Set for a folder, or a zip of one.
    """

    path: Path
    sha256: str
    text: str = ""
    document: Any = None
    is_json: bool = False
    folder: Traversable | None = None


def read_foreign(path: Path) -> Foreign:
    """Read a source, whatever it is packed in.

    Raises:
        PricingError: if it cannot be read or is not text.
    """
    try:
        if path.is_dir():
            return Foreign(path, _digest(path), folder=path)
        packed = path.read_bytes()
        digest = hashlib.sha256(packed).hexdigest()
        if zipfile.is_zipfile(path):
            return Foreign(path, digest, folder=cast("Traversable", zipfile.Path(path)))
        text = (gzip.decompress(packed) if packed.startswith(_GZIP) else packed).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError, zipfile.BadZipFile) as error:
        raise PricingError(f"{path}: {error}", "check that it exists, is whole, and is text in UTF-8") from error
    document = _json(text)
    is_json = document is not _NOT_JSON
    return Foreign(path, digest, text, document if is_json else None, is_json)


def files_below(folder: Traversable, suffix: str) -> Iterator[tuple[str, Traversable]]:
    """Files of a folder and its folders whose names end so, in order of their place, with that place."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from ((f"{entry.name}/{place}", file) for place, file in files_below(entry, suffix))
        elif entry.name.endswith(suffix):
            yield entry.name, entry


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for place, file in files_below(folder, ""):
        digest.update(place.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except ValueError:
        return _NOT_JSON


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number a price can be")
