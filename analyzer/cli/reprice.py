"""``evalreplay reprice``."""

from pathlib import Path
from typing import Any

import click

from analyzer.cli.options import force_option, pricing_options, reading_options, sources_argument
from analyzer.cli.printing import progress_bar, say


@click.command("reprice")
@sources_argument
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="Folder of the priced store.")
@click.option("--strict", is_flag=True, help="A model without a price is an error.")
@pricing_options
@reading_options
@force_option
def command(sources: tuple[Path, ...], output: Path, *, strict: bool, force: bool, **options: Any) -> None:
    """Add cost and time to every call under a scenario.

    Without options: the list price in force at the time of each call, cache as recorded, all roles counted.

    \b
    Examples:
        evalreplay reprice store/ -o priced/
        evalreplay reprice store/ --as-of 2026-11-01 -o today/
        evalreplay reprice store/ --cache none --role agent -o uncached/
    """
    from analyzer.cli.opening import open_traces
    from analyzer.cli.options import scenario_from
    from analyzer.words import counted
    from pricing.priced_store import reprice_store
    from pricing.unpriced import label

    scenario = scenario_from(options)
    store = open_traces(sources, options)
    with progress_bar() as progress:
        priced = reprice_store(store, output, scenario, is_strict=strict, is_forced=force, progress=progress)
    for row in priced.table("runs").iter_rows(named=True):
        say(f"{row['benchmark'] or '-'}: {row['agent']}: {_amount(row)}")
    for model in priced.manifest["unpriced"]:
        calls = counted(model["n_calls"], "call")
        say(f"no price for {label(model)} ({calls}): {model['reason']}\nhint: {model['hint']}")


def _amount(row: dict[str, Any]) -> str:
    from analyzer.words import percent

    if row["cost_usd"] is None:
        return f"at least ${row['cost_low_usd']:,.2f} ({percent(row['coverage_frac'])} priced)"
    if row["cost_low_usd"] < row["cost_high_usd"]:
        return f"${row['cost_usd']:,.2f} (between ${row['cost_low_usd']:,.2f} and ${row['cost_high_usd']:,.2f})"
    return f"${row['cost_usd']:,.2f}"
