"""What one piece of work takes, measured in a fresh process: wall and CPU seconds, peak memory."""

import json
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

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


def with_private_mb(work: Callable[[], Any]) -> float:
    """Do the work and return the most private memory seen on the way."""
    done, peaks = threading.Event(), [0.0]

    def watch() -> None:
        while not done.wait(_SAMPLED_EVERY_S):
            peaks[0] = max(peaks[0], _now_mb())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    work()
    done.set()
    watcher.join()
    return max(peaks[0], _now_mb())


def _now_mb() -> float:
    """Memory of this process that is no file: pages of mapped files are the system's to drop."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")) / 1024


def fresh(script: Path, *arguments: str, python: str = sys.executable) -> Taken:
    """Run ``script`` with a new interpreter; it ends by calling ``tell``."""
    done = subprocess.run([python, str(script), *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return Taken(**json.loads(done.stdout.splitlines()[-1]))


def tell(result: Taken) -> None:
    """Hand the result to the process that started this one."""
    print(json.dumps(asdict(result)))
