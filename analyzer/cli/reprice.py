"""``evalreplay reprice``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli.options import force_option, output_options, pricing_options, reading_options, sources_argument
from analyzer.cli.printing import emit, progress_bar, say, say_notes, to_json

if TYPE_CHECKING:
    import polars as pl

    from pricing.scenario import Scenario
    from traces.store import Store


@click.command("reprice")
@sources_argument
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder of the priced store.")
@click.option("--dry-run", is_flag=True, help="Write nothing: list what would change.")
@click.option("--strict", is_flag=True, help="A model without a price is an error.")
@pricing_options
@reading_options
@output_options
@force_option
def command(
    sources: tuple[Path, ...],
    output: Path | None,
    *,
    dry_run: bool,
    strict: bool,
    style: str | None,
    force: bool,
    **options: Any,
) -> None:
    """Add cost and time to every call under a scenario.

    Without options: the list price in force at the time of each call, everything as recorded, all roles counted.

    \b
    Examples:
        evalreplay reprice store/ -o priced/
        evalreplay reprice store/ --as-of 2026-11-01 -o today/
        evalreplay reprice store/ --cache none --role agent -o uncached/
        evalreplay reprice store/ --batch 1 --turnaround 3600 --unlisted-tiers half --dry-run
    """
    from analyzer.cli.opening import open_traces
    from analyzer.cli.options import scenario_from

    if output is None and not dry_run:
        raise click.UsageError("where to? give -o FOLDER, or --dry-run to write nothing")
    scenario = scenario_from(options)
    store = open_traces(sources, options)
    if dry_run:
        _show_changes(store, scenario, style)
    elif output is not None:
        _write(store, output, scenario, style, is_strict=strict, is_forced=force)


def _write(
    store: "Store", output: Path, scenario: "Scenario | None", style: str | None, *, is_strict: bool, is_forced: bool
) -> None:
    from analyzer.cli.amounts import amount, known_list_costs
    from analyzer.stated import stated, stated_costs
    from analyzer.words import counted, percent
    from pricing.priced_store import reprice_store
    from pricing.unpriced import label, skipped_models

    with progress_bar() as progress:
        priced = reprice_store(store, output, scenario, is_strict=is_strict, is_forced=is_forced, progress=progress)
    runs = priced.table("runs")
    if style:
        emit(runs, style)
    if scenario is not None:
        say(f"scenario: {scenario.title}")
    is_open = runs["cost_usd"].null_count() > 0
    of_list = known_list_costs(priced) if is_open else {}
    said = {run_id: stated(*costs) for run_id, *costs in (stated_costs(priced).iter_rows() if is_open else ())}
    for row in runs.sort("benchmark", "agent", "run_id", nulls_last=True).iter_rows(named=True):
        cost = amount(row, of_list.get(row["run_id"]), said.get(row["run_id"]))
        say(f"{row['benchmark'] or 'benchmark not named'}: {row['agent']}: {cost}")
    for deployed in priced.manifest["deployments"]:
        share = f"{percent(deployed['outside_frac'])} of its tokens outside what was measured"
        say(f"on accelerators, no vendor's price: {deployed['title']}; {share}")
        if deployed["doubts"]:
            say(f"an estimate: {'; '.join(deployed['doubts'])}")
    for model in skipped_models(priced.scan("calls")):
        say(f"left out by the book, so costs are at least that: {label(model)} ({counted(model['n_calls'], 'call')})")
    for model in priced.manifest["unpriced"]:
        calls = counted(model["n_calls"], "call")
        say(f"no price for {label(model)} ({calls}): {model['reason']}\nhint: {model['hint']}")
    _say_what_is_missing(priced)


def _say_what_is_missing(priced: "Store") -> None:
    """Say why costs are open that no price would close."""
    from analyzer.words import counted, listed
    from pricing.priced_store import scenario_of
    from pricing.unpriced import calls_without_tokens, cut_runs

    cut = cut_runs(priced.scan("runs"), priced.scan("rollouts"))
    if cut:
        names = listed([f"{run_id} ({held:,} of {stated:,})" for run_id, held, stated in cut])
        say(f"fewer rollouts here than the source counts, so the cost is only a low bound: {names}")
    n_calls, n_runs, n_stated = calls_without_tokens(priced.scan("calls"), scenario_of(priced).roles)
    if n_calls:
        say(f"no token counts to price: {counted(n_calls, 'call')} of {counted(n_runs, 'run')}")
    if n_stated:
        say(f"hint: {n_stated:,} of them state dollars: curve -O cost=recorded and frontier --cost recorded draw those")


def _show_changes(store: "Store", scenario: "Scenario | None", style: str | None) -> None:
    from analyzer.api import preview

    found = preview(store, scenario)
    if style == "json":
        parts = {"runs": found.runs.to_dicts(), "models": found.models.to_dicts(), "notes": list(found.notes)}
        click.echo(to_json(parts))
    elif style == "csv":
        emit(found.runs, style)
    else:
        emit(_runs_at_a_glance(found.runs), None, "runs")
        emit(_models_at_a_glance(found.models), None, "\nmodels")
        say_notes(found.notes)
        say("dry run: nothing was written")


def _runs_at_a_glance(runs: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl

    from analyzer.words import span

    ends = {
        end: [
            span(*row) for row in runs.select(f"cost_{figure}usd_{end}" for figure in ("", "low_", "high_")).iter_rows()
        ]
        for end in ("before", "after")
    }
    change = pl.when(pl.col("change_frac").is_finite()).then(pl.format("{} %", (pl.col("change_frac") * 100).round(1)))
    return runs.select("benchmark", "agent", *(pl.Series(end, texts) for end, texts in ends.items()), change=change)


def _models_at_a_glance(models: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl

    after = pl.coalesce("price_model_after", pl.lit("no price"))
    is_same = pl.col("price_model_before").eq_missing(pl.col("price_model_after"))
    priced_as = pl.when(is_same).then(after).otherwise(pl.format("{} -> {}", "price_model_before", after))
    return models.select(
        "provider", "model", priced_as.alias("priced as"), pl.col("tokens").cast(pl.Int64),
        pl.col("cost_usd_before").round(2).alias("before $"), pl.col("cost_usd_after").round(2).alias("after $"),
        pl.col("unpriced_tokens_after").cast(pl.Int64).alias("tokens without a price"),
    )  # fmt: skip
