"""``evalreplay prices``: a group; a model's name alone shows its prices."""

from typing import Final

import click

from analyzer.cli.groups import LazyGroup

_COMMANDS: Final = {
    "list": "List the models of the price book.",
    "show": "Show every price row of a model with its source.",
    "diff": "Say which prices changed between two days.",
    "check": "Check a price file of your own.",
    "books": "List the named books.",
    "import": "Import somebody else's price table as a named book.",
    "update": "Convert the installed genai-prices into a catalogue of your own.",
    "coverage": "Say by what kind of evidence the calls of a store are priced.",
}


@click.group(cls=LazyGroup, package="analyzer.cli.prices", names=_COMMANDS, default="show")
def command() -> None:
    """List, compare, check and import prices; a model's name alone shows its prices.

    \b
    Examples:
        evalreplay prices o3 --on 2025-06-09
        evalreplay prices diff --from 2026-07-01 --to 2026-09-01
        evalreplay prices coverage store/
    """
