"""``evalreplay prices list``."""

from pathlib import Path

import click

from analyzer.cli.options import book_options, output_options
from analyzer.cli.printing import emit


@click.command("list")
@click.option("--provider", help="Who bills.")
@book_options
@output_options
def command(provider: str | None, book: str, files: tuple[Path, ...], style: str | None) -> None:
    """List the models of the price book: rows, first day, layers, and release and retirement where known.

    \b
    Example:
        evalreplay prices list --provider deepseek
    """
    from analyzer.prices.listing import chosen_book, models
    from analyzer.session import books_folder

    emit(models(chosen_book(book, files, [books_folder()]), provider), style)
