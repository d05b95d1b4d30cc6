"""Runs as the boards list them: one entry per run, its instances where they are told, copies of it left out."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from traces.decode import Count, UndecodableError, decode, whole
from traces.files import content, printable
from traces.parquet import parquet_rows
from traces.registry import SourceFile
from traces.rejects import RejectLog

_BENCHMARKS: Final = {"test": "swe-bench", "full": "swe-bench", "bash-only": "swe-bench-verified"}
_LIST: Final = re.compile(rb"(\xef\xbb\xbf)?\s*\[")
_DETAILS: Final = re.compile(rb'(\xef\xbb\xbf)?\s*\{\s*"[^"]*__')
_SCRIPT: Final = re.compile(rb"<script\b[^>]*\bid=[\"']?leaderboard-data\b[^>]*>")
_HEAD_BYTES: Final = 1024
NOBODY: Final = "unknown"
"""Agent of instances that stand on their own."""
_BLANK: Final = b"\xef\xbb\xbf \t\r\n"
_ANY_BENCHMARK: Final = "swe-bench"
_COLUMNS: Final = ("model", "task", "cost", "api_calls", "resolved", "hit_limit")


class Result(msgspec.Struct, rename={"version": "mini-swe-agent_version"}):
    """One run on a board. ``agent`` and ``model_display`` came in 2026."""

    name: str | None = None
    folder: str | None = None
    resolved: float | None = None
    date: str | None = None
    cost: float | None = None
    instance_cost: float | None = None
    instance_calls: Count = None
    tags: list[str] | None = None
    trajs: Any = None
    agent: str | None = None
    model_display: str | None = None
    reasoning_effort: str | None = None
    version: str | None = None
    warning: str | None = None
    checked: Any = None
    per_instance_details: dict[str, Any] | None = None


class Board(msgspec.Struct):
    """One board."""

    name: str | None = None
    results: list[Result] | None = None


class Boards(msgspec.Struct):
    """The file."""

    leaderboards: list[Board] | None = None


@dataclass(frozen=True, slots=True)
class Instance:
    """One task of a run: null is not known."""

    resolved: bool | None
    cost_usd: float | None
    n_calls: int | None
    has_hit_limit: bool | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A run, the board's entry of it, and its instances by task (empty: not told)."""

    place: str
    board: str
    benchmark: str
    result: Result
    instances: Mapping[str, Instance] = field(default_factory=dict)


def read_runs(file: SourceFile, log: RejectLog) -> list[Run]:
    """Read all runs of all boards, those with instances first.

    Raises:
        MalformedTraceError: at the first thing that cannot be read, if the log stops on errors.
        UnreadableError: if the file cannot be read.
    """
    boards = _boards(file, log)
    runs = [run for number, board in enumerate(boards) for run in _runs(board, number, file.name, log)]
    return sorted(runs, key=lambda run: not run.instances)


def read_details(file: SourceFile, log: RejectLog) -> list[Run]:
    """Read the runs of a Parquet table of instances: one run per model."""
    by_model: dict[str, dict[str, Instance]] = {}
    for number, row in enumerate(parquet_rows(file, _COLUMNS)):
        place = f"row {number}"
        if not isinstance(row.get("model"), str) or not isinstance(row.get("task"), str):
            log.malformed(file.name, place, "no model or no task")
            continue
        instances, instance = by_model.setdefault(row["model"], {}), _instance(row, place, file.name, log)
        if instances.setdefault(row["task"], instance) is not instance:
            log.malformed(file.name, place, f"a second row of {row['task']}; the first one counts")
    return [
        Run(f"model {model}", "", _ANY_BENCHMARK, Result(name=model), instances)
        for model, instances in by_model.items()
    ]


def embedded(page: bytes) -> bytes:
    """Give the JSON of the script that holds the boards in the site's page; empty: there is none in it."""
    found = _SCRIPT.search(page)
    return page[found.end() :].partition(b"</script")[0] if found else b""


def _boards(file: SourceFile, log: RejectLog) -> list[Board]:
    """Read the boards, from the site's file or from the bare list of them its page holds."""
    try:
        with content(file.path) as raw:
            text = embedded(bytes(raw)) if raw[:_HEAD_BYTES].lstrip(_BLANK).startswith(b"<") else raw
            if _LIST.match(text[:_HEAD_BYTES]):
                boards, problems = decode(text, list[Board])
            elif _DETAILS.match(text[:_HEAD_BYTES]):
                details, problems = decode(text, dict[str, Any])
                boards = [Board(results=[Result(name=NOBODY, per_instance_details=details)])]
            else:
                document, problems = decode(text, Boards)
                boards = document.leaderboards or []
    except UndecodableError as error:
        log.malformed(file.name, "document", str(error))
        return []
    for problem in problems:
        place, _, reason = problem.partition(": ")
        log.malformed(file.name, *((place, reason) if reason and " " not in place else ("document", problem)))
    return boards


def _runs(board: Board, number: int, path: str, log: RejectLog) -> Iterator[Run]:
    name = board.name or ""
    benchmark = _BENCHMARKS.get(name.lower(), f"{_ANY_BENCHMARK}-{name.lower()}".rstrip("-"))
    for index, result in enumerate(board.results or ()):
        place = f"leaderboards[{number}].results[{index}]"
        if not (result.name or result.folder):
            log.malformed(path, place, "no name and no folder: a run of nobody")
            continue
        details = result.per_instance_details or {}
        instances = {
            printable(task_id): _instance(detail, f"{place}.per_instance_details.{task_id}", path, log)
            for task_id, detail in details.items()
        }
        yield Run(place, printable(name), printable(benchmark), result, instances)


def _instance(detail: Any, place: str, path: str, log: RejectLog) -> Instance:
    """Read what is told of an instance; what is not of its type is reported and unknown."""
    if not isinstance(detail, Mapping):
        log.malformed(path, place, f"{type(detail).__name__} where cost, calls and verdict are expected")
        return Instance(None, None, None)
    values = {name: detail.get(name) for name in ("resolved", "cost", "api_calls", "hit_limit")}
    for name, value in values.items():
        expected = bool if name in {"resolved", "hit_limit"} else (int, float)
        is_number = isinstance(value, bool) and expected is not bool
        if value is not None and (is_number or not isinstance(value, expected)):
            log.malformed(path, f"{place}.{name}", f"{str(value)[:40]!r} is not of its type")
            values[name] = None
    cost, calls = values["cost"], values["api_calls"]
    return Instance(values["resolved"], None if cost is None else float(cost), whole(calls), values["hit_limit"])
