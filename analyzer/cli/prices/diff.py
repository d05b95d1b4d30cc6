"""``evalreplay prices diff``."""

from datetime import date
from pathlib import Path

import click

from analyzer.cli.dates import DATE
from analyzer.cli.options import book_options, output_options
from analyzer.cli.printing import emit, say


@click.command("diff")
@click.argument("model", required=False)
@click.option("--from", "start", required=True, type=DATE, metavar="DATE", help="First day (UTC).")
@click.option("--to", "end", required=True, type=DATE, metavar="DATE", help="Second day (UTC).")
@click.option("--provider", help="Who bills.")
@book_options
@output_options
def command(
    model: str | None, start: date, end: date, provider: str | None, book: str, files: tuple[Path, ...],
    style: str | None,
) -> None:  # fmt: skip
    """Say which prices changed between two days, which models came and which prices ended; with their sources.

    Undated prices hold on both days and so never change here.

    \b
    Examples:
        evalreplay prices diff --from 2026-07-01 --to 2026-09-01
        evalreplay prices diff o3 --from 2025-06-01 --to 2025-07-01
    """
    from analyzer.prices.diff import price_diff
    from analyzer.prices.listing import chosen_book
    from analyzer.session import books_folder

    chosen = chosen_book(book, files, [books_folder()])
    found = price_diff(chosen, start, end, model=model, provider=provider)
    emit(found if style else found.drop("source"), style)
    say("prices in USD per million tokens, or per unit; --csv and --json give the sources")
