"""``evalreplay report``."""

from pathlib import Path
from typing import Any

import click

from analyzer.cli.options import force_option, pricing_options, reading_options, sources_argument
from analyzer.cli.printing import progress_bar, say


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
    from analyzer.cli.options import reading_from, scenario_from
    from analyzer.session import as_priced

    scenario, reading = scenario_from(options), reading_from(options)
    with progress_bar() as progress:
        api.report(as_priced(sources, scenario, reading, progress), output)
    say(f"written: {output}")
