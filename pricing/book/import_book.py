"""A foreign price table becomes a named book of the user: read, recognised, converted, checked, written to one file."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from pricing.book.foreign import read_foreign
from pricing.book.importer import Importer, ImportOptions, Per, convert, discover, recognise
from pricing.book.named import BOOKS_FOLDER, LIST_BOOK, SUFFIXES, NamedBook, book_files
from pricing.book.named_file import write_book_file
from traces.errors import PricingError

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]*")


@dataclass(frozen=True)
class ImportReport:
    """What an import made.

    Args:
        book: The book, as ``load_named_book`` gives it back.
        path: Its file.
        n_rounded: Prices that had to be rounded to a pico-dollar.
    """

    book: NamedBook
    path: Path
    n_rounded: int

    @property
    def left_out(self) -> Counter[str]:
        """What the source says and the book cannot, counted by reason."""
        return Counter(self.book.left_out)


def import_book(  # noqa: PLR0913 - the options of a command
    source: Path,
    name: str,
    folder: Path,
    *,
    is_forced: bool = False,
    per: Per | None = None,
    is_zero_free: bool = False,
    importer: str | None = None,
    retrieved_date: date | None = None,
) -> ImportReport:
    """Import a price table as a book.

    Args:
        source: File or folder; its format is recognised by its content.
        name: Name of the book.
        folder: Folder of the user's books.
        is_forced: Replace a book of that name.
        per: Tokens a price is for, where a table does not say.
        is_zero_free: A price of 0 means free; without it, not known: the model is left out, and counted.
        importer: Format, where it is not to be recognised.
        retrieved_date: Day the source was fetched; null: not stated.

    Raises:
        PricingError: if it is not recognised, says what cannot be, or a book of that name exists.
    """
    path = _place(name, folder, is_forced=is_forced)
    foreign = read_foreign(source)
    chosen = recognise(foreign) if importer is None else _importer(importer)
    found = convert(chosen, foreign, ImportOptions(per, is_zero_free))
    if found.rows.is_empty():
        raise PricingError(f"{source}: no price in it", _counted(found.left_out) or "is it the right file?")
    retrieved = pl.lit(retrieved_date, pl.Date)
    book = NamedBook(
        name=name,
        title=f"{source.name}, as converted by the importer {chosen.name}",
        source=source.name,
        licence=chosen.licence,
        names=chosen.names,
        unlisted=chosen.unlisted,
        rows=found.rows.with_columns(retrieved_date=retrieved),
        models=found.models.with_columns(retrieved_date=retrieved),
        note="; ".join(chosen.blind_spots),
        retrieved_date=retrieved_date,
        importer=chosen.name,
        source_sha256=foreign.sha256,
        left_out=found.left_out,
    )
    write_book_file(book, path)
    return ImportReport(book, path, found.n_rounded)


def _place(name: str, folder: Path, *, is_forced: bool) -> Path:
    if _NAME.fullmatch(name) is None or Path(name).suffix in SUFFIXES:
        raise PricingError(
            f"a book cannot be called {name!r}", "use a-z, 0-9, dots and dashes, such as litellm-2026-11"
        )
    if name == LIST_BOOK or name in book_files((BOOKS_FOLDER,)):
        raise PricingError(f"{name!r} is a book of the package", "give yours another name")
    existing = book_files((folder,)).get(name)
    if existing is not None and not is_forced:
        raise PricingError(f"{existing}: exists", "give another name, or pass --force to replace it")
    if existing is not None and existing.suffix != ".zip":
        raise PricingError(f"{existing}: a book written by hand", "give another name: it will not be replaced")
    return folder / f"{name}.zip"


def _importer(name: str) -> Importer:
    if name not in discover():
        raise PricingError(f"no importer {name!r}", f"known: {', '.join(discover())}")
    return discover()[name]


def _counted(left_out: Mapping[str, int]) -> str:
    return "left out: " + "; ".join(f"{n} x {reason}" for reason, n in left_out.items()) if left_out else ""
