"""Calling the command line in this process, as a user would type it."""

import contextlib
import io
import os
import shlex
from pathlib import Path
from unittest import mock

from analyzer.cli.main import run


def run_command(command: str, folder: Path) -> tuple[int, str]:
    """Exit code, and standard output and error as they come, of one call typed in a folder."""
    code, out, _ = _run(command, folder, is_apart=False)
    return code, out


def run_apart(command: str, folder: Path) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one call typed in a folder."""
    return _run(command, folder, is_apart=True)


def _run(command: str, folder: Path, *, is_apart: bool) -> tuple[int, str, str]:
    name, *arguments = shlex.split(command)
    assert name == "evalreplay", command
    out = io.StringIO()
    err = io.StringIO() if is_apart else out
    own = mock.patch.dict(os.environ, {"EVALREPLAY_CACHE": str(folder / ".cache"), "EVALREPLAY_BOOKS": "books"})
    with own, contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            run(arguments)
        except SystemExit as leaving:
            return int(leaving.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()
