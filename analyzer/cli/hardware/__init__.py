"""``evalreplay hardware``: a group of questions about rented accelerators."""

from typing import Final

import click

from analyzer.cli.groups import LazyGroup

_COMMANDS: Final = {
    "fleet": "Replay rollouts on a fleet of accelerators: hours, dollars, queues and load.",
    "compare": "Set dollars against time for one store on several accelerators and its API.",
}


@click.group(cls=LazyGroup, package="analyzer.cli.hardware", names=_COMMANDS)
def command() -> None:
    """What rented accelerators give and cost, from measured loads.

    \b
    Examples:
        evalreplay hardware fleet store/ --recorded --slots 8,20,64,256
    """
