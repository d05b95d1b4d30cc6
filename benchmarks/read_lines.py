"""Reading files of one JSON record a line into a store: megabytes per CPU second and memory, beside JSON parsers."""

import json
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from measure import Result, best, private_mb, taken, tell
from parsers import has_parser, python_of
from synthetic_lines import long_sample, record, short_sample, write_lines

SIZE_MB: Final = 500
_FILES: Final = {
    "every_eval_ever, samples of 90 kB": ("long_samples.jsonl", long_sample),
    "every_eval_ever, samples of 3 kB": ("short_samples.jsonl", short_sample),
    "openhands, records of 500 kB": ("output.jsonl", record),
}
_PEERS: Final = ("json.loads", "orjson.loads")


def results(folder: Path) -> Iterator[Result]:
    """Read each file into a store, and parse it with the parsers a user would take, line by line."""
    for name, (file, kind) in _FILES.items():
        path = folder / file
        if not path.exists():
            write_lines(path, kind, SIZE_MB)
        yield from _of_file(f"read_lines: {SIZE_MB} MB of {name}", path)


def _of_file(name: str, path: Path) -> Iterator[Result]:
    size_mb = path.stat().st_size / 1e6
    spent = {what: _cpu_s(what, path) for what in ("store", *filter(has_parser, _PEERS))}
    for what, cpu_s in spent.items():
        target = ">= 800" if what == "store" else ""
        yield Result(name, f"{what}, per CPU second", round(size_mb / cpu_s), "MB/s", target)
    yield Result(name, "store, private memory", round(private_mb(Path(__file__), "store", str(path))), "MB")
    for peer in filter(spent.get, _PEERS):
        yield Result(name, f"evalreplay is faster than {peer}", round(spent[peer] / spent["store"], 1), "times")


def _cpu_s(what: str, path: Path) -> float:
    return best(Path(__file__), what, str(path), python=python_of(what)).cpu_s


def _store(path: Path) -> int:
    from traces.read import read_traces

    with TemporaryDirectory(dir=path.parent) as folder:
        return read_traces([path], Path(folder) / "store").table("calls").height


def _json(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for line in file if json.loads(line))


def _orjson(path: Path) -> int:
    import orjson

    with path.open("rb") as file:
        return sum(1 for line in file if orjson.loads(line))


_WORK: Final[dict[str, Callable[[Path], Any]]] = {"store": _store, "json.loads": _json, "orjson.loads": _orjson}


if __name__ == "__main__":
    what, where = sys.argv[1:]
    if what not in _PEERS:
        import_module("traces.read")  # what every reading imports is no part of the work
        import_module("traces.registry").discover()
    tell(taken(lambda: _WORK[what](Path(where))))
