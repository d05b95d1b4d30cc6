"""The price book as a list for people: models, and the rows of one model in USD per million with their sources."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from pricing.book import PriceBook, load_book
from pricing.book.named import BOOKS_FOLDER, LIST_BOOK, load_named_book
from pricing.moments import Moment, as_moment, written
from pricing.schema import PUSD_PER_USD, PUSD_PER_USD_PER_MTOK
from traces.errors import PricingError

_DECIMALS: Final = 12
"""Pico-dollars are whole."""
_DETAILS: Final = (
    "effective_from", "effective_until", "effective_earliest", "effective_latest", "min_input_tokens",
    "is_whole_request", "service_tier", "is_batch", "region", "weekdays", "hours_utc", "layer", "date_basis", "source",
    "retrieved_date", "note",
)  # fmt: skip


def chosen_book(name: str = LIST_BOOK, files: Sequence[Path] = (), folders: Sequence[Path] = ()) -> PriceBook:
    """Load the list book with the user's price files, or a named book.

    Args:
        name: "list", or the name or file of a book.
        files: Price files of the user, for the list book.
        folders: Where books of the user lie.

    Raises:
        PricingError: if there is no such book, or a file is wrong.
    """
    return load_book(files) if name == LIST_BOOK else load_named_book(name, [BOOKS_FOLDER, *folders]).price_book()


def models(book: PriceBook, provider: str | None = None) -> pl.DataFrame:
    """One row per model of the book: provider, model, rows, first effective moment, layers, release and retirement.

    Raises:
        PricingError: if no such provider is known.
    """
    rows = book.rows
    facts = book.models.select("provider", "model", "release_date", "retired_date")
    refuse_unknown(provider, rows["provider"].unique().sort().to_list())
    chosen = rows if provider is None else rows.filter(pl.col("provider") == provider)
    return (
        chosen.group_by("provider", "model")
        .agg(
            n_rows=pl.len(),
            first_from=pl.col("effective_from").min(),
            layers=pl.col("layer").unique().sort().str.join("+"),
        )
        .join(facts, on=["provider", "model"], how="left")
        .sort("provider", "model")
    )


def price_rows(book: PriceBook, model: str, day: Moment | None, provider: str | None = None) -> pl.DataFrame:
    """Give the rows of a model: all of them, or those in force on a day; retired_date: of a model retired by then.

    Raises:
        PricingError: if the model or a price on that day is not known.
        UsageError: if the day is not one.
    """
    found = rows_of_model(book, model, provider)
    moment = None if day is None else as_moment("on", day)
    in_force = found if moment is None else book.on(model, moment, provider)
    if moment is not None and in_force.is_empty():
        first = found["effective_from"].min()
        raise PricingError(
            f"no price for model {model!r} on {written(moment)}", f"its first known price is from {first!s}"
        )
    retired = book.models.select("provider", "model", "retired_date")
    if moment is not None:
        retired = retired.filter(pl.col("retired_date") <= moment.date())
    dated = in_force.join(retired, on=["provider", "model"], how="left", maintain_order="left")
    return dated.select("provider", "model", "kind", *in_usd(), *_DETAILS, "retired_date")


def rows_of_model(book: PriceBook, model: str, provider: str | None) -> pl.DataFrame:
    """Give all rows of a model by any of its names.

    Raises:
        PricingError: if the model is not known, or the provider does not sell it.
    """
    found = book.on(model, None, provider)
    sellers = book.on(model, None)["provider"].unique().sort().to_list()
    if found.is_empty() and sellers:
        raise PricingError(f"no price for model {model!r} from {provider!r}", f"it is sold by {', '.join(sellers)}")
    if found.is_empty():
        refuse_unknown(provider, book.rows["provider"].unique().sort().to_list())
        closest = ", ".join(book.directory.closest(model)) or "none"
        raise PricingError(
            f"no price for model {model!r}", f"closest known models: {closest}; add an alias or a price file"
        )
    return found


def in_usd() -> tuple[pl.Expr, pl.Expr]:
    """Columns price_usd and unit: dollars per million tokens (Mtok), or per unit."""
    is_token = pl.col("unit") == "token"
    usd = pl.col("price_pusd") / pl.when(is_token).then(PUSD_PER_USD_PER_MTOK).otherwise(PUSD_PER_USD)
    return usd.round(_DECIMALS).alias("price_usd"), pl.when(is_token).then(pl.lit("Mtok")).otherwise("unit").alias(
        "unit"
    )


def refuse_unknown(provider: str | None, known: Sequence[str]) -> None:
    """Refuse a provider the book has no price of."""
    if provider is not None and provider not in known:
        raise PricingError(f"no provider {provider!r} in the price book", f"known: {', '.join(known)}")


def glance(rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Shorten the rows of a model for a terminal: columns that say something, sources and the rest as footnotes."""
    origin = pl.concat_str(
        "source", pl.format(" (read {})", "retrieved_date"), pl.format("; {}", "note"), ignore_nulls=True
    )
    noted = rows.with_columns(origin=origin)
    origins = noted["origin"].unique(maintain_order=True).to_list()
    marks = pl.col("origin").replace_strict(origins, [f"[{number}]" for number in range(1, len(origins) + 1)])
    table = noted.with_columns(source=marks).drop("origin", "retrieved_date", "note", "retired_date")
    usual = {**dict.fromkeys(_DETAILS), "min_input_tokens": 0, "service_tier": "standard", "is_batch": False}
    plain = [
        name for name, value in {**usual, "is_whole_request": True}.items()
        if name in table.columns and table[name].eq_missing(pl.Series([value], dtype=table.schema[name])).all()
    ]  # fmt: skip
    footnotes = [f"[{number}] {text}" for number, text in enumerate(origins, start=1)]
    gone = rows.drop_nulls("retired_date").select("provider", "model", "retired_date").unique(maintain_order=True)
    words = "{}/{} was retired on {}: its price from then on is the last known"
    footnotes += [words.format(*row) for row in gone.iter_rows()]
    return table.drop(plain), footnotes
