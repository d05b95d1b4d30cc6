"""``evalreplay history``."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from analyzer.cli.dates import DATE
from analyzer.cli.options import (
    benchmark_option,
    figure_option,
    output_options,
    reading_options,
    sources_argument,
    tasks_option,
    undated_pricing_options,
)

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from analyzer.history.options import HistoryResult

_TABLES: Final = ("runs", "cheapest", "best", "best_change", "frontier", "agents", "along")
_COST: Final = ("mean_cost_usd", "mean_cost_low_usd", "mean_cost_high_usd")
_GLANCE: Final = {
    "cheapest": (
        "Cheapest cost of reaching a score",
        ("benchmark", "score_threshold", "priced_at", "agent", "score", "n_tasks", *_COST),
    ),
    "best": (
        "Best-scoring agent: cost = turns x tokens per turn x dollars per token",
        ("benchmark", "priced_at", "agent", "score", "n_tasks", *_COST, "mean_turns", "turn_tokens",
         "blended_usd_per_mtok"),
    ),
    "best_change": (
        "From the first best-scoring agent to the last: what the change is due to",
        ("benchmark", "first_at", "last_at", "change_usd", "price_effect_usd", "turn_tokens_effect_usd",
         "turns_effect_usd"),
    ),
    "frontier": (
        "Frontier then and now",
        ("benchmark", "agent", "score", "then_at", "mean_cost_then_usd", "now_at", "mean_cost_now_usd", "status"),
    ),
    "along": (
        "Cheapest cost of reaching a score, up to a value of the attribute",
        ("benchmark", "score_threshold", "attribute_value", "attribute_date", "agent", "score", *_COST),
    ),
}  # fmt: skip
"""What is printed of which tables where nothing else is asked for."""


@click.command("history")
@sources_argument
@click.option(
    "--from",
    "start",
    type=DATE,
    metavar="DATE",
    help="First day; default: when an agent could first be called.",
)
@click.option("--to", "end", type=DATE, metavar="DATE", help="Last day; default: until when the price files were kept.")
@click.option(
    "--score", "scores", multiple=True, type=float, help="Score to reach (may be repeated); default: the agents' own."
)
@click.option("--what", type=click.Choice(_TABLES), help="Print only this table; default: cheapest, best and frontier.")
@click.option("--by", type=click.Choice(["agent", "run"]), default="agent", show_default=True, help="Whose cost.")
@click.option(
    "--measure", type=click.Choice(["score", "success"]), default="score", show_default=True, help="What scores."
)
@tasks_option
@click.option(
    "--keep-retired", "is_retired_kept", is_flag=True, help="Agents that can no longer be called still count."
)
@click.option(
    "--attributes",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Facts of models (CSV, TSV, JSON, Parquet) with a column model.",
)
@click.option("--where", multiple=True, metavar="NAME=VALUE", help="Only agents with this attribute (may be repeated).")
@click.option("--colour", metavar="NAME", help="Attribute that colours the figure.")
@click.option("--axis", metavar="NAME", help="Attribute in the place of time, in the figure and in the table along.")
@figure_option
@benchmark_option
@undated_pricing_options
@reading_options
@output_options
def command(
    sources: tuple[Path, ...], start: date | None, end: date | None, what: str | None, figure: Path | None,
    benchmark: tuple[str, ...], style: str | None, **options: Any,
) -> None:  # fmt: skip
    """Price the same rollouts at every date of the price books.

    A model enters on its release date, never earlier, and no longer counts once it is retired. Shown are the cheapest
    cost of reaching a score over time, the cost of the best-scoring agent with what it is made of, and the frontier at
    the first and the last day. --json prints every table, --csv the one --what names (else cheapest).

    \b
    Examples:
        evalreplay history store/ --from 2024-06-01 --to 2026-11-01
        evalreplay history store/ --score 0.5 --figure history.png
        evalreplay history store/ --attributes models.csv --where openness=open --what runs --csv
    """
    from analyzer import api
    from analyzer.cli.drawing import draw_to
    from analyzer.cli.opening import open_priced
    from analyzer.cli.printing import say

    asked = {name: options.pop(name) for name in _ASKED}
    store = open_priced(sources, {**options, "as_of": None})
    result = api.history(store, start, end, benchmark=benchmark, **asked)
    if figure is not None:
        draw_to(figure, lambda: _drawn(result))
    _present(result, style, what)
    if figure is not None:
        say(f"drawn: {figure}")


_ASKED: Final = (
    "scores", "attributes", "where", "colour", "axis", "is_retired_kept", "measure", "by", "tasks",
)  # fmt: skip


def _drawn(result: "HistoryResult") -> "Figure":
    from analyzer.figures.history import draw_history

    return draw_history(result)


def _present(result: "HistoryResult", style: str | None, what: str | None) -> None:
    from analyzer.cli.printing import emit, say_notes, to_json

    if style == "json":
        tables = {name: rows.to_dicts() for name, rows in result.tables.items()}
        click.echo(to_json({"from": result.start, "to": result.end, "notes": list(result.notes), **tables}))
        return
    if style == "csv" or what:
        emit(result.tables[what or "cheapest"], style)
    else:
        for name, (title, columns) in _GLANCE.items():
            rows = _days(result.tables[name].select(columns))
            if name != "along" or result.options.axis:
                emit(rows, None, f"{title}\n")
                click.echo()
    say_notes(result.notes)


def _days(rows: "pl.DataFrame") -> "pl.DataFrame":
    """Moments as days, where all of a column are; of the two columns of an attribute the one that is filled."""
    import polars as pl

    moments = [name for name, dtype in rows.schema.items() if dtype == pl.Datetime]
    days = [name for name in moments if (rows[name].dt.truncate("1d") == rows[name]).all()]
    return rows.with_columns(pl.col(days).cast(pl.Date)).drop(
        name for name in ("attribute_value", "attribute_date") if name in rows.columns and not rows[name].count()
    )
