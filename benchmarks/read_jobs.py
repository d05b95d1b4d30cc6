"""Reading in one process and in two: a few large logs, many small files, and files of next to nothing."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from zipfile import ZipFile

from measure import Result, Taken, fresh, taken, tell
from synthetic import write_trajectories
from synthetic_inspect import write_log

from traces.jobs import ReadOptions
from traces.read import read_traces
from traces.registry import discover

N_PAIRS: Final = 4
_TIMES: Final = ">= 1.7"


def results(folder: Path) -> Iterator[Result]:
    """Read each input by turns in one process and in two, several times; the best of each counts."""
    for name, write, target in _INPUTS:
        inputs = folder / name
        if not inputs.exists():
            write(inputs)
        sizes = [_text_bytes(path) for path in inputs.rglob("*") if path.is_file()]
        title = f"read_jobs: {name}, {len(sizes):,} files, {sum(sizes) / 1e6:.0f} MB"
        pairs = [(_read_apart(inputs, folder, 1), _read_apart(inputs, folder, 2)) for _ in range(N_PAIRS)]
        yield from _rows(title, sizes, pairs, target)


def _rows(title: str, sizes: list[int], pairs: list[tuple[Taken, Taken]], target: str) -> Iterator[Result]:
    one, two = (min((pair[n] for pair in pairs), key=lambda took: took.wall_s) for n in (0, 1))
    cpu_s = min(pair[0].cpu_s for pair in pairs)
    busier_s = min(max(pair[1].cpu_s, pair[1].returned) for pair in pairs)
    yield Result(title, "one process, per CPU second", round(sum(sizes) / 1e6 / cpu_s), "MB/s", target)
    yield Result(title, "one process, CPU per file", round(1e3 * cpu_s / len(sizes), 3), "ms")
    yield Result(title, "one process, wall", round(one.wall_s, 2), "s")
    yield Result(title, "two processes, wall", round(two.wall_s, 2), "s")
    yield Result(title, "two processes are faster, wall", round(one.wall_s / two.wall_s, 2), "times", _TIMES)
    yield Result(title, "CPU of one / of the busier of two", round(cpu_s / busier_s, 2), "times", _TIMES)
    yield Result(title, "one process, peak memory", round(max(pair[0].peak_mb for pair in pairs)), "MB", "< 300")


def _text_bytes(path: Path) -> int:
    if path.suffix != ".eval":
        return path.stat().st_size
    with ZipFile(path) as archive:
        return sum(member.file_size for member in archive.infolist())


def _read_apart(inputs: Path, folder: Path, n_processes: int) -> Taken:
    with TemporaryDirectory(dir=folder) as new:  # an earlier store would spare the parsing
        return fresh(Path(__file__), str(inputs), str(Path(new) / "store"), str(n_processes))


def _read(inputs: Path, store: Path, n_processes: int) -> float:
    """Read, and give the CPU seconds of the other process."""
    read_traces([inputs], store, ReadOptions(on_error="skip", jobs=n_processes))
    times = os.times()
    return times.children_user + times.children_system


def _write_logs(folder: Path) -> None:
    folder.mkdir()
    for number in range(4):
        write_log(folder / f"{number}.eval", 480, eval_id=f"eval-{number}")


def _write_runs(folder: Path) -> None:
    for n_calls in range(38, 54):
        write_trajectories(folder / f"run{n_calls}", n_calls=n_calls)


def _write_tiny(folder: Path) -> None:
    write_trajectories(folder / "run", 20_000, n_calls=1, n_chars=40)


def _write_unknown(folder: Path) -> None:
    write_trajectories(folder / "run", 1)
    for number in range(20_000):
        path = folder / f"{number // 1_000}" / f"{number}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"note": number, "text": "x" * 800}), encoding="utf-8")


def _write_units(folder: Path) -> None:
    folder.mkdir()
    for number in range(1_000):
        write_log(folder / f"{number}.json", 1, n_calls=1, eval_id=f"eval-{number}")


_INPUTS: Final[tuple[tuple[str, Callable[[Path], Any], str], ...]] = (
    ("large logs", _write_logs, ">= 300"),
    ("runs of trajectories", _write_runs, ">= 300"),
    ("tiny trajectories", _write_tiny, ""),
    ("unknown files", _write_unknown, ""),
    ("logs of one call", _write_units, ""),
)


if __name__ == "__main__":
    discover()  # importing is not counted, but for that of the second process
    tell(taken(lambda: _read(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))))
