"""What a reader is, and how readers are found: every module in ``traces/readers`` that defines ``READER``.

A reader recognises files by their content, groups them into source units (one unit = one shard of the store), and
maps a unit to batches of canonical tables.
"""

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl

    from traces.rejects import RejectLog

Batch = Mapping[str, "pl.DataFrame"]
"""Partial canonical frames by table name; columns a source does not have are left out."""


_OBJECTS: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\{|\[\s*\{)")
_QUOTED: Final = re.compile(rb'"([\w.-]++)(?=")')


@dataclass(frozen=True)
class Peek:
    """What a reader may look at to recognise a file: its first 64 KiB and its last 4 KiB, decompressed.

    The end of a Parquet file is its footer, up to 4 MiB. ``end`` is empty where a compressed file is too large to be
    read to its end for this.
    """

    start: bytes
    end: bytes

    @cached_property
    def names(self) -> frozenset[bytes] | None:
        """Every word that stands in quotes, if the content begins as objects in JSON do; null: it does not.

        Computed once for all readers: looking a name up in it is a thousand times faster than searching the content.
        """
        if _OBJECTS.match(self.start) is None:
            return None
        whole = self.start if self.start.endswith(self.end) else self.start + self.end
        return frozenset(_QUOTED.findall(whole))

    def may_name(self, wanted: tuple[str, ...] | None) -> bool:
        """Tell whether a document may be one that names all of these; anything but objects in JSON may.

        Args:
            wanted: Alternatives, each some names with a blank between them; null: anything may.
        """
        if wanted is None or (names := self.names) is None:
            return True
        return any(names.issuperset(each) for each in _split(wanted))


@cache
def _split(wanted: tuple[str, ...]) -> tuple[frozenset[bytes], ...]:
    return tuple(frozenset(each.encode().split()) for each in wanted)


def is_json(peek: Peek) -> bool:
    """Whether the content begins as JSON does that is no single text, number or word."""
    return peek.start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of an input: where it is, and the name it goes by in tables (relative to the input given)."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Choices:
    """What a user chose that a reader may need.

    Args:
        password: Opens encrypted members; null: the one their publisher gives to everybody.
        scorer: Which of several scorers gives the score of a rollout; null: the one the source names first.
    """

    password: str | None = None
    scorer: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One unit of reading, and one shard: its trace files and the companions (score files) beside them."""

    name: str
    files: tuple[SourceFile, ...]
    companions: tuple[SourceFile, ...] = ()
    choices: Choices = Choices()


def one_file_each(files: Sequence[SourceFile], _companions: Sequence[SourceFile]) -> Iterable[Source]:
    """Make every file a unit of its own."""
    return [Source(file.name, (file,)) for file in files]


def _no_companion(_peek: Peek) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Reader:
    """A format: how to recognise it, how files form units, how a unit becomes tables.

    Args:
        name: Name of the format, also in ``runs.source_format``.
        summary: One sentence: what it recognises.
        upstream: Versions of the upstream program it was written against.
        token_convention: How the format counts cached and reasoning tokens.
        blind_spots: What the format cannot tell.
        sniff: True if the content is this format.
        names: Where the content is objects in JSON, it is only sniffed at if it names, in quotes, all words of one of
            these: ``("a b", "a c")``; empty: JSON is never this format; null: it is always sniffed at.
        parse: Yields batches of canonical frames; reports what it cannot read to the reject log.
        group: Forms units of trace files and companions.
        is_companion: True for files that belong beside traces (score files).
        companion_names: As ``names``, for companions.
        version: Raised when the reader's output changes, so that shards are read again.
        fills: Canonical columns it can fill, as table.column, but for ids.
    """

    name: str
    summary: str
    upstream: tuple[str, ...]
    token_convention: str
    blind_spots: tuple[str, ...]
    sniff: Callable[[Peek], bool]
    parse: Callable[[Source, "RejectLog"], Iterator[Batch]]
    group: Callable[[Sequence[SourceFile], Sequence[SourceFile]], Iterable[Source]] = one_file_each
    is_companion: Callable[[Peek], bool] = _no_companion
    version: int = 1
    fills: tuple[str, ...] = field(default=())
    names: tuple[str, ...] | None = None
    companion_names: tuple[str, ...] | None = None

    def recognises(self, seen: Peek) -> bool:
        """Tell whether the content is this format."""
        return seen.may_name(self.names) and self.sniff(seen)

    def goes_with(self, seen: Peek) -> bool:
        """Tell whether the content belongs beside traces of this format."""
        return seen.may_name(self.companion_names) and self.is_companion(seen)

    def fills_by_table(self) -> dict[str, list[str]]:
        """Columns it can fill, by table."""
        pairs = [name.partition(".")[::2] for name in self.fills]
        return {
            table: [column for of, column in pairs if of == table] for table in dict.fromkeys(of for of, _ in pairs)
        }


@cache
def discover() -> dict[str, Reader]:
    """All readers by name: the package's own, then those of the entry-point group ``evalreplay.readers``."""
    package = importlib.import_module("traces.readers")
    modules = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    own = [getattr(importlib.import_module(f"traces.readers.{name}"), "READER", None) for name in modules]
    others = [entry.load() for entry in entry_points(group="evalreplay.readers")]
    return {reader.name: reader for reader in [*own, *others] if isinstance(reader, Reader)}
