"""``evalreplay prices update``."""

from pathlib import Path

import click

from analyzer.cli.options import force_option
from analyzer.cli.printing import say


@click.command("update")
@click.option("-o", "--output", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder.")
@force_option
def command(output: Path, *, force: bool) -> None:
    """Convert the installed genai-prices into a catalogue of your own; nothing changes until a scenario names it.

    The catalogue of the package stays as it is: a library upgrade never changes a result by itself. Name the new one
    in a scenario: catalogue = "FOLDER". Needs the package genai-prices.

    \b
    Example:
        evalreplay prices update -o catalogue/
    """
    from analyzer.prices.books import update_catalogue

    source = update_catalogue(output, is_forced=force)
    click.echo(f"{output}: {source['project']} {source['version']}, {source['prices']['n_rows']:,} prices")
    say(f'use it in a scenario: catalogue = "{output}"')
