"""``evalreplay verify``."""

import sys
from pathlib import Path
from typing import Final

import click

from analyzer.cli.options import output_options
from analyzer.cli.printing import emit, say, to_json

_SHOWN: Final = 10


@click.command("verify")
@click.argument("source", type=click.Path(exists=True, path_type=Path), metavar="STORE")
@click.option("--inputs", type=click.Path(exists=True, path_type=Path), help="Where the inputs lie now.")
@output_options
def command(source: Path, inputs: Path | None, style: str | None) -> None:
    """Hash the inputs again, read and price them again, and say whether the numbers still hold.

    Exit code 1 if they do not.

    \b
    Example:
        evalreplay verify priced/
    """
    from analyzer import api

    found = api.verify(source, inputs)
    if style == "json":
        parts = {"inputs": found.inputs.to_dicts(), "tables": found.tables.to_dicts()}
        click.echo(to_json({"holds": found.holds, "problems": list(found.problems), **parts}))
    elif style == "csv":
        emit(found.inputs, style)
    else:
        emit(found.tables, None)
    for problem in found.problems[:_SHOWN]:
        say(problem)
    if len(found.problems) > _SHOWN:
        say(f"... and {len(found.problems) - _SHOWN:,} more: --json prints all")
    say("every number still holds" if found.holds else f"{len(found.problems):,} things do not hold")
    sys.exit(0 if found.holds else 1)
