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
from typing import Any


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


def tell(result: Taken) -> None:
    """Hand the result to the process that started this one."""
    print(json.dumps(asdict(result)))
