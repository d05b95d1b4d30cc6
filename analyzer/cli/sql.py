"""``evalreplay sql``."""

from pathlib import Path

import click

from analyzer.cli.options import output_options
from analyzer.cli.printing import emit


@click.command("sql")
@click.argument("source", type=click.Path(path_type=Path), metavar="STORE")
@click.argument("statement")
@output_options
def command(source: Path, statement: str, style: str | None) -> None:
    """Ask a store a question in SQL (DuckDB). Tables: runs, tasks, rollouts, scores, calls, charges, rejects.

    A statement reads the store and nothing else.

    \b
    Examples:
        evalreplay sql store/ "describe calls"
        evalreplay sql store/ "select model, count(*), sum(output_tokens) from calls group by model"
    """
    from analyzer.cli.opening import open_traces, say_scenario
    from analyzer.query import query

    store = open_traces([source])
    emit(query(store, statement), style)
    say_scenario(store)
