"""What one piece of work takes, measured in a fresh process: wall and CPU seconds, peak memory."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

RUNS: Final = 3
_SAMPLED_EVERY_S: Final = 0.002


@dataclass(frozen=True, slots=True)
class Result:
    """One row of results.csv; target: the bound set for it, empty if there is none."""

    benchmark: str
    what: str
    value: float
    unit: str
    target: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What it took, and what it returned."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    returned: Any


def taken(work: Callable[[], Any]) -> Taken:
    """Run ``work`` in this process."""
    cpu, wall = _cpu_s(), time.perf_counter()
    returned = work()
    return Taken(time.perf_counter() - wall, _cpu_s() - cpu, _peak_mb(), returned)


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _peak_mb() -> float:
    """Peak of this program; getrusage would count the one that started it."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def fresh(script: Path, *arguments: str, python: str = sys.executable) -> Taken:
    """Run ``script`` with a new interpreter, with modules compiled as in an installation; it ends by ``tell``."""
    compiled = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [python, str(script), *arguments], check=True, stdout=subprocess.PIPE, text=True, env=compiled
    )
    return Taken(**json.loads(done.stdout.splitlines()[-1]))


def best(script: Path, *arguments: str, python: str = sys.executable, runs: int = RUNS) -> Taken:
    """Run several times and give the run of the least CPU time: what other work takes from a machine is no cost."""
    return min((fresh(script, *arguments, python=python) for _ in range(runs)), key=lambda took: took.cpu_s)


def private_mb(script: Path, *arguments: str, python: str = sys.executable) -> float:
    """Run ``script`` and give its highest private memory: what is no mapped file, whose pages the system may drop.

    Watched from outside: a parser that never lets go of the interpreter would hide its peak from a thread.
    """
    peak_kb = 0
    with subprocess.Popen([python, str(script), *arguments], stdout=subprocess.DEVNULL) as running:
        status = Path(f"/proc/{running.pid}/status")
        while running.poll() is None:
            lines = status.read_text(encoding="utf-8").splitlines()
            peak_kb = max([peak_kb, *(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))])
            time.sleep(_SAMPLED_EVERY_S)
    if running.returncode:
        raise subprocess.CalledProcessError(running.returncode, str(script))
    return peak_kb / 1024


def tell(result: Taken) -> None:
    """Hand the result to the process that started this one."""
    print(json.dumps(asdict(result)))
