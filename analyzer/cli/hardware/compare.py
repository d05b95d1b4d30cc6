"""``evalreplay hardware compare``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from analyzer.cli.hardware.fleet_options import Names, Numbers
from analyzer.cli.hardware.options import price_keys, price_options
from analyzer.cli.options import (
    benchmark_option,
    figure_option,
    output_options,
    pricing_options,
    reading_options,
    sources_argument,
)
from analyzer.cli.printing import emit, say, say_notes, to_json

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from analyzer.hardware.across import Across

_KEYS: Final = ("like", "like_factor", "n_gpus", "n_copies", "precision")


@click.command("compare")
@sources_argument
@click.option("--on", "accelerators", type=Names(), required=True, help="Accelerators, such as h100,h200,b200.")
@click.option("--concurrency", "loads", type=Numbers(), required=True, help="Requests at a time on an engine.")
@click.option("--model", default="*", help='Model whose calls are served; default: "*", every one.')
@click.option("--like", metavar="MODEL", help="Model of open weights it is taken to run like.")
@click.option("--like-factor", type=float, metavar="FACTOR", help="Its accelerator-time over that of the stand-in.")
@click.option("--n-gpus", type=click.IntRange(1), metavar="N", help="Accelerators of one copy; default: the cheapest.")
@click.option("--copies", "n_copies", type=click.IntRange(1), metavar="N", help="Copies of the engine; default: one.")
@click.option("--precision", metavar="NAME", help="Precision of the weights; default: any.")
@click.option(
    "--over", type=click.Choice(["rollout", "elapsed"]), default="rollout", show_default=True,
    help="Time: the mean of a rollout, or from the first start to the last end.",
)  # fmt: skip
@click.option(
    "--tools", type=click.Choice(["least", "most"]), default="least", show_default=True,
    help="Where points stand if tool time is not told apart.",
)  # fmt: skip
@price_options
@figure_option
@benchmark_option
@pricing_options
@reading_options
@output_options
def command(
    sources: tuple[Path, ...], *, accelerators: tuple[str, ...], loads: tuple[int, ...], model: str, over: Any,
    tools: Any, figure: Path | None, benchmark: tuple[str, ...], style: str | None, **options: Any,
) -> None:  # fmt: skip
    """Set what rollouts cost against how long they take: on each accelerator at each load, and on their API.

    Dollars of accelerators are those of a fleet as long as it is held, of the API those of the same calls.

    \b
    Examples:
        evalreplay hardware compare store/ --benchmark swe-bench --like gpt-oss-120b --on h100,h200,b200,b300,gb200 \\
            --concurrency 1,4,16,64 --allow-estimate --figure compare.png
    """
    from analyzer.api import of_benchmarks
    from analyzer.cli.opening import open_priced, say_scenario
    from analyzer.hardware.across import Choice, across
    from pricing.scenario import load_scenario

    if options["hardware"]:
        raise click.UsageError("--hardware: here accelerators are named by --on, loads by --concurrency")
    keys = {name: value for name in _KEYS if (value := options.pop(name)) is not None} | price_keys(options)
    hosted = load_scenario(options["scenario"]).model_copy(update={"allow_estimate": bool(options["allow_estimate"])})
    options["allow_estimate"] = None
    store = open_priced(sources, options)
    choice = Choice(accelerators, loads, model, keys, over, tools, hosted)
    found = across(of_benchmarks(store.tables(), benchmark), choice)
    if style == "json":
        click.echo(to_json({"rows": found.frame.to_dicts(), "notes": found.notes}))
    else:
        emit(found.frame if style else _glance(found.frame), style)
        say_notes(found.notes)
    say_scenario(store)
    if figure is not None:
        from analyzer.cli.drawing import draw_to

        draw_to(figure, lambda: _draw(found))
        say(f"drawn: {figure}")


def _draw(found: "Across") -> "Figure":
    from analyzer.figures.hardware_across import draw_across

    return draw_across(found)


def _glance(frame: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl

    return frame.select(
        "on", "concurrency", "n_gpus", "basis",
        pl.col("cost_usd", "cost_low_usd", "cost_high_usd", "marginal_usd").round_sig_figs(4),
        pl.col("rollout_s", "rollout_low_s", "rollout_high_s").round_sig_figs(4),
        (pl.col("elapsed_s") / 3600).alias("hours").round_sig_figs(4), "is_on_frontier", "evidence",
    )  # fmt: skip
