"""``evalreplay verify``."""

import sys
from pathlib import Path
from typing import Any, Final

import click

from analyzer.cli.options import output_options, verifying_options
from analyzer.cli.printing import emit, say, to_json

_SHOWN: Final = 10


@click.command("verify")
@click.argument("source", type=click.Path(exists=True, path_type=Path), metavar="STORE")
@click.option("--inputs", type=click.Path(exists=True, path_type=Path), help="Where the inputs lie now.")
@verifying_options
@output_options
def command(source: Path, inputs: Path | None, style: str | None, **options: Any) -> None:
    """Hash the inputs again, read and price them again, and say whether the numbers still hold.

    Exit code 1 if they do not. A priced store does not know where its inputs lie: name their folder.

    \b
    Examples:
        evalreplay verify store/
        evalreplay verify priced/ --inputs traces/
        evalreplay verify store/ --mapping mapping.toml
    """
    from analyzer import api

    found = api.verify(source, inputs, **options)
    if style == "json":
        parts = {"inputs": found.inputs.to_dicts(), "tables": found.tables.to_dicts()}
        click.echo(to_json({"holds": found.holds, "problems": list(found.problems), **parts}))
    elif style == "csv":
        emit(found.inputs, style)
    elif found.tables.height:
        emit(found.tables, None)
    for problem in found.problems[:_SHOWN]:
        say(problem)
    if len(found.problems) > _SHOWN:
        say(f"... and {len(found.problems) - _SHOWN:,} more: --json prints all")
    say("every number still holds" if found.holds else f"{len(found.problems):,} things do not hold")
    sys.exit(0 if found.holds else 1)
