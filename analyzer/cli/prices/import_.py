"""``evalreplay prices import``."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli.dates import DATE
from analyzer.cli.options import force_option
from analyzer.cli.printing import say

if TYPE_CHECKING:
    from pricing.book.importer import Per


@click.command("import")
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--as", "name", required=True, metavar="BOOK", help="Name of the book.")
@click.option("--per", type=click.Choice(["token", "1k", "1m"]), help="Tokens a price is for, if a table does not say.")
@click.option("--zero-is-free", is_flag=True, help="A price of 0 means free; without it: not known, left out, counted.")
@click.option("--importer", metavar="NAME", help="Format of the file; default: recognised by its content.")
@click.option("--retrieved", type=DATE, metavar="DATE", help="Day the file was fetched.")
@force_option
def command(
    file: Path, name: str, per: "Per | None", *, zero_is_free: bool, importer: str | None, retrieved: date | None,
    force: bool,
) -> None:  # fmt: skip
    """Import somebody else's price table as a named book, to price with: --book BOOK.

    Formats: LiteLLM's map, models.dev, llm-prices, and any CSV, TSV, JSON or JSONL table of models with their prices
    (tokens times table, no cache). What cannot be expressed is counted. Books are kept in the user's data folder;
    EVALREPLAY_BOOKS names another.

    \b
    Examples:
        evalreplay prices import prices.csv --as my-table --per 1m
        evalreplay prices import model_prices_and_context_window.json --as litellm-2026-11
    """
    from analyzer.session import books_folder
    from analyzer.words import counted
    from pricing.book.import_book import import_book
    from pricing.moments import as_moment

    day = None if retrieved is None else as_moment("retrieved", retrieved).date()
    report = import_book(
        file, name, books_folder(), is_forced=force, per=per, is_zero_free=zero_is_free, importer=importer,
        retrieved_date=day,
    )  # fmt: skip
    say(f"written: {report.path}")
    rows = counted(report.book.rows.height, "price")
    click.echo(f"{name}: {rows} of {counted(report.book.n_models, 'model')}; price with it: --book {name}")
    for reason, count in sorted(report.left_out.items()):
        say(f"left out: {count:,} {reason}")
