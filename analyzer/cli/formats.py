"""``evalreplay formats``."""

from typing import TYPE_CHECKING

import click

from analyzer.cli.options import output_options
from analyzer.cli.printing import emit, to_json

if TYPE_CHECKING:
    from traces.registry import Reader


@click.command("formats")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@output_options
def command(names: tuple[str, ...], style: str | None) -> None:
    """List the trace formats that can be read: what each recognises, its token convention, its blind spots.

    \b
    Examples:
        evalreplay formats
        evalreplay formats hal inspect
    """
    import polars as pl

    readers = _readers(names)
    rows = [
        {
            "format": reader.name,
            "recognises": reader.summary,
            "upstream": list(reader.upstream),
            "fills": list(reader.fills),
            "token_convention": reader.token_convention,
            "blind_spots": list(reader.blind_spots),
        }
        for reader in readers
    ]
    if style == "json":
        click.echo(to_json(rows))
    elif style == "csv":
        emit(pl.DataFrame(rows).with_columns(pl.col("upstream", "fills", "blind_spots").list.join("; ")), style)
    else:
        for row, reader in zip(rows, readers, strict=True):
            click.echo(f"{row['format']}: {row['recognises']}")
            click.echo(f"  written against  {'; '.join(row['upstream'])}")
            for table, columns in reader.fills_by_table().items():
                click.echo(f"  fills {table:<10} {', '.join(columns)}")
            click.echo(f"  tokens           {row['token_convention']}")
            for spot in row["blind_spots"]:
                click.echo(f"  blind spot       {spot}")
        if not names:
            click.echo("table: any CSV, TSV, JSONL, Parquet or XLSX with a mapping")
            click.echo("  start from: evalreplay read FILE --suggest-mapping")


def _readers(names: tuple[str, ...]) -> "list[Reader]":
    """Give the readers asked for, or all."""
    from traces.errors import UsageError, nearest
    from traces.registry import discover

    known = discover()
    for name in names:
        if name not in known:
            raise UsageError(f"no format '{name}'", nearest(name, known))
    return [known[name] for name in names or known]
