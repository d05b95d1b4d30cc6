"""``evalreplay hardware errors``."""

from typing import Any

import click

from analyzer.cli.hardware.options import table_options, tables_from
from analyzer.cli.options import output_options
from analyzer.cli.printing import emit, say_notes


@click.command("errors")
@table_options
@output_options
def command(style: str | None, **options: Any) -> None:
    """Say how wrong the hardware model is on measured loads it has not seen, and how many its bands hold.

    Loads are left out by input/output length, by model, by accelerator or one at a time, and predicted from the others.

    \b
    Example:
        evalreplay hardware errors
    """
    import polars as pl

    from analyzer.hardware.holdouts import holdouts

    found = holdouts(tables_from(options).hardware)
    emit(found if style else found.with_columns(pl.selectors.float().round(3)), style)
    of = "errors are of accelerator-seconds per request, of fronts of throughput; p10, p90: predicted over measured"
    say_notes([of])
