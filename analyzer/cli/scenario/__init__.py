"""``evalreplay scenario``."""

from typing import Final

import click

from analyzer.cli.groups import LazyGroup

_COMMANDS: Final = {"show": "Print a scenario resolved: every key, and what its names mean."}


@click.group(cls=LazyGroup, package="analyzer.cli.scenario", names=_COMMANDS)
def command() -> None:
    """Look at a scenario before it prices anything.

    \b
    Example:
        evalreplay scenario show --as-of 2026-11-01 --batch 1 --turnaround 3600
    """
