"""Reading Inspect logs: megabytes of JSON per CPU second and peak memory, beside Inspect's own readers.

PEERS_PYTHON names an interpreter that has inspect-ai (with pandas and pyarrow); without it they are left out.
"""

import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from measure import Result, Taken, fresh, taken, tell

N_SAMPLES: Final = 480
N_FEW: Final = 120
_LOGS: Final = (("deflate", "deflate.eval", ">= 300"), ("zstd", "zstd.eval", ">= 800"), ("json", "plain.json", ""))
_PEERS: Final = ("read_eval_log", "samples_df", "json.load")


def results(folder: Path) -> Iterator[Result]:
    """Read one log in three containers; a quarter of it for the peers, which are slow, and to see memory grow."""
    logs = _written(folder / "inspect")
    sizes = {name: (logs / name).stat().st_size / 1e6 for name in ("plain.json", "few.json")}
    name = f"read_inspect: a log of {sizes['plain.json']:.0f} MB"
    for method, file, target in _LOGS:
        took = _ours(logs / file, folder)
        yield Result(name, f"{method}, per CPU second", round(sizes["plain.json"] / took.cpu_s), "MB/s", target)
        yield Result(name, f"{method}, peak memory", round(took.peak_mb), "MB", "< 300" if ".eval" in file else "")
    yield from _peer_results(f"read_inspect: a log of {sizes['few.json']:.0f} MB", logs, folder, sizes["few.json"])


def _peer_results(name: str, logs: Path, folder: Path, size_mb: float) -> Iterator[Result]:
    python = os.environ.get("PEERS_PYTHON", sys.executable)
    ours = {file: _ours(logs / file, folder) for file in ("few.eval", "few.json")}
    for file, took in ours.items():
        yield Result(name, f"{file}, per CPU second", round(size_mb / took.cpu_s), "MB/s")
        yield Result(name, f"{file}, peak memory", round(took.peak_mb), "MB")
    for peer in _PEERS:
        file = "few.json" if peer == "json.load" else "few.eval"
        theirs = fresh(Path(__file__), peer, str(logs / file), python=python)
        if theirs.returned is None:
            print(f"left out: {peer} (PEERS_PYTHON names an interpreter that has inspect-ai)")
            continue
        yield Result(name, f"{peer}, per CPU second", round(size_mb / theirs.cpu_s), "MB/s")
        yield Result(name, f"{peer}, peak memory", round(theirs.peak_mb), "MB")
        times = round(theirs.cpu_s / ours[file].cpu_s, 1)
        yield Result(name, f"evalreplay is faster than {peer}", times, "times", ">= 5")


def _written(folder: Path) -> Path:
    from synthetic_inspect import write_log
    from zips import DEFLATED, ZSTD

    folder.mkdir(parents=True, exist_ok=True)
    wanted = {
        "deflate.eval": (N_SAMPLES, DEFLATED), "zstd.eval": (N_SAMPLES, ZSTD), "plain.json": (N_SAMPLES, DEFLATED),
        "few.eval": (N_FEW, ZSTD), "few.json": (N_FEW, DEFLATED),
    }  # fmt: skip
    for name, (n_samples, method) in wanted.items():
        if not (folder / name).exists():
            write_log(folder / name, n_samples, method)
    return folder


def _ours(log: Path, folder: Path) -> Taken:
    with TemporaryDirectory(dir=folder) as new:  # an earlier store would spare the parsing
        return fresh(Path(__file__), "ours", str(log), str(Path(new) / "store"))


def _read(log: Path, store: Path) -> int:
    from traces.read import read_traces

    return read_traces([log], store).table("calls").height


def _peer(name: str, log: str) -> Callable[[], Any] | None:
    """What a user would otherwise do; null: this interpreter cannot."""
    if name == "json.load":
        return lambda: _loaded(Path(log))
    if find_spec("inspect_ai") is None:
        return None
    if name == "read_eval_log":
        read_eval_log = import_module("inspect_ai.log").read_eval_log
        return lambda: len(read_eval_log(log).samples)
    analysis = import_module("inspect_ai.analysis")
    return lambda: len(analysis.samples_df(log, columns=analysis.SampleSummary, full=True, quiet=True))


def _loaded(log: Path) -> int:
    import json

    with log.open(encoding="utf-8") as file:
        return len(json.load(file)["samples"])


if __name__ == "__main__":
    what, path, *rest = sys.argv[1:]
    if what == "ours":
        import_module("traces.read")
        tell(taken(lambda: _read(Path(path), Path(rest[0]))))
    else:
        work = _peer(what, path)
        tell(taken(work) if work is not None else Taken(0, 0, 0, None))
