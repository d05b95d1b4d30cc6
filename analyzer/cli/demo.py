"""``evalreplay demo``."""

from pathlib import Path

import click

from analyzer.cli.options import force_option
from analyzer.cli.printing import emit, say


@click.command("demo")
@click.option(
    "-o",
    "--output",
    default="demo",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write to.",
)
@force_option
def command(output: Path, *, force: bool) -> None:
    """Run the whole tour on the bundled figures; writes report.html and one figure per curve.

    \b
    Example:
        evalreplay demo
    """
    from analyzer.cli.drawing import prepare_drawing

    prepare_drawing()
    from analyzer.tour import tour

    if output.exists() and any(output.iterdir()) and not force:
        raise click.UsageError(f"{output} is not empty: give another folder, or --force")
    output.mkdir(parents=True, exist_ok=True)
    for step in tour(output):
        click.echo(f"\n$ {step.command}")
        for line in step.lines:
            click.echo(line)
        if step.table is not None:
            emit(step.table, None)
        for footnote in step.footnotes:
            click.echo(footnote)
    say(f"\nreport: {output / 'report.html'}")
