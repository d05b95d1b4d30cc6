"""``evalreplay card``."""

from pathlib import Path
from typing import Any

import click

from analyzer.cli.options import benchmark_option, output_options, pricing_options, reading_options, sources_argument
from analyzer.cli.printing import emit, say


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
    from analyzer import api
    from analyzer.card_text import to_json, to_latex, to_text
    from analyzer.cli.opening import open_priced

    rows = api.card(open_priced(sources, options), benchmark=benchmark)
    if style == "csv":
        emit(rows, style)
        for note in rows["scenario"].drop_nulls().unique():
            say(f"note: {note}")
    else:
        click.echo(to_json(rows) if style == "json" else to_latex(rows) if latex else to_text(rows), nl=False)
