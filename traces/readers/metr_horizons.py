"""METR's benchmark_results YAML: one agent an entry, its average score and its time horizons, at the level of runs."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final

import polars as pl
import xxhash

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.errors import TraceError
from traces.files import content, printable
from traces.registry import Batch, Peek, Reader, Source, SourceFile, is_json
from traces.rejects import RejectLog
from traces.schema import RUNS

_KEYS: Final = tuple(
    re.compile(rb"^[ \t]*" + key + rb"[ \t]*:", re.MULTILINE) for key in (b"results", b"metrics", b"p50_horizon_length")
)
_NAME: Final = re.compile(rb"^benchmark_name[ \t]*:", re.MULTILINE)
_BOM: Final = b"\xef\xbb\xbf"
_MOST_BYTES: Final = 16 * 1024 * 1024
_KEPT: Final = ("is_sota", "p50_horizon_length", "p80_horizon_length", "usage")
_NOTHING: Final = frozenset({"", "null", "~"})

Row = dict[str, Any]


def sniff(peek: Peek) -> bool:
    """Recognise the keys of the file and of its first entry, each at the start of a line."""
    return not is_json(peek) and _is_named(peek.start.removeprefix(_BOM))


def _is_named(start: bytes) -> bool:
    return _NAME.search(start) is not None and all(key.search(start) for key in _KEYS)


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map the entries to a run each, without rollouts."""
    file = source.files[0]
    document = _load(file, log)
    results = document.get("results")
    if not isinstance(results, dict) or not results:
        log.malformed(file.name, "results", "no entry in it")
        return
    rows = []
    for name, entry in results.items():
        place = f"results.{printable(str(name))}"
        if isinstance(entry, dict) and isinstance(entry.get("metrics"), dict):
            of_suite = {"benchmark_name": document.get("benchmark_name"), **entry}
            rows.append(_row(printable(str(name)), of_suite, file.name, log) | {"source_path": source.name})
        else:
            log.malformed(file.name, place, "no metrics in it")
    if rows:
        yield {"runs": pl.DataFrame(rows, schema={name: RUNS.schema.get(name, pl.String()) for name in rows[0]})}


def _load(file: SourceFile, log: RejectLog) -> dict[str, Any]:
    """Read the file as plain text values; what is broken anywhere cannot be told apart from the rest."""
    import yaml

    try:
        with content(file.path) as raw:
            text = log.text(file.name, bytes(raw[:_MOST_BYTES]).removeprefix(_BOM))
        document = yaml.load(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # noqa: S506 - builds nothing but texts, lists and mappings
    except TraceError as error:
        log.malformed(file.name, "", error.problem.removeprefix(f"{file.path}: "))
        return {}
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        log.malformed(file.name, "document", f"broken YAML: {getattr(error, 'problem', None) or type(error).__name__}")
        return {}
    return document if isinstance(document, dict) else {}


def _row(name: str, entry: Row, path: str, log: RejectLog) -> Row:
    metrics, place, suite = entry["metrics"], f"results.{name}", entry["benchmark_name"]
    told = {"release_date": _plain(entry.get("release_date")), **{key: _plain(metrics.get(key)) for key in _KEPT}}
    listed = entry.get("scaffolds") if isinstance(entry.get("scaffolds"), list) else []
    scaffolds = [printable(one) for one in listed or () if isinstance(one, str) and one not in _NOTHING]
    dollars = metrics["usage"].get("usd") if isinstance(metrics.get("usage"), dict) else None
    benchmark = printable(suite) if isinstance(suite, str) else None
    kept = {key: value for key, value in told.items() if value}
    settings = json.dumps({"scaffolds": scaffolds, **kept}, sort_keys=True)
    digest = xxhash.xxh3_128_hexdigest(f"{name} {benchmark} {settings}".encode("utf-8", "backslashreplace"))
    return {
        "run_id": f"metr_horizons-{digest[:12]}", "benchmark": benchmark, "agent": name, "model": name,
        "scaffold": scaffolds[0] if len(scaffolds) == 1 else None,
        "settings": settings, "score_metric": "average_score", "score_min": 0.0, "score_max": 1.0,
        "recorded_score": _number(metrics.get("average_score"), f"{place}.average_score", path, log),
        "recorded_cost_usd": _number(dollars, f"{place}.usage.usd", path, log) or None,
        "source_format": "metr_horizons", PATH_COLUMN: path, PLACE_COLUMN: place,
    }  # fmt: skip


def _plain(value: Any) -> Any:
    """Keep a text, or the texts of a mapping: what is nested deeper may repeat itself without end."""
    if isinstance(value, dict):
        return {printable(str(key)): printable(part) for key, part in value.items() if isinstance(part, str)}
    return printable(value) if isinstance(value, str) else None


def _number(told: Any, place: str, path: str, log: RejectLog) -> float | None:
    """Read a number, or the estimate of it where bounds stand beside it."""
    written = told.get("estimate") if isinstance(told, dict) else told
    if written is None or (isinstance(written, str) and written in _NOTHING):
        return None
    try:
        value = float(written)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        log.malformed(path, place, f"{str(written)[:40]!r} is not a number")
        return None
    return value


READER = Reader(
    name="metr_horizons",
    summary="METR's benchmark_results YAML: average score and time horizons of each agent.",
    upstream=("metr.org benchmark_results_1_0.yaml and benchmark_results_1_1.yaml (2025-03 to 2026-08)",),
    token_convention="No tokens.",
    blind_spots=(
        "Only runs: no task, no attempt; the horizons with their intervals (minutes of a human) are kept as settings.",
        "usage.usd of 0 is that of runs whose dollars were not recorded: not known.",
        "usage is that of all the runs of an agent; working_time is kept as a setting.",
        "A file that is broken anywhere is refused as a whole.",
    ),
    sniff=sniff,
    names=(),
    parse=parse,
    fills=(
        "runs.benchmark", "runs.scaffold", "runs.model", "runs.settings", "runs.score_metric", "runs.score_min",
        "runs.score_max", "runs.recorded_score", "runs.recorded_cost_usd",
    ),
)  # fmt: skip
