"""Groups of commands that are imported when they are called: starting up stays fast."""

import importlib
from collections.abc import Mapping
from keyword import iskeyword
from typing import Any

import click


class LazyGroup(click.Group):
    """A group whose commands are modules of a package, each with a ``command``.

    Args:
        package: Package the modules lie in.
        names: Commands in order, with what each does in a line.
        default: Command meant where the first word is no command; null: that is an error.
        attrs: As for ``click.Group``.
    """

    def __init__(self, *, package: str, names: Mapping[str, str], default: str | None = None, **attrs: Any) -> None:
        super().__init__(**attrs)
        self.package, self.names, self.default = package, names, default

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the commands in order."""
        return list(self.names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the module of a command."""
        if cmd_name not in self.names:
            return None
        module = importlib.import_module(f"{self.package}.{cmd_name}{'_' if iskeyword(cmd_name) else ''}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.names.items()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the default command where none is named."""
        asks_help = bool(args) and args[0] in ctx.help_option_names
        if self.default is not None and not asks_help and (not args or args[0] not in self.names):
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command when there is no such one."""
        from traces.errors import nearest

        if args and args[0] not in self.names and not args[0].startswith("-"):
            ctx.fail(f"no command {args[0]!r}; {nearest(args[0], self.names)}")
        return super().resolve_command(ctx, args)
