"""``evalreplay compare``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli.options import (
    benchmark_option,
    figure_option,
    kind_option,
    output_options,
    pricing_options,
    reading_options,
    tasks_option,
)
from analyzer.cli.printing import emit, say, say_notes, to_json

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from analyzer.compare import Comparison

_PATH = click.Path(path_type=Path)


@click.command("compare")
@click.argument("before", type=_PATH, metavar="A")
@click.argument("after", type=_PATH, metavar="[B]", required=False)
@kind_option
@tasks_option
@figure_option
@benchmark_option
@pricing_options
@reading_options
@output_options
def command(
    before: Path, after: Path | None, kind: str, tasks: str, figure: Path | None, benchmark: tuple[str, ...],
    style: str | None, **options: Any,
) -> None:  # fmt: skip
    """Say what lies between two costs: price, policy, mix and volume; who entered the frontier, which orders flipped.

    A and B are stores, each priced as it is (list prices on the day of each call where it is not priced yet). The
    pricing options apply to B; without a B, A is compared with itself under them.

    \b
    Examples:
        evalreplay compare store/ --as-of 2026-11-01
        evalreplay compare store/ --cache upper_bound --figure compare.png
        evalreplay compare priced/ today/ --json
    """
    from analyzer import api
    from analyzer.cli.drawing import draw_to
    from analyzer.cli.opening import open_traces
    from analyzer.cli.options import scenario_from

    scenario = scenario_from(options)
    if after is None and scenario is None:
        raise click.UsageError("compare with what? name a second store, or how to price A again (such as --as-of DATE)")
    first = open_traces([before], dict(options))
    second = first if after is None else open_traces([after], dict(options))
    found = api.compare(first, second, scenario=scenario, kind=kind, benchmark=benchmark, tasks=tasks)
    if figure is not None:
        draw_to(figure, lambda: _drawn(found))
    _present(found, style)
    if figure is not None:
        say(f"drawn: {figure}")


def _present(found: "Comparison", style: str | None) -> None:
    if style == "json":
        frames = {"totals": found.totals, "by_model": found.by_model(), "effects": found.effects, "lost": found.lost,
                  "frontier": found.frontier, "flips": found.flips, "crossings": found.crossings}  # fmt: skip
        parts = {name: frame.to_dicts() for name, frame in frames.items()}
        click.echo(to_json({**parts, "notes": list(found.notes)}))
        return
    if style == "csv":
        emit(found.by_model(), style)
        return
    from analyzer.words import counted, span

    for row in found.totals.iter_rows(named=True):
        cost = span(row["cost_usd"], row["cost_low_usd"], row["cost_high_usd"])
        click.echo(f"{row['side']}: {cost} for {counted(row['n_runs'], 'run')}: {row['scenario']}")
    emit(_amounts(found.by_model()), None, "\nchange of cost in US dollars")
    moved = found.frontier.filter(found.frontier["change"].is_in(["entered", "left", "gone"]))
    if moved.height:
        shown = moved.select("benchmark", "agent", "change", "x_before", "x_after", "y_before", "y_after")
        emit(shown, None, "\nfrontier: who entered and who left (x: dollars per attempt, y: score)")
    if found.flips.height:
        emit(_flips(found), None, "\norders of cost that flipped")
    say_notes(found.notes)


def _amounts(models: "pl.DataFrame") -> "pl.DataFrame":
    """Effects as signed amounts, without the effects no model has."""
    import polars as pl

    names = [name for name in models.columns if name.endswith("_usd")]
    empty = [
        name for name in names if name not in ("cost_before_usd", "cost_after_usd") and not (models[name] != 0).any()
    ]
    plain = models.drop(empty).with_columns(pl.selectors.ends_with("_usd").round(2))
    return plain.rename({name: name.removesuffix("_usd").replace("_", " ") for name in plain.columns})


def _flips(found: "Comparison") -> "pl.DataFrame":
    """Pairs that flipped, with the price that moved them apart most, where both cost the same."""
    import polars as pl

    pair = ["benchmark", "agent_a", "agent_b"]
    price = pl.format(
        "{} {} at ${} per Mtok", "price_model", "kind", pl.col("crossing_usd_per_mtok").round_sig_figs(4)
    ).alias("equal where")
    first = found.crossings.group_by(pair, maintain_order=True).agg(price.first())
    joined = found.flips.join(first, on=pair, how="left", nulls_equal=True, maintain_order="left")
    return joined.rename({"a_before_usd": "a before", "a_after_usd": "a after", "b_before_usd": "b before",
                          "b_after_usd": "b after", "crossing_frac": "share of the way"})  # fmt: skip


def _drawn(found: "Comparison") -> "Figure":
    from analyzer.figures.waterfall import draw_comparison

    return draw_comparison(found)
