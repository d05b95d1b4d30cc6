"""``evalreplay prices coverage``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli.options import output_options, pricing_options, reading_options, sources_argument
from analyzer.cli.printing import emit, say_notes

if TYPE_CHECKING:
    import polars as pl


@click.command("coverage")
@sources_argument
@pricing_options
@reading_options
@output_options
def command(sources: tuple[Path, ...], style: str | None, **options: Any) -> None:
    """Say by what kind of evidence the calls of a store are priced: which models, on which days, by what row.

    \b
    Example:
        evalreplay prices coverage store/
    """
    from analyzer.cli.opening import open_priced, say_scenario
    from analyzer.prices.coverage import evidence, in_words

    store = open_priced(sources, options)
    found = evidence(store.table("calls"))
    emit(found if style else _glance(found), style)
    say_notes(in_words(found))
    say_scenario(store)


def _glance(found: "pl.DataFrame") -> "pl.DataFrame":
    """What fits beside each other on a terminal; --csv and --json give every column."""
    import polars as pl

    return found.select(
        pl.concat_str("provider", "model", separator="/", ignore_nulls=True).alias("model"),
        "price_model", "price_evidence", pl.col("price_from").dt.date(), "cost_basis", "first_date", "last_date",
        "n_calls", pl.col("cost_low_usd").round(2),
    )  # fmt: skip
