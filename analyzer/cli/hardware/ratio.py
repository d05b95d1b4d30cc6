"""``evalreplay hardware ratio``."""

from typing import TYPE_CHECKING, Any

import click

from analyzer.cli.hardware.options import Speeds, shape_options, table_options, tables_from
from analyzer.cli.options import output_options
from analyzer.cli.printing import emit, say_notes

if TYPE_CHECKING:
    import polars as pl


@click.command("ratio")
@click.argument("model")
@click.argument("start", metavar="FROM")
@click.argument("end", metavar="TO")
@click.option("--at", type=Speeds(), required=True, help="Output tokens per second of each request, such as 50,75,100.")
@shape_options
@table_options
@output_options
def command(model: str, start: str, end: str, style: str | None, **options: Any) -> None:
    """Compare TO with FROM at equal speed of a request: tokens per GPU-second, and tokens per dollar at each tier.

    Each pair of precisions is a row: the same on both, each at its best ("any"), and every other that was measured.
    A ratio above one is in favour of TO; what a tier leaves of it is in the column of the tier.

    \b
    Examples:
        evalreplay hardware ratio gpt-oss-120b h100 b200 --at 50,75,100 --isl 8192 --osl 1024
        evalreplay hardware ratio deepseek-r1 h200 b200 --at 50,75 --speculation none
    """
    from analyzer.hardware.frontiers import served_name, speculation_label
    from pricing.hardware.ratio import ratios

    hardware = tables_from(options).hardware
    found = ratios(hardware, served_name(hardware, model), start, end, **options)
    emit(found.frame if style else _glance(found.frame), style)
    hours = [f"{tier}: {start} {a.title}, {end} {b.title}" for tier, (a, b) in found.hours.items()]
    band = f"low and high: each front within a factor of {found.band:.2f}; of tiers also prices (--csv, --json)"
    labels = f"loads {speculation_label(options['speculation'])}, whichever is best of each accelerator"
    say_notes([*hours, band, labels])


def _glance(frame: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl

    tiers = [name for name in frame.columns if name.endswith("_ratio")]
    return frame.select(
        pl.format("{}/{}", "isl", "osl").alias("isl/osl"),
        pl.format("{} to {}", "precision_from", "precision_to").alias("precision"),
        "tokens_per_s", pl.col("tokens_per_gpu_s_from", "tokens_per_gpu_s_to").round(0),
        pl.col("ratio", "ratio_low", "ratio_high", *tiers).round(2), "why",
    )  # fmt: skip
