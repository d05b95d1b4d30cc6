"""Tables of Elo ratings: one row per agent of a suite that compares answers in pairs, at the level of runs."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import polars as pl
import xxhash

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.delimited import delimited_rows, first_named, header_names, number
from traces.files import printable
from traces.registry import Batch, Peek, Reader, Source
from traces.rejects import RejectLog
from traces.schema import RUNS

_ELO: Final = re.compile(r"(\w+_)?elo(_(rating|score))?")
_AGENTS: Final = ("agent", "model", "model_name", "system", "name", "key")
_SUITES: Final = ("benchmark", "suite", "leaderboard", "arena")
_DOLLARS: Final = ("cost_usd", "recorded_cost_usd", "total_cost_usd")
_COUNTS: Final = ("n_tasks", "n_rollouts", "num_tasks")
_KEPT: Final = re.compile(
    r".*(ci|q025|q975|lower|upper|votes|battles|matches|games|wins|losses|ties|draws|rank|date|stderr)(_.*)?"
)

Row = dict[str, Any]


def elo_column(names: Sequence[str]) -> str | None:
    """Name the column of ratings; null where none, or more than one, is."""
    found = [name for name in names if _ELO.fullmatch(name)]
    return found[0] if len(found) == 1 else None


def sniff(peek: Peek) -> bool:
    """Recognise a table with one column of Elo ratings and one that names who has them."""
    names = header_names(peek)
    return elo_column(names) is not None and first_named(names, _AGENTS) is not None


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map a table to a run per row, without rollouts: only its rating is known."""
    file = source.files[0]
    rows: list[Row] = []
    seen: dict[str, str] = {}
    for place, cells in delimited_rows(file, log):
        agent, column = first_named(list(cells), _AGENTS), elo_column(list(cells))
        if agent is None:
            log.malformed(file.name, place, "a rating of nobody")
            continue
        told = json.dumps(cells, sort_keys=True)
        if (first := seen.setdefault(told, place)) != place:
            log.duplicate(file.name, place, first)
            continue
        row = _row(cells, cells[agent], place, file.name, log)
        row["recorded_score"] = None if column is None else number(cells, column, place, file.name, log)
        digest = xxhash.xxh3_128_hexdigest(told.encode("utf-8", "backslashreplace"))
        key = {"run_id": f"elo-{digest[:12]}", "source_path": source.name}
        rows.append(key | row | {PATH_COLUMN: file.name, PLACE_COLUMN: place})
    if rows:
        yield {"runs": pl.DataFrame(rows, schema={name: RUNS.schema.get(name, pl.String()) for name in rows[0]})}


def _row(cells: Mapping[str, str], agent: str, place: str, path: str, log: RejectLog) -> Row:
    dollars, count, suite = (first_named(list(cells), names) for names in (_DOLLARS, _COUNTS, _SUITES))
    n_tasks = number(cells, count, place, path, log) if count else None
    kept = {name: printable(cell) for name, cell in cells.items() if _KEPT.fullmatch(name)}
    return {
        "benchmark": printable(cells[suite]) if suite else None, "agent": printable(agent),
        "model": printable(cells.get("model") or cells.get("model_name") or agent),
        "scaffold": printable(cells["scaffold"]) if "scaffold" in cells else None, "score_metric": "elo",
        "settings": json.dumps(kept, sort_keys=True) if kept else None, "source_format": "elo",
        "recorded_cost_usd": number(cells, dollars, place, path, log) if dollars else None,
        "recorded_n_rollouts": int(n_tasks) if n_tasks is not None and n_tasks.is_integer() else None,
    }  # fmt: skip


READER = Reader(
    name="elo",
    summary="Tables (CSV, TSV) of Elo ratings, one agent a row, as suites that compare answers in pairs publish them.",
    upstream=("plain tables with a column elo, elo_rating or arena_elo; no program writes them",),
    token_convention="No tokens.",
    blind_spots=(
        "A rating has no lowest and no highest value, and compares only with those of its own table.",
        "Only runs: no task, no attempt, no call; dollars where a column states them.",
        "Two columns of ratings in one table are ambiguous: such a table is left to a mapping.",
        "Who won against whom is not in such a table; intervals, votes and ranks are kept as settings.",
    ),
    sniff=sniff,
    names=(),
    parse=parse,
    fills=(
        "runs.benchmark", "runs.model", "runs.settings", "runs.score_metric", "runs.recorded_score",
        "runs.recorded_cost_usd", "runs.recorded_n_rollouts",
    ),
)  # fmt: skip
