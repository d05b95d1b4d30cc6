"""``evalreplay audit``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli.options import output_options, pricing_options, reading_options, sources_argument
from analyzer.cli.printing import emit, say, to_json

if TYPE_CHECKING:
    import polars as pl


@click.command("audit")
@sources_argument
@click.option(
    "--tolerance",
    type=float,
    default=1e-4,
    show_default=True,
    help="Relative difference that is still equal, and share of dollars that may stay unexplained.",
)
@click.option("--worst", type=int, default=20, show_default=True, help="Rows to show, worst first.")
@pricing_options
@reading_options
@output_options
def command(sources: tuple[Path, ...], tolerance: float, worst: int, style: str | None, **options: Any) -> None:
    """Compare recomputed with recorded dollars and scores, worst first.

    Every difference gets the cause that can be proven. Exit code 1 if the unexplained dollars of a run and level
    exceed the tolerance as a share of what is recorded there, or a score or number of rollouts differs unexplained.
    A column says whether a figure was recorded, or only claimed by the agent's program.

    \b
    Example:
        evalreplay audit priced/
    """
    from analyzer import api
    from analyzer.cli.opening import open_priced, say_scenario, scenario_notes_of
    from analyzer.words import counted

    store = open_priced(sources, options)
    result = api.audit(store, tolerance)
    if style == "json":
        parts = {"summary": result.summary.to_dicts(), "worst": result.worst(worst).to_dicts()}
        click.echo(to_json({**parts, "n_unexplained": result.n_unexplained, "notes": scenario_notes_of(store)}))
    elif style == "csv":
        emit(result.rows, style)
    else:
        emit(result.summary, None, "recomputed against recorded")
        if result.worst(worst).height:
            emit(_glance(result.worst(worst)), None, "\nworst differences")
    say_scenario(store)
    say(f"{counted(result.n_unexplained, 'difference')} without a proven cause")
    if not result.is_ok():
        sys.exit(1)


def _glance(rows: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl

    where = pl.coalesce("call_id", "rollout_id", "run_id").alias("where")
    figures = ("recorded_basis", "recorded", "recomputed")
    return rows.select("level", "measure", where, *figures, "cause", "explanation")
