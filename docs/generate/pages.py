"""The commands a page shows, run beside a copy of the bundled store and the files of the page."""

import atexit
import contextlib
import io
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import click

_FILE: Final = re.compile(
    r"`([\w.-]+\.(?:toml|csv|tsv|jsonl))`[^`\n]*:\n\n```(?:toml|csv|tsv|jsonl)\n(.*?)^```", re.DOTALL | re.MULTILINE
)
"""A file shown on a page: its name, a colon, its content."""


def console(page: str, *commands: str, lines: int | None = None) -> str:
    """Run commands beside a copy of the bundled store and show them with what they print.

    Args:
        page: Page they stand on; its commands run one after the other in one folder.
        commands: Calls of evalreplay.
        lines: Lines of output to show of each; null: all.
    """
    return "```console\n" + "\n".join(_shown(command, playground(page), lines) for command in commands) + "```"


def page_files(text: str) -> dict[str, str]:
    """Files a page shows, by name: blocks below a line that ends with the name of a file and a colon."""
    return dict(_FILE.findall(text))


def run_command(command: str, folder: Path) -> tuple[int, str]:
    """Run one call of evalreplay in a folder; exit code, and standard output and error as they come."""
    out = io.StringIO()
    return _call(command, folder, out, out), out.getvalue()


def run_apart(command: str, folder: Path) -> tuple[int, str, str]:
    """Run one call of evalreplay in a folder; exit code, standard output and standard error."""
    out, err = io.StringIO(), io.StringIO()
    return _call(command, folder, out, err), out.getvalue(), err.getvalue()


def _call(command: str, folder: Path, out: io.StringIO, err: io.StringIO) -> int:
    from analyzer.cli.main import run

    name, *arguments = shlex.split(command)
    if name != "evalreplay":
        raise click.UsageError(f"not a call of evalreplay: {command}")
    with _inside(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            run(arguments)
        except SystemExit as leaving:
            return int(leaving.code or 0)
    return 0


@cache
def playground(page: str) -> Path:
    """Folder for the commands of a page, with the bundled store and the page's files; gone when Python ends."""
    from analyzer.tour import BUNDLED

    folder = Path(tempfile.mkdtemp(prefix=f"evalreplay-{Path(page).stem}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(BUNDLED, folder / "store")
    shown = page_files(Path(page).read_text(encoding="utf-8")) if Path(page).is_file() else {}
    for name, content in shown.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    own = {"EVALREPLAY_CACHE": str(folder / ".cache"), "EVALREPLAY_BOOKS": "books"}
    before = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            os.environ.update({name: value} if value is not None else {})


def _shown(command: str, folder: Path, lines: int | None) -> str:
    code, output = run_command(command, folder)
    if code:
        raise click.ClickException(f"{command}: {output}")
    return f"$ {command}\n{_cut(output, lines)}"


def _cut(output: str, lines: int | None) -> str:
    shown = output.splitlines()
    if lines is not None and len(shown) > lines:
        shown = [*shown[:lines], "..."]
    return "".join(f"{line.rstrip()}\n" for line in shown)
