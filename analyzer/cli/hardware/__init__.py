"""``evalreplay hardware``: a group; a name alone shows what is known of an accelerator or a model."""

from typing import Final

import click

from analyzer.cli.groups import LazyGroup

_COMMANDS: Final = {
    "list": "List accelerators and models with their measured loads and price tiers.",
    "show": "Show everything known of an accelerator or a model, with sources.",
    "frontier": "Throughput and USD per million tokens of a model against the speed of a request.",
    "ratio": "Compare two accelerators at equal speed of a request, in tokens and in tokens per dollar.",
    "breakeven": "Say how busy accelerators must be, and from how many calls on, to cost less than an API.",
    "fleet": "Replay rollouts on a fleet of accelerators, or as recorded on other slots: hours, dollars, load.",
    "compare": "Set dollars against time for one store on several accelerators and its API.",
    "check": "Check a table of your own, or the bundled ones, against what must hold.",
    "errors": "Say how wrong the hardware model is on measured loads it has not seen.",
    "import": "Turn somebody else's table of loads or prices into one of ours.",
}


@click.group(cls=LazyGroup, package="analyzer.cli.hardware", names=_COMMANDS, default="show")
def command() -> None:
    """What rented accelerators give and cost, from measured loads; a name alone shows what is known of it.

    \b
    Examples:
        evalreplay hardware b200
        evalreplay hardware frontier gpt-oss-120b --isl 8192 --osl 1024 --at 50,100
        evalreplay hardware ratio deepseek-r1 h200 b200 --at 50,75
        evalreplay hardware breakeven store/ --model openai/gpt-oss-120b --accelerator b200 --concurrency 32
        evalreplay hardware fleet store/ --benchmark swe-bench --recorded --slots 8,20,64,256
    """
