"""The CSV that HAL's site exports: one row per agent, percentages as the site shows them, dollars to the cent."""

from collections.abc import Iterator, Mapping
from typing import Final

from traces.files import open_stream
from traces.readers.hal_leaderboard.entry import METRICS, PERCENT, Entry, number
from traces.registry import SourceFile
from traces.rejects import RejectLog

_NEEDED: Final = frozenset({"Agent Name", "Accuracy", "Total Cost"})
_KEYS: Final = frozenset({"run_id", "Trace Stem"})
_SUFFIX: Final = "_UPLOAD"


def is_export(start: bytes) -> bool:
    """Recognise an export by the names of its columns."""
    header = start.partition(b"\n")[0].removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    columns = {name.strip().strip('"') for name in header.split(",")}
    return columns >= _NEEDED and bool(columns & _KEYS)


def export_entries(file: SourceFile, log: RejectLog) -> Iterator[Entry]:
    """Read the rows of an export; rows that cannot be read are reported.

    Raises:
        MalformedTraceError: at the first of them, if the log stops on errors.
    """
    import csv
    import io

    with open_stream(file.path) as stream:
        rows = csv.DictReader(io.TextIOWrapper(stream, "utf-8-sig", errors="replace", newline=""))
        try:
            for row in rows:
                yield from _entry(row, f"line {rows.line_num}", file.name, log)
        except csv.Error as error:
            log.malformed(file.name, f"line {rows.line_num}", f"broken CSV: {error}")


def _entry(row: Mapping[str, str | None], place: str, name: str, log: RejectLog) -> Iterator[Entry]:
    run_id = row.get("run_id") or (row.get("Trace Stem") or "").removesuffix(_SUFFIX)
    if not run_id:
        log.malformed(name, place, "neither run_id nor Trace Stem")
        return
    cost, accuracy = row.get("Total Cost"), row.get("Accuracy")
    for column, text in (("Total Cost", cost), ("Accuracy", accuracy)):
        if text and number(text) is None:
            log.malformed(name, f"{place} {column}", f"{text!r} is not a number")
    runs = number(row.get("Runs"))
    metrics = {column: number(row.get(shown)) for column, shown in METRICS.items()}
    yield Entry(
        benchmark=(row.get("benchmark_name") or row.get("Benchmark") or "").rpartition("/")[2] or None,
        agent=row.get("Agent Name") or "unknown", run_id=run_id, date=row.get("Date"), model=row.get("Model Name"),
        cost_usd=number(cost), place=place, n_averaged=int(runs) if runs and runs > 1 else None,
        metrics={
            column: value / 100 if column in PERCENT else value
            for column, value in metrics.items()
            if value is not None
        },
    )  # fmt: skip
