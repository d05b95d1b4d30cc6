"""``evalreplay hardware list``."""

from typing import Any

import click

from analyzer.cli.hardware.options import table_options, tables_from
from analyzer.cli.options import output_options
from analyzer.cli.printing import emit


@click.command("list")
@table_options
@output_options
def command(style: str | None, **options: Any) -> None:
    """List accelerators and models: measured loads, with what, shapes, precisions, days and price tiers.

    \b
    Example:
        evalreplay hardware list
    """
    from analyzer.hardware.listing import listing

    emit(listing(tables_from(options).hardware), style)
