"""What a session used, by side (agent, benchmark): from the finest source that says it, each dollar once.

Call logs and spans list calls with tokens; the session's cost report may hold tokens in all; the trajectory tells
dollars by step; the session's results only dollars in all.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import whole
from traces.readers.exgentic.calls import Row, call_row, known_usd
from traces.readers.exgentic.facts import benchmark_role, makes_calls
from traces.readers.exgentic.file import CostReport, CostReports, RunResult
from traces.readers.exgentic.layout import RunFiles
from traces.readers.exgentic.logged import logged_rows, marks_of
from traces.readers.exgentic.sessions import Session
from traces.readers.exgentic.spans import read_spans
from traces.readers.exgentic.steps import SIDES, Spent, Trajectory, read_trajectory
from traces.rejects import RejectLog

_ROUNDING_USD: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Names:
    """Id, benchmark, agent and model of a run; null: not known."""

    run_id: str
    benchmark: str | None
    agent: str | None
    model: str | None

    def role(self, side: str) -> str:
        """Role of the calls of a side."""
        return "agent" if side == "agent" else benchmark_role(self.benchmark)


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a session."""

    session: Session
    name: str
    names: Names

    @property
    def rollout_id(self) -> str:
        return self.session.rollout_id(self.names.run_id)

    @property
    def report(self) -> CostReport:
        reports = self.session.result.cost_reports or CostReports()
        return (reports.agent if self.name == "agent" else reports.benchmark) or CostReport()

    @property
    def has_tokens(self) -> bool:
        return bool(self.report.input_tokens or self.report.output_tokens)

    @property
    def claimed_usd(self) -> float | None:
        result = self.session.result
        return result.agent_cost if self.name == "agent" else result.benchmark_cost

    @property
    def may_have_used(self) -> bool:
        """Whether 0 dollars may hide calls: the agent took a step, or a benchmark that calls models came to its end."""
        if self.name == "agent":
            return whole(self.session.result.steps) != 0
        return makes_calls(self.names.benchmark) and bool(self.session.result.is_finished)

    def row(self, call_id: str, **values: Any) -> Row:
        model = self.report.model_name or (self.names.model if self.name == "agent" else None)
        role = self.names.role(self.name)
        return call_row(call_id=f"{self.rollout_id}#{call_id}", role=role, model=model, n_requests=None, **values)


def session_rows(session: Session, names: Names, log: RejectLog) -> list[Row]:
    """Rows of ``calls`` of a session, both sides."""
    rollout_id, listed = session.rollout_id(names.run_id), _listed(session, names, log)
    rows: list[Row] = []
    for number, (side, row) in enumerate(listed):
        call_id = row["call_id"] or f"{rollout_id}#{number}"
        rows.append({**row, "role": names.role(side), "call_index": number, "call_id": call_id})
    covered = {side for side, row in listed if row.get("input_tokens") is not None or row.get("recorded_cost_usd")}
    rest = [_Side(session, side, names) for side in SIDES if side not in covered]
    needs_steps = session.files is not None and not all(side.has_tokens for side in rest)
    trajectory = read_trajectory(session.files.by_kind["trajectory"] if session.files and needs_steps else (), log)
    for left in rest:
        told = Trajectory() if left.has_tokens else trajectory
        rows += _steps(left, enumerate(told.spent, start=len(listed)))
        rows += _total(left, told.so_far[left.name] or 0.0, log)
    return [{**row, "run_id": names.run_id, "rollout_id": rollout_id} for row in rows]


def only_run_tells_tokens(result: RunResult, sessions: Sequence[Session]) -> bool:
    """Whether the run's report counts tokens and no session tells more than dollars: its totals stand."""
    report = result.accumulated_agent_report or CostReport()
    return bool(report.input_tokens or report.output_tokens) and not any(map(_tells_calls, sessions))


def run_rows(files: RunFiles, result: RunResult, names: Names, log: RejectLog, *, has_totals: bool) -> list[Row]:
    """Rows of ``calls`` of the run as a whole: calls outside any session, and its totals where they stand."""
    traces = files.by_kind["trace"]
    of_sessions = (file for session in files.sessions for side in session.traces.values() for file in side)
    listed = marks_of(of_sessions) if traces else frozenset()
    rows = [
        {**row, "role": "other", "call_id": row["call_id"] or f"{names.run_id}#{number}"}
        for number, (_, row) in enumerate(logged_rows({"benchmark": traces}, (), log, listed))
    ]
    reports = (("agent", result.accumulated_agent_report), ("benchmark", result.accumulated_benchmark_report))
    for side, report in reports if has_totals else ():
        if report is not None and (report.total_cost or report.input_tokens is not None):
            shared = {"role": names.role(side), "n_requests": None, "granularity": "run"}
            rows.append(
                call_row(
                    call_id=f"{names.run_id}#{side}", model=report.model_name or None, **shared,
                    **_usage(report, report.total_cost),
                )
            )  # fmt: skip
    return [{**row, "run_id": names.run_id} for row in rows]


def _tells_calls(session: Session) -> bool:
    """Whether anything of a session tells its calls, its steps or its tokens."""
    files = session.files
    kinds = ("trajectory", "spans", "span_log")
    has_files = files is not None and (any(files.by_kind[kind] for kind in kinds) or any(files.traces.values()))
    reports = session.result.cost_reports or CostReports()
    counted = [report for report in (reports.agent, reports.benchmark) if report and report.input_tokens]
    return bool(has_files or session.spans or counted)


def _listed(session: Session, names: Names, log: RejectLog) -> list[tuple[str, Row]]:
    files = session.files
    spans = {placed[2].span_id: placed for placed in session.spans}
    if files is not None:
        own = read_spans(files.by_kind["spans"], files.by_kind["span_log"], log)
        spans |= {placed[2].span_id: placed for placed in own}
    calls = [placed for placed in spans.values() if placed[2].is_call]
    rows = logged_rows(files.traces if files else {}, calls, log)
    return [(side or _side_of(row, session, names), row) for side, row in rows]


def _side_of(row: Row, session: Session, names: Names) -> str:
    """Side of a call that only its model tells: the benchmark's, if it is the model of that and not the agent's."""
    agent, benchmark = (_Side(session, side, names).report.model_name or None for side in SIDES)
    is_benchmark = row["model"] is not None and row["model"] == benchmark != (agent or names.model)
    return "benchmark" if is_benchmark else "agent"


def _steps(side: _Side, spent: Iterable[tuple[int, Spent]]) -> Iterator[Row]:
    """One row per step that cost something: one call, or several that the trajectory does not tell apart."""
    for number, each in spent:
        if each.side == side.name:
            where = {PATH_COLUMN: each.path, PLACE_COLUMN: each.place}
            yield side.row(str(number), call_index=number, recorded_cost_usd=each.cost_usd, **where)


def _total(side: _Side, so_far_usd: float, log: RejectLog) -> Iterator[Row]:
    """What the session spent on a side beyond its steps: its last call, or all where no step tells a cost."""
    rest_usd = None if side.claimed_usd is None else side.claimed_usd - so_far_usd
    if rest_usd is not None and rest_usd < -_ROUNDING_USD:
        reason = f"{side.name} cost is less than that of its steps ({so_far_usd})"
        log.contradiction(side.session.path, side.session.place, reason)
        return
    is_unknown = not side.claimed_usd and not so_far_usd and side.may_have_used
    if is_unknown or side.has_tokens or (rest_usd is not None and rest_usd > _ROUNDING_USD):
        where = {PATH_COLUMN: side.session.path, PLACE_COLUMN: f"{side.name}_cost"}
        usage = _usage(side.report, rest_usd)
        yield side.row(side.name, granularity="rollout", is_residual=bool(so_far_usd), **usage, **where)


def _usage(report: CostReport, cost_usd: float | None) -> Row:
    """Tokens of a report, and dollars; LiteLLM's convention: the input includes cached tokens, not told apart."""
    is_counted = bool(report.input_tokens or report.output_tokens)
    return {
        "input_tokens": whole(report.input_tokens) if is_counted else None,
        "output_tokens": whole(report.output_tokens) if is_counted else None,
        "recorded_cost_usd": known_usd(cost_usd),
    }
