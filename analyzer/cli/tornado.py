"""``evalreplay tornado``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from analyzer.cli.dates import DATE
from analyzer.cli.options import (
    benchmark_option,
    figure_option,
    output_options,
    pricing_options,
    reading_options,
    sources_argument,
)

if TYPE_CHECKING:
    from analyzer.tornado import Draws

_OF_DRAWS: Final = ("sd", "past", "seed", "budget")
_OF_LEVERS: Final = ("by", "span", "figure", "top")


@click.command("tornado")
@sources_argument
@click.option("--by", type=click.FloatRange(0, 1, min_open=True), metavar="SHARE", help="Move prices by; default: 0.1.")
@click.option("--range", "span", nargs=2, type=DATE, metavar="FROM TO", help="Move prices over what they were.")
@click.option(
    "--per",
    type=click.Choice(["total", "agent", "run"]),
    default="total",
    show_default=True,
    help="Whose costs: all runs together, each agent's, or each run's.",
)
@click.option("--top", type=click.IntRange(1), metavar="N", help="Only the N widest levers of each.")
@click.option("--draws", type=click.IntRange(1), metavar="N", help="Draw prices N times instead: quantiles of cost.")
@click.option(
    "--sd",
    multiple=True,
    metavar="[MODEL=]SD",
    help="Spread of draws, of the log of a price; default: 0.2 (repeatable).",
)
@click.option(
    "--past", type=click.IntRange(1), metavar="DAYS", help="Draw what prices did in so many days, by the book."
)
@click.option("--seed", type=click.IntRange(0), help="Seed of the draws; default: 0.")
@click.option("--budget", type=float, metavar="USD", help="Say how many draws cost more.")
@figure_option
@benchmark_option
@pricing_options
@reading_options
@output_options
def command(sources: tuple[Path, ...], per: str, benchmark: tuple[str, ...], style: str | None, **options: Any) -> None:
    """Say what moves a cost: every price and policy as a lever, widest first.

    Prices are moved one at a time, down and up by a share or over what they were between two days; policies (cache,
    batches, tiers, regions, roles, discounts) go to their other settings. An elasticity is exact, as cost is linear in
    prices. With --draws prices are drawn at random, and the quantiles of the cost are printed in place of the levers.

    \b
    Examples:
        evalreplay tornado store/ --figure tornado.png
        evalreplay tornado store/ --per agent --by 0.2 --top 5
        evalreplay tornado store/ --range 2025-01-01 2026-11-01
        evalreplay tornado store/ --draws 10000 --sd 0.2 --seed 1 --budget 500
    """
    from analyzer import api
    from analyzer.cli.levers import present_draws, present_levers
    from analyzer.cli.opening import open_traces
    from analyzer.cli.options import scenario_from

    given = {name: options.pop(name) for name in (*_OF_LEVERS, *_OF_DRAWS, "draws")}
    _refuse_mixed(given)
    scenario = scenario_from(options)
    chosen: dict[str, Any] = {"per": per, "benchmark": benchmark, "scenario": scenario}
    if given["draws"] is not None:
        drawn = _draws(given)
        store = open_traces(sources, options)
        present_draws(api.montecarlo(store, drawn, budget_usd=given["budget"], **chosen), style)
        return
    moved: dict[str, Any] = {"by": given["by"]} if given["by"] else {"span": given["span"]}
    found = api.tornado(open_traces(sources, options), **moved, **chosen)
    present_levers(found, style, given["figure"], given["top"])


def _refuse_mixed(given: dict[str, Any]) -> None:
    """Refuse options of levers for draws, and the other way round."""
    is_drawn = given["draws"] is not None
    strange = [name for name in (_OF_LEVERS if is_drawn else _OF_DRAWS) if given[name] not in (None, ())]
    if strange:
        option = "--range" if strange[0] == "span" else f"--{strange[0]}"
        raise click.UsageError(
            f"{option} is for levers: leave out --draws" if is_drawn else f"{option} needs --draws N"
        )
    if given["by"] and given["span"]:
        raise click.UsageError("--by and --range: which one?")
    if given["sd"] and given["past"]:
        raise click.UsageError("--sd and --past: which one?")


def _draws(given: dict[str, Any]) -> "Draws":
    from analyzer.tornado.montecarlo import SD, Draws

    pairs = [text.rpartition("=") for text in given["sd"]]
    try:
        spreads = {model: float(number) for model, _, number in pairs}
    except ValueError as error:
        raise click.UsageError(f"--sd {' '.join(given['sd'])}: write --sd 0.2, or --sd MODEL=0.3") from error
    common = spreads.pop("", SD)
    return Draws(common, spreads, given["past"], given["seed"] or 0, given["draws"])
