"""SQLite files of HAL's site: ``parsed_results`` and ``token_usage``."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from traces.files import open_stream, printable
from traces.readers.hal.file import RecordedUsage
from traces.readers.hal_leaderboard.entry import METRICS, Entry, number, task_list
from traces.registry import SourceFile
from traces.rejects import RejectLog

if TYPE_CHECKING:
    import sqlite3

_COUNTS: Final = tuple(one.name for one in msgspec.structs.fields(RecordedUsage))
_SQLITE: Final = b"SQLite format 3\x00"
Row = Mapping[str, Any]
Key = tuple[Any, ...]


def database_entries(file: SourceFile, log: RejectLog) -> Iterator[Entry]:
    """Read the runs of a database, in the order of their ids; rows that cannot be read are reported.

    Raises:
        MalformedTraceError: at the first of them, if the log stops on errors.
    """
    import sqlite3
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = _plain(file.path, Path(folder))
        try:
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
                database.text_factory = partial(log.text, file.name)
                rows, usage = _rows(database, "parsed_results"), _usage(_rows(database, "token_usage"))
        except sqlite3.Error as error:
            log.malformed(file.name, "", f"damaged SQLite file: {error}")
            return
    for place, row in enumerate(sorted(rows, key=lambda one: str(one.get("run_id")))):
        if row.get("run_id"):
            where = f"parsed_results[{place}]"
            _report_numbers(row, where, file.name, log)
            yield _entry(row, where, usage.get(_key(row), {}), _lists(row, where, file.name, log))
        else:
            log.malformed(file.name, f"parsed_results[{place}]", "no run_id")


def _plain(path: Path, folder: Path) -> Path:
    """Path of the database itself, unpacked if it is compressed."""
    with path.open("rb") as raw:
        if raw.read(len(_SQLITE)) == _SQLITE:
            return path
    unpacked = folder / "database"
    with open_stream(path) as stream, unpacked.open("wb") as target:
        while piece := stream.read(1024 * 1024):
            target.write(piece)
    return unpacked


def _rows(database: "sqlite3.Connection", table: str) -> list[Row]:
    """All rows of a table by the names of its columns, which differ by version; none where there is no such table."""
    is_there = database.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
    if not is_there:
        return []
    cursor = database.execute(f"SELECT * FROM {table}")  # noqa: S608 - one of two constant names
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def _usage(rows: list[Row]) -> dict[Key, dict[str, RecordedUsage]]:
    """Tokens of each run by model, the main model first."""
    found: dict[Key, dict[str, RecordedUsage]] = {}
    for row in sorted(rows, key=lambda one: (not one.get("is_primary"), str(one.get("model_name")))):
        counts = {name: _count(row.get(name)) for name in _COUNTS}
        found.setdefault(_key(row), {})[str(row.get("model_name"))] = RecordedUsage(**_told(counts))
    return found


def _key(row: Row) -> Key:
    """A run is named alike in both tables; its agent may be renamed in one of them."""
    return row.get("benchmark_name"), row.get("run_id")


def _count(value: Any) -> int | float | None:
    return value if isinstance(value, int | float) else number(value)


def _told(counts: dict[str, Any]) -> dict[str, Any]:
    """Leave out the half of the fields that this row's source does not have: they are all 0."""
    weave, inspect = ("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens")
    if any(counts[name] for name in inspect):
        return {name: value for name, value in counts.items() if name not in weave}
    if any(counts[name] for name in weave):
        return {name: counts[name] for name in weave}
    return {}


def _report_numbers(row: Row, where: str, name: str, log: RejectLog) -> None:
    for column in ("total_cost", *METRICS):
        if row.get(column) is not None and number(row[column]) is None:
            log.malformed(name, f"{where}.{column}", "not a number")


def _lists(row: Row, where: str, name: str, log: RejectLog) -> tuple[list[str], list[str]]:
    """Tasks solved and failed; one that is in both is neither."""
    lists = []
    for column in ("successful_tasks", "failed_tasks"):
        try:
            lists.append(task_list(row.get(column)) or [])
        except ValueError as error:
            log.malformed(name, f"{where}.{column}", f"no list of tasks: {error}")
            lists.append([])
    both = set(lists[0]) & set(lists[1])
    for task in sorted(both):
        log.contradiction(name, where, f"task {task} is listed as solved and as failed")
    solved, failed = ([task for task in tasks if task not in both] for tasks in lists)
    return solved, failed


def _entry(
    row: Row, where: str, usage: Mapping[str, RecordedUsage], lists: tuple[list[str], list[str]]
) -> Entry:  # fmt: skip
    metrics = {column: number(row.get(column)) for column in METRICS}
    return Entry(
        benchmark=str(row["benchmark_name"]).rpartition("/")[2] if row.get("benchmark_name") else None,
        agent=printable(str(row.get("agent_name") or "unknown")),
        run_id=printable(str(row["run_id"])),
        date=_optional(row.get("date")),
        model=_optional(row.get("model_name")),
        cost_usd=number(row.get("total_cost")),
        place=where,
        metrics={column: value for column, value in metrics.items() if value is not None},
        solved=lists[0],
        failed=lists[1],
        usage=usage,
    )


def _optional(value: Any) -> str | None:
    return None if value is None else printable(str(value))
