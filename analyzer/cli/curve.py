"""``evalreplay curve``."""

from pathlib import Path
from typing import Any

import click

from analyzer.cli.options import (
    benchmark_options,
    figure_option,
    output_options,
    pricing_options,
    reading_options,
    sources_argument,
)


@click.command("curve")
@click.argument("name")
@sources_argument
@click.option(
    "-O",
    "--option",
    "chosen",
    multiple=True,
    metavar="NAME=CHOICE",
    help="Option of the curve (see: evalreplay curves).",
)
@click.option("--over", "axis", help="Axis of the budget: dollars, seconds, tokens, output_tokens ...")
@figure_option
@benchmark_options
@pricing_options
@reading_options
@output_options
def command(
    name: str, sources: tuple[Path, ...], chosen: tuple[str, ...], axis: str | None, figure: Path | None,
    benchmark: tuple[str, ...], *, facet: bool, style: str | None, **options: Any,
) -> None:  # fmt: skip
    """Compute a curve: score against dollars, seconds, tokens or turns.

    \b
    Examples:
        evalreplay curve score_at_budget priced/ --figure budget.png
        evalreplay curve score_at_budget priced/ --over turns --csv
        evalreplay curve score_vs_cost priced/ -O by=run
    """
    from analyzer import api
    from analyzer.cli.drawing import present
    from analyzer.cli.opening import open_priced
    from analyzer.curves.registry import find

    find(name)
    picked = _picked(chosen)
    if axis and picked.setdefault("axis", axis) != axis:
        raise click.UsageError(f"-O axis={picked['axis']} and --over {axis}: which one?")
    result = api.curve(name, open_priced(sources, options), benchmark=benchmark, **picked)
    present(result, style, figure, is_faceted=facet)


def _picked(chosen: tuple[str, ...]) -> dict[str, str]:
    pairs = [text.partition("=") for text in chosen]
    for name, equals, _ in pairs:
        if not equals:
            raise click.UsageError(f"-O {name}: write -O NAME=CHOICE")
    return {name: choice for name, _, choice in pairs}
