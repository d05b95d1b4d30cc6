"""Calling the command line in this process, as a user would type it: as the pages of the docs do."""

from docs.generate.pages import run_apart, run_command

__all__ = ["run_apart", "run_command"]
