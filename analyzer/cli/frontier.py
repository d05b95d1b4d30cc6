"""``evalreplay frontier``."""

from pathlib import Path
from typing import Any

import click

from analyzer.cli.options import (
    benchmark_options,
    figure_option,
    kind_option,
    output_options,
    pricing_options,
    reading_options,
    sources_argument,
    tasks_option,
)


@click.command("frontier")
@sources_argument
@kind_option
@click.option(
    "--clock",
    type=click.Choice(["cost", "time"]),
    default="cost",
    show_default=True,
    help="What is spent: dollars or seconds.",
)
@click.option(
    "--cost",
    type=click.Choice(["recomputed", "recorded"]),
    help="Dollars: recomputed (the default), or as the source states them.",
)
@click.option(
    "--seconds",
    type=click.Choice(["api", "recorded"]),
    help="Seconds of --clock time: on the API under the scenario (the default), or as recorded.",
)
@tasks_option
@figure_option
@benchmark_options
@pricing_options
@reading_options
@output_options
def command(
    sources: tuple[Path, ...], kind: str, clock: str, figure: Path | None,
    benchmark: tuple[str, ...], *, facet: bool, style: str | None, **options: Any,
) -> None:  # fmt: skip
    """List the agents no other agent beats, per benchmark.

    \b
    Examples:
        evalreplay frontier priced/
        evalreplay frontier priced/ --kind hull --figure frontier.svg
        evalreplay frontier priced/ --tasks common
    """
    from dataclasses import replace

    from analyzer import api
    from analyzer.cli.drawing import present
    from analyzer.cli.opening import open_priced
    from analyzer.frontier import frontier, open_memberships

    picked = {name: options.pop(name) for name in ("tasks", "cost", "seconds")}
    given = {name: choice for name, choice in picked.items() if choice}
    result = api.curve(api.CLOCKS[clock], open_priced(sources, options), benchmark=benchmark, **given)
    marked = frontier(result.frame, kind)
    noted = replace(result, notes=(*result.notes, *open_memberships(marked)))
    present(noted, style, figure, marked=marked, is_faceted=facet)
