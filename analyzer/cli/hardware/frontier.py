"""``evalreplay hardware frontier``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli.hardware.options import (
    Speeds,
    price_from,
    price_options,
    shape_options,
    table_options,
    tables_from,
)
from analyzer.cli.options import figure_option, output_options
from analyzer.cli.printing import emit, say, say_notes

if TYPE_CHECKING:
    import polars as pl


@click.command("frontier")
@click.argument("model")
@click.option("--at", type=Speeds(), default=(), help="Interpolate at these speeds; default: the measured loads.")
@click.option("--accelerator", "accelerators", multiple=True, metavar="NAME", help="Only this one (may be repeated).")
@click.option("--precision", metavar="NAME", help="Only weights of this precision; default: whichever is best.")
@shape_options
@price_options
@figure_option
@table_options
@output_options
def command(model: str, style: str | None, figure: Path | None, **options: Any) -> None:
    """Give throughput and USD per million tokens of MODEL against the speed each request gets.

    Of all engines measured, those loads are listed that no other beats in both; between them figures are interpolated,
    beyond them they are not known. USD per million tokens charge the whole hour to all tokens, to input alone or to
    output alone: they are three views of one price, and never summed.

    \b
    Examples:
        evalreplay hardware frontier gpt-oss-120b --isl 8192 --osl 1024 --figure fronts.png
        evalreplay hardware frontier deepseek-r1 --at 50,75 --tier on_demand
    """
    from analyzer.hardware.frontiers import FrontChoice, frontiers

    hardware = tables_from(options).hardware
    price = price_from(options)
    found = frontiers(hardware, model, FrontChoice(**options), price)
    emit(found.frame if style else _glance(found.frame), style)
    say_notes(found.notes)
    if figure is not None:
        from analyzer.cli.drawing import draw_to

        draw_to(figure, lambda: _draw(found))
        say(f"drawn: {figure}")


def _draw(found: Any) -> Any:
    from analyzer.figures.hardware import draw_fronts

    return draw_fronts(found)


def _glance(frame: "pl.DataFrame") -> "pl.DataFrame":
    """What fits beside each other on a terminal."""
    import polars as pl

    shown = frame.select(
        "accelerator", "precision", pl.format("{}/{}", "isl", "osl").alias("isl/osl"),
        pl.col("tokens_per_s").round(1), pl.col("tokens_per_gpu_s", "output_tokens_per_gpu_s").round(0),
        pl.col("usd_per_mtok", "usd_per_input_mtok", "usd_per_output_mtok").round(4), "evidence", "n_gpus", "framework",
        "concurrency", "why",
    )  # fmt: skip
    optional = ("n_gpus", "framework", "concurrency", "why")
    return shown.drop(name for name in optional if shown[name].null_count() == shown.height)
