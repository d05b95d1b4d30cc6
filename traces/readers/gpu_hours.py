"""Tables of accelerator hours: what training or running something took, as charges; dollars where they are stated."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import polars as pl
import xxhash

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.delimited import delimited_rows, first_named, header_names, number
from traces.files import printable
from traces.registry import Batch, Peek, Reader, Source
from traces.rejects import RejectLog
from traces.schema import CHARGES, ROLLOUTS, RUNS

_HOURS: Final = re.compile(r"(?:(?P<chip>\w+)_)??(?:gpu|accelerator|tpu)_hours|(?P<only>[a-z]{1,3}\d{2,3}\w*)_hours")
_CPU_HOURS: Final = "cpu_hours"
_AGENTS: Final = (
    "agent", "system", "model", "method", "architecture", "baseline", "name", "experiment", "run", "configuration",
)  # fmt: skip
_BENCHMARKS: Final = ("benchmark", "suite", "leaderboard", "dataset")
_TASKS: Final = ("task_id", "task", "competition_id", "competition", "problem")
_ATTEMPTS: Final = ("attempt", "seed", "trial")
_CHIPS: Final = ("accelerator", "gpu_type", "gpu", "chip", "hardware", "device")
_PROVIDERS: Final = ("provider", "cloud", "host")
_DOLLARS: Final = ("cost_usd", "recorded_cost_usd", "usd", "dollars")
_DATES: Final = ("started_at", "date")
_SECONDS_PER_HOUR: Final = 3600

Cells = Mapping[str, str]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Entry:
    """One row of the table."""

    place: str
    cells: Cells

    def told(self, wanted: Sequence[str]) -> str | None:
        """Give the cell of the first of the wanted columns that says something."""
        name = first_named([name for name in self.cells if self.cells[name]], wanted)
        return None if name is None else printable(self.cells[name])


def sniff(peek: Peek) -> bool:
    """Recognise a table with a column of accelerator hours and one that names what took them."""
    names = header_names(peek)
    return any(map(_HOURS.fullmatch, names)) and first_named(names, (*_AGENTS, *_BENCHMARKS)) is not None


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map a table to runs with charges: a run per row, or per agent and benchmark where rows are tasks."""
    file = source.files[0]
    groups: dict[tuple[str | None, ...], list[_Entry]] = defaultdict(list)
    seen: dict[str, str] = {}
    for place, cells in delimited_rows(file, log):
        entry = _Entry(place, cells)
        if entry.told((*_AGENTS, *_BENCHMARKS)) is None:
            log.malformed(file.name, place, "hours of nobody on nothing")
        elif (first := seen.setdefault(_told(entry), place)) != place:
            log.duplicate(file.name, place, first)
        else:
            is_task = entry.told(_TASKS) is not None
            own = None if is_task else place
            groups[(entry.told(_BENCHMARKS), entry.told(_AGENTS), own)].append(entry)
    tables: dict[str, list[Row]] = {"runs": [], "rollouts": [], "charges": []}
    for entries in groups.values():
        for name, rows in _rows(entries, source.name, file.name, log).items():
            tables[name] += rows
    schemas = {"runs": RUNS.schema, "rollouts": ROLLOUTS.schema, "charges": CHARGES.schema}
    yield {name: _frame(rows, schemas[name]) for name, rows in tables.items() if rows}


def _told(entry: _Entry) -> str:
    return json.dumps(entry.cells, sort_keys=True)


def _rows(entries: Sequence[_Entry], source_path: str, path: str, log: RejectLog) -> dict[str, list[Row]]:
    digest = xxhash.xxh3_128_hexdigest("\n".join(sorted(map(_told, entries))).encode("utf-8", "backslashreplace"))
    run_id, first = f"gpu_hours-{digest[:12]}", entries[0]
    is_tasks = first.told(_TASKS) is not None
    run = _run_row(run_id, first, source_path) | {PATH_COLUMN: path, PLACE_COLUMN: first.place}
    if not is_tasks:
        run["recorded_score"] = number(first.cells, "score", first.place, path, log)
        run["recorded_cost_usd"] = _dollars(first, path, log)
    rollouts, charges, attempts = [], [], Counter[str]()
    for entry in sorted(entries, key=lambda one: (one.told(_TASKS) or "", one.told(_ATTEMPTS) or "")):
        key: Row = {"run_id": run_id, "rollout_id": None, PATH_COLUMN: path, PLACE_COLUMN: entry.place}
        if is_tasks:
            task_id = entry.told(_TASKS) or ""
            key |= {"rollout_id": f"{run_id}/{task_id}/{attempts[task_id]}"}
            rollout = {"benchmark": run["benchmark"], "task_id": task_id, "attempt": attempts[task_id]}
            score = number(entry.cells, "score", entry.place, path, log)
            rollouts.append(key | rollout | {"score": score, "recorded_cost_usd": _dollars(entry, path, log)})
            attempts[task_id] += 1
        charges += [key | charge for charge in _charge_rows(entry, path, log)]
    return {"runs": [run], "rollouts": rollouts, "charges": charges}


def _run_row(run_id: str, entry: _Entry, source_path: str) -> Row:
    benchmark, agent = entry.told(_BENCHMARKS), entry.told(_AGENTS)
    has_score, metric = "score" in entry.cells, entry.told(("score_metric", "metric"))
    return {
        "run_id": run_id, "benchmark": benchmark, "model": entry.told(("model",)),
        "scaffold": entry.told(("scaffold",)), "agent": agent or benchmark or "unknown",
        "score_metric": metric or ("score" if has_score else None),
        "is_higher_better": (entry.told(("is_higher_better",)) or "true").lower() not in {"false", "0", "no"},
        "source_format": "gpu_hours", "source_path": source_path,
    }  # fmt: skip


def _charge_rows(entry: _Entry, path: str, log: RejectLog) -> Iterator[Row]:
    """Give one charge per column of hours; dollars only where a single one states what they pay for."""
    columns = [name for name in entry.cells if _HOURS.fullmatch(name) or name == _CPU_HOURS]
    cost_usd = _dollars(entry, path, log) if len(columns) == 1 else None
    for name in columns:
        hours = number(entry.cells, name, entry.place, path, log)
        found = _HOURS.fullmatch(name)
        chip = (found["chip"] or found["only"]) if found else None
        yield {
            "kind": "accelerator_s" if found else "cpu_s", "unit": "s",
            "quantity": None if hours is None else round(hours * _SECONDS_PER_HOUR, 6),
            "resource": (entry.told(_CHIPS) if found else None) or chip, "provider": entry.told(_PROVIDERS),
            "started_at": _moment(entry, path, log), "recorded_cost_usd": cost_usd,
        }  # fmt: skip


def _dollars(entry: _Entry, path: str, log: RejectLog) -> float | None:
    name = first_named(list(entry.cells), _DOLLARS)
    return None if name is None else number(entry.cells, name, entry.place, path, log)


def _moment(entry: _Entry, path: str, log: RejectLog) -> datetime | None:
    written = entry.told(_DATES)
    try:
        moment = datetime.fromisoformat(written) if written else None
    except ValueError:
        log.malformed(path, entry.place, f"{written!r} is not a time")
        return None
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _frame(rows: Sequence[Row], schema: pl.Schema) -> pl.DataFrame:
    names = {name: schema.get(name, pl.String()) for row in rows for name in row}
    return pl.DataFrame(rows, schema=names)


READER = Reader(
    name="gpu_hours",
    summary="Tables (CSV, TSV) of accelerator hours: a column gpu_hours or h100_hours beside one that names what ran.",
    upstream=("plain tables as papers print them; no program writes them",),
    token_convention="No tokens: hours of accelerators and CPUs become charges in seconds.",
    blind_spots=(
        "A row is a run; where a column names tasks, an agent's rows on a benchmark are the rollouts of one.",
        "A row that states no hours is a run of unknown ones.",
        "A range of hours is no number and is rejected; hours times accelerators is what the column must state.",
        "The chip is that of a column of its own, else of the column's name.",
        "Dollars of a row with several kinds of hours are kept for the row alone.",
        "Other columns are not kept.",
    ),
    sniff=sniff,
    names=(),
    parse=parse,
    fills=(
        "runs.benchmark", "runs.model", "runs.score_metric", "runs.recorded_score", "runs.recorded_cost_usd",
        "rollouts.benchmark", "rollouts.score", "rollouts.recorded_cost_usd", "charges.quantity", "charges.resource",
        "charges.provider", "charges.started_at", "charges.recorded_cost_usd",
    ),
)  # fmt: skip
