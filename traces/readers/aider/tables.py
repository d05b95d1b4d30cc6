"""Runs of an aider leaderboard as canonical tables: what each states, and one total of its calls."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import whole
from traces.files import printable
from traces.readers.aider.records import Record, records
from traces.registry import Batch, Source
from traces.rejects import RejectLog
from traces.rows import frame_of
from traces.schema import CALLS, RUNS

_BENCHMARKS: Final = {225: "aider-polyglot", 133: "aider-edit", 89: "aider-refactor"}
"""Benchmarks by their number of exercises, which is all a board tells of its benchmark."""
_ROUNDED: Final = 0.1  # rates are in percent with one decimal, rounded or cut
_STAMP: Final = re.compile(r"(\d{4}-\d\d-\d\d)-(\d\d)-(\d\d)-(\d\d)--")
_ROUTE: Final = re.compile(r"--model[ =]([^\s/]+)/(\S+)")
_ADDRESS: Final = re.compile(r"(?:OPENAI_API_BASE=|--openai-api-base[ =])(\S+)")
_EFFORT: Final = re.compile(r"--reasoning-effort[ =](\S+)")
_KEPT: Final = (
    "edit_format", "editor_model", "editor_edit_format", "junior_model", "junior_edit_format", "commit_hash",
    "released", "_released", "thinking_tokens",
)  # fmt: skip
_COUNTED: Final = (
    "pass_rate_1", "pass_num_1", "pass_num_2", "percent_cases_well_formed", "error_outputs", "num_malformed_responses",
    "num_with_malformed_responses", "user_asks", "lazy_comments", "syntax_errors", "indentation_errors",
    "exhausted_context_windows", "test_timeouts", "total_tests", "seconds_per_case",
)  # fmt: skip


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map a board to its runs and their totals; a run listed twice counts once."""
    file = source.files[0]
    listed = [record for record in records(file, log) if _is_run(record, file.name, log)]
    sizes = Counter(size for record in listed if (size := _size(record)) in _BENCHMARKS)
    board = sizes.most_common(1)[0][0] if sizes else None
    runs, calls = [], []
    for run_id, record in _named(listed, file.name, log):
        size = _size(record)
        if board is not None and size in _BENCHMARKS and size != board:
            reason = f"a run of {_BENCHMARKS[size]} on a board of {_BENCHMARKS[board]}: its {size} exercises tell"
            log.contradiction(file.name, record.place, reason)
        row = _Row(run_id, record, board, file.name, log)
        runs.append(row.run(source.name))
        calls.append(row.call())
    if runs:
        yield {"runs": frame_of(RUNS, runs), "calls": frame_of(CALLS, calls)}


def _is_run(record: Record, path: str, log: RejectLog) -> bool:
    if record.values.get("dirname") and record.values.get("model"):
        return True
    log.malformed(path, record.place, "no dirname or no model: a run of nothing")
    return False


def _named(listed: Sequence[Record], path: str, log: RejectLog) -> Iterator[tuple[str, Record]]:
    """Name runs by their folder; where one stands twice, the same row is a copy, another one is numbered."""
    seen: dict[str, list[Mapping[str, str]]] = {}
    for record in listed:
        run_id = f"aider-{printable(record.values['dirname'])}"
        others = seen.setdefault(run_id, [])
        if record.values in others:
            log.duplicate(path, record.place, run_id)
            continue
        if others:
            log.contradiction(path, record.place, f"another row of the run {record.values['dirname']}")
        others.append(record.values)
        yield run_id if len(others) == 1 else f"{run_id}~{len(others)}", record


def _size(record: Record) -> int | None:
    written = record.values.get("total_tests") or record.values.get("test_cases") or ""
    return int(written) if written.isdecimal() and len(written) < len(str(2**31)) else None


class _Row:
    """One run, its values read as numbers once; what is no number is reported then."""

    def __init__(self, run_id: str, record: Record, board: int | None, path: str, log: RejectLog) -> None:
        self.run_id, self.record, self.board, self.path, self.log = run_id, record, board, path, log
        names = (*_COUNTED, "test_cases", "pass_rate_2", "total_cost", "prompt_tokens", "completion_tokens")
        self.numbers = {name: record.number(name, path, log) for name in names}
        self.written = {name: printable(value) for name, value in record.values.items()}
        self.n_tries = 1 if self.numbers["pass_rate_2"] is None and self.numbers["pass_rate_1"] is not None else 2

    def run(self, source_path: str) -> dict[str, Any]:
        """Row of RUNS."""
        written, numbers = self.written, self.numbers
        version, form = written.get("versions"), written.get("edit_format")
        scaffold = " ".join(filter(None, ("aider", version, form and f"({form})")))
        effort = self._effort()
        return {
            **self._place(), "run_id": self.run_id, "benchmark": self._benchmark(), "scaffold": scaffold,
            "model": written["model"], "reasoning_effort": effort,
            "agent": " + ".join(filter(None, (scaffold, written["model"], effort))),
            "settings": self._settings(), "submissions_allowed": self.n_tries,
            "score_metric": f"pass_rate_{self.n_tries}", "score_min": 0.0, "score_max": 1.0,
            "success_rule": f"all tests of the exercise pass within {self.n_tries} tries",
            "started_at": self._started_at(), "source_format": "aider", "source_path": source_path,
            "recorded_score": self._score(), "recorded_cost_usd": numbers["total_cost"] or None,
            "recorded_n_rollouts": whole(numbers["test_cases"]),
        }  # fmt: skip

    def call(self) -> dict[str, Any]:
        """Row of CALLS: the total of the run."""
        numbers, started_at = self.numbers, self._started_at()
        provider, model = self._billed()
        per_case_s, n_cases = numbers["seconds_per_case"], numbers["test_cases"]
        has_time = bool(per_case_s and n_cases)
        return {
            **self._place(), "run_id": self.run_id, "call_id": f"{self.run_id}#total", "provider": provider,
            "model": model, "started_at": started_at, "is_tz_assumed": started_at is not None,
            "latency_s": round(per_case_s * n_cases, 6) if per_case_s and n_cases else None,
            "time_basis": "upper_bound" if has_time else "lower_bound" if started_at else None,
            "input_tokens": whole(numbers["prompt_tokens"]), "output_tokens": whole(numbers["completion_tokens"]),
            "n_requests": None, "granularity": "run", "recorded_cost_usd": numbers["total_cost"] or None,
        }  # fmt: skip

    def _place(self) -> dict[str, str]:
        return {PATH_COLUMN: self.path, PLACE_COLUMN: self.record.place}

    def _benchmark(self) -> str | None:
        """Tell the benchmark by its size; a part of one is that of the board it stands on."""
        size = _size(self.record)
        if size in _BENCHMARKS:
            return _BENCHMARKS[size]
        return _BENCHMARKS[self.board] if self.board and size and size <= self.board else None

    def _score(self) -> float | None:
        """Share solved in the last try as published; it must be that of the number solved."""
        rate, solved = self.numbers[f"pass_rate_{self.n_tries}"], self.numbers[f"pass_num_{self.n_tries}"]
        totals = [n for n in (self.numbers["test_cases"], self.numbers["total_tests"]) if n]
        if rate is None:
            return None
        if solved is not None and totals and all(abs(100 * solved / n - rate) > _ROUNDED for n in totals):
            said = f"pass_rate_{self.n_tries} is {rate}, but {solved:g} of {totals[0]:g} are solved"
            self.log.contradiction(self.path, self.record.place, said)
        return round(rate / 100, 9)

    def _effort(self) -> str | None:
        in_command = _EFFORT.search(self.written.get("command", ""))
        effort = self.written.get("reasoning_effort") or (in_command[1] if in_command else None)
        budget = self.written.get("thinking_tokens")
        return effort or (budget and f"{budget} thinking tokens")

    def _billed(self) -> tuple[str | None, str | None]:
        """Who bills and under which name: the route aider was given says both, where it names more than a protocol."""
        second = self.written.get("editor_model") or self.written.get("junior_model")  # junior until September 2024
        if second not in {None, self.written["model"]}:
            return None, None
        command = self.written.get("command", "")
        route, address = _ROUTE.search(command), _ADDRESS.search(command)
        if route is not None and route[1] != "openai":
            return route[1], route[2]
        return (_host(address[1]) if address else None), self.written["model"]

    def _started_at(self) -> datetime | None:
        """Read the stamp of the folder, or the day that is stated, where they differ."""
        stamp, day = _STAMP.match(self.written["dirname"]), self.written.get("date")
        said = f"{stamp[1]}T{stamp[2]}:{stamp[3]}:{stamp[4]}" if stamp and day in {None, stamp[1]} else day
        try:
            moment = datetime.fromisoformat(said) if said else None
        except ValueError:
            self.log.malformed(self.path, f"{self.record.place}.date", f"{said!r} is not a day")
            return None
        return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment

    def _settings(self) -> str:
        numbers = {name: value for name in _COUNTED if (value := self.numbers[name]) is not None}
        counted = {name: int(value) if value.is_integer() else value for name, value in numbers.items()}
        kept = {name: self.written[name] for name in _KEPT if name in self.written}
        return json.dumps({**kept, **counted}, sort_keys=True)


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
