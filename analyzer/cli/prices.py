"""``evalreplay prices``."""

from pathlib import Path

import click

from analyzer.cli.options import output_options
from analyzer.cli.printing import emit, say


@click.command("prices")
@click.argument("model", required=False)
@click.option(
    "--on", "day", metavar="DATE", help="Only rows in force on this day (UTC; an hour may follow: 2025-02-08T16:00Z)."
)
@click.option("--provider", help="Who bills.")
@click.option(
    "--prices",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Price file of your own.",
)
@output_options
def command(
    model: str | None, day: str | None, provider: str | None, files: tuple[Path, ...], style: str | None
) -> None:
    """List models, or show every price row of one with its source.

    \b
    Examples:
        evalreplay prices o3 --on 2025-06-09
        evalreplay prices deepseek-chat --on 2025-02-08T16:00Z
    """
    from analyzer.price_list import glance, models, price_rows

    if model is None:
        emit(models(files, provider), style)
        return
    rows = price_rows(model, day, provider, files)
    if style:
        emit(rows, style)
        return
    table, footnotes = glance(rows)
    emit(table, None)
    for footnote in footnotes:
        click.echo(footnote)
    say("prices in USD per million tokens (Mtok) or per unit; times are UTC")
