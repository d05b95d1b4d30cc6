"""A named book: somebody else's prices under somebody else's rules, so that their dollars can be reproduced.

One file per book. The package ships some (``pricing/data/books``), ``import_book`` writes more; both open the same way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

import polars as pl

from pricing.book.book import PriceBook
from pricing.book.named_names import directory_of, under_own_billers
from pricing.schema import MODEL_FACTS
from traces.errors import PricingError, nearest

BOOKS_FOLDER: Final = Path(str(files("pricing"))) / "data" / "books"
"""Books the package ships."""
LIST_BOOK: Final = "list"
"""Name of the book of dated list prices: the catalogue, the history and the user's files; no file has it."""
SUFFIXES: Final = (".toml", ".zip")
NameRule = Literal["exact", "verbatim", "resolve"]
UnlistedRule = Literal["unknown", "skipped"]


@dataclass(frozen=True, eq=False)
class NamedBook:
    """Prices as somebody else has them, how names match, and what a model costs that they do not list.

    Args:
        name: Name of the book: that of its file.
        title: What it is, in a line.
        source: Where it was taken from, with version or commit.
        licence: Licence of that source.
        names: "exact": the name as the trace writes it. "verbatim": with or without "provider/" in front. Both in
            lower case and whoever bills. "resolve": through our own directory and aliases, by who bills.
        unlisted: A model not listed costs "unknown" (null), or is "skipped": its author leaves it out of every sum.
        rows: Rows of PRICES.
        models: Rows of MODEL_FACTS.
        note: Rules and traps of the book in words.
        retrieved_date: Day the source was read; null: not stated.
        importer: What converted it; null: written by hand.
        source_sha256: Of the file it was converted from; null: written by hand.
        left_out: What the source says and the book cannot, counted by reason.
        path: Its file; null: it has none.
        sha256: Of its file, or of what it was made from.
    """

    name: str
    title: str
    source: str
    licence: str
    names: NameRule
    unlisted: UnlistedRule
    rows: pl.DataFrame
    models: pl.DataFrame = field(default_factory=MODEL_FACTS.empty)
    note: str | None = None
    retrieved_date: date | None = None
    importer: str | None = None
    source_sha256: str | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    path: Path | None = None
    sha256: str = ""

    @property
    def n_models(self) -> int:
        """Models with a price."""
        return self.rows.select("provider", "model").n_unique()

    def price_book(self) -> PriceBook:
        """The book as one to price with: its rows alone, names found its own way."""
        rows = under_own_billers(self.rows) if self.names == "resolve" else self.rows
        return PriceBook(
            rows,
            sources={f"books/{self.path.name if self.path else self.name}": self.sha256},
            models=self.models,
            own_directory=directory_of(rows, self.names),
            unlisted=self.unlisted,
            is_tier_blind=rows.filter((pl.col("service_tier") != "standard") | pl.col("is_batch")).is_empty(),
        )


def load_named_book(book: str | Path, folders: Sequence[Path] = (BOOKS_FOLDER,)) -> NamedBook:
    """Load a book by its name or its file.

    Args:
        book: Name of a book in one of the folders, or path of a book's file.
        folders: Where books lie; the first that has the name counts.

    Raises:
        PricingError: if there is no such book, or its file is damaged or says what cannot be.
    """
    from pricing.book.named_file import read_book_file

    if Path(book).suffix in SUFFIXES:
        return read_book_file(Path(book))
    known = book_files(folders)
    if str(book) not in known:
        raise PricingError(f"no book {str(book)!r}", nearest(str(book), known))
    return read_book_file(known[str(book)])


def book_files(folders: Sequence[Path] = (BOOKS_FOLDER,)) -> dict[str, Path]:
    """Name every book of the folders, with its file; of one name the first folder's. A folder may be absent."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob("*")):
            if path.suffix in SUFFIXES and not path.name.startswith("."):
                found.setdefault(path.stem, path)
    return dict(sorted(found.items()))
