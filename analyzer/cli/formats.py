"""``evalreplay formats``."""

import click

from analyzer.cli.options import output_options
from analyzer.cli.printing import emit, to_json


@click.command("formats")
@output_options
def command(style: str | None) -> None:
    """List the trace formats that can be read: what each recognises, its token convention, its blind spots.

    \b
    Example:
        evalreplay formats
    """
    import polars as pl

    from traces.registry import discover

    readers = list(discover().values())
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
        click.echo("table: any CSV, TSV, JSONL, Parquet or XLSX with a mapping")
        click.echo("  start from: evalreplay read FILE --suggest-mapping")
