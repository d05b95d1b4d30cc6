"""``evalreplay prices check``."""

from pathlib import Path

import click


@click.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def command(file: Path) -> None:
    """Check a price file of your own: keys, dates, order, overlaps, zeros, sources. Exit code 4 if it is wrong.

    \b
    Example:
        evalreplay prices check my_prices.toml
    """
    from analyzer.words import counted
    from pricing.book.price_check import read_checked

    rows = read_checked(file).rows
    models = counted(rows["model"].n_unique(), "model")
    click.echo(f"{file}: fine: {counted(rows.height, 'price')} of {models}")
