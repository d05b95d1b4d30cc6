"""The commands as their help describes them."""

from collections.abc import Iterator
from typing import Final

import click

_HELP_WIDTH: Final = 100


def commands() -> str:
    """Give the help of every command."""
    from analyzer.cli.main import COMMANDS, main

    names = main.context_settings["help_option_names"]
    context = click.Context(main, info_name="evalreplay", terminal_width=_HELP_WIDTH, help_option_names=names)
    pages = [
        f"## evalreplay {name}\n\n```text\n{text}\n```" for name in COMMANDS for name, text in _helps(context, name)
    ]
    return "\n\n".join(pages)


def _helps(context: click.Context, name: str) -> Iterator[tuple[str, str]]:
    """Give the help of a command and of its own commands, by what to type."""
    group = context.command
    command = group.get_command(context, name) if isinstance(group, click.Group) else None
    if command is None:
        raise click.UsageError(f"no command {name}")
    inner = click.Context(command, info_name=name, parent=context, terminal_width=_HELP_WIDTH)
    yield inner.command_path.removeprefix("evalreplay "), command.get_help(inner)
    for own in command.list_commands(inner) if isinstance(command, click.Group) else ():
        yield from _helps(inner, own)
