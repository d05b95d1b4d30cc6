"""``evalreplay report``."""

from pathlib import Path
from typing import Any

import click

from analyzer.cli.options import force_option, pricing_options, reading_options, sources_argument
from analyzer.cli.printing import say


@click.command("report")
@sources_argument
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="HTML file.")
@pricing_options
@reading_options
@force_option
def command(sources: tuple[Path, ...], output: Path, *, force: bool, **options: Any) -> None:
    """Write one self-contained HTML report: runs, cards, curves, frontier, cost by part, audit, assumptions.

    \b
    Example:
        evalreplay report priced/ -o report.html
    """
    if output.exists() and not force:
        raise click.UsageError(f"{output} exists: give another file, or --force")
    from analyzer import api
    from analyzer.cli.drawing import prepare_drawing
    from analyzer.cli.opening import open_priced

    prepare_drawing()
    output.parent.mkdir(parents=True, exist_ok=True)
    api.report(open_priced(sources, options), output)
    say(f"written: {output}")
