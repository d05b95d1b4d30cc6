"""``evalreplay prices coverage``."""

from pathlib import Path
from typing import Any

import click

from analyzer.cli.options import output_options, pricing_options, reading_options, sources_argument
from analyzer.cli.printing import emit, say


@click.command("coverage")
@sources_argument
@pricing_options
@reading_options
@output_options
def command(sources: tuple[Path, ...], style: str | None, **options: Any) -> None:
    """Say by what kind of evidence the calls of a store are priced: which models, on which days, by what row.

    \b
    Example:
        evalreplay prices coverage store/
    """
    from analyzer.cli.opening import open_priced
    from analyzer.prices.coverage import evidence, in_words

    found = evidence(open_priced(sources, options).table("calls"))
    emit(found, style)
    for note in in_words(found):
        say(f"note: {note}")
