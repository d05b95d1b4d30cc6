"""``evalreplay hardware breakeven``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from analyzer.cli.hardware.options import price_keys, price_options, rows_option, validated
from analyzer.cli.options import (
    figure_option,
    output_options,
    pricing_options,
    reading_options,
    sources_argument,
)
from analyzer.cli.printing import emit, say, say_notes

if TYPE_CHECKING:
    import polars as pl

    from pricing.hardware.deployment import Deployment

_DEPLOYMENT: Final = (
    "concurrency", "min_tokens_s", "max_ttft_s", "n_gpus", "precision", "framework", "like", "like_factor",
)  # fmt: skip


@click.command("breakeven")
@sources_argument
@click.option("--model", required=True, metavar="NAME", help="Model whose calls are compared.")
@click.option("--accelerator", "accelerators", multiple=True, required=True, metavar="NAME", help="Repeatable.")
@click.option("--concurrency", type=float, metavar="N", help="Requests under way at a time on each copy.")
@click.option("--min-tokens-s", type=float, metavar="N", help="Instead: tokens per second each request must get.")
@click.option("--max-ttft-s", type=float, metavar="SECONDS", help="Seconds the first token may take.")
@click.option("--n-gpus", type=click.IntRange(1), metavar="N", help="Accelerators of one copy; default: the cheapest.")
@click.option("--precision", metavar="NAME", help="Precision of the weights; default: any.")
@click.option("--framework", metavar="NAME", help="Serving framework; default: any.")
@click.option("--like", metavar="MODEL", help="Model of open weights it is taken to run like.")
@click.option("--like-factor", type=float, metavar="FACTOR", help="Its accelerator-time over that of the stand-in.")
@price_options
@figure_option
@rows_option
@pricing_options
@reading_options
@output_options
def command(sources: tuple[Path, ...], style: str | None, figure: Path | None, **options: Any) -> None:
    """Say where running a model oneself costs what its API costs: how busy, and from how many calls a month on.

    The calls of the store are priced both ways. The fewer calls an accelerator gets, the more each costs; where even
    always busy ones cost more than the API, the two never cross. Low and high are carried through.

    \b
    Examples:
        evalreplay hardware breakeven store/ --model openai/gpt-oss-120b --accelerator h200 --accelerator b200 \\
            --concurrency 32 --figure breakeven.png
        evalreplay hardware breakeven store/ --model gpt-4.1 --like gpt-oss-120b --accelerator b200 \\
            --min-tokens-s 50 --tier on_demand --allow-estimate
    """
    from analyzer.cli.opening import open_priced, say_scenario
    from analyzer.hardware.breakeven import breakeven
    from pricing.scenario import load_scenario

    model, accelerators, rows = (options.pop(name) for name in ("model", "accelerators", "rows"))
    deployments = _deployments(accelerators, options)
    hosted = load_scenario(hardware_files=rows or None, allow_estimate=options["allow_estimate"])
    options["allow_estimate"] = None
    store = open_priced(sources, options)
    found = breakeven(store, model, deployments, hosted)
    emit(found.frame if style else _glance(found.frame), style)
    say_notes(found.notes)
    say_scenario(store)
    if figure is not None:
        from analyzer.cli.drawing import draw_to

        draw_to(figure, lambda: _draw(found))
        say(f"drawn: {figure}")


def _draw(found: Any) -> Any:
    from analyzer.figures.hardware_breakeven import draw_breakeven

    return draw_breakeven(found)


def _deployments(accelerators: tuple[str, ...], options: dict[str, Any]) -> "list[Deployment]":
    from pricing.hardware.deployment import Deployment

    stated = {name: options.pop(name) for name in _DEPLOYMENT}
    keys = {name: value for name, value in stated.items() if value is not None} | price_keys(options)
    return [validated(Deployment, {"accelerator": name, **keys}) for name in accelerators]


def _glance(frame: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl

    return frame.select(
        "accelerator", "n_gpus", pl.col("concurrency").round(1),
        pl.col("api_usd_per_call", "hosted_usd_per_call").round_sig_figs(4),
        pl.col("break_even_frac").round_sig_figs(3),
        pl.col("break_even_calls_per_month", "capacity_calls_per_month").round(0), "verdict",
    )  # fmt: skip
