"""The price book, its files, books and importers, and the names they know."""

from pathlib import Path
from typing import Any, Final

from docs.generate.markdown import choices, documented, first_line, markdown_table

ROOT: Final = Path(__file__).resolve().parents[2]


def price_files() -> str:
    """List the price files of the package: provider, models, rows, until when each was checked."""
    from pricing.book.price_file import read_price_file

    rows = []
    for path in sorted((ROOT / "pricing" / "data" / "prices").glob("*.toml")):
        file = read_price_file(path, "history")
        checked = "-" if file.checked_through is None else f"{file.checked_through:%Y-%m-%d}"
        counts = str(file.rows["model"].n_unique()), str(file.rows.height)
        rows.append((f"`{path.relative_to(ROOT)}`", file.provider, *counts, checked))
    return markdown_table(("file", "provider", "models", "rows", "checked through"), rows)


def names(*written: str) -> str:
    """Show what names resolve to without a stated provider; the latest meaning of one that moved."""
    import polars as pl

    from pricing.book import load_book
    from pricing.names.resolve import resolve

    asked = pl.DataFrame(
        {"provider": [None] * len(written), "model": written}, schema_overrides={"provider": pl.String}
    )
    found = {row["model"]: row for row in resolve(asked, load_book().directory).iter_rows(named=True)}
    columns = ("price_provider", "price_model", "identity", "region")
    rows = [(f"`{name}`", *(found[name][column] or "" for column in columns)) for name in written]
    return markdown_table(("written", "prices of", "model", "open model", "region"), rows)


def named_books() -> str:
    """List the books of the package: what each is, its models, how names match, what an unlisted model costs."""
    from pricing.book.named import BOOKS_FOLDER, book_files, load_named_book

    rows = []
    for name, path in book_files().items():
        book = load_named_book(path)
        place = f"`{(BOOKS_FOLDER / path.name).relative_to(ROOT)}`"
        rows.append((f"`{name}`", book.title, str(book.n_models), book.names, book.unlisted, place))
    return markdown_table(("book", "what it is", "models", "names", "unlisted", "file"), rows)


def price_importers() -> str:
    """Describe every importer of price tables: what it recognises, how names match, what it cannot express."""
    from pricing.book.importer import discover

    return "\n\n".join(
        "\n".join((
            f"### {importer.name}",
            "",
            f"Recognises {importer.summary}. Names match `{importer.names}`.",
            "",
            f"- **Written against** {'; '.join(importer.upstream)} (licence: {importer.licence})",
            *(f"- **Blind spot**: {spot}" for spot in importer.blind_spots),
        ))
        for importer in discover().values()
    )  # fmt: skip


def price_bases() -> str:
    """List what a cost can rest on and how the day of a price can be known."""
    from pricing.schema import COST_BASES, DATE_BASES, PRICE_TIME_BASES, TOKEN_KINDS

    named = {"kind (tokens)": TOKEN_KINDS, "date_basis": DATE_BASES, "cost_basis": COST_BASES,
             "price_time_basis": PRICE_TIME_BASES}  # fmt: skip
    return markdown_table(("column", "values"), [(f"`{name}`", choices(values)) for name, values in named.items()])


def price_file_keys() -> str:
    """List the keys of every table of a price file: type, default, meaning."""
    from pricing.book.price_keys import TABLES, Document, Rates

    nested = {"tier": "price.tier", "charge": "price.charge"}
    tables = {
        "The file": Document,
        "Rates": Rates,
        **{f"[[{nested.get(name, name)}]]": TABLES[name] for name in TABLES},
    }
    pages = []
    for title, model in tables.items():
        inherited = set() if model is Rates else set(Rates.model_fields)
        own = {name: field for name, field in model.model_fields.items() if name not in inherited}
        docs = documented(model)
        rows = [(f"`{name}`", _given(field), docs[name]) for name, field in own.items()]
        grid = markdown_table(("key", "needed", "meaning"), rows)
        pages.append(f"### {title}\n\n{first_line(model)}\n\n{grid}")
    return "\n\n".join(pages)


def _given(field: Any) -> str:
    if field.is_required():
        return "yes"
    return "" if field.default in (None, []) else f"`{str(field.default).lower()}` by default"


def price_units() -> str:
    """List the units a charge can have."""
    from pricing.schema import UNITS

    return choices(UNITS)


def date_bases() -> str:
    """List how the day of a price can be known."""
    from pricing.schema import DATE_BASES

    return choices(DATE_BASES)
