"""The Open Agent Leaderboard of Exgentic: one row per agent, model and benchmark, as CSV (Latin-1) or Parquet."""

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import polars as pl
import xxhash

from traces.errors import MalformedTraceError, TraceError
from traces.files import content, printable
from traces.parquet import DAMAGED
from traces.readers.exgentic.facts import benchmark_name, benchmark_role, cost_basis, makes_calls
from traces.registry import Batch, Peek, Reader, Source, SourceFile, is_json
from traces.rejects import RejectLog
from traces.schema import CALLS, RUNS

_MARKS: Final = (
    (b"benchmark_score", b"total_agent_cost", b"planned_sessions", b"agent_name"),
    (b"visible_agent_name", b"finished_pct", b"avg_cost", b"total_cost"),
)
_WEBSITE: Final[Mapping[str, str]] = {  # the website's names of the same columns
    "avg_steps": "average_steps", "finished_pct": "percent_finished", "num_tasks": "planned_sessions",
    "score": "benchmark_score", "total_cost": "total_agent_cost", "visible_agent_name": "agent_name",
}  # fmt: skip
_NUMBERS: Final = (
    "benchmark_score", "total_agent_cost", "total_benchmark_cost", "total_run_cost", "total_sessions",
    "planned_sessions", "successful_sessions", "completed_sessions", "incomplete_sessions", "average_score",
    "average_steps", "average_action_count", "percent_finished", "percent_error",
)  # fmt: skip
_TEXTS: Final = (
    "agent", "agent_name", "agent_slug_name", "benchmark", "benchmark_name", "benchmark_slug_name", "model",
    "model_name", "subset_name",
)  # fmt: skip
_KEPT: Final = (*_NUMBERS[5:], "agent_version", "model_normalized")
Row = dict[str, Any]


def sniff(peek: Peek) -> bool:
    """Recognise the header of either table, or the column names of the Parquet file."""
    if is_json(peek):
        return False
    is_parquet = peek.start.startswith(b"PAR1")
    head = peek.start + peek.end if is_parquet else peek.start.split(b"\n", 1)[0]
    return any(all(mark in head for mark in marks) for marks in _MARKS) and (is_parquet or b"," in head)


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map every row to a run, and its dollars to a total each of the agent and of the benchmark."""
    runs: list[Row] = []
    calls: list[Row] = []
    file = source.files[0]
    for number, raw in enumerate(_rows(file, log), start=2):
        row = _typed(raw, file.name, f"row {number}", log)
        if not row["agent"] or not row["benchmark"]:
            log.malformed(file.name, f"row {number}", "no agent or no benchmark")
            continue
        runs.append(_run(row, source.name))
        calls += _calls(row, runs[-1])
    kept = {run["run_id"]: run for run in reversed(runs)}
    for number, run in enumerate(runs, start=2):
        if kept[run["run_id"]] is not run:
            log.duplicate(file.name, f"row {number}", run["run_id"])
    unique = {call["call_id"]: call for call in calls}
    yield {"runs": _frame(list(kept.values()), RUNS.schema), "calls": _frame(list(unique.values()), CALLS.schema)}


def _rows(file: SourceFile, log: RejectLog) -> Sequence[Mapping[str, Any]]:
    try:
        with content(file.path) as raw:
            is_parquet = raw[:4] == b"PAR1"
            return pl.read_parquet(io.BytesIO(raw)).to_dicts() if is_parquet else _csv_rows(bytes(raw), file.name, log)
    except MalformedTraceError:
        raise
    except (TraceError, csv.Error, *DAMAGED) as error:
        log.malformed(file.name, "document", str(error).splitlines()[0].removeprefix(f"{file.path}: "))
        return []


def _csv_rows(raw: bytes, name: str, log: RejectLog) -> list[dict[str, Any]]:
    """Rows of a CSV file in UTF-8 or else Latin-1, as the site writes it; a row that is cut or too long is rejected."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    lines = csv.reader(io.StringIO(text, newline=""))
    header, found = next(lines, []), []
    for cells in filter(None, lines):
        if len(cells) == len(header):
            found.append({column: cell or None for column, cell in zip(header, cells, strict=True)})
        else:
            log.malformed(name, f"line {lines.line_num}", f"{len(cells)} cells under {len(header)} names")
    return found


def _typed(raw: Mapping[str, Any], path: str, place: str, log: RejectLog) -> Row:
    named = {_WEBSITE.get(name, name): value for name, value in raw.items() if name}
    row: Row = {name: printable(str(value)) if value not in {None, ""} else None for name, value in named.items()}
    for name in _NUMBERS:
        try:
            number = None if row.get(name) is None else float(row[name])
        except ValueError:
            number = math.nan
        if number is not None and not math.isfinite(number):
            log.malformed(path, place, f"{name}: {row[name]!r} is not a number")
            number = None
        row[name] = number
    full = {**dict.fromkeys(_TEXTS), **row}
    slugs = {name: full[name] or full[f"{name}_slug_name"] or full[f"{name}_name"] for name in ("agent", "benchmark")}
    return {**full, **slugs}


def _run(row: Row, source_path: str) -> Row:
    benchmark = benchmark_name(row["benchmark"], row["subset_name"])
    model = row["model_name"] or row["model"]
    total_usd = row["total_run_cost"] if row["total_run_cost"] is not None else row["total_agent_cost"]
    n_rollouts = row["total_sessions"] if row["total_sessions"] is not None else row["planned_sessions"]
    figures = (row["benchmark_score"], row["total_agent_cost"], row["planned_sessions"])
    digest = xxhash.xxh3_128_hexdigest(repr((row["agent"], row["model"], benchmark, figures)).encode())[:12]
    settings = {name: row[name] for name in _KEPT if row.get(name) is not None}
    return {
        "run_id": f"exgentic-leaderboard-{digest}", "benchmark": benchmark, "scaffold": row["agent"], "model": model,
        "agent": " + ".join(filter(None, ((row["agent_name"] or row["agent"]).replace("_", " "), model))),
        "settings": json.dumps({**settings, "agent_cost_basis": cost_basis(row["agent"])}, sort_keys=True),
        "score_metric": "benchmark_score", "score_min": 0.0, "score_max": 1.0,
        "success_rule": "as the benchmark defines success", "source_format": READER.name, "source_path": source_path,
        "recorded_score": row["benchmark_score"], "recorded_cost_usd": total_usd or None,
        "recorded_n_rollouts": None if n_rollouts is None else round(n_rollouts),
    }  # fmt: skip


def _calls(row: Row, run: Row) -> Iterator[Row]:
    """Totals of unknown tokens: the agent's, and the benchmark's own where it has any; 0 dollars are not known."""
    yield _total(run, "agent", "agent", run["model"], row["total_agent_cost"])
    if row["total_benchmark_cost"] or makes_calls(run["benchmark"]):
        role = benchmark_role(run["benchmark"])
        yield _total(run, "benchmark", role, None, row["total_benchmark_cost"])


def _total(run: Row, side: str, role: str, model: str | None, cost_usd: float | None) -> Row:
    return {
        "run_id": run["run_id"], "call_id": f"{run['run_id']}#{side}", "role": role, "model": model,
        "n_requests": None, "granularity": "run", "recorded_cost_usd": cost_usd or None,
    }  # fmt: skip


def _frame(rows: Sequence[Row], schema: pl.Schema) -> pl.DataFrame:
    names = rows[0] if rows else schema
    return pl.DataFrame(rows, schema={name: schema[name] for name in names})


READER: Final = Reader(
    name="exgentic_leaderboard",
    summary="The Open Agent Leaderboard of Exgentic: its results table, or an extract of a batch, as CSV or Parquet.",
    upstream=("Exgentic/exgentic.github.io to a09e7c2 (2026-05): data/results.csv, results.csv, hf-dataset Parquet",),
    token_convention="No tokens: dollars of agent and of benchmark per run, totals of an unknown number of calls.",
    blind_spots=(
        "Dollars are not comparable across agents: some count caches, others price every token in full (settings).",
        "A total of 0 dollars is that of a model without a price, or of sessions that all failed: not known.",
        "The website's table has the agent's dollars only, and names agents and models otherwise: read one of the two.",
        "No time, no session: score, dollars and number of sessions per agent, model and benchmark.",
    ),
    sniff=sniff,
    names=(),
    parse=parse,
    fills=(
        "runs.benchmark", "runs.scaffold", "runs.model", "runs.settings", "runs.score_metric", "runs.score_min",
        "runs.score_max", "runs.success_rule", "runs.recorded_score", "runs.recorded_cost_usd",
        "runs.recorded_n_rollouts", "calls.model", "calls.recorded_cost_usd",
    ),
)  # fmt: skip
