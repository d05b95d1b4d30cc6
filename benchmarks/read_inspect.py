"""Reading Inspect logs: megabytes of JSON per CPU second and memory, beside Inspect's own readers; one of 4 GB.

PEERS_PYTHON names an interpreter that has inspect-ai (with pandas and pyarrow); without it they are left out.
"""

import os
import sys
import zipfile
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from measure import RUNS, Result, Taken, fresh, private_mb, taken, tell

N_SAMPLES: Final = 480
N_HUGE: Final = 2_200
_LOGS: Final = (("deflate", "deflate.eval", ">= 300"), ("zstd", "zstd.eval", ">= 800"), ("json", "plain.json", ""))
_HUGE: Final = (("zstd", "huge.eval"), ("json", "huge.json"))
_PEERS: Final = {"read_eval_log": "zstd.eval", "samples_df": "zstd.eval", "json.load": "plain.json"}
_NOTHING: Final = "nothing"
"""Work that is none: what importing takes."""


def results(folder: Path) -> Iterator[Result]:
    """Read one log in three containers, then with what else a user would take; then one that is four times as large."""
    logs = _written(folder / "inspect")
    size_mb = (logs / "plain.json").stat().st_size / 1e6
    name = f"read_inspect: a log of {size_mb:.0f} MB"
    spent, used = {}, {}
    for method, file, target in _LOGS:
        took, used[file] = _best(logs / file, folder), _ours_mb(logs / file, folder)
        spent[file] = took.cpu_s
        yield Result(name, f"{method}, per CPU second", round(size_mb / took.cpu_s), "MB/s", target)
        yield Result(name, f"{method}, private memory", round(used[file]), "MB")
        yield Result(name, f"{method}, peak memory", round(took.peak_mb), "MB", "< 300")
    base_mb = private_mb(Path(__file__), "ours", _NOTHING, _NOTHING)
    yield Result(name, "private memory of the imports alone", round(base_mb), "MB")
    for peer, file in _PEERS.items():
        yield from _peer_results(name, peer, logs / file, size_mb, (spent[file], used[file]))
    yield from _huge_results(folder)


def _peer_results(name: str, peer: str, log: Path, size_mb: float, ours: tuple[float, float]) -> Iterator[Result]:
    """What a peer takes, once: it is slow; ours: CPU seconds and private memory of the same log."""
    python = os.environ.get("PEERS_PYTHON", sys.executable)
    theirs = fresh(Path(__file__), peer, str(log), python=python)
    if theirs.returned is None:
        print(f"left out: {peer} (PEERS_PYTHON names an interpreter that has inspect-ai)")
        return
    base_mb = private_mb(Path(__file__), peer, _NOTHING, python=python)
    used_mb = private_mb(Path(__file__), peer, str(log), python=python)
    yield Result(name, f"{peer}, per CPU second", round(size_mb / theirs.cpu_s), "MB/s")
    yield Result(name, f"{peer}, private memory", round(used_mb), "MB")
    yield Result(name, f"{peer}, private memory of the imports alone", round(base_mb), "MB")
    yield Result(name, f"evalreplay is faster than {peer}", round(theirs.cpu_s / ours[0], 1), "times", ">= 5")
    yield Result(name, f"{peer} takes more memory", round(used_mb / ours[1], 1), "times", ">= 10")


def _huge_results(folder: Path) -> Iterator[Result]:
    """Read a log of 4 GB, which is written for it and deleted again."""
    from synthetic_inspect import write_log
    from zips import ZSTD

    with TemporaryDirectory(dir=folder) as passing:
        for method, file in _HUGE:
            log = Path(passing) / file
            write_log(log, N_HUGE, ZSTD)
            took, used_mb = _ours(log, folder), _ours_mb(log, folder)
            name = "read_inspect: a log of 4.2 GB"
            yield Result(name, f"{method}, per CPU second", round(_json_mb(log) / took.cpu_s), "MB/s")
            yield Result(name, f"{method}, private memory", round(used_mb), "MB", "< 300")
            yield Result(name, f"{method}, peak memory", round(took.peak_mb), "MB", "< 300")
            log.unlink()


def _json_mb(log: Path) -> float:
    if log.suffix == ".json":
        return log.stat().st_size / 1e6
    with zipfile.ZipFile(log) as archive:
        return sum(member.file_size for member in archive.infolist()) / 1e6


def _written(folder: Path) -> Path:
    from synthetic_inspect import write_log
    from zips import DEFLATED, ZSTD

    folder.mkdir(parents=True, exist_ok=True)
    wanted = {
        "deflate.eval": (N_SAMPLES, DEFLATED), "zstd.eval": (N_SAMPLES, ZSTD), "plain.json": (N_SAMPLES, DEFLATED),
    }  # fmt: skip
    for name, (n_samples, method) in wanted.items():
        if not (folder / name).exists():
            write_log(folder / name, n_samples, method)
    return folder


def _ours(log: Path, folder: Path) -> Taken:
    with TemporaryDirectory(dir=folder) as new:  # an earlier store would spare the parsing
        return fresh(Path(__file__), "ours", str(log), str(Path(new) / "store"))


def _best(log: Path, folder: Path) -> Taken:
    return min((_ours(log, folder) for _ in range(RUNS)), key=lambda took: took.cpu_s)


def _ours_mb(log: Path, folder: Path) -> float:
    with TemporaryDirectory(dir=folder) as new:
        return private_mb(Path(__file__), "ours", str(log), str(Path(new) / "store"))


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
        import_module("traces.registry").discover()
        tell(taken(lambda: _read(Path(path), Path(rest[0])) if path != _NOTHING else 0))
    else:
        work = _peer(what, path)
        tell(Taken(0, 0, 0, None) if work is None else taken(work if path != _NOTHING else int))
