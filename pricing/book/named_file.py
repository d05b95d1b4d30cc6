"""Files of named books: TOML for those written by hand, a zip for those converted from a big map.

A hand-checked book is read, reviewed and mended as text, so it is a price file (``price_file``) with a few keys more.
A converted map of some 20,000 rows would take seconds as TOML; as a zip of two Parquet tables and ``book.json`` it is
one file that says itself what it is, opens in milliseconds, and has the same bytes whenever the source is the same.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pricing.book.named import NamedBook, NameRule, UnlistedRule
from pricing.book.price_check import check_document
from pricing.book.price_file import joined, parse_price_file, price_file
from pricing.book.row_check import check_rows
from pricing.key_problems import first_problem, key_problem
from pricing.schema import MODEL_FACTS, PRICES
from traces.errors import PricingError, StoreError

_FORMAT: Final = 1
_TABLES: Final = {"rows": ("prices.parquet", PRICES), "models": ("models.parquet", MODEL_FACTS)}
_OF_THE_FILE: Final = frozenset({"name", "path", "sha256", *_TABLES})
_MIDNIGHT: Final = (1980, 1, 1, 0, 0, 0)
"""The first moment a zip can hold: the same content gives the same bytes."""


class _Head(BaseModel):
    """What a book says of itself."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=1)
    source: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    names: NameRule
    unlisted: UnlistedRule
    note: str | None = None
    retrieved_date: date | None = None
    importer: str | None = None
    source_sha256: str | None = None
    left_out: dict[str, int] = {}


_TOML_HEAD: Final[tuple[str, ...]] = ("title", "licence", "names", "unlisted", "note")


def read_book_file(path: Path) -> NamedBook:
    """Read a book.

    Raises:
        PricingError: naming file, problem and remedy, if it cannot be read or says what cannot be.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PricingError(f"{path}: {error.strerror}", "check that the book exists and may be read") from error
    parts = _from_toml(path) if path.suffix == ".toml" else _from_zip(path, content)
    return NamedBook(name=path.stem, path=path, sha256=hashlib.sha256(content).hexdigest(), **parts)


def write_book_file(book: NamedBook, path: Path) -> None:
    """Write a converted book, whole or not at all; the same book gives the same bytes."""
    said = {key: value for key, value in _said(book).items() if value not in (None, {})}
    head = json.dumps({"format": _FORMAT, **said}, indent=1, default=str) + "\n"
    members = {"book.json": head.encode()}
    for attribute, (member, _) in _TABLES.items():
        content = io.BytesIO()
        getattr(book, attribute).write_parquet(content, compression="zstd")
        members[member] = content.getvalue()
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.new")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as archive:
        for member, data in members.items():
            archive.writestr(zipfile.ZipInfo(member, _MIDNIGHT), data)
    unfinished.replace(path)


def _said(book: NamedBook) -> dict[str, Any]:
    return {f.name: getattr(book, f.name) for f in fields(book) if f.name not in _OF_THE_FILE}


def _from_toml(path: Path) -> dict[str, Any]:
    document = parse_price_file(path)
    head = {key: document.pop(key) for key in _TOML_HEAD if key in document}
    said: dict[str, Any] = {
        **head,
        "source": document.get("source_url"),
        "retrieved_date": document.get("retrieved_date"),
    }
    checked = _checked_head(path, said)
    check_document(path, document)
    prices = price_file(path, document, "book")
    return {**checked, "rows": PRICES.sort(prices.rows), "models": joined([prices], "model")}


def _from_zip(path: Path, content: bytes) -> dict[str, Any]:
    damaged = "import it again: evalreplay prices import FILE --as BOOK"
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            head = json.loads(archive.read("book.json"))
            tables = {
                attribute: table.conform(pl.read_parquet(archive.read(member)))
                for attribute, (member, table) in _TABLES.items()
            }
    except (KeyError, ValueError, OSError, zipfile.BadZipFile, pl.exceptions.PolarsError, StoreError) as error:
        raise PricingError(f"{path}: not a book of prices: {error}", damaged) from error
    if not isinstance(head, dict) or head.pop("format", None) != _FORMAT:
        raise PricingError(f"{path}: a book of another version of evalreplay", damaged)
    checked = _checked_head(path, head)
    check_rows(str(path), tables["rows"])
    return {**checked, **tables}


def _checked_head(path: Path, said: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return dict(_Head.model_validate(said))
    except ValidationError as error:
        first = first_problem(error)
        key, known = ".".join(map(str, first["loc"])), ", ".join(_Head.model_fields)
        wrong_value = f"{key} = {first['input']!r}: {first['msg']}"
        problem, _ = key_problem(first, _Head.model_fields) or (wrong_value, "")
        hint = f"a book says of itself: {known}; see docs/reference/prices.md"
        raise PricingError(f"{path}: {problem}", hint) from error
