"""``evalreplay verify``."""

import sys
from pathlib import Path
from typing import Any, Final

import click

from analyzer.cli.options import output_options, verifying_options
from analyzer.cli.printing import emit, say, to_json

_SHOWN: Final = 10


@click.command("verify")
@click.argument("source", type=click.Path(path_type=Path), metavar="STORE")
@click.option("--inputs", type=click.Path(path_type=Path), help="Where the inputs lie now.")
@verifying_options
@output_options
def command(source: Path, inputs: Path | None, style: str | None, **options: Any) -> None:
    """Hash store and inputs again, read and price them again, and say whether the numbers still hold.

    Exit code 1 if they do not. Inputs are looked for where they lay; if they were moved, name their folder.

    \b
    Examples:
        evalreplay verify store/
        evalreplay verify priced/ --inputs traces/
        evalreplay verify store/ --json
    """
    from analyzer.cli.opening import open_traces
    from analyzer.verify import verify_store
    from analyzer.words import counted

    chosen = {name: value for name, value in options.items() if value is not None}
    found = verify_store(open_traces([source]), inputs, chosen)
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
    n_problems = len(found.problems)
    broken = f"{counted(n_problems, 'thing')} {'does' if n_problems == 1 else 'do'} not hold"
    say("every number still holds" if found.holds else broken)
    sys.exit(0 if found.holds else 1)
