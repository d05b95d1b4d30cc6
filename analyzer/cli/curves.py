"""``evalreplay curves``."""

import click

from analyzer.cli.options import output_options
from analyzer.cli.printing import emit, to_json


@click.command("curves")
@output_options
def command(style: str | None) -> None:
    """List the curves, their options and their sources.

    \b
    Example:
        evalreplay curves
    """
    import polars as pl

    from analyzer.curves.registry import discover

    curves = list(discover().values())
    if style is None:
        for curve in curves:
            click.echo(f"{curve.name}: {curve.summary}\n  source: {curve.source}")
            for option in curve.options:
                click.echo(f"  -O {option.name}={'|'.join(option.choices)}  {option.doc}")
        return
    rows = [
        {"curve": curve.name, "summary": curve.summary, "source": curve.source, "option": option.name,
         "choices": "|".join(option.choices), "doc": option.doc}
        for curve in curves
        for option in curve.options
    ]  # fmt: skip
    click.echo(to_json(rows)) if style == "json" else emit(pl.DataFrame(rows), style)
