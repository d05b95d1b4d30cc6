"""``evalreplay prices show``, or ``evalreplay prices MODEL``."""

from datetime import date
from pathlib import Path

import click

from analyzer.cli.dates import DATE
from analyzer.cli.options import book_options, output_options
from analyzer.cli.printing import emit, say, say_notes


@click.command("show")
@click.argument("model", required=False)
@click.option(
    "--on",
    "day",
    type=DATE,
    metavar="DATE",
    help="Only rows in force on this day (UTC; an hour may follow: 2025-02-08T16:00Z).",
)
@click.option("--provider", help="Who bills.")
@book_options
@output_options
def command(
    model: str | None, day: date | None, provider: str | None, book: str, files: tuple[Path, ...],
    style: str | None,
) -> None:  # fmt: skip
    """Show every price row of a model with its source; without a model, list all.

    \b
    Examples:
        evalreplay prices o3 --on 2025-06-09
        evalreplay prices deepseek-chat --on 2025-02-08T16:00Z
        evalreplay prices show gpt-4o --book hal-harness
    """
    from analyzer.prices.elsewhen import notes_of_day
    from analyzer.prices.listing import chosen_book, glance, models, price_rows
    from analyzer.session import books_folder

    chosen = chosen_book(book, files, [books_folder()])
    if model is None:
        emit(models(chosen, provider), style)
        return
    rows = price_rows(chosen, model, day, provider)
    if style:
        emit(rows, style)
        return
    table, footnotes = glance(rows)
    emit(table, None)
    for footnote in footnotes:
        click.echo(footnote)
    say_notes(notes_of_day(chosen, model, day, provider) if day else ())
    say("prices in USD per million tokens (Mtok) or per unit; times are UTC")
