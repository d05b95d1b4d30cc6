"""The fields of Exgentic's files that a replay needs, as msgspec reads them; all text is skipped."""

from typing import Any

import msgspec

from traces.decode import Count

Id = str | int | None


class CostReport(msgspec.Struct):
    """Dollars of one side of a session or run; tokens only where the program kept them."""

    model_name: str | None = None
    total_cost: float | None = None
    input_tokens: Count = None
    output_tokens: Count = None


class CostReports(msgspec.Struct):
    """Dollars of both sides of a session."""

    agent: CostReport | None = None
    benchmark: CostReport | None = None


class Metadata(msgspec.Struct):
    """Why a session ended early."""

    error_source: str | None = None
    error: str | None = None
    limit_reached: Any = None


class Details(msgspec.Struct):
    """What the benchmark says of a session."""

    session_metrics: dict[str, Any] | None = None
    session_metadata: Metadata | None = None


class SessionResult(msgspec.Struct):
    """One session; ``task_key`` is how versions before 0.3 call the task."""

    session_id: str | None = None
    task_id: Id = None
    task_key: Id = None
    success: bool | None = None
    score: float | None = None
    is_finished: bool | None = None
    status: str | None = None
    steps: Count = None
    agent_cost: float | None = None
    benchmark_cost: float | None = None
    execution_time: float | None = None
    llm_time: float | None = None
    llm_call_count: Count = None
    details: Details | None = None
    cost_reports: CostReports | None = None


class RunResult(msgspec.Struct):
    """One run: its names, its totals and a copy of its sessions."""

    benchmark_name: str | None = None
    benchmark_slug_name: str | None = None
    agent_name: str | None = None
    agent_slug_name: str | None = None
    model_name: str | None = None
    subset_name: str | None = None
    exgentic_version: str | None = None
    total_sessions: Count = None
    benchmark_score: float | None = None
    average_score: float | None = None
    total_agent_cost: float | None = None
    total_benchmark_cost: float | None = None
    total_run_cost: float | None = None
    accumulated_agent_report: CostReport | None = None
    accumulated_benchmark_report: CostReport | None = None
    skipped_session_ids: list[str] | None = None
    session_results: list[SessionResult] | None = None


class Beside(msgspec.Struct):
    """Configurations of run and session, manifests and notes of recordings: whichever fields one of them has."""

    run_id: str | None = None
    session_id: str | None = None
    task_id: Id = None
    benchmark: str | None = None
    subset: str | None = None
    agent: str | None = None
    model: str | None = None
    max_steps: Count = None
    max_actions: Count = None
    score: float | None = None


class Step(msgspec.Struct):
    """One line of a trajectory; both costs are those of the session so far."""

    step: Count = None
    session_id: str | None = None
    task_id: Id = None
    task_key: Id = None
    initial: bool | None = None
    agent_cost: float | None = None
    benchmark_cost: float | None = None


class Response(msgspec.Struct):
    """The response in a line of the call log, its usage taken out."""

    id: str | None = None


class LoggedCall(msgspec.Struct):
    """One line of the call log."""

    timestamp: str | None = None
    status: str | None = None
    model: str | None = None
    prompt_tokens: Count = None
    completion_tokens: Count = None
    total_tokens: Count = None
    cost: float | None = None
    response: Response | None = None
    trace_id: str | None = None
