"""Reading a run of 500 trajectories of about 100 MB into a store: megabytes per CPU second, and peak memory."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from measure import Result, fresh, taken, tell
from synthetic import write_trajectories

from traces.read import read_traces


def results(folder: Path) -> Iterator[Result]:
    """Read a synthetic run, or the one that BENCH_RUN names."""
    run = Path(os.environ.get("BENCH_RUN", folder / "run"))
    if not run.exists():
        write_trajectories(run)
    size_mb = sum(path.stat().st_size for path in run.rglob("*.json")) / 1e6
    with TemporaryDirectory(dir=folder) as new:  # an earlier store would spare the parsing
        took = fresh(Path(__file__), str(run), str(Path(new) / "store"))
    name = f"read a run of {size_mb:.0f} MB"
    yield Result(name, "per CPU second", round(size_mb / took.cpu_s), "MB/s", ">= 300")
    yield Result(name, "wall", round(took.wall_s, 2), "s")
    yield Result(name, "peak memory", round(took.peak_mb), "MB", "< 300")


def _read(run: Path, store: Path) -> int:
    return read_traces([run], store).table("calls").height


if __name__ == "__main__":
    tell(taken(lambda: _read(Path(sys.argv[1]), Path(sys.argv[2]))))
