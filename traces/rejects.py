"""What could not be read: a row in ``rejects`` each, or an error at the first one, as the user chose."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from traces import texts
from traces.errors import MalformedTraceError
from traces.files import printable
from traces.schema import REJECTS

OnError = Literal["stop", "skip"]
_EXCERPT_CHARS = 120


@dataclass(slots=True)
class RejectLog:
    """Collects rejects of one unit. With ``on_error="stop"`` a malformed record raises at once."""

    source_format: str | None
    on_error: OnError = "stop"
    rows: list[dict[str, str | None]] = field(default_factory=list)
    texts: dict[str, dict[str, str | None]] = field(default_factory=dict)

    def malformed(
        self, source_path: str, place: str, reason: str, raw: str | None = None, remedy: str | None = None
    ) -> None:
        """Report a record that cannot be read.

        Args:
            source_path: File, relative to the input given.
            place: Place in it.
            reason: What is wrong.
            raw: The record, of which the start is kept without its texts.
            remedy: What a user can do, where that is not to mend the file.

        Raises:
            MalformedTraceError: with ``on_error="stop"``.
        """
        n_places = texts.n_places_in(reason)
        if n_places is not None:
            self.replaced(source_path, n_places)
            return
        if self.on_error == "stop":
            raise MalformedTraceError(source_path, place, reason, remedy)
        reason = reason if remedy is None else f"{reason}; {remedy}"
        self._add(source_path, place, "malformed", reason, excerpt=None if raw is None else without_text(raw))

    def replaced(self, source_path: str, n_places: int) -> None:
        """Report places of a file that are no text and were replaced, if any: once per file, and never an error."""
        if n_places and source_path in self.texts:
            row = self.texts[source_path]
            row["reason"] = texts.reason(n_places + (texts.n_places_in(str(row["reason"])) or 0))
        elif n_places:
            self._add(source_path, "", "malformed", texts.reason(n_places))
            self.texts[source_path] = self.rows[-1]

    def text(self, source_path: str, raw: bytes) -> str:
        """Text of bytes of a file; what is no UTF-8 is replaced, and counted."""
        text, n_replaced = texts.decoded(raw)
        if n_replaced:
            self.replaced(source_path, n_replaced)
        return text

    def duplicate(self, source_path: str, place: str, duplicate_of: str, reason: str = "same content") -> None:
        """Report a copy that is left out; never an error."""
        self._add(source_path, place, "duplicate", reason, duplicate_of=duplicate_of)

    def contradiction(self, source_path: str, place: str, reason: str) -> None:
        """Report two statements that cannot both be true: neither counts, or the one that the reason names."""
        self._add(source_path, place, "contradiction", reason)

    def unrecognised(self, source_path: str, reason: str) -> None:
        """Report a file no reader recognises."""
        self._add(source_path, "", "unrecognised", reason)

    @property
    def n_malformed(self) -> int:
        """Records that cannot be read; text that was replaced is none."""
        return sum(row["kind"] == "malformed" for row in self.rows) - len(self.texts)

    def frame(self) -> pl.DataFrame:
        """All rows as the canonical table."""
        return rejects_frame(self.rows)

    def _add(self, source_path: str, place: str, kind: str, reason: str, **more: str | None) -> None:
        row = {"source_path": source_path, "place": place, "kind": kind, "reason": reason, **more}
        shown = {name: None if value is None else printable(value) for name, value in row.items()}
        self.rows.append({**shown, "source_format": self.source_format})


def rejects_frame(rows: Sequence[dict[str, str | None]]) -> pl.DataFrame:
    """Rows as the canonical table ``rejects``, sorted."""
    schema = REJECTS.schema
    full = [{name: row.get(name) for name in schema} for row in rows]
    return pl.DataFrame(full, schema=schema).sort(list(schema), nulls_last=False)


def without_text(raw: str) -> str:
    """Start of a raw JSON record with its long strings blanked: traces hold private text."""
    blanked = re.sub(r'"(?:[^"\\]|\\.){25,}"?', '"…"', raw[: 20 * _EXCERPT_CHARS])
    return blanked[:_EXCERPT_CHARS]
