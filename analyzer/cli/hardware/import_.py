"""``evalreplay hardware import``."""

from pathlib import Path

import click

from analyzer.cli.options import FILE, force_option
from analyzer.cli.printing import say, say_notes


@click.command("import")
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@click.option("--as", "kind", metavar="KIND", help="Format of the file; default: recognised by its content.")
@click.option("--mapping", type=FILE, help="Of its columns (TOML).")
@force_option
def command(file: Path, output: Path, kind: str | None, mapping: Path | None, *, force: bool) -> None:
    """Turn somebody else's table of measured loads or of prices into one of ours, to be used with --rows.

    What cannot become a row is counted by reason.

    \b
    Examples:
        evalreplay hardware import loads.csv --mapping loads.toml -o rows.csv
        evalreplay hardware import catalogue/ --as catalogue -o hours.csv
    """
    from analyzer.hardware.opening import import_notes
    from analyzer.words import counted
    from pricing.hardware.importer import import_rows, write_rows
    from traces.errors import PricingError

    if output.exists() and not force:
        raise PricingError(f"{output} exists", "write elsewhere, or replace it with --force")
    read = import_rows(file, kind, mapping)
    write_rows(read, output)
    say_notes(import_notes(file, read))
    click.echo(f"{output}: {counted(read.frame.height, 'row')} of the table {read.table_name}")
    say(f"use it: --rows {output}")
