"""Price books of one's own: the named books there are, and a catalogue of a newer library."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from pricing.book.catalogue import catalogue_source
from pricing.book.named import BOOKS_FOLDER, book_files, load_named_book
from traces.errors import PricingError, UsageError

_COLUMNS = ("name", "title", "n_models", "names", "unlisted", "licence", "source", "retrieved_date", "path")


def named_books(folders: Sequence[Path] = ()) -> pl.DataFrame:
    """One row per named book: what it is, how its names match, what a model it does not list costs, its source."""
    books = [load_named_book(path) for path in book_files([BOOKS_FOLDER, *folders]).values()]
    rows = [{name: getattr(book, name) for name in _COLUMNS} | {"path": str(book.path)} for book in books]
    return pl.DataFrame(rows, schema_overrides={"retrieved_date": pl.Date})


def update_catalogue(folder: Path, *, is_forced: bool = False, today: date | None = None) -> dict[str, Any]:
    """Convert the installed genai-prices into a catalogue in a folder; say what it holds.

    Args:
        folder: Where to write it.
        is_forced: Replace a catalogue that lies there.
        today: Day it is converted on; null: now.

    Raises:
        PricingError: if the package is not installed.
        UsageError: if the folder holds something and ``is_forced`` is not given.
    """
    if folder.exists() and any(folder.iterdir()) and not is_forced:
        raise UsageError(f"{folder}: not empty", "give another folder, or --force")
    try:
        from pricing.book.catalogue_convert import freeze
    except ImportError as error:
        raise _missing() from error
    folder.mkdir(parents=True, exist_ok=True)
    try:
        freeze(folder, today or datetime.now(UTC).date())
    except ImportError as error:
        raise _missing() from error
    return catalogue_source(folder)


def _missing() -> PricingError:
    return PricingError("genai-prices is not installed", "install it beside evalreplay: pip install genai-prices")
