"""``evalreplay hardware show``, or ``evalreplay hardware NAME``."""

from typing import Any

import click

from analyzer.cli.hardware.options import table_options, tables_from
from analyzer.cli.options import output_options
from analyzer.cli.printing import emit, say


@click.command("show")
@click.argument("name", required=False)
@table_options
@output_options
def command(name: str | None, style: str | None, **options: Any) -> None:
    """Show every figure of an accelerator or a model with its low, high, source and licence; without a name, list all.

    \b
    Examples:
        evalreplay hardware b200
        evalreplay hardware show gpt-oss-120b --csv
    """
    from analyzer.hardware.listing import known_of, listing

    hardware = tables_from(options).hardware
    if name is None:
        emit(listing(hardware), style)
        return
    found = known_of(hardware, name)
    emit(found if style else found.drop("licence", "note"), style)
    if not style:
        say("a load counts the measured loads of an engine; --csv and --json give licences and notes")
