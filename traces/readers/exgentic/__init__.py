"""Exgentic run folders and recorded sessions: results, trajectories, call logs and spans of each session."""

from traces.readers.exgentic.kinds import companion_kind, trace_kind
from traces.readers.exgentic.layout import group_runs
from traces.readers.exgentic.tables import parse
from traces.registry import Peek, Reader


def sniff(peek: Peek) -> bool:
    """Recognise any of the files that a run, its sessions or their calls are read from."""
    return trace_kind(peek) is not None


def is_companion(peek: Peek) -> bool:
    """Recognise the configurations and manifests beside them."""
    return companion_kind(peek) is not None


READER = Reader(
    name="exgentic",
    summary="Exgentic run folders and recorded sessions: results, trajectories, call logs (LiteLLM) and spans.",
    upstream=("Exgentic/exgentic 0.1 (2026-01, task_key) to 0.3.5", "repository to ae8d10f (2026-06: llm_time)"),
    token_convention=(
        "Call logs and spans: LiteLLM's, the input includes cached tokens; spans tell the cache split, logs do not. "
        "A total above input + output proves that something lies outside the output: it gets a high value."
    ),
    blind_spots=(
        "Dollars are not comparable across agents: some count caches, others price every token in full (settings).",
        "Without call logs or spans a session has dollars only: a row per step that cost something (one call or more).",
        "The trajectory leaves out the last call: it is the residual of the session's total.",
        "A call log stamps the end of a call only; calls that failed have no tokens there.",
        "A cost of 0 for what was used is that of a model without a price: not known.",
        "Trajectories carry no time; an older run id is the moment the run began, taken as UTC.",
        "A session whose paid steps took under a tenth of a second each was replayed from a cache: time not known.",
        "Costs of skipped sessions are in no total of the run; what an overwritten try had cost is only reported.",
        "Only tau2 (user simulator) and BrowseComp-Plus (judge) are known to call models themselves; others: other.",
    ),
    sniff=sniff,
    names=(
        "session_number step event",
        "request timestamp prompt_tokens completion_tokens cost status",
        "context attributes span_id",
        "benchmark_name agent_name total_sessions",
        "session_id success agent_cost benchmark_cost execution_time",
    ),
    parse=parse,
    group=group_runs,
    is_companion=is_companion,
    companion_names=(
        "benchmark agent agent_kwargs",
        "benchmark agent benchmark_kwargs",
        "benchmark task_id expected_score",
        "task context actions",
        "benchmark_name total_tasks score",
    ),
    fills=(
        "runs.benchmark", "runs.model", "runs.settings", "runs.submissions_allowed", "runs.score_metric",
        "runs.success_rule", "runs.started_at", "tasks.benchmark", "rollouts.benchmark", "rollouts.score",
        "rollouts.is_success", "rollouts.wall_s", "rollouts.time_basis", "rollouts.recorded_cost_usd", "scores.value",
        "scores.is_success", "calls.call_index", "calls.model", "calls.recorded_cost_usd",
    ),
)  # fmt: skip
