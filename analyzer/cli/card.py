"""``evalreplay card``."""

from pathlib import Path
from typing import Any

import click

from analyzer.cli.options import benchmark_option, output_options, pricing_options, reading_options, sources_argument
from analyzer.cli.printing import emit, progress_bar


@click.command("card")
@sources_argument
@click.option("--latex", is_flag=True, help="Print a LaTeX table (booktabs).")
@benchmark_option
@pricing_options
@reading_options
@output_options
def command(
    sources: tuple[Path, ...],
    style: str | None,
    benchmark: tuple[str, ...],
    *,
    latex: bool,
    **options: Any,
) -> None:
    """Print the budget statement beside each score, ready to paste.

    Agent, effort, mean score, P50 and P95 of dollars, tokens, turns and seconds per task, limits, price date, coverage.

    \b
    Examples:
        evalreplay card priced/
        evalreplay card priced/ --latex
    """
    from analyzer.api import of_benchmarks
    from analyzer.card import cards
    from analyzer.card_text import to_json, to_latex, to_text
    from analyzer.cli.options import reading_from, scenario_from
    from analyzer.session import as_priced

    scenario, reading = scenario_from(options), reading_from(options)
    with progress_bar() as progress:
        tables = of_benchmarks(as_priced(sources, scenario, reading, progress).tables(), benchmark)
    rows = cards(tables)
    if style == "csv":
        emit(rows, style)
    else:
        click.echo(to_json(rows) if style == "json" else to_latex(rows) if latex else to_text(rows), nl=False)
