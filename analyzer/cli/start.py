"""The entry point of the command: a Ctrl-C while everything else is still being imported ends quietly as well."""

import os
import signal
from types import FrameType
from typing import NoReturn

_STOPPED = b"stopped; nothing was left half-written\n"


def run() -> None:
    """Run the command line."""
    is_heard = signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
    if is_heard:
        signal.signal(signal.SIGINT, _leave)
    from analyzer.cli.main import run as run_main

    if is_heard:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run_main()


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    os.write(2, _STOPPED)
    os._exit(130)
