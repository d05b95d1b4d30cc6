"""Rows of a METR run table as they come, from JSON lines or from Parquet."""

from collections.abc import Iterator
from typing import Any

import msgspec

from traces.byte_lines import byte_lines
from traces.decode import BROKEN, Count, UndecodableError, decode, is_cut
from traces.files import peek
from traces.parquet import has_columns, parquet_rows
from traces.registry import SourceFile
from traces.rejects import RejectLog


class Row(msgspec.Struct):
    """One run. ``score_cont`` is the later name of ``score``, ``tokens_count`` that of ``total_tokens``."""

    run_id: str | int | None = None
    task_id: str | None = None
    task_family: str | None = None
    alias: str | None = None
    model: str | None = None
    scaffold: str | None = None
    score: float | None = None
    score_cont: float | None = None
    score_binarized: float | None = None
    fatal_error_from: str | None = None
    time_limit: float | None = None
    started_at: float | None = None
    completed_at: float | None = None
    seconds: float | None = None
    human_minutes: float | None = None
    human_cost: float | None = None
    dollar_equivalent: float | None = None
    generation_cost: float | None = None
    total_tokens: Count = None
    tokens_count: Count = None
    action_count: Count = None
    cloned: Count = None


def read_rows(file: SourceFile, log: RejectLog) -> Iterator[tuple[str, Row]]:
    """Give the rows of a table, each with its place; what cannot be read is reported and left out.

    Raises:
        MalformedTraceError: at the first thing that cannot be read, if the log stops on errors.
        UnreadableError: if the file cannot be read.
    """
    is_parquet = has_columns(peek(file.path), ())
    for place, row in _parquet(file, log) if is_parquet else _lines(file, log):
        if row.task_id is None or row.alias is None or row.run_id is None:
            log.malformed(file.name, place, "no run_id, task_id or alias: a run of nobody at nothing")
        else:
            yield place, row


def _lines(file: SourceFile, log: RejectLog) -> Iterator[tuple[str, Row]]:
    for number, line in byte_lines(file, log):
        if not line.strip():
            continue
        place = f"line {number}"
        try:
            row, problems = decode(line, Row)
        except UndecodableError as error:
            log.malformed(file.name, place, str(error), line[:400].decode("utf-8", "replace"))
            continue
        _report(problems, file, place, log)
        if not is_cut(problems):
            yield place, row


def _parquet(file: SourceFile, log: RejectLog) -> Iterator[tuple[str, Row]]:
    for number, values in enumerate(parquet_rows(file, Row.__struct_fields__)):
        place = f"row {number}"
        known: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
        row, problems = decode(msgspec.json.encode(known), Row)
        _report(problems, file, place, log)
        yield place, row


def _report(problems: list[str], file: SourceFile, place: str, log: RejectLog) -> None:
    for problem in problems:
        within, _, reason = problem.partition(": ")
        is_within = reason and within != BROKEN
        log.malformed(file.name, *((f"{place}.{within}", reason) if is_within else (place, problem)))
