"""``evalreplay prices books``."""

import click

from analyzer.cli.options import output_options
from analyzer.cli.printing import emit


@click.command("books")
@output_options
def command(style: str | None) -> None:
    """List the named books: those of the package, and those you imported.

    \b
    Example:
        evalreplay prices books
    """
    from analyzer.prices.books import named_books
    from analyzer.session import books_folder

    emit(named_books([books_folder()]), style)
